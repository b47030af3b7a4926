"""The timeline of one alert, made of its evidence: lanes of bars and points over local time.

A value that the template draws; all places are per cent of the width, so it fits a telephone too.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from schemas.moments import DAY, HOUR, MINUTE, SECOND, Calendar

STEPS = (
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 6, 12)),
    *(n * DAY for n in (1, 2, 5, 7, 14, 30, 60, 90, 180, 365, 730)),
)
MOST_TICKS = 5
MARGIN = 0.05
OPEN_SHARE = 0.25


@dataclass(slots=True)
class Mark:
    """A bar (width > 0) or a point, x and width in per cent. `open`: it has no end yet."""

    x: float
    width: float
    label: str
    open: bool = False


@dataclass(slots=True)
class Lane:
    """One encounter, or one terminal with all its swipes. kind: stay, visit, death."""

    kind: str
    institution: str
    encounter: str
    when: str
    marks: list[Mark]


@dataclass(slots=True)
class Timeline:
    """Lanes top to bottom, ticks as (x, label), and the overlap as (x, width) where there is one."""

    lanes: list[Lane] = field(default_factory=list)
    ticks: list[tuple[float, str]] = field(default_factory=list)
    overlap: tuple[float, float] | None = None


@dataclass(slots=True)
class _Span:
    kind: str
    institution: str
    encounter: str
    begin: int
    end: int | None
    when: str
    is_point: bool


def draw(evidence: dict[str, Any], calendar: Calendar) -> Timeline | None:
    """The timeline of an alert's evidence, None when it names no times. Odd evidence is left out."""
    spans = list(_spans(evidence, calendar))
    if not spans:
        return None
    first = min(span.begin for span in spans)
    last = max(span.end or span.begin for span in spans)
    if any(span.end is None and not span.is_point for span in spans):
        last += max(int((last - first) * OPEN_SHARE), DAY)
    pad = max(int((last - first) * MARGIN), SECOND)
    left, right = first - pad, last + pad
    timeline = Timeline(ticks=list(_ticks(left, right, calendar)))
    for span in spans:
        _place(timeline, span, left, right)
    timeline.overlap = _overlap(spans, left, right)
    return timeline


def when(calendar: Calendar, text: Any) -> str:
    """A moment of the evidence in local time, minutes precise; a bare date stays one; "" for nothing."""
    moment = _moment(calendar, text)
    if moment is None:
        return "" if text is None else str(text)
    return moment[2]


def _spans(evidence: dict[str, Any], calendar: Calendar) -> Iterator[_Span]:
    for stay in [*_dicts(evidence.get("stays")), *_dicts([evidence.get("stay")])]:
        begin, end = _moment(calendar, stay.get("begin")), _moment(calendar, stay.get("end"))
        if begin is not None:
            words = f"{begin[2]} → {end[2] if end else ''}"
            yield _Span("stay", *_names(stay), begin[0], end[0] if end else None, words, False)
    visits = [evidence.get("visit")]
    for name in ("visits", "settlements", "swipes"):
        found = evidence.get(name)
        visits += found if isinstance(found, list) else []
    device = str(evidence.get("device") or "")
    for visit in _dicts(visits):
        at = _moment(calendar, visit.get("at"))
        if at is not None:
            institution, encounter = _names(visit)
            yield _Span("visit", institution or device, encounter, at[0], at[0], at[2], True)
    death = _moment(calendar, evidence.get("death_date"))
    if death is not None:
        yield _Span("death", "", "", death[0], death[0], death[2], True)


def _place(timeline: Timeline, span: _Span, left: int, right: int) -> None:
    scale = 100 / (right - left)
    x = (span.begin - left) * scale
    if span.is_point:
        mark = Mark(round(x, 2), 0, span.when)
    else:
        end = right if span.end is None else span.end
        mark = Mark(round(x, 2), round(max((end - span.begin) * scale, 0.6), 2), span.when, span.end is None)
    for lane in timeline.lanes:
        if span.is_point and lane.kind == span.kind and lane.institution == span.institution:
            lane.marks.append(mark)
            return
    timeline.lanes.append(Lane(span.kind, span.institution, span.encounter, span.when, [mark]))


def _overlap(spans: list[_Span], left: int, right: int) -> tuple[float, float] | None:
    stays = [span for span in spans if span.kind == "stay"]
    if len(stays) != 2:
        return None
    begin = max(stay.begin for stay in stays)
    end = min(right if stay.end is None else stay.end for stay in stays)
    if end <= begin:
        return None
    scale = 100 / (right - left)
    return round((begin - left) * scale, 2), round((end - begin) * scale, 2)


def _ticks(left: int, right: int, calendar: Calendar) -> Iterator[tuple[float, str]]:
    step = next((step for step in STEPS if (right - left) / step <= MOST_TICKS), STEPS[-1])
    midnight = calendar.midnight(calendar.day(left))
    moment = midnight + -(-(left - midnight) // step) * step
    day = calendar.day(left) if calendar.day(left) == calendar.day(right) else None
    while moment < right:
        local = calendar.text(moment)
        name = local[5:10] if step >= DAY else local[11:19] if step < MINUTE else local[11:16]
        if step < DAY and day != calendar.day(moment):
            name = f"{local[5:10]} {name}"
        day = calendar.day(moment)
        yield round((moment - left) * 100 / (right - left), 2), name
        moment += step


def _moment(calendar: Calendar, text: Any) -> tuple[int, bool, str] | None:
    """(moment, whether a bare date, how it is shown), None for what is no moment."""
    if not isinstance(text, str):
        return None
    try:
        moment, is_date = calendar.read(text)
        local = calendar.text(moment)
    except (ValueError, OverflowError):
        return None
    seconds = "" if local[17:19] == "00" else local[16:19]
    return moment, is_date, text if is_date else local[:16].replace("T", " ") + seconds


def _names(fact: dict[str, Any]) -> tuple[str, str]:
    return str(fact.get("institution") or ""), str(fact.get("encounter") or "")


def _dicts(values: Any) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
