"""From facts to a screening: one settlement with all that rules over institutions and months may ask.

Pure: the same facts, registry and findings make the same screening, whatever came first. A screening is due
for every settlement a change touches, and for the admission of an encounter; `to_screen` names them. Its
content also changes with the findings that name its encounter: whoever notes a finding screens again. Whether
a settlement was taken back under an alert is asked elsewhere (`taken_back`), and said here.
"""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from functools import cache
from hashlib import blake2b

from schemas.moments import Calendar
from schemas.registry import Person
from schemas.screening import ITEMS_AT_MOST, Care, Item, ScreeningMessage, digest
from services.detector.facts import (
    AT_DAY,
    BACKFILLED,
    DEFECTIVE,
    EMERGENCY,
    EMPTIED,
    END_DAY,
    FOREIGN,
    HISTORICAL,
    LINED,
    MID_STAY,
    NEGATIVE,
    NEWBORN_TYPES,
    NOTHING_MORE,
    PRESENT,
    SETTLEMENTS,
    Fact,
    Kind,
    Line,
    More,
)
from services.detector.history import Change, PersonHistory, Ref
from services.detector.insured import NEWBORN_DAYS, age_in_days, age_on
from services.detector.memory import PersonMemory
from services.detector.stays import Stay, stay_among
from services.detector.versions import Name, identity
from services.detector.view import PersonView

CARES: dict[int, Care] = {
    Kind.ADMISSION: "inpatient",
    Kind.INPATIENT: "inpatient",
    Kind.VISIT: "visit",
    Kind.PHARMACY: "pharmacy",
    Kind.OTHER_SETTLEMENT: "other",
}
SCREENED = frozenset(CARES)
_FLAGS = (
    (HISTORICAL, "historical"),
    (BACKFILLED, "backfilled"),
    (MID_STAY, "mid_stay"),
    (EMERGENCY, "emergency"),
    (NEGATIVE, "negative"),
    (DEFECTIVE, "defective"),
    (PRESENT, "present"),
    (EMPTIED, "emptied"),
)
_TOLD = sum(flag for flag, _ in _FLAGS)


def to_screen(fact: Fact, changes: Iterable[Change]) -> list[Fact]:
    """The settlements and admissions whose screenings a fact that came may alter: of each the version that
    counts, else the one that counted, else the fact itself; a foreign one is screened where it is of."""
    changes = list(changes)
    after = [other for change in changes for other in change.after]
    before = [other for change in changes for other in change.before]
    found: dict[tuple[str, str, str], Fact] = {}
    for other in (*after, *before, fact):
        if other.kind in SCREENED and not other.flags & FOREIGN:
            found.setdefault(identity(other), other)
    return list(found.values())


class _Encounter:
    """What one look at an encounter's live facts tells of it, and of the fact that is screened.

    flags: of all facts together. is_live: whether the fact is among them. lines: those that stand on it.
    """

    __slots__ = ("admission", "flags", "is_live", "is_on_leave", "is_settled", "lines")

    def __init__(self, view: PersonView, ref: Ref, facts: Sequence[Fact], fact: Fact) -> None:
        self.flags = 0
        self.is_live = self.is_settled = self.is_on_leave = False
        self.admission: More = NOTHING_MORE
        for other in facts:
            self.flags |= other.flags
            if other.event == fact.event:
                self.is_live = True
            kind = other.kind
            if kind in SETTLEMENTS:
                self.is_settled = True
            elif kind == Kind.ADMISSION:
                self.admission = other.detail.more
            elif kind == Kind.INSPECTION:
                self.is_on_leave = self.is_on_leave or other.detail.more.result == "on_leave"
        bears_lines = self.flags & LINED and _bears_lines(fact, facts)
        self.lines: list[Line] = view.lines(ref) if bears_lines else []

    def is_withdrawn(self, fact: Fact) -> bool:
        """Cancelled; an admission also once something was settled of it."""
        return not self.is_live or (self.is_settled and fact.kind == Kind.ADMISSION)


