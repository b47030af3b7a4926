"""Medicines as rules ask for them: what was dispensed over a counter, of which substance, for how long."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from schemas.records import ExclusivePair, Pack
from schemas.registry import Registry
from services.detector.billing import Charge
from services.detector.facts import DRUGGED, Fact, Line
from services.detector.history import Ref
from services.detector.view import PersonView

LONG_PRESCRIPTIONS = ("14", "15")
"""med_type of special and chronic disease clinics and of special drugs: they prescribe for months."""
FEW_CODES = 8
MARK_LENGTH = 5
"""So short a beginning shared by many codes finds more than it spares."""


class Dispensing(NamedTuple):
    """A medicine of one settlement over a counter. day: local day of the visit; days: of supply, 0 where they
    are not known; base: fen within policy."""

    fact: Fact
    code: str
    substance: str
    pack: Pack | None
    day: int
    quantity: float
    days: float
    base: int

    @property
    def ref(self) -> Ref:
        """Its encounter."""
        return (self.fact.institution, self.fact.encounter)

    @property
    def place(self) -> tuple[int, str, str, str]:
        """Where it stands among dispensings: by time, institution, settlement, code."""
        return (self.fact.at, self.fact.institution, self.fact.id, self.code)

    @property
    def is_long(self) -> bool:
        """Whether it was prescribed for months."""
        return self.fact.med_type.startswith(LONG_PRESCRIPTIONS)

    @property
    def is_precious(self) -> bool:
        """Whether it is dear and easily sold on."""
        return self.pack is not None and self.pack.high_value and self.pack.resale_prone


def dispensed(view: PersonView, ref: Ref) -> list[Dispensing]:
    """Medicines that an encounter's settlements over a counter dispensed; what is taken home from a ward is
    counted elsewhere."""
    return view.history.made(f"dispensed {view.registry.version}", ref, lambda: _dispensed(view, ref))


def _dispensed(view: PersonView, ref: Ref) -> list[Dispensing]:
    visits = sorted(filter(view.is_visit, view.facts_of((ref,))), key=lambda fact: fact.place)
    if not visits:
        return []
    charged: dict[tuple[str, str], list[Charge]] = {}
    by_line = _carriers(visits)
    by_id = {fact.id: fact for fact in visits}
    for charge in view.bill(ref).charges:
        line = charge.line
        if line.is_drug and not line.more.discharge_drug:
            settlement = by_line.get(line.id, visits[0].id)
            charged.setdefault((settlement, line.code), []).append(charge)
    return [
        _dispensing(view, by_id[settlement], code, charges) for (settlement, code), charges in charged.items()
    ]


def dispensings(view: PersonView, substances: Iterable[str]) -> dict[str, list[Dispensing]]:
    """All dispensings of some substances, in order."""
    found: dict[str, list[Dispensing]] = {substance: [] for substance in substances}
    for ref in encounters_with(view, found):
        for dispensing in dispensed(view, ref):
            if dispensing.substance in found:
                found[dispensing.substance].append(dispensing)
    for series in found.values():
        series.sort(key=lambda dispensing: dispensing.place)
    return found


def all_dispensings(view: PersonView) -> dict[str, list[Dispensing]]:
    """All dispensings by substance, in order."""
    found: dict[str, list[Dispensing]] = {}
    told = [fact for fact in view.history.facts if fact.flags & DRUGGED]
    for ref in dict.fromkeys((fact.institution, fact.encounter) for fact in told):
        for dispensing in dispensed(view, ref):
            found.setdefault(dispensing.substance, []).append(dispensing)
    for series in found.values():
        series.sort(key=lambda dispensing: dispensing.place)
    return dict(sorted(found.items()))


def encounters_with(view: PersonView, substances: Iterable[str]) -> list[Ref]:
    """Encounters that may hold a medicine of some substances: all that do, and perhaps some others."""
    formulary = formulary_of(view.registry)
    marks = {mark for substance in substances for mark in formulary.marks(substance)}
    told = view.history.telling(marks, DRUGGED) if marks else ()
    return list(dict.fromkeys((fact.institution, fact.encounter) for fact in told))


def substance_of(pack: Pack | None, code: str) -> str:
    """One name for all brands and strengths; without an entry in packs a code stands for itself."""
    return pack.ingredient if pack is not None and pack.ingredient else code


def supply_days(charge: Charge, pack: Pack | None) -> float:
    """For how many days a billed medicine lasts: what the line says, else what follows from its packs; 0
    where neither is known."""
    line = charge.line
    if line.more.days_supply:
        return float(line.more.days_supply)
    if pack is None or not pack.units_per_pack or not pack.daily_units:
        return 0.0
    return float(line.quantity * pack.units_per_pack / pack.daily_units)


def _carriers(visits: list[Fact]) -> dict[str, str]:
    """The settlement that carries each line, by line id; nothing where there is only one."""
    if len(visits) == 1:
        return {}
    carriers: dict[str, str] = {}
    for fact in visits:
        for line in fact.detail.lines or ():
            carriers[line.id] = min(carriers.get(line.id, fact.id), fact.id)
    return carriers


def _dispensing(view: PersonView, fact: Fact, code: str, charges: list[Charge]) -> Dispensing:
    day = view.calendar.day(fact.at)
    pack = view.registry.pack(code, view.calendar.date_text(day))
    return Dispensing(
        fact,
        code,
        substance_of(pack, code),
        pack,
        day,
        float(sum(charge.line.quantity for charge in charges)),
        sum(supply_days(charge, pack) for charge in charges),
        sum(charge.base for charge in charges),
    )


class Names(NamedTuple):
    """What a code stands for. marks: of which one stands in the packed form of every fact that bills one of
    the substances."""

    substances: frozenset[str]
    marks: tuple[bytes, ...]


class Formulary:
    """The registry's medicines by substance. precious: substances that are dear and easily sold on."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        self._codes: dict[str, set[str]] = {}
        self._substances: dict[str, set[str]] = {}
        self._marks: dict[str, list[bytes]] = {}
        self._names: dict[str, Names] = {}
        self._most_days: dict[str, Decimal] = {}
        precious = set()
        for pack in packs:
            substance = substance_of(pack, pack.code)
            self._codes.setdefault(substance, set()).add(pack.code)
            self._substances.setdefault(pack.code, set()).add(substance)
            if pack.high_value and pack.resale_prone:
                precious.add(substance)
            if pack.daily_units:
                days = Decimal(max(1, pack.units_per_pack or 1)) / pack.daily_units
                self._most_days[pack.code] = max(days, self._most_days.get(pack.code, days))
        self.precious = frozenset(precious)

    def substances(self, codes: Iterable[str]) -> frozenset[str]:
        """What codes stand for, on whatever day."""
        return frozenset().union(*(self.names(code).substances for code in codes))

    def days_at_most(self, line: Line) -> Decimal:
        """For how many days, at most, what a line bills lasts by its pack; 0 where none is known."""
        most = self._most_days.get(line.code)
        return Decimal(0) if most is None else most * line.quantity

    def lines_of(self, fact: Fact, substances: frozenset[str]) -> list[Line]:
        """Lines of a fact that bill one of some substances."""
        return [
            line
            for line in fact.detail.lines or ()
            if not substances.isdisjoint(self.names(line.code).substances)
        ]

    def names(self, code: str) -> Names:
        """What a code stands for, on whatever day, and what tells of it."""
        known = self._names.get(code)
        if known is None:
            substances = frozenset((code, *self._substances.get(code, ())))
            marks = {mark for substance in substances for mark in self.marks(substance)}
            known = self._names[code] = Names(substances, tuple(_shortest(marks)))
        return known

    def marks(self, substance: str) -> list[bytes]:
        """Of which one stands in the packed form of every fact that bills the substance: looking for them
        costs much less than opening its lines."""
        codes = self._codes.get(substance)
        if codes is None:
            return [substance.encode()]
        known = self._marks.get(substance)
        if known is None:
            marks = {substance, *_shortened(codes)}
            known = self._marks[substance] = _shortest({mark.encode() for mark in marks})
        return known


def _shortest(marks: set[bytes]) -> list[bytes]:
    """Marks that hold no other one, in order."""
    return [mark for mark in sorted(marks) if not any(other != mark and other in mark for other in marks)]


@lru_cache(maxsize=2)
def formulary_of(registry: Registry) -> Formulary:
    """The medicines that a registry knows."""
    return Formulary(registry.records(Pack.TABLE))


def _shortened(codes: set[str]) -> set[str]:
    """Codes, or of many the beginning that they share."""
    if len(codes) <= FEW_CODES:
        return codes
    first, last = min(codes), max(codes)
    length = next(
        (at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first)
    )
    return {first[:length] if length >= MARK_LENGTH else ""}


def are_medicines(registry: Registry, pair: ExclusivePair) -> bool:
    """Whether two codes that exclude each other are medicines that must not be given together (E06), and not
    services that are paid for once (D04)."""
    return registry.pack(pair.code) is not None and registry.pack(pair.other_code) is not None
