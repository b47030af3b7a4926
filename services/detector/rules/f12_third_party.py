"""F12 第三方责任/工伤混入: an injury settled as ordinary illness.

Predicate: a stay of med_type 21 (ordinary, not 22 injury) with a diagnosis of injury or its external cause
(S00–T98, V01–Y98). Complications of medical care (T80–T88, Y40–Y84) are no injuries in this sense. What is
settled as injury anywhere in the encounter carries its statement.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from services.detector.encounters import Encounter
from services.detector.facts import DIAGNOSED, Kind
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import refs_of

ORDINARY, INJURY = "21", "22"


@dataclass(frozen=True)
class ThirdPartyParameters(Parameters):
    """Figures of rules.md F12."""

    injuries: tuple[str, ...] = parameter(
        ("S", "T", "V", "W", "X", "Y"), "1", "外伤诊断", "beginnings of diagnoses of injury"
    )
    medical_care: tuple[str, ...] = parameter(
        ("T80", "T81", "T82", "T83", "T84", "T85", "T86", "T87", "T88", "Y4", "Y5", "Y6", "Y7", "Y80", "Y81",
         "Y82", "Y83", "Y84"),
        "1",
        "医疗并发症诊断",
        "beginnings of diagnoses of complications of medical care",
    )  # fmt: skip


class ThirdParty(Rule):
    """An in-patient injury that is not declared as one."""

    id = "F12"
    title = Words("疑似第三方责任/工伤混入", "Suspected: an injury settled as illness")
    message = Words(
        "{institution} {day}入院的普通住院含外伤诊断（{codes}），未按外伤住院登记，基金支付{amount}元。"
        "请核对外伤原因，是否应由第三方或工伤保险支付。",
        "A stay at {institution} from {day} names injuries ({codes}) but was not registered as one; the fund "
        "paid {amount} yuan. What caused it, and must a third party or the work injury insurance pay?",
    )
    basis = ("条例", "细则 隐瞒工伤、第三方")
    checks = {
        "declared_injury": Words("已按外伤住院登记", "registered as an injury"),
        "medical_care": Words("医疗并发症", "a complication of medical care"),
    }
    watches = frozenset((Kind.ADMISSION, Kind.DISCHARGE, Kind.INPATIENT))
    window_days = 60
    needs = DIAGNOSED
    parameters: ThirdPartyParameters = ThirdPartyParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        diagnosed = (
            fact for fact in view.facts_of(refs) if fact.flags & DIAGNOSED and fact.kind in self.watches
        )
        for ref in refs_of(diagnosed):
            encounter = Encounter(view, ref)
            if encounter.anchor is not None and encounter.anchor.med_type.startswith(ORDINARY):
                yield from self._stay(view, encounter)

    def _stay(self, view: PersonView, encounter: Encounter) -> Iterator[Finding]:
        injuries = [code for code in encounter.diagnoses if code.startswith(self.parameters.injuries)]
        codes = sorted(code for code in injuries if not code.startswith(self.parameters.medical_care))
        if not injuries:
            return
        explanations = [
            Explanation("declared_injury", any(f.med_type.startswith(INJURY) for f in encounter.facts)),
            Explanation("medical_care", not codes),
        ]
        if cleared(explanations):
            return
        institution, id = encounter.ref
        at = encounter.anchor.at  # type: ignore[union-attr]
        yield Finding(
            rule=self,
            about=(encounter.ref,),
            members=[encounter.ref],
            severity=3,
            subject=Subject("person", view.history.key),
            institutions=[institution],
            encounters=[id],
            settlements=sorted(fact.id for fact in encounter.settlements),
            happened=view.calendar.text(at),
            amount=sum(max(0, fact.fund) for fact in encounter.settlements),
            values={
                "institution": institution,
                "day": view.calendar.date_text(view.calendar.day(at)),
                "codes": [*codes],
            },
            evidence={"injuries": codes, "diagnoses": sorted(encounter.diagnoses)},
            explanations=explanations,
            historical=is_historical(encounter.facts),
        )