def screening_of(
    history: PersonMemory,
    view: PersonView,
    fact: Fact,
    rules_hash: str,
    under_alert: Container[Name] = (),
) -> ScreeningMessage:
    """The screening of a settlement or an admission (`SCREENED`), live or not, as the history stands.
    under_alert: settlements that were taken back while an alert named them."""
    fact, ref, facts = _version_to_tell(history, view, fact)
    told = _Encounter(view, ref, facts, fact)
    detail, calendar, lines, more = fact.detail, view.calendar, told.lines, fact.detail.more
    is_settlement = fact.kind in SETTLEMENTS
    stay = stay_among(ref, facts) if fact.kind < Kind.VISIT else None
    begun, begun_is_date, ended, ended_is_date = _span(fact, stay)
    day = calendar.day(begun)
    last_day = calendar.day(ended) if ended and fact.kind < Kind.VISIT else None
    person = view.insured.latest
    return ScreeningMessage(
        key=history.key,
        revision=history.turns,
        institution_id=fact.institution,
        settlement_id=fact.id if is_settlement else "",
        encounter_id=fact.encounter,
        care=CARES[fact.kind],
        med_type=fact.med_type,
        month=calendar.date_text(day)[:7],
        day=day,
        begun=begun,
        recorded=detail.recorded,
        rules_hash=rules_hash,
        withdrawn=told.is_withdrawn(fact),
        versions=_versions(history, fact, facts, is_live=told.is_live),
        occurred_day=calendar.day(detail.occurred),
        discharge_day=last_day,
        ended=ended,
        at_is_date=begun_is_date or ended_is_date,
        minute=None if begun_is_date else _minute(calendar, begun),
        nights=None if last_day is None else max(0, last_day - day),
        region=detail.region or _region(view, fact.institution, begun),
        insured_region=more.insured_region,
        insurance_type=more.insurance_type,
        total=fact.total,
        fund=fact.fund,
        account=detail.account,
        family=detail.family,
        by_category=_by_category(lines),
        items=_items(lines, calendar),
        sex=int(person.sex) if person is not None and person.sex else 0,
        age=age_on(person, day),
        community_id=(person.community_id or "") if person is not None else "",
        household=_household(person),
        assistance=bool(person is not None and person.assistance),
        practitioner=detail.practitioner or _commonest([line.more.practitioner for line in lines]),
        department=more.department
        or told.admission.department
        or _commonest([line.more.department for line in lines]),
        device=fact.device,
        card_kind=fact.card,
        channel=detail.channel,
        emergency=detail.emergency,
        main_diagnosis=detail.main_diagnosis,
        diagnoses=detail.diagnoses.split(),
        procedures=sorted({procedure.code for procedure in more.procedures}),
        disease_code=detail.disease,
        prescription_id=detail.prescription,
        drg=more.drg,
        bed=more.bed or told.admission.bed,
        discharge_way=stay.discharge_way if stay else 0,
        flags=_flags(
            fact,
            is_newborn=_is_newborn(fact.med_type, stay, person, day),
            is_offset=is_settlement and history.is_offset(fact),
            is_on_leave=told.is_on_leave,
            is_under_alert=bool(under_alert) and identity(fact) in under_alert,
        ),
        alerts=history.alerts_of(ref) if history.said else [],
    )


def _version_to_tell(history: PersonHistory, view: PersonView, fact: Fact) -> tuple[Fact, Ref, list[Fact]]:
    """(the version of a fact that is screened, its encounter, live facts of that)."""
    ref = (fact.institution, fact.encounter)
    facts = view.facts_of((ref,))
    if not _is_among(fact, facts):
        fact = _greatest(history, fact)
        ref = (fact.institution, fact.encounter)
        facts = view.facts_of((ref,))
    return fact, ref, facts


def _span(fact: Fact, stay: Stay | None) -> tuple[int, bool, int, bool]:
    """(begin, whether it is a bare date, end or 0, whether that is one), by the stay where it is of one."""
    if stay is None:
        return fact.at, bool(fact.flags & AT_DAY), fact.end, bool(fact.flags & END_DAY)
    return stay.begin, stay.begin_is_date, 0 if stay.is_open else stay.end, stay.end_is_date


def _is_among(fact: Fact, facts: Sequence[Fact]) -> bool:
    return any(other.event == fact.event for other in facts)


def _greatest(history: PersonHistory, fact: Fact) -> Fact:
    """Of the versions that do not count the greatest, so that it does not matter which came last."""
    name = identity(fact)
    others = (other for other in history.idle if other.kind in SCREENED and identity(other) == name)
    return max((fact, *others), key=lambda other: (other.recorded, other.event))


