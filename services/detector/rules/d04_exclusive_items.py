"""D04 互斥/重复收费 (PTP): two items that are not paid for together.

Predicate: both codes of a pair that the registry lists stand on the bill of one encounter, on the same local
day or, as the pair says, anywhere in it. Suspected is all of the one that is not payable then. Two medicines
that must not meet are E06's.
"""

from collections.abc import Iterator

from schemas.finding import Words
from schemas.registry import ExclusivePair
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base
from services.detector.drugs import are_medicines
from services.detector.news import News
from services.detector.rule import Explanation, Parameters
from services.detector.view import PersonView


class ExclusiveItems(BillRule):
    """Two items that exclude each other."""

    id = "D04"
    title = Words("互斥项目同时收费", "Items that exclude each other billed together")
    message = Words(
        "{institution} 就诊 {encounter} {scope_zh}同时收取互斥项目{code}与{other}，其中不予支付的{other}涉及"
        "{amount}元。请核对是否重复收费。",
        "{institution} billed {code} and {other} {scope_en} in encounter {encounter}; they are not paid for "
        "together, and {amount} yuan are for {other}. Was the same thing charged twice?",
    )
    basis = ("条例 38(三)", "两库 项目重复收费")
    checks = {
        "refunded": Words("其中一项已退费", "one of the two was refunded"),
        "not_in_force": Words("当日该互斥关系未生效", "the pair was not in force on that day"),
    }
    tables = frozenset(("exclusive_pairs",))
    parameters = Parameters()

    def may_find(self, news: News) -> bool:
        registry, codes = news.view.registry, news.codes
        for code in codes:  # noqa: SIM110 — a generator costs more than the answer
            if not registry.partners(code).isdisjoint(codes):
                return True
        return False

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        for code in sorted(bill.by_code):
            pairs = view.registry.exclusive_pairs(code)
            for pair in pairs:
                met = pair.code == code and pair.other_code in bill.by_code and pair.other_code != code
                if met and not are_medicines(view.registry, pair):
                    yield from self._pair(view, bill, pair)

    def _pair(self, view: PersonView, bill: Bill, latest: ExclusivePair) -> Iterator[Suspect]:
        """What one pair finds, as it was in force on each day of its first code."""
        code, other = latest.code, latest.other_code
        ones, others = bill.by_code[code], bill.by_code[other]
        one_days, other_days = bill.dated(code, view.calendar), bill.dated(other, view.calendar)
        days = sorted(one_days) or ([view.calendar.day(bill.stay.begin)] if bill.stay else [])
        is_of_encounter = False
        for day in days:
            pair = _in_force(view, code, other, view.calendar.date_text(day))
            if pair is None:
                continue
            if pair.scope == "encounter":
                is_of_encounter = True
            elif day in one_days and day in other_days:
                yield self._suspect(view, pair, one_days[day], other_days[day], day)
        if is_of_encounter:
            yield self._suspect(view, latest, ones, others, None)

    def _suspect(
        self, view: PersonView, pair: ExclusivePair, ones: list[Charge], others: list[Charge], day: int | None
    ) -> Suspect:
        date = None if day is None else view.calendar.date_text(day)
        return Suspect(
            about=(pair.code, pair.other_code, date or "encounter"),
            severity=1,
            amount=base(others),
            values={
                "code": pair.code,
                "other": pair.other_code,
                "scope_zh": f"{date}" if date else "内",
                "scope_en": f"on {date}" if date else "together",
            },
            charges=[*ones, *others],
            explanations=[Explanation("refunded", False), Explanation("not_in_force", False)],
            day=day,
            evidence={"code": pair.code, "other_code": pair.other_code, "day": date},
        )


def _in_force(view: PersonView, code: str, other: str, date: str) -> ExclusivePair | None:
    pairs = view.registry.exclusive_pairs(code, date)
    return next((pair for pair in pairs if pair.code == code and pair.other_code == other), None)
