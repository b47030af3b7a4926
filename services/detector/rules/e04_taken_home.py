"""E04 出院带药超量: more drugs taken home from a ward than may be, or what may not be taken home at all.

Predicate: the lines of a stay that are marked as taken home (discharge_drug) hold of one drug more than 7
days' supply (15 with a chronic disease among the diagnoses, 30 with a special one or an approval for one in
force), an injection (but for those that patients give themselves), or an examination or a test.

Days are the line's, else those of its packs; without either the length is not judged. Where no diagnosis
was sent the longest limit holds. Amount: the share beyond the limit; of injections and tests the whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.finding import Words
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base, part
from services.detector.drugs import supply_days
from services.detector.encounters import Encounter
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

TESTS = ("03", "04")
"""Charge types of examinations and laboratory tests."""
CHRONIC = (
    "E03", "E05", "E10", "E11", "E13", "E14", "E78", "G20", "G40", "I10", "I11", "I12", "I13", "I20", "I25",
    "I48", "I50", "I63", "I69", "J44", "J45", "K74", "M05", "M06", "M10", "M81", "N18", "N40",
)  # fmt: skip
SPECIAL = (
    "A15", "A16", "A17", "A18", "A19", "B16", "B18", "B20", "C", "D45", "D46", "D61", "D66", "D67", "F20",
    "F25", "F31", "M32", "N18.5", "Z49", "Z94",
)  # fmt: skip


@dataclass(frozen=True)
class TakenHomeParameters(Parameters):
    """Figures of rules.md E04; which diagnoses are chronic or special is a common policy's choice."""

    acute_days: int = parameter(7, "d", "急性病出院带药上限", "most to be taken home after an acute disease")
    chronic_days: int = parameter(15, "d", "慢性病出院带药上限", "… with a chronic disease")
    special_days: int = parameter(30, "d", "特殊病种出院带药上限", "… with a special disease")
    chronic: tuple[str, ...] = parameter(
        CHRONIC,
        "1",
        "慢性病诊断编码前缀",
        "beginnings of the codes of chronic diseases",
    )
    special: tuple[str, ...] = parameter(
        SPECIAL,
        "1",
        "特殊病种诊断编码前缀",
        "beginnings of the codes of special diseases",
    )
    self_injected: tuple[str, ...] = parameter(
        ("A10A", "A10BJ", "B01AB", "H01AC", "L03AB", "L04AB"),
        "1",
        "可自行注射药品的ATC前缀",
        "beginnings of the ATC codes of what patients inject themselves",
    )


class Beyond(NamedTuple):
    """What is wrong with what was taken home: in words, and fen."""

    words: Words
    amount: int
    explanations: list[Explanation]


class TakenHome(BillRule):
    """More drugs taken home from a ward than may be."""

    id = "E04"
    title = Words("出院带药超量", "Too much taken home from a ward")
    message = Words(
        "{institution} 住院 {encounter} 出院带药中，{code} {what_zh}，疑似超出部分{amount}元。"
        "请核对出院带药医嘱。",
        "Among the drugs taken home after stay {encounter} at {institution}: {code}, {what_en}; {amount} "
        "yuan lie beyond what may be taken. What does the discharge order say?",
    )
    basis = ("条例 38(二)", "条例 38(六)")
    checks = {
        "longer_allowed": Words(
            "慢性病或特殊病种", "a chronic or special disease, for which more may be taken"
        ),
        "self_injected": Words("患者可自行注射的药品", "an injection that patients give themselves"),
        "refunded": Words("已退药", "it was given back"),
    }
    parameters: TakenHomeParameters = TakenHomeParameters()

    def may_find(self, news: News) -> bool:
        for charge in news.charges:  # noqa: SIM110 — a generator costs more than the answer
            if charge.line.more.discharge_drug:
                return True
        return False

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        taken: dict[str, list[Charge]] = {}
        for charge in bill.charges:
            if charge.line.more.discharge_drug and charge.base > 0:
                taken.setdefault(charge.line.code, []).append(charge)
        encounter = Encounter(view, bill.ref) if taken else None
        if encounter is None or not encounter.is_inpatient:
            return
        for code, charges in sorted(taken.items()):
            beyond = self._beyond(view, encounter, charges)
            if beyond is not None:
                yield Suspect(
                    about=(code,),
                    severity=2,
                    amount=beyond.amount,
                    values={"code": code, "what_zh": beyond.words.zh, "what_en": beyond.words.en},
                    charges=charges,
                    explanations=[*beyond.explanations, Explanation("refunded", False)],
                    evidence={"diagnoses": sorted(encounter.diagnoses)},
                )

    def _beyond(self, view: PersonView, encounter: Encounter, charges: list[Charge]) -> Beyond | None:
        line = charges[0].line
        if line.category in TESTS:
            return Beyond(Words("为检查化验项目", "which is an examination or a test"), base(charges), [])
        pack = view.registry.pack(line.code, encounter.date)
        if pack is not None and pack.injection:
            own = pack.atc.startswith(self.parameters.self_injected) if pack.atc else None
            words = Words("为注射剂", "which is an injection")
            return Beyond(words, base(charges), [Explanation("self_injected", own)])
        supply = [supply_days(charge, pack) for charge in charges]
        days, limit = sum(supply), self._limit(view, encounter)
        if not all(supply) or days <= limit:
            return None
        return Beyond(
            Words(
                f"共{days:.0f}天用量，上限为{limit}天", f"{days:.0f} days' supply where {limit} may be taken"
            ),
            part(base(charges), round((days - limit) * 100), round(days * 100)),
            [Explanation("longer_allowed", None if not encounter.diagnoses else False)],
        )

    def _limit(self, view: PersonView, encounter: Encounter) -> int:
        """Days that may be taken home: by the gravest disease that is known."""
        figures = self.parameters
        diagnoses = encounter.diagnoses
        entitled = bool(view.insured.approved(encounter.date))
        if not diagnoses or entitled or any(code.startswith(figures.special) for code in diagnoses):
            return figures.special_days
        is_chronic = any(code.startswith(figures.chronic) for code in diagnoses)
        return figures.chronic_days if is_chronic else figures.acute_days
