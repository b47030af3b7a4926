"""E06 重复用药/配伍禁忌: two medicines of one substance on one day, or two that must not meet.

Predicate: on one local day a person is given, under two codes, the same substance (the ATC code's fifth
level, else the ingredient), or two medicines that the registry lists as excluding each other. What is
dispensed over counters counts together wherever it was; what is given on a ward counts by stay, by its
dated lines. What is taken home from there is E04's.

Amount: of one substance all but the dearest code, day by day; of a pair what is not payable beside the
other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from schemas.finding import Subject, Words
from schemas.records import Pack
from schemas.registry import Registry
from services.detector.bill_rule import BILL_KINDS
from services.detector.drugs import are_medicines, dispensed
from services.detector.facts import DRUGGED, OUTPATIENT, yuan
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import LOCAL_DAY


@dataclass(frozen=True)
class GivenTwiceParameters(Parameters):
    """Figures of rules.md E06."""

    atc_characters: int = parameter(
        7, "1", "视为同一成分的ATC编码位数", "characters of the ATC code that make one substance"
    )
    vehicles: tuple[str, ...] = parameter(
        ("B05", "V07"),
        "1",
        "溶媒类药品的ATC前缀",
        "beginnings of the ATC codes of what others are dissolved in",
    )


class Given(NamedTuple):
    """A medicine that was given: when (moment and local day), where, and fen within policy."""

    day: int
    at: int
    ref: Ref
    code: str
    pack: Pack
    base: int


class GivenTwice(Rule):
    """Two medicines of one substance on a day, or two that must not meet."""

    id = "E06"
    title = Words("重复用药、配伍禁忌", "One substance twice, or two that must not meet")
    message = Words(
        "{day}参保人{what_zh}：{codes}（{institutions}），疑似重复或不宜并用部分{amount}元。请核对医嘱和处方。",
        "On {day} the insured person was given {what_en}: {codes} ({institutions}); {amount} yuan are for "
        "what should not have been given besides. What do the orders say?",
    )
    basis = ("条例 38(二)",)
    checks = {
        "strengths_combined": Words("不同规格配合使用", "strengths that make up one dose"),
        "route_changed": Words("注射与口服序贯", "from injection to tablet"),
        "vehicle": Words("输液溶媒", "what other medicines are dissolved in"),
    }
    watches = BILL_KINDS
    needs = DRUGGED
    window_days = 180
    tables = frozenset(("packs",))
    parameters: GivenTwiceParameters = GivenTwiceParameters()

    def may_find(self, news: News) -> bool:
        """Another medicine on the same bill, or another visit on the same day."""
        if news.fact.kind in OUTPATIENT and news.gap <= LOCAL_DAY:
            return True
        registry = news.view.registry
        codes = {charge.line.code for charge in news.charges if charge.line.is_drug}
        given: set[str] = set()
        for code in codes if len(codes) > 1 else ():
            substances = self._substances(registry, code)
            if not given.isdisjoint(substances) or not registry.partners(code).isdisjoint(codes):
                return True
            given |= substances
        return False

    def _substances(self, registry: Registry, code: str) -> set[str]:
        """What makes a medicine the same as others, on whatever day."""
        return {self._substance(pack) for pack in registry.packs(code)} - {""}

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        days: set[int] = set()
        facts = view.facts_of(refs)
        for ref in dict.fromkeys(
            (fact.institution, fact.encounter) for fact in facts if fact.flags & DRUGGED
        ):
            days.update(one.day for one in dispensed(view, ref))
            if view.bill(ref).stay is not None:
                yield from self._found(view, ("stay", ref), _on_ward(view, ref))
        for day in sorted(days):
            date = view.calendar.date_text(day)
            yield from self._found(view, ("day", view.history.key, date), _over_counters(view, day))

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """What else was dispensed over counters on the days of the encounter's visits."""
        facts = [fact for fact in (*change.before, *change.after) if fact.kind in OUTPATIENT]
        for day in {view.calendar.day(fact.at) for fact in facts}:
            yield from _visited(view, day)

    def _found(self, view: PersonView, about: tuple, given: list[Given]) -> Iterator[Finding]:
        if len({one.code for one in given}) < 2:
            return
        by_substance: dict[str, list[Given]] = {}
        for one in given:
            by_substance.setdefault(self._substance(one.pack), []).append(one)
        for substance, same in sorted(by_substance.items()):
            if substance and len(same) > 1:
                yield from self._twice(view, (*about, substance), substance, same)
        yield from self._pairs(view, about, given)

    def _substance(self, pack: Pack) -> str:
        """What makes two medicines the same; "" where that is not known, or of no matter."""
        length = self.parameters.atc_characters
        if pack.atc.startswith(self.parameters.vehicles):
            return ""
        return pack.atc[:length] if len(pack.atc) >= length else pack.ingredient

    def _twice(self, view: PersonView, about: tuple, substance: str, same: list[Given]) -> Iterator[Finding]:
        found, amount = [], 0
        explanations: list[Explanation] = []
        for _, of_day in _by_day(same):
            bases = _bases(of_day)
            if len(bases) < 2:
                continue
            reasons = _reasons([one.pack for one in of_day])
            if not cleared(reasons):
                found += of_day
                amount += sum(bases.values()) - max(bases.values())
                explanations = explanations or reasons
        if found:
            words = Words(
                f"重复使用同一成分（{substance}）药品", f"one substance ({substance}) under several codes"
            )
            yield self._finding(view, about, words, found, amount, explanations)

    def _pairs(self, view: PersonView, about: tuple, given: list[Given]) -> Iterator[Finding]:
        by_pair: dict[tuple[str, str], list[Given]] = {}
        for day, of_day in _by_day(given):
            codes = {one.code for one in of_day}
            date = view.calendar.date_text(day)
            for code in sorted(codes):
                for pair in view.registry.exclusive_pairs(code, date):
                    met = pair.code == code and pair.other_code != code and pair.other_code in codes
                    if met and are_medicines(view.registry, pair):
                        name = (pair.code, pair.other_code)
                        by_pair.setdefault(name, []).extend(one for one in of_day if one.code in name)
        for name, found in sorted(by_pair.items()):
            amount = sum(one.base for one in found if one.code == name[1])
            words = Words("同日使用不宜并用的药品", "medicines that must not be given together")
            yield self._finding(view, (*about, *name), words, found, amount, [])

    def _finding(
        self,
        view: PersonView,
        about: tuple,
        words: Words,
        found: Sequence[Given],
        amount: int,
        explanations: list[Explanation],
    ) -> Finding:
        last = max(found, key=lambda one: (one.at, one.ref, one.code))
        members = sorted({one.ref for one in found})
        facts = view.facts_of(members)
        institutions = sorted({institution for institution, _ in members})
        return Finding(
            rule=self,
            about=about,
            members=members,
            severity=3,
            subject=Subject("person", view.history.key),
            institutions=institutions,
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted({fact.id for fact in facts if view.is_settlement(fact)}),
            happened=view.calendar.text(last.at),
            amount=amount,
            values={
                "day": view.calendar.date_text(found[0].day),
                "what_zh": words.zh,
                "what_en": words.en,
                "codes": sorted({one.code for one in found}),
                "institutions": institutions,
            },
            evidence={"given": [_evidence(view, one) for one in found]},
            explanations=explanations,
            historical=is_historical(facts),
            place=last.ref[0],
        )