def _versions(history: PersonHistory, fact: Fact, facts: Sequence[Fact], *, is_live: bool) -> int:
    """Events known of what the fact is a version of."""
    if is_live and not history.idle:
        return 1
    name = identity(fact)
    idle = sum(other.kind in SCREENED and identity(other) == name for other in history.idle)
    return idle + any(other.kind in SCREENED and identity(other) == name for other in facts)


def _bears_lines(fact: Fact, facts: Sequence[Fact]) -> bool:
    """Whether an encounter's lines stand on this fact: on its last settlement, on the admission without."""
    bearers = [other for other in facts if other.kind in SETTLEMENTS and other.total >= 0]
    bearers = bearers or [other for other in facts if other.kind == Kind.ADMISSION]
    return bool(bearers) and max(bearers, key=_last).event == fact.event


def _last(fact: Fact) -> tuple[int, str]:
    return (max(fact.at, fact.end), fact.id)


def _by_category(lines: Sequence[Line]) -> dict[str, tuple[int, int]]:
    """[amount, covered], fen, by charge type."""
    sums: dict[str, tuple[int, int]] = {}
    for line in sorted(lines, key=_category):
        amount, covered = sums.get(line.category, (0, 0))
        sums[line.category] = (amount + line.amount, covered + (line.covered or 0))
    return sums


def _category(line: Line) -> str:
    return line.category


def _items(lines: Sequence[Line], calendar: Calendar) -> list[Item]:
    if len(lines) > ITEMS_AT_MOST:
        return _sums(lines)
    items = []
    for line in sorted(lines, key=_line_id):
        more = line.more
        price = None if more.unit_price is None else f"{more.unit_price:f}"
        day = calendar.day(line.at) if line.at else 0
        items.append(
            Item(
                line.code,
                line.category,
                f"{line.quantity:f}",
                line.amount,
                line.covered,
                price,
                more.practitioner,
                day,
                more.doses,
                _minute(calendar, line.at) if line.at else None,
                bool(more.split_pack),
                more.name_mark,
            )
        )
    return items


def _line_id(line: Line) -> str:
    return line.id


def _sums(lines: Sequence[Line]) -> list[Item]:
    """Of very many lines the sums by code and category."""
    by_code: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        by_code.setdefault((line.code, line.category), []).append(line)
    sums = []
    for (code, category), same in sorted(by_code.items()):
        told = [line.covered for line in same if line.covered is not None]
        quantity = sum(line.quantity for line in same)
        amount = sum(line.amount for line in same)
        sums.append(Item(code, category, f"{quantity:f}", amount, sum(told) if told else None))
    return sums


def _commonest(names: Sequence[str]) -> str:
    """The name that stands most often, of equals the smallest; "" for none."""
    counted = Counter(name for name in names if name) if names else None
    return min(counted, key=lambda name: (-counted[name], name)) if counted else ""


def _region(view: PersonView, institution: str, moment: int) -> str:
    known = view.institution(institution, moment)
    return (known.region or "") if known is not None else ""


def _household(person: Person | None) -> str:
    """A digest: the household's number would name people."""
    if person is None or not person.household_id:
        return ""
    return blake2b(person.household_id.encode(), digest_size=8).hexdigest()


def _minute(calendar: Calendar, moment: int) -> int | None:
    """Minutes since midnight; None at midnight, which is written where the time of day is missing."""
    return calendar.minute_of_day(moment) if not calendar.is_midnight(moment) else None


def _is_newborn(med_type: str, stay: Stay | None, person: Person | None, day: int) -> bool:
    if med_type.startswith(NEWBORN_TYPES) or (stay is not None and stay.is_newborn):
        return True
    age = age_in_days(person, day)
    return age is not None and age <= NEWBORN_DAYS


def _flags(
    fact: Fact, *, is_newborn: bool, is_offset: bool, is_on_leave: bool, is_under_alert: bool
) -> list[str]:
    names = _names(fact.flags & _TOLD)
    if is_newborn or is_offset or is_on_leave or is_under_alert:
        others = {
            "newborn": is_newborn,
            "offset": is_offset,
            "on_leave": is_on_leave,
            "under_alert": is_under_alert,
        }
        return sorted([*names, *(name for name, holds in others.items() if holds)])
    return list(names)


@cache
def _names(flags: int) -> tuple[str, ...]:
    return tuple(sorted(name for flag, name in _FLAGS if flags & flag))


__all__ = ["SCREENED", "digest", "screening_of", "to_screen"]
