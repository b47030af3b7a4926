"""B01 留存卡集中刷卡: one terminal, many cards, short time.

Predicate: at one terminal of a pharmacy, clinic or village post, within 10 minutes, at least 5 persons
swipe, and the median gap is at most 60 s or half of the amounts are equal. The floor of 5 stands for what is
usual there at that hour: no such baseline is published. Of one terminal's day it cannot be told whether the
cards were together before, nor whether all shops of a chain were crowded, or every month on that day.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from schemas.finding import Subject, Words
from schemas.moments import MINUTE, SECOND
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.shared.history import Told
from services.detector.shared.registers import Swipe
from services.detector.shared.view import SharedView, members

SMALL_KINDS = frozenset(("pharmacy", "clinic", "village"))
NIGHT_FROM, NIGHT_TO = 22 * 60, 6 * 60
"""rules.md §0.3: 22:00–06:00."""


@dataclass(frozen=True)
class KeptCardsParameters(Parameters):
    """Figures of rules.md B01."""

    minutes: float = parameter(10.0, "min", "滑动窗口", "sliding window")
    persons: int = parameter(5, "1", "窗口内不同参保人下限", "different persons in a window")
    gap_seconds: float = parameter(60.0, "s", "刷卡间隔中位数上限", "largest median gap between swipes")
    same_amount_share: float = parameter(0.5, "1", "同额占比下限", "share of swipes with one amount")
    many_persons: int = parameter(10, "1", "严重人数", "persons that make it grave")


class KeptCards(Rule):
    """One terminal, many cards, short time."""

    id = "B01"
    key = "terminal"
    title = Words("留存卡集中刷卡", "Many cards swiped at one terminal in minutes")
    message = Words(
        "{institution}的终端{device}在{minutes:.0f}分钟内为{persons}名参保人刷卡，间隔中位数{gap:.0f}秒，"
        "基金支付{amount}元。请核对是否留存、盗刷参保人医保卡。",
        "Terminal {device} of {institution} swiped the cards of {persons} persons within {minutes:.0f} "
        "minutes, {gap:.0f} s apart in the median; the fund paid {amount} yuan. Are cards kept there?",
    )
    basis = ("条例 40(一)",)
    checks = {
        "main_counter": Words("医院主窗口", "a hospital's main counter"),
        "queue_after_outage": Words("断网后集中补录", "entered in a burst after an outage"),
    }
    watches = frozenset()
    window_days = 1
    parameters = KeptCardsParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        if not self._may_be_crowded(view) or _kind(view) not in SMALL_KINDS:
            return
        burst = self._burst(view.told)
        if burst:
            yield self._finding(view, burst)

    def _may_be_crowded(self, view: SharedView) -> bool:
        """False when a swipe that came shows no crowd about it: a cheap way out."""
        news = view.news_of(self.id)
        if news is None:
            return True
        reach = self.parameters.minutes * MINUTE
        return any(
            len({told.person for told in view.told if abs(told.entry.at - swipe.at) <= reach})
            >= self.parameters.persons
            for swipe in news
        )

    def _burst(self, swipes: list[Told]) -> list[Told]:
        """All swipes that stand in a suspicious window, in order."""
        reach = self.parameters.minutes * MINUTE
        marked: set[int] = set()
        begin = 0
        for end, last in enumerate(swipes):
            while last.entry.at - swipes[begin].entry.at > reach:
                begin += 1
            if end - begin + 1 >= self.parameters.persons and self._is_suspicious(swipes[begin : end + 1]):
                marked.update(range(begin, end + 1))
        return [swipe for index, swipe in enumerate(swipes) if index in marked]

    def _is_suspicious(self, window: list[Told]) -> bool:
        figures = self.parameters
        if len({swipe.person for swipe in window}) < figures.persons:
            return False
        return (
            median_gap(window) <= figures.gap_seconds
            or same_amount_share(window) >= figures.same_amount_share
        )

    def _finding(self, view: SharedView, burst: list[Told]) -> Finding:
        institution, device, _ = view.parts
        swipes = [told.entry for told in burst]
        persons = len({told.person for told in burst})
        at_night = any(_is_night(view.calendar.minute_of_day(swipe.at)) for swipe in swipes)
        first, last = swipes[0], swipes[-1]
        refs = members(burst)
        return Finding(
            rule=self,
            about=(institution, device, view.day),
            members=refs,
            severity=1 if at_night or persons >= self.parameters.many_persons else 2,
            subject=Subject("terminal", f"{institution}|{device}"),
            institutions=[institution],
            encounters=[ref[1] for ref in refs],
            settlements=sorted(swipe.settlement for swipe in swipes),
            happened=view.calendar.text(last.at),
            amount=sum(max(0, swipe.fund) for swipe in swipes),
            values={
                "institution": institution,
                "device": device,
                "minutes": max(1, (last.at - first.at) / MINUTE),
                "persons": persons,
                "gap": median_gap(burst),
            },
            evidence={
                "swipes": [_evidence(view, told) for told in burst],
                "device": device,
                "window_minutes": self.parameters.minutes,
                "persons": persons,
                "median_gap_seconds": round(median_gap(burst)),
                "same_amount_share": round(same_amount_share(burst), 2),
            },
            explanations=[Explanation("main_counter", False), Explanation("queue_after_outage", False)],
            historical=all(swipe.historical for swipe in swipes),
        )


def _kind(view: SharedView) -> str | None:
    """Kind of the terminal's institution: the registry's word, else pharmacy where all swipes are (41)."""
    known = view.registry.institution(view.parts[0], view.date)
    if known is not None and known.kind:
        return known.kind
    return "pharmacy" if all(told.entry.med_type.startswith("41") for told in view.told) else None


def _evidence(view: SharedView, told: Told) -> dict:
    """A swipe as evidence."""
    swipe: Swipe = told.entry
    return {
        "at": view.calendar.text(swipe.at),
        "person": told.person,
        "settlement": swipe.settlement,
        "total": yuan(swipe.total),
        "fund": yuan(swipe.fund),
        "card": swipe.card or None,
    }


def median_gap(window: list[Told]) -> float:
    """Median seconds between neighbours."""
    gaps = [later.entry.at - earlier.entry.at for earlier, later in pairwise(window)]
    return median(gaps) / SECOND if gaps else float("inf")


def same_amount_share(window: list[Told]) -> float:
    """Share of the swipes that show the most common total."""
    return Counter(told.entry.total for told in window).most_common(1)[0][1] / len(window)


def _is_night(minute: int) -> bool:
    return minute >= NIGHT_FROM or minute < NIGHT_TO
