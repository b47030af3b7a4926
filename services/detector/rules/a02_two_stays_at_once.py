"""A02 同机构在院重复登记: two in-patient encounters of one person open at once in one institution.

Predicate: the two stays overlap at all by the clock, or share a night where a bare date is involved.
"""

from collections.abc import Iterable, Iterator

from schemas.finding import Subject, Words
from services.detector.facts import EMERGENCY, Kind
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, softened
from services.detector.rules.a01_overlapping_stays import DAY_SURGERY, newborn, overlap_words
from services.detector.stays import FOREVER, Overlap, Stay, pairs_of
from services.detector.view import PersonView, is_historical


class TwoStaysAtOnce(Rule):
    """Two open stays in one institution."""

    id = "A02"
    title = Words("同机构在院重复登记", "Registered as in-patient twice in one institution")
    message = Words(
        "同一参保人在{first}同时有两个住院登记（{encounters}），重叠{overlap_zh}，涉及基金{amount}元。"
        "请核对是否以转科重新登记（分解住院）或重复登记。",
        "The same insured person has two in-patient registrations at {first} at once ({encounters}; "
        "{overlap_en}); {amount} yuan of fund money are concerned. Was a ward transfer registered as a new "
        "admission, or one admission twice?",
    )
    basis = ("条例 38(一)",)
    checks = {
        "newborn_on_mothers_card": Words("新生儿随母住院", "a newborn on the mother's card"),
        "day_surgery": Words("日间手术", "day surgery"),
    }
    watches = frozenset((Kind.ADMISSION, Kind.DISCHARGE, Kind.INPATIENT))
    window_days = 60
    inside = True
    lone_stays = False
    parameters = Parameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        stays = view.stays
        if len(stays) < 2:
            return
        for one, other in pairs_of(stays, None if refs is None else set(refs)):
            if one.ref[0] == other.ref[0]:
                yield from self._pair(view, one, other)

    def _pair(self, view: PersonView, one: Stay, other: Stay) -> Iterator[Finding]:
        overlap = Overlap(one, other, view.calendar)
        if not overlap.exceeds(0):
            return
        first, second = sorted((one, other), key=lambda stay: (stay.begin, stay.ref))
        explanations = [
            Explanation("newborn_on_mothers_card", newborn(view, first, second)),
            Explanation(
                "day_surgery", any(stay.med_type.startswith(DAY_SURGERY) for stay in (first, second))
            ),
        ]
        if cleared(explanations):
            return
        involved = [*first.facts, *second.facts]
        refs = sorted((first.ref, second.ref))
        yield Finding(
            rule=self,
            about=tuple(refs),
            members=refs,
            severity=softened(2, emergency=any(fact.flags & EMERGENCY for fact in involved)),
            subject=Subject("person", view.history.key),
            institutions=[first.ref[0]],
            encounters=[ref[1] for ref in refs],
            settlements=sorted({fact.id for fact in (*first.settlements, *second.settlements)}),
            happened=view.calendar.text(second.begin),
            amount=second.fund,
            values={
                "first": first.ref[0],
                "encounters": [ref[1] for ref in refs],
                **overlap_words(overlap),
            },
            evidence={
                "stays": [view.stay_evidence(first), view.stay_evidence(second)],
                "overlap_hours": None if overlap.by_dates or overlap.end >= FOREVER else overlap.hours,
                "overlap_nights": overlap.nights if overlap.by_dates and overlap.end < FOREVER else None,
            },
            explanations=explanations,
            historical=is_historical(involved),
        )
