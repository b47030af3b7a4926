"""D15 非医保项目纳入: daily goods and health food settled as covered.

Predicate: a settled bill has a line whose code lies in the part of the catalogue that is not medical (500,
501), and something of its amount is said to be covered. A line without a covered amount is not judged.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.finding import Words
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, base
from services.detector.facts import SETTLEMENTS
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView


@dataclass(frozen=True)
class NotMedicalParameters(Parameters):
    """Figures of rules.md D15."""

    prefixes: tuple[str, ...] = parameter(
        ("500", "501"), "1", "非医药项目编码的开头", "beginnings of codes that are not medical"
    )


class NotMedical(BillRule):
    """What is not medical, settled as covered."""

    id = "D15"
    title = Words("疑似非医药项目纳入医保结算", "Suspected: what is not medical settled as covered")
    message = Words(
        "{institution} 将非医药项目{codes}纳入医保结算，涉及{amount}元。请核对售出的是否为日用品或保健品。",
        "{institution} settled {codes}, which are not medical, as covered; {amount} yuan. Were daily goods "
        "or "
        "health food sold on the insurance?",
    )
    basis = ("细则 非医药费用纳入结算", "条例 38(六)")
    checks = {
        "paid_by_the_person": Words("由本人自费", "paid by the insured person"),
        "refunded": Words("已退费", "refunded"),
    }
    parameters = NotMedicalParameters()

    def may_find(self, news: News) -> bool:
        prefixes = self.parameters.prefixes
        for code in news.codes:  # noqa: SIM110 — a generator costs more than the answer
            if code.startswith(prefixes):
                return True
        return False

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        goods = [
            charge
            for charge in bill.charges
            if charge.line.code.startswith(self.parameters.prefixes) and charge.line.covered
        ]
        if not goods or not any(
            fact.kind in SETTLEMENTS and view.is_settlement(fact) for fact in view.facts_of((bill.ref,))
        ):
            return
        codes = sorted({charge.line.code for charge in goods})
        yield Suspect(
            about=(),
            severity=1,
            amount=base(goods),
            values={"codes": [*codes]},
            charges=goods,
            explanations=[Explanation("paid_by_the_person", False), Explanation("refunded", False)],
            evidence={"codes": codes},
        )
