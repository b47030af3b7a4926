"""A12 凭证混用: one card is shown for several insured persons on one day.

Predicate: settlements of two persons or more on one local day name the same card. Severity 3 with two
persons, 2 from three. Settlements paid from a relative's account (家庭共济), whose owner shows the card, and
those of newborns on the mother's card do not count. A number that more than fifty persons show on one day is
no card but what somebody typed in for one. The amount is the fund's for all but the person it paid most for:
whose card it is nobody told. Terminals that many share are B01's; telephones stand in no event.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from services.detector.facts import yuan
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.shared.history import Told
from services.detector.shared.view import SharedView, named


@dataclass(frozen=True)
class SharedCardParameters(Parameters):
    """Figures of the catalogue's A12."""

    persons: int = parameter(2, "1", "同一凭证当日人数下限", "persons with one card on a day")
    many_persons: int = parameter(3, "1", "高度可疑人数", "persons that make it graver")
    placeholder_persons: int = parameter(
        50, "1", "视为占位号码的人数", "more persons than this, and the number is none of a card"
    )


class SharedCard(Rule):
    """One card for several persons."""

    id = "A12"
    key = "card"
    title = Words("疑似凭证混用", "Suspected: one card for several persons")
    message = Words(
        "{day}同一张凭证为{persons}名参保人办理{settlements}笔结算，除本人外基金支付{amount}元。"
        "请核对凭证归谁所有、其他人为何使用。",
        "On {day} one card was shown for {persons} insured persons in {settlements} settlements; the fund "
        "paid {amount} yuan beside its owner's. Whose card is it, and why did the others use it?",
    )
    basis = ("条例 41(一)",)
    checks = {
        "family_account": Words("家庭共济账户支付", "paid from a relative's account"),
        "newborn": Words("新生儿使用母亲凭证", "a newborn on the mother's card"),
        "placeholder_number": Words("占位号码", "a number that stands for none"),
    }
    watches = frozenset()
    window_days = 1
    parameters = SharedCardParameters()

    def judge(self, view: SharedView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        told = view.told
        if len(told) < self.parameters.persons:
            return
        uses = [one for one in told if not one.entry.reason]
        persons = len({one.person for one in uses})
        if persons < self.parameters.persons:
            return
        explanations = [
            Explanation("family_account", False),
            Explanation("newborn", False),
            Explanation("placeholder_number", persons > self.parameters.placeholder_persons),
        ]
        if not cleared(explanations):
            yield self._finding(view, uses, persons, explanations)

    def _finding(
        self, view: SharedView, uses: list[Told], persons: int, explanations: list[Explanation]
    ) -> Finding:
        card = view.parts[0]
        paid: dict[str, int] = {}
        for use in uses:
            paid[use.person] = paid.get(use.person, 0) + max(0, use.entry.fund)
        return Finding(
            rule=self,
            about=(card, view.day),
            severity=2 if persons >= self.parameters.many_persons else 3,
            subject=Subject("card", card),
            settlements=sorted(use.entry.settlement for use in uses),
            happened=view.text(uses[-1].entry.at),
            amount=sum(paid.values()) - max(paid.values()),
            values={"day": view.date, "persons": persons, "settlements": len(uses)},
            evidence={
                "card": card,
                "day": view.date,
                "persons": persons,
                "settlements": [
                    view.evidence(use, settlement=use.entry.settlement, fund=yuan(use.entry.fund))
                    for use in uses
                ],
            },
            explanations=explanations,
            **named(uses),
        )
