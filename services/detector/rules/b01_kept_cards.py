"""B01 留存卡集中刷卡: one terminal, many cards, short time.

Predicate: at one terminal of a pharmacy, clinic or village post, within 10 minutes, at least 5 persons
swipe, and 1.5 times as many as are usual there at that hour, and the median gap is at most 60 s, or half of
the amounts are equal, or half of the cards stood together there on an earlier day of the four weeks. What is
usual, and who was together, the registry's baselines say: usual is the 99.9th percentile over four weeks, of
what was reached on three days at least. Without four weeks to look back on, the floor of 5 stands alone.
Silent when as many come every month on that day, or when three other shops of the chain were full that day.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from schemas.finding import Subject, Words
from schemas.moments import MINUTE, SECOND
from schemas.records import Baseline
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.registers import Swipe
from services.detector.shared.view import SharedView, members

SMALL_KINDS = frozenset(("pharmacy", "clinic", "village"))
NIGHT_FROM, NIGHT_TO = 22 * 60, 6 * 60
"""rules.md §0.3: 22:00–06:00."""

TOGETHER = Words("（其中多人此前曾同时在此刷卡）", ", many of whom had been there together before")


@dataclass(frozen=True)
class KeptCardsParameters(Parameters):
    """Figures of rules.md B01."""

    minutes: float = parameter(10.0, "min", "滑动窗口", "sliding window")
    persons: int = parameter(5, "1", "窗口内不同参保人下限", "different persons in a window")
    gap_seconds: float = parameter(60.0, "s", "刷卡间隔中位数上限", "largest median gap between swipes")
    same_amount_share: float = parameter(0.5, "1", "同额占比下限", "share of swipes with one amount")
    together_share: float = parameter(
        0.5, "1", "此前曾同时在此刷卡的占比下限", "share of the cards that were together there before"
    )
    many_persons: int = parameter(10, "1", "严重人数", "persons that make it grave")
    usual_ratio: float = parameter(
        1.5, "1", "为该时段平时人数的倍数下限", "times the persons usual at that hour, at least"
    )
    quantile: float = parameter(0.999, "1", "平时人数所取分位数", "quantile of windows that counts as usual")
    weeks: int = parameter(4, "1", "平时人数回看周数", "weeks looked back on for what is usual")
    seen_days: int = parameter(
        3, "1", "达到该人数的天数不足此值不算平时", "days on which a number must be reached to be usual"
    )
    chain_ratio: float = parameter(
        1.5, "1", "连锁门店当日顾客为平时的倍数下限", "times its usual customers that make a shop's day full"
    )
    chain_shops: int = parameter(
        3, "1", "同时客流上升的其他连锁门店数", "other shops of the chain that were full"
    )


class KeptCards(Rule):
    """One terminal, many cards, short time."""

    id = "B01"
    key = "terminal"
    title = Words("疑似留存卡集中刷卡", "Suspected retained cards: many swiped at one terminal in minutes")
    message = Words(
        "{institution}的终端{device}在{minutes:.0f}分钟内为{persons}名参保人刷卡{together_zh}，间隔中位数{gap:.0f}秒，"
        "基金支付{amount}元。请核对是否留存、盗刷参保人医保卡。",
        "Terminal {device} of {institution} swiped the cards of {persons} persons within {minutes:.0f} "
        "minutes ({gap:.0f} s apart in the median){together_en}; the fund paid {amount} yuan. Are cards kept "
        "there?",
    )
    basis = ("条例 40(一)",)
    checks = {
        "main_counter": Words("医院主窗口", "a hospital's main counter"),
        "queue_after_outage": Words("断网后集中补录", "entered in a burst after an outage"),
        "usual_crowd": Words("该时段平时就有这么多人", "as many are usual there at that hour"),
        "same_day_of_month": Words(
            "每月这一天都有这么多人（如医保账户入账日）",
            "as many come every month on that day, such as when accounts are credited",
        ),
        "chain_wide_rise": Words(
            "同一连锁其他多家门店当日客流同时上升（如会员日）",
            "several other shops of the chain were full that day, such as on a members' day",
        ),
    }
    watches = frozenset()
    window_days = 1
    parameters = KeptCardsParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        if not self._may_be_crowded(view) or _kind(view) not in SMALL_KINDS:
            return
        usual = Usual(view.registry.baseline(view.parts[0], view.date), view.date, self.parameters)
        crowds = self._crowds(view, usual)
        explanations = usual.explanations(crowds)
        if crowds and not cleared(explanations):
            yield self._finding(view, crowds, usual, explanations)

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

    def _crowds(self, view: SharedView, usual: "Usual") -> "list[Crowd]":
        """The suspicious windows, in order."""
        swipes, figures = view.told, self.parameters
        reach = figures.minutes * MINUTE
        crowds = []
        begin = 0
        for end, last in enumerate(swipes):
            while last.entry.at - swipes[begin].entry.at > reach:
                begin += 1
            if end - begin + 1 < figures.persons:
                continue
            window = swipes[begin : end + 1]
            persons = len({swipe.person for swipe in window})
            hour = view.calendar.minute_of_day(last.entry.at) // 60
            if persons < max(figures.persons, usual.least(hour)):
                continue
            if usual.knows_together(last.entry.at) or self._is_suspicious(window):
                crowds.append(Crowd(begin, end, persons, hour))
        return crowds

    def _is_suspicious(self, window: list[Told]) -> bool:
        figures = self.parameters
        return (
            median_gap(window) <= figures.gap_seconds
            or same_amount_share(window) >= figures.same_amount_share
        )

    def _finding(
        self, view: SharedView, crowds: "list[Crowd]", usual: "Usual", explanations: list[Explanation]
    ) -> Finding:
        burst = _burst(view.told, crowds)
        institution, device, _ = view.parts
        swipes = [told.entry for told in burst]
        persons = len({told.person for told in burst})
        at_night = any(_is_night(view.calendar.minute_of_day(swipe.at)) for swipe in swipes)
        first, last = swipes[0], swipes[-1]
        together = any(usual.knows_together(swipe.at) for swipe in swipes)
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
                "together_zh": TOGETHER.zh if together else "",
                "together_en": TOGETHER.en if together else "",
            },
            evidence={
                "swipes": [_evidence(view, told) for told in burst],
                "device": device,
                "window_minutes": self.parameters.minutes,
                "persons": persons,
                "median_gap_seconds": round(median_gap(burst)),
                "same_amount_share": round(same_amount_share(burst), 2),
                "usual_persons": usual.persons(crowds),
                "together_before": together,
            },
            explanations=explanations,
            historical=all(swipe.historical for swipe in swipes),
        )


class Crowd(NamedTuple):
    """A suspicious window: places of its first and last swipe among those told, different persons, and the
    local hour in which it ends."""

    begin: int
    end: int
    persons: int
    hour: int


class Usual:
    """What is known to be usual at the terminals of the institution on a day."""

    def __init__(self, known: Baseline | None, date: str, figures: KeptCardsParameters) -> None:
        self._known = known
        self._figures = figures
        # What the last crowded day shows of its month and its chain tells nothing of this one.
        self._of_day = known if known is not None and known.effective_from == date else None

    def knows_together(self, moment: int) -> bool:
        """Whether the crowd whose last one swiped at a moment is known to have been together before."""
        return self._of_day is not None and moment in self._of_day.together

    def least(self, hour: int) -> float:
        """Persons from which on a window of an hour is more than usual."""
        return 0.0 if self._known is None else self._figures.usual_ratio * self._known.usual[hour]

    def persons(self, crowds: list[Crowd]) -> int | None:
        """Persons that are usual at the hour of the fullest window; None where that is not known."""
        fullest = max(crowds, key=lambda crowd: crowd.persons)
        return None if self._known is None else self._known.usual[fullest.hour]

    def explanations(self, crowds: list[Crowd]) -> list[Explanation]:
        """What speaks for crowds that stand out."""
        figures, of_day = self._figures, self._of_day
        monthly = chain = None
        if of_day is not None and of_day.same_day:
            monthly = all(
                crowd.persons < figures.usual_ratio * of_day.same_day[crowd.hour] for crowd in crowds
            )
        if of_day is not None and of_day.chain_shops is not None:
            chain = of_day.chain_shops >= figures.chain_shops
        return [
            Explanation("main_counter", False),
            Explanation("queue_after_outage", False),
            Explanation("usual_crowd", None if self._known is None else False),
            Explanation("same_day_of_month", monthly),
            Explanation("chain_wide_rise", chain),
        ]


def _burst(swipes: list[Told], crowds: list[Crowd]) -> list[Told]:
    """All swipes that stand in one of the windows, in order."""
    marked = {index for crowd in crowds for index in range(crowd.begin, crowd.end + 1)}
    return [swipe for index, swipe in enumerate(swipes) if index in marked]


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
