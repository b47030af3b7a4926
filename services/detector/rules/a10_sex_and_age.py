"""A10 性别/年龄冲突: a service that contradicts the insured person's sex or age.

Predicate: a billed item or a diagnosis that limits.csv allows for the other sex or for another age; a
diagnosis of pregnancy and childbirth (O00–O9A) of a man; one of newborns (P00–P96) of somebody older than a
year. Sex or birth unknown: no judgement about them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from schemas.finding import Subject, Words
from schemas.records import Limit, Person
from schemas.registry import Registry
from services.detector.encounters import Encounter
from services.detector.facts import DIAGNOSED, LINED, NEWBORN_TYPES, SETTLEMENTS, Fact, Kind
from services.detector.history import Ref
from services.detector.insured import age_on
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import refs_of

MAN = "1"
SEXES = {"1": Words("限男性", "for men"), "2": Words("限女性", "for women")}
PREGNANCY, NEWBORN, DELIVERED = "O", "P", ("O", "Z37", "Z38")
"""Chapters of ICD-10, and codes that say that somebody gave birth."""
MATERNITY_TYPES, MATERNITY = ("51", "52"), "510"
"""Care and insurance of maternity, which also pay for the wife of an insured man."""


@dataclass(frozen=True)
class SexAndAgeParameters(Parameters):
    """Figures of rules.md A10."""

    newborn_years: int = parameter(
        1, "year", "新生儿诊断（P00–P96）的年龄上限", "oldest age for a diagnosis of newborns (P00–P96)"
    )


class Conflict(NamedTuple):
    """What contradicts. limit: whom it is for; base: fen, None for a diagnosis."""

    code: str
    limit: Words
    severity: int
    base: int | None

    @property
    def words(self) -> Words:
        """It and whom it is for."""
        return Words(f"{self.code}（{self.limit.zh}）", f"{self.code} ({self.limit.en})")


class SexAndAge(Rule):
    """An item or diagnosis for somebody of another sex or age."""

    id = "A10"
    title = Words("性别/年龄冲突", "Sex or age contradicted")
    message = Words(
        "{institution} {day}为该参保人（登记为{who_zh}）结算或记录{what_zh}，涉及{amount}元。"
        "疑似他人冒用凭证，请核对就诊人身份及参保登记。",
        "On {day} {institution} billed or noted {what_en} for an insured person who is registered as "
        "{who_en}; {amount} yuan. Somebody else with the card? Check who was treated, and the registration.",
    )
    basis = ("条例 38(六)", "条例 40(一)")
    checks = {
        "newborn_on_mothers_card": Words("新生儿随母就医", "a newborn on the mother's card"),
        "wifes_maternity": Words("参保男职工配偶的生育待遇", "maternity benefits of an insured man's wife"),
    }
    watches = SETTLEMENTS | {Kind.ADMISSION, Kind.DISCHARGE, Kind.FEE_LINES}
    window_days = 60
    needs = LINED | DIAGNOSED
    about_person = True
    parameters: SexAndAgeParameters = SexAndAgeParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        limited = limited_codes(view.registry)
        for ref in refs_of(fact for fact in view.facts_of(refs) if _is_about_some(fact, limited)):
            encounter = Encounter(view, ref)
            if encounter.anchor is not None:
                yield from self._encounter(view, encounter)

    def _encounter(self, view: PersonView, encounter: Encounter) -> Iterator[Finding]:
        day = view.calendar.day(encounter.anchor.at)  # type: ignore[union-attr]
        person = view.insured.person(view.calendar.date_text(day))
        if person is None:
            return
        conflicts = sorted(self._conflicts(view, encounter, person, day), key=_rank)
        if not conflicts:
            return
        explanations = self._explanations(encounter, person, conflicts)
        if cleared(explanations):
            return
        names = list(dict.fromkeys((one.words.zh, one.words.en) for one in conflicts))
        who = _who(person, age_on(person, day))
        institution, id = encounter.ref
        paid = sum(max(0, fact.fund) for fact in encounter.settlements)
        billed = sum(one.base or 0 for one in conflicts)
        yield Finding(
            rule=self,
            about=(encounter.ref,),
            members=[encounter.ref],
            severity=min(one.severity for one in conflicts),
            subject=Subject("person", view.history.key),
            institutions=[institution],
            encounters=[id],
            settlements=sorted(fact.id for fact in encounter.settlements),
            happened=view.calendar.text(encounter.anchor.at),  # type: ignore[union-attr]
            amount=max(billed, paid) if any(one.base is None for one in conflicts) else billed,
            values={
                "institution": institution,
                "day": view.calendar.date_text(day),
                "who_zh": who.zh,
                "who_en": who.en,
                "what_zh": "、".join(zh for zh, _ in names),
                "what_en": ", ".join(en for _, en in names),
            },
            evidence={
                "day": view.calendar.date_text(day),
                "sex": person.sex,
                "age": age_on(person, day),
                "conflicts": [{"code": one.code, "limit": one.limit} for one in conflicts],
            },
            explanations=explanations,
            historical=is_historical(encounter.facts),
        )

    def _conflicts(
        self, view: PersonView, encounter: Encounter, person: Person, day: int
    ) -> Iterator[Conflict]:
        text, age = view.calendar.date_text(day), age_on(person, day)
        for charge in view.bill(encounter.ref).charges:
            limit = view.registry.limit(charge.line.code, text)
            if limit is not None:
                yield from _beyond(limit, person, age, charge.base)
        for code in sorted(encounter.diagnoses):
            limit = view.registry.limit(code, text)
            if limit is not None:
                yield from _beyond(limit, person, age, None)
            if code.startswith(PREGNANCY) and person.sex == MAN:
                yield Conflict(code, Words("妊娠分娩诊断", "a diagnosis of pregnancy"), 1, None)
            if code.startswith(NEWBORN) and age is not None and age > self.parameters.newborn_years:
                yield Conflict(code, Words("新生儿诊断", "a diagnosis of newborns"), 2, None)

    def _explanations(
        self, encounter: Encounter, person: Person, conflicts: list[Conflict]
    ) -> list[Explanation]:
        types = {fact.med_type for fact in encounter.facts if fact.med_type}
        newborn = any(name.startswith(NEWBORN_TYPES) for name in types) or (
            all(one.code.startswith(NEWBORN) for one in conflicts)
            and any(code.startswith(DELIVERED) for code in encounter.diagnoses)
        )
        maternity = any(name.startswith(MATERNITY_TYPES) for name in types)
        return [
            Explanation("newborn_on_mothers_card", newborn),
            Explanation(
                "wifes_maternity",
                person.sex == MAN and (maternity or MATERNITY in encounter.insurance_types),
            ),
        ]


def _is_about_some(fact: Fact, limited: frozenset[str]) -> bool:
    """Whether a fact names what is not for everybody: a cheap way out for most."""
    if not fact.flags & (LINED | DIAGNOSED):
        return False
    detail = fact.detail
    codes = detail.diagnoses.split()
    if any(code[0] in (PREGNANCY, NEWBORN) for code in codes):
        return True
    return not limited.isdisjoint(codes) or any(line.code in limited for line in detail.lines or ())


@lru_cache(maxsize=2)
def limited_codes(registry: Registry) -> frozenset[str]:
    """Codes that are ever limited to a sex or an age."""
    limits: tuple[Limit, ...] = registry.records(Limit.TABLE)
    return frozenset(
        limit.code
        for limit in limits
        if limit.sex is not None or limit.min_age is not None or limit.max_age is not None
    )


def _rank(conflict: Conflict) -> tuple[int, str, str]:
    return (conflict.severity, conflict.code, conflict.limit.zh)


def _beyond(limit: Limit, person: Person, age: int | None, base: int | None) -> Iterator[Conflict]:
    """How a person lies beyond a limit."""
    if limit.sex and person.sex and limit.sex != person.sex:
        yield Conflict(limit.code, SEXES[limit.sex], 1, base)
    elif age is not None:
        if limit.max_age is not None and age > limit.max_age:
            words = Words(f"限{limit.max_age}岁及以下", f"up to {limit.max_age} years")
            yield Conflict(limit.code, words, 2, base)
        elif limit.min_age is not None and age < limit.min_age:
            words = Words(f"限{limit.min_age}岁及以上", f"from {limit.min_age} years")
            yield Conflict(limit.code, words, 2, base)


def _who(person: Person, age: int | None) -> Words:
    sex = {"1": Words("男", "male"), "2": Words("女", "female")}.get(person.sex or "")
    years = None if age is None else Words(f"{age}岁", f"{age} years old")
    known = [words for words in (sex, years) if words is not None]
    return Words("、".join(words.zh for words in known), ", ".join(words.en for words in known))
