"""E03 诊断药品不符: a drug that is paid for only with certain diagnoses, without any of them.

Predicate: the registry restricts a drug to diagnoses (indications); the encounter that bills it names
diagnoses, and none begins like one of these; neither does one of the person's special and chronic disease
visits (med_type 14, 15, or settled under a disease_code) of the last 365 days, nor an approval in force.

An encounter that names no diagnosis at all is not judged: three pharmacies in four send none. Amount: what
of the lines lies within the policy.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from schemas.finding import Words
from schemas.moments import DAY
from schemas.records import Indication
from schemas.registry import Registry
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, base
from services.detector.drugs import LONG_PRESCRIPTIONS
from services.detector.encounters import Encounter
from services.detector.facts import DIAGNOSED, DISEASED, LINED, Fact, Kind
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

RULED_OUT = ("Z03",)
"""Observation for a disease that was suspected and ruled out."""


@dataclass(frozen=True)
class WithoutIndicationParameters(Parameters):
    """Figures of rules.md E03; the diagnoses themselves stand in the registry (indications)."""

    record_days: int = parameter(
        365, "d", "慢特病就诊记录的回溯天数", "how far back visits for chronic diseases are looked for"
    )


class WithoutIndication(BillRule):
    """A restricted drug without one of its diagnoses."""

    id = "E03"
    title = Words("诊断与限定适应症不符", "A restricted drug without its diagnosis")
    message = Words(
        "{institution}就诊{encounter}使用限适应症药品{code}，已上传诊断（{diagnoses}）均不在限定范围"
        "（{indication}），医保范围内{amount}元。请核对病历中有无相应诊断依据。",
        "In encounter {encounter} at {institution} {code} was given, paid for only with {indication}; "
        "the diagnoses sent are {diagnoses}. {amount} yuan lie within policy. Do the records show such a "
        "diagnosis?",
    )
    basis = ("条例 38(二)", "条例 38(六)", "两库 限适应症")
    checks = {
        "chronic_record": Words(
            "慢特病就诊或待遇记录中有相应诊断", "a chronic disease record names the diagnosis"
        ),
        "ruled_out": Words("疑诊排除", "a suspected disease that was ruled out"),
        "approved": Words("超限使用已审批", "its use was approved"),
    }
    needs = LINED | DIAGNOSED
    window_days = 365
    tables = frozenset(("indications",))
    parameters: WithoutIndicationParameters = WithoutIndicationParameters()

    def may_find(self, news: News) -> bool:
        if _is_record(news.fact):
            return True
        if not (news.fact.flags & LINED and news.fact.flags & DIAGNOSED):
            return False
        prefixes, diagnoses = _prefixes(news.view.registry), news.fact.detail.diagnoses
        for code in news.codes:
            for asked in prefixes.get(code, ()):
                if not _are_matched(diagnoses, asked):
                    return True
        return False

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        restricted = [code for code in sorted(bill.by_code) if view.registry.indication(code) is not None]
        if not restricted:
            return
        encounter = Encounter(view, bill.ref)
        if encounter.anchor is None or not encounter.diagnoses:
            return
        for code in restricted:
            indication = view.registry.indication(code, encounter.date)
            if indication is None or _matches(encounter.diagnoses, indication.icd_prefixes):
                continue
            charges = [
                charge for charge in bill.by_code[code] if charge.base > 0 and not charge.line.more.approved
            ]
            if charges:
                told = [charge.line.more.approved for charge in charges]
                yield Suspect(
                    about=(code,),
                    severity=3,
                    amount=base(charges),
                    values={
                        "code": code,
                        "diagnoses": sorted(encounter.diagnoses),
                        "indication": [*indication.icd_prefixes],
                    },
                    charges=charges,
                    explanations=[
                        Explanation(
                            "chronic_record", self._is_on_record(view, encounter, indication.icd_prefixes)
                        ),
                        Explanation("ruled_out", _matches(encounter.diagnoses, RULED_OUT)),
                        Explanation("approved", None if None in told else False),
                    ],
                    evidence={"indication": list(indication.icd_prefixes)},
                )

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """A visit for a chronic disease speaks for what is prescribed from its day on."""
        records = [fact for fact in (*change.before, *change.after) if _is_record(fact)]
        if not records:
            return
        first = view.calendar.midnight(min(view.calendar.day(fact.at) for fact in records))
        for fact in view.history.near(first):
            if fact.at >= first:
                yield (fact.institution, fact.encounter)

    def _is_on_record(self, view: PersonView, encounter: Encounter, prefixes: tuple[str, ...]) -> bool:
        approved = view.insured.approved(encounter.date)
        if _matches((approval.disease_code for approval in approved), prefixes):
            return True
        day = view.calendar.day(encounter.anchor.at)  # type: ignore[union-attr]
        begin = view.calendar.midnight(day) - self.parameters.record_days * DAY
        return any(
            _is_record(fact) and view.is_visit(fact) and _matches(fact.detail.diagnoses.split(), prefixes)
            for fact in view.between(begin, view.calendar.midnight(day + 1) - 1)
        )


@lru_cache(maxsize=2)
def _prefixes(registry: Registry) -> dict[str, tuple[tuple[str, ...], ...]]:
    """What each code was ever restricted to."""
    indications: tuple[Indication, ...] = registry.records(Indication.TABLE)
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for indication in indications:
        found[indication.code] = (*found.get(indication.code, ()), indication.icd_prefixes)
    return found


@lru_cache(maxsize=16_384)
def _are_matched(diagnoses: str, prefixes: tuple[str, ...]) -> bool:
    """… of codes joined by blanks: the same few are asked about again and again."""
    return _matches(diagnoses.split(), prefixes)


def _is_record(fact: Fact) -> bool:
    """Whether it is a visit for a special or chronic disease that names diagnoses."""
    if fact.kind != Kind.VISIT or not fact.flags & DIAGNOSED:
        return False
    return bool(fact.flags & DISEASED) or fact.med_type.startswith(LONG_PRESCRIPTIONS)


def _matches(codes: Iterable[str], prefixes: Iterable[str]) -> bool:
    """Whether a code begins like one of some prefixes, dots aside."""
    plain = tuple(prefix.replace(".", "") for prefix in prefixes)
    return any(code.replace(".", "").startswith(plain) for code in codes)