def _on_ward(view: PersonView, ref: Ref) -> list[Given]:
    """Medicines of a stay that are known and dated."""
    found = []
    for charge in view.bill(ref).charges:
        line = charge.line
        if charge.at and line.is_drug and not line.more.discharge_drug:
            day = view.calendar.day(charge.at)
            pack = view.registry.pack(line.code, view.calendar.date_text(day))
            if pack is not None:
                found.append(Given(day, charge.at, ref, line.code, pack, charge.base))
    return found


def _over_counters(view: PersonView, day: int) -> list[Given]:
    """Known medicines that were dispensed over counters on a day."""
    return [
        Given(day, one.fact.at, ref, one.code, one.pack, one.base)
        for ref in _visited(view, day)
        for one in dispensed(view, ref)
        if one.day == day and one.pack is not None
    ]


def _visited(view: PersonView, day: int) -> list[Ref]:
    """Encounters with visits or purchases on a local day."""
    begin, end = view.calendar.midnight(day), view.calendar.midnight(day + 1)
    return list(
        dict.fromkeys(
            (fact.institution, fact.encounter)
            for fact in view.history.near(begin)
            if begin <= fact.at < end and fact.kind in OUTPATIENT
        )
    )


def _by_day(given: Iterable[Given]) -> Iterator[tuple[int, list[Given]]]:
    ordered = sorted(given, key=lambda one: (one.at, one.ref, one.code))
    for day, items in groupby(ordered, key=lambda one: one.day):
        yield day, list(items)


def _bases(given: Iterable[Given]) -> dict[str, int]:
    bases: dict[str, int] = {}
    for one in given:
        bases[one.code] = bases.get(one.code, 0) + one.base
    return bases


def _reasons(packs: list[Pack]) -> list[Explanation]:
    """Why one substance may be given under several codes on a day."""
    by_code = {pack.code: pack for pack in packs}
    units = [pack.daily_units for pack in by_code.values()]
    routes = {pack.injection for pack in by_code.values()}
    return [
        Explanation("strengths_combined", None if None in units else len(set(units)) == len(units)),
        Explanation("route_changed", len(routes) == len(by_code)),
        Explanation("vehicle", False),
    ]


def _evidence(view: PersonView, one: Given) -> dict:
    return {
        "institution": one.ref[0],
        "encounter": one.ref[1],
        "at": view.calendar.text(one.at),
        "code": one.code,
        "ingredient": one.pack.ingredient,
        "within_policy": yuan(one.base),
    }
