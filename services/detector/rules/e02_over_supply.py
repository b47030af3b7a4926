"""E02 超量/重复开药: more of a medicine than a person can use.

A ledger for each substance, over all institutions and the last 400 days: what was dispensed over a counter
adds its days to what is still held (supply_until = max(supply_until, day) + days). Days are the line's, else
those of its packs; without either a medicine is not judged (B04 counts its dispensings instead).

Predicate: at a dispensing more than 7 days are still held (14 for long prescriptions, med_type 14 and 15),
and with the new days more than 30 in all (90 for long ones).

Graver: more than twice that, or three institutions in 30 days; gravest: more than 400 days' supply within
365, or three dear and easily resold substances over-supplied within them. Amount: the share of the
dispensing that lies beyond the limit. That a medicine was lost cannot be seen in what is sent; what is
taken home from a ward is E04's.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from schemas.finding import Subject, Words
from services.detector.billing import part
from services.detector.drugs import (
    Dispensing,
    Formulary,
    all_dispensings,
    dispensed,
    dispensings,
    encounters_with,
    formulary_of,
)
from services.detector.facts import DRUGGED, OUTPATIENT, Fact, Kind
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical

YEAR = 365
ROUNDING = 0.001
"""Days by which two ways of adding them up may differ, at the very most."""


@dataclass(frozen=True)
class OverSupplyParameters(Parameters):
    """Figures of rules.md E02."""

    tolerance_days: int = parameter(7, "d", "允许的剩余用量天数", "days that may still be held")
    long_tolerance_days: int = parameter(14, "d", "长期处方允许的剩余用量天数", "… with long prescriptions")
    limit_days: int = parameter(30, "d", "合计用量上限", "most that may be held in all")
    long_limit_days: int = parameter(90, "d", "长期处方合计用量上限", "… with long prescriptions")
    institutions: int = parameter(3, "1", "升级的机构数", "institutions that make it graver")
    institutions_days: int = parameter(30, "d", "统计机构数的天数", "days over which they are counted")
    year_days: int = parameter(400, "d", "一年累计用量上限", "supply of 365 days that makes it gravest")
    precious: int = parameter(
        3, "1", "超量的高值易倒卖药品种数", "dear, easily resold substances that make it gravest"
    )
    dose_change: float = parameter(
        0.25, "1", "视为调整用法的日用量变化", "change of the daily quantity that means a new dose"
    )
    spring_days: int = parameter(
        14, "d", "春节前提前备药天数", "days before the Spring Festival that need no explaining"
    )


class Held(NamedTuple):
    """A dispensing with the ledger as it stood: days still held, and the dispensings that they come from,
    the one before it last."""

    dispensing: Dispensing
    days: float
    chain: list[Dispensing]


class OverSupply(Rule):
    """More of a medicine than a person can use."""

    id = "E02"
    title = Words("超量、重复开药", "More of a medicine than can be used")
    message = Words(
        "参保人 {day} 在 {institution} 取得 {substance} 共{days:.0f}天用量时，此前所取约{held:.0f}天用量"
        "尚未用完，合计超过{limit}天上限，疑似超量部分{amount}元。请核对是否重复开药、代他人取药或转卖。",
        "On {day} the insured person was given {days:.0f} days' supply of {substance} at {institution} while "
        "about {held:.0f} days of earlier supply were left: more than {limit} days in all. {amount} yuan "
        "lie beyond that. Prescribed twice, fetched for somebody else, or sold on?",
    )
    basis = ("条例 38(二)", "条例 38(五)", "条例 41(三)")
    checks = {
        "dose_changed": Words("用法用量调整", "the dose was changed"),
        "strength_switched": Words("更换规格", "another strength was given"),
        "spring_festival": Words("春节前提前备药", "a supply ahead of the Spring Festival"),
        "returned": Words("退药、撤销", "it was returned or cancelled"),
        "taken_home_from_ward": Words("出院带药另计", "taken home from a ward"),
    }
    watches = OUTPATIENT | {Kind.FEE_LINES}
    window_days = 400
    needs = DRUGGED
    parameters: OverSupplyParameters = OverSupplyParameters()

    def may_find(self, news: News) -> bool:
        """Another dispensing of a substance: on the same bill, later, or one that may last so long."""
        if news.fact.kind not in OUTPATIENT:
            return False
        formulary = formulary_of(news.view.registry)
        given: set[str] = set()
        for code in {charge.line.code for charge in news.charges if charge.line.is_drug}:
            named = formulary.names(code)
            if not given.isdisjoint(named.substances):
                return True
            given |= named.substances
            told = news.others_telling(named.marks)
            if told and self._may_last(news, told, named.substances, formulary):
                return True
        return False

    def _may_last(
        self, news: News, told: list[Fact], substances: frozenset[str], formulary: Formulary
    ) -> bool:
        """Whether what others tell of some substances may last beyond what may be held, or any is later."""
        calendar = news.view.calendar
        today = calendar.day(news.fact.at)
        until = 0.0
        for fact in told:
            days = 0.0
            for line in formulary.lines_of(fact, substances):
                if line.is_drug:
                    days += line.more.days_supply or float(formulary.days_at_most(line))
            if days:
                day = calendar.day(fact.at)
                if day >= today or fact.kind not in OUTPATIENT:
                    return True
                until = max(until, day) + days
        figures = self.parameters
        return until - today > min(figures.tolerance_days, figures.long_tolerance_days) - ROUNDING

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        asked = None if refs is None else set(refs)
        if asked is None:
            found = all_dispensings(view)
        else:
            told = view.facts_of(asked)
            named = dict.fromkeys((fact.institution, fact.encounter) for fact in told if fact.flags & DRUGGED)
            found = dispensings(
                view, sorted({one.substance for ref in named for one in dispensed(view, ref)})
            )
        for series in found.values():
            for held in self._over(view, series):
                finding = self._finding(view, held, series)
                if finding is not None and (asked is None or not asked.isdisjoint(finding.members)):
                    yield finding

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """What was dispensed since of the same substances; of dear ones, of all that are dear."""
        facts = [*change.before, *change.after]
        if not any(fact.flags & DRUGGED for fact in facts):
            return ()
        first = min(view.calendar.midnight(view.calendar.day(fact.at)) for fact in facts)
        if not any(
            fact.at >= first and fact.kind in OUTPATIENT and (fact.institution, fact.encounter) != change.ref
            for fact in view.history.near(first)
        ):
            return ()
        formulary = formulary_of(view.registry)
        substances = formulary.substances(line.code for fact in facts for line in fact.detail.lines or ())
        dear = formulary.precious if substances & formulary.precious else frozenset()
        return encounters_with(view, substances | dear)

    def _over(self, view: PersonView, series: list[Dispensing]) -> Iterator[Held]:
        """Dispensings of one substance that nobody needs yet, in order."""
        for index, dispensing in enumerate(series):
            if not dispensing.days:
                continue
            held = _held(series[:index], dispensing, self.window_days)
            tolerance, limit = self._figures(dispensing)
            is_over = held.days > tolerance and held.days + dispensing.days > limit
            if is_over and not cleared(self._explanations(view, held)):
                yield held

    def _figures(self, dispensing: Dispensing) -> tuple[int, int]:
        """(days that may be held, days that may be held in all)."""
        figures = self.parameters
        if dispensing.is_long:
            return figures.long_tolerance_days, figures.long_limit_days
        return figures.tolerance_days, figures.limit_days

    def _explanations(self, view: PersonView, held: Held) -> list[Explanation]:
        later, before = held.dispensing, held.chain[-1]
        return [
            Explanation("dose_changed", self._is_new_dose(later, before)),
            Explanation("strength_switched", _is_other_strength(later, before)),
            Explanation("spring_festival", self._is_before_spring(view, later.day)),
            Explanation("returned", False),
            Explanation("taken_home_from_ward", False),
        ]

    def _is_new_dose(self, later: Dispensing, before: Dispensing) -> bool:
        if later.code != before.code:
            return False
        dose, dose_before = later.quantity / later.days, before.quantity / before.days
        return abs(dose / dose_before - 1) > self.parameters.dose_change

    def _is_before_spring(self, view: PersonView, day: int) -> bool | None:
        if not view.registry.has("holidays"):
            return None
        days = (view.calendar.date_text(day + ahead) for ahead in range(self.parameters.spring_days + 1))
        holidays = (view.registry.holiday(text) for text in days)
        return any(one is not None and one.kind == "holiday" and "春节" in one.name for one in holidays)

    def _bearing(
        self, view: PersonView, held: Held, series: list[Dispensing]
    ) -> tuple[int, list[Dispensing]]:
        """(severity, what bears on it beside the chain)."""
        figures, later = self.parameters, held.dispensing
        recent = _within(series, later, figures.institutions_days)
        year = _within(series, later, YEAR)
        if sum(one.days for one in year) > figures.year_days:
            return 1, year
        dear = self._dear(view, later) if later.is_precious else []
        if len({one.substance for one in dear}) >= figures.precious:
            return 1, [*recent, *dear]
        _, limit = self._figures(later)
        several = len({one.fact.institution for one in recent}) >= figures.institutions
        return (2 if several or held.days + later.days > 2 * limit else 3), recent

    def _dear(self, view: PersonView, later: Dispensing) -> list[Dispensing]:
        """Dear, easily resold medicines over-supplied in the year up to a day."""
        found = []
        for series in dispensings(view, sorted(formulary_of(view.registry).precious)).values():
            over = [held.dispensing for held in self._over(view, series) if held.dispensing.is_precious]
            found += _within(over, later, YEAR)
        return found

    def _finding(self, view: PersonView, held: Held, series: list[Dispensing]) -> Finding:
        later = held.dispensing
        severity, bearing = self._bearing(view, held, series)
        _, limit = self._figures(later)
        beyond = min(later.days, held.days + later.days - limit)
        members = sorted({one.ref for one in (*held.chain, later, *bearing)})
        return Finding(
            rule=self,
            about=(later.fact.institution, later.fact.id, later.code),
            members=members,
            severity=severity,
            subject=Subject("person", view.history.key),
            institutions=sorted({institution for institution, _ in members}),
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted({one.fact.id for one in (*held.chain, later)}),
            happened=view.calendar.text(later.fact.at),
            amount=part(later.base, round(beyond * 100), round(later.days * 100)),
            values={
                "day": view.calendar.date_text(later.day),
                "institution": later.fact.institution,
                "substance": later.substance,
                "days": later.days,
                "held": held.days,
                "limit": limit,
            },
            evidence={"dispensed": [_evidence(view, one) for one in (*held.chain, later)], "held": held.days},
            explanations=self._explanations(view, held),
            historical=is_historical(one.fact for one in (*held.chain, later)),
            place=later.fact.institution,
        )


def _held(before: list[Dispensing], later: Dispensing, window_days: int) -> Held:
    """The ledger at a dispensing, by those before it."""
    until, chain = float(later.day), []
    started = False
    for one in before:
        if not one.days or one.day < later.day - window_days:
            continue
        if not started or until <= one.day:
            until, chain, started = float(one.day), [], True
        until += one.days
        chain.append(one)
    return Held(later, max(0.0, until - later.day) if started else 0.0, chain)


def _within(series: list[Dispensing], later: Dispensing, days: int) -> list[Dispensing]:
    """Those of the so many days that end with a dispensing's."""
    return [one for one in series if later.day - days < one.day <= later.day]


def _is_other_strength(later: Dispensing, before: Dispensing) -> bool | None:
    if later.code == before.code:
        return False
    units = [one.pack.daily_units if one.pack is not None else None for one in (later, before)]
    return None if None in units else units[0] != units[1]


def _evidence(view: PersonView, dispensing: Dispensing) -> dict:
    return {
        **view.visit_evidence(dispensing.fact),
        "code": dispensing.code,
        "quantity": dispensing.quantity,
        "days": dispensing.days,
    }
