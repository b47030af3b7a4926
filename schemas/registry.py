"""The registry: how its rows travel, and how rules ask it.

Rows of one person (`persons`, `approvals`, the persons of `status`) are facts of that person: each travels
as an inbox entry of kind "person" and comes out of `decode_person_record`. All other tables travel as a
whole and are asked through `Registry`. To add a table that travels as a whole: a struct that extends
`schemas.records.Record` with its `TABLE`, `KEY` and `BEGINS`, and its name in `WHOLE`.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct

from schemas.records import (
    Approval,
    Baseline,
    Bundle,
    ExclusivePair,
    FaceCheck,
    Held,
    Holiday,
    Indication,
    Institution,
    InstitutionKind,
    Limit,
    Pack,
    Person,
    Place,
    Practitioner,
    Price,
    Record,
    Scope,
    Status,
)
from schemas.rules import RuleParameters

Row = TypeVar("Row")
PersonTable = Literal["persons", "approvals", "status"]
PERSON_STATUS = "person_status"
"""Where rows of `status` that are about persons are stored, apart from those that travel as a whole."""

FILES: dict[str, type[Record]] = {
    kind.TABLE: kind
    for kind in (
        Institution, Person, Practitioner, Status, Limit, Price, ExclusivePair, Bundle, Indication, Pack,
        Approval, Scope, Holiday, FaceCheck,
    )
}  # fmt: skip
"""Tables that come as files of a folder, by name."""

WHOLE: dict[str, type[Record]] = {
    kind.TABLE: kind
    for kind in (*FILES.values(), Baseline, Held, RuleParameters)
    if kind not in (Person, Approval)
}
"""Tables that travel as a whole."""

TOLD_OF = frozenset((Approval.TABLE,))
"""Tables of persons' rows of which the whole must know that they were loaded (`Held`)."""


class PersonRecord(Struct, omit_defaults=True):
    """A row about one person as an inbox entry. Of several of one `place` the greatest `loaded` counts.

    loaded: microseconds since 1970, when it was loaded. table: what `record` is a row of.
    """

    record: Person | Approval | Status
    loaded: int
    table: PersonTable = "persons"

    @property
    def place(self) -> tuple[str, str, str]:
        """Of which thing it speaks: (table, id, day it begins). Two effective dates are two places, and
        both stand."""
        return (self.table, *self.record.place)


class _Envelope(Struct):
    record: msgspec.Raw
    loaded: int
    table: PersonTable = "persons"


class RegistryItem(Struct, array_like=True):
    """One record on the `registry` topic: table, id and effective date name it; None deletes it."""

    table: str
    id: str
    effective_from: str
    version: int
    body: bytes | None


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_person_decoders: dict[str, Callable[[bytes], Any]] = {
    kind.TABLE: msgspec.json.Decoder(kind).decode for kind in (Person, Approval, Status)
}
_decoders = {name: msgspec.json.Decoder(kind).decode for name, kind in WHOLE.items()}
decode_item = msgspec.msgpack.Decoder(RegistryItem).decode
encode_item = msgspec.msgpack.Encoder().encode
encode_record = msgspec.json.Encoder(decimal_format="string").encode


def decode_person_record(body: bytes) -> PersonRecord:
    """The row in an inbox entry of kind "person". Raises msgspec.DecodeError."""
    envelope = _decode_envelope(body)
    record = _person_decoders[envelope.table](envelope.record)
    return PersonRecord(record, envelope.loaded, envelope.table)


def decode_record(table: str, body: bytes) -> Record:
    """A stored row of a table that travels as a whole. Raises msgspec.DecodeError; KeyError for a table that
    is none."""
    return _decoders[table](body)


def person_of(record: Record) -> str | None:
    """The person whose fact a record is; None when it travels with its whole table."""
    if isinstance(record, Person | Approval):
        return record.person_id
    return record.id if isinstance(record, Status) and record.kind == "person" else None


def stored_in(record: Record) -> str:
    """The name of the table a record is stored in."""
    return PERSON_STATUS if isinstance(record, Status) and record.kind == "person" else record.TABLE


def item_key(item: RegistryItem) -> bytes:
    """The key of an item's record: one a record, so that compaction keeps the newest of each."""
    return f"{item.table}/{item.effective_from}/{item.id}".encode()


class Registry:
    """All tables that travel as a whole, in memory. Immutable; `version` grows with every load.

    tables: rows by table name. Days are YYYY-MM-DD, local; None asks for what holds at last. Each table is
    indexed when it is first asked.
    """

    def __init__(self, tables: Mapping[str, Sequence[Record]] | None = None, version: int = 0) -> None:
        self.version = version
        self._tables = {name: tuple(rows) for name, rows in (tables or {}).items() if rows}

    def has(self, table: str) -> bool:
        """Whether the table was loaded at all: one that travels as a whole, or `approvals`."""
        return table in self._tables or table in self._held

    def records(self, table: str) -> tuple[Any, ...]:
        """All rows of a table that travels as a whole."""
        return self._tables.get(table, ())

    def with_table(self, table: str, rows: Sequence[Record]) -> "Registry":
        """This registry with other rows of one table."""
        return Registry({**self._tables, table: rows}, self.version)

    # -- institutions, practitioners, persons -----------------------------------------------------------

    def institution(self, institution_id: str, day: str | None = None) -> Institution | None:
        """What is known of an institution on a day."""
        records = self._institutions.get(institution_id)
        return None if records is None else _in_force(records, day)

    def status(self, kind: str, id: str, day: str) -> Status | None:
        """Why an institution or practitioner is not in good standing on a day; None when it is, or nothing is
        known. Of several rows in force the one that began last speaks."""
        held = [row for row in self._statuses.get((kind, id), ()) if _holds(row, day)]
        return held[-1] if held and held[-1].status != "normal" else None

    def sites(self, practitioner_id: str, day: str) -> frozenset[str]:
        """Institutions where a practitioner is registered on a day."""
        rows = self._registrations.get(practitioner_id, ())
        return frozenset(row.institution_id for row in rows if _holds(row, day))

    def is_practitioner(self, practitioner_id: str) -> bool:
        """Whether any registration names the practitioner, ever."""
        return practitioner_id in self._registrations

    def title(self, practitioner_id: str, day: str) -> int | None:
        """The title a practitioner holds on a day, 1–4; the highest where registrations differ."""
        rows = self._registrations.get(practitioner_id, ())
        return max((row.title for row in rows if row.title and _holds(row, day)), default=None)

    def practitioner_person(self, practitioner_id: str) -> str | None:
        """The practitioner as an insured person (pseudonym), where known."""
        rows = self._registrations.get(practitioner_id, ())
        return next((row.person_id for row in reversed(rows) if row.person_id), None)

    def practitioners_of(self, person: str) -> tuple[str, ...]:
        """The practitioners that a person is, in order of their ids."""
        return self._practitioners_of.get(person, ())

    def scope(self, institution_id: str, service: str, day: str) -> bool | None:
        """Whether an institution may settle a service (disease_code or med_type) on a day; None when no
        institution has this service, so that the table says nothing about it."""
        if service not in self._services:
            return None
        return any(_holds(row, day) for row in self._scopes.get((institution_id, service), ()))

    def needs_face_check(self, institution_id: str, day: str) -> bool:
        """Whether a face check is required there on a day."""
        return any(_holds(row, day) for row in self._face_checks.get(institution_id, ()))

    def baseline(self, institution_id: str, day: str) -> Baseline | None:
        """What is usual at an institution's terminals on a day: the last that was measured by then."""
        records = self._baselines.get(institution_id)
        return None if records is None else _in_force(records, day)

    # -- codes ------------------------------------------------------------------------------------------

    def limit(self, code: str, day: str | None = None) -> Limit | None:
        """What limits a code on a day."""
        records = self._limits.get(code)
        return None if records is None else _in_force(records, day)

    def price(self, code: str, level: int | None, day: str | None = None) -> Price | None:
        """What a code may cost at a level on a day; where the level has no row of its own, what holds for
        all levels."""
        for wanted in (None,) if level is None else (level, None):
            records = self._prices.get((code, wanted))
            found = None if records is None else _in_force(records, day)
            if found is not None:
                return found
        return None

    def exclusive_pairs(self, code: str, day: str | None = None) -> tuple[ExclusivePair, ...]:
        """The pairs that a code belongs to, on either side, in force on a day (None: at last)."""
        pairs = (_in_force(records, day) for records in self._pairs.get(code, ()))
        return tuple(pair for pair in pairs if pair is not None)

    def partners(self, code: str) -> frozenset[str]:
        """What a code must not meet, on whatever day."""
        return self._partners.get(code, frozenset())

    def components(self, code: str, relation: str, day: str | None = None) -> tuple[str, ...]:
        """What a code "contains" or "requires" on a day."""
        timelines = self._components.get((code, relation), ())
        found = (_in_force(records, day) for records in timelines)
        return tuple(bundle.component_code for bundle in found if bundle is not None)

    def bundles_with(self, component_code: str) -> tuple[str, ...]:
        """Codes that contain or require a component, ever."""
        return self._bundles_with.get(component_code, ())

    def indication(self, code: str, day: str | None = None) -> Indication | None:
        """The diagnoses a code is restricted to on a day."""
        records = self._indications.get(code)
        return None if records is None else _in_force(records, day)

    def pack(self, code: str, day: str | None = None) -> Pack | None:
        """What is known of a medicine on a day."""
        records = self._packs.get(code)
        return None if records is None else _in_force(records, day)

    def packs(self, code: str) -> Sequence[Pack]:
        """All that is known of a medicine, on whatever day."""
        return self._packs.get(code, ())

    def holiday(self, day: str) -> Holiday | None:
        """The public holiday, or the worked weekend day, that a day is."""
        return self._holidays.get(day)

    # -- indexes ----------------------------------------------------------------------------------------

    @cached_property
    def _held(self) -> frozenset[str]:
        return frozenset(row.table for row in self.records("held"))

    @cached_property
    def _institutions(self) -> dict[str, list[Institution]]:
        return _by(self.records("institutions"), lambda row: row.institution_id)

    @cached_property
    def _statuses(self) -> dict[tuple[str, str], list[Status]]:
        return _by(self.records("status"), lambda row: (row.kind, row.id))

    @cached_property
    def _registrations(self) -> dict[str, list[Practitioner]]:
        return _by(self.records("practitioners"), lambda row: row.practitioner_id)

    @cached_property
    def _practitioners_of(self) -> dict[str, tuple[str, ...]]:
        own = _by(self.records("practitioners"), lambda row: row.person_id)
        return {
            person: tuple(sorted({row.practitioner_id for row in rows}))
            for person, rows in own.items()
            if person
        }

    @cached_property
    def _scopes(self) -> dict[tuple[str, str], list[Scope]]:
        return _by(self.records("scopes"), lambda row: (row.institution_id, row.service))

    @cached_property
    def _services(self) -> frozenset[str]:
        return frozenset(service for _, service in self._scopes)

    @cached_property
    def _face_checks(self) -> dict[str, list[FaceCheck]]:
        return _by(self.records("face_check"), lambda row: row.institution_id)

    @cached_property
    def _baselines(self) -> dict[str, list[Baseline]]:
        """Those that say anything: one that was taken back leaves what was measured before it in force."""
        return _by([row for row in self.records(Baseline.TABLE) if row.usual], lambda row: row.institution_id)

    @cached_property
    def _limits(self) -> dict[str, list[Limit]]:
        return _by(self.records("limits"), lambda row: row.code)

    @cached_property
    def _prices(self) -> dict[tuple[str, int | None], list[Price]]:
        return _by(self.records("prices"), lambda row: (row.code, row.level))

    @cached_property
    def _pairs(self) -> dict[str, list[list[ExclusivePair]]]:
        timelines = _by(self.records("exclusive_pairs"), lambda row: (row.code, row.other_code))
        sides: dict[str, list[list[ExclusivePair]]] = {}
        for (code, other), records in sorted(timelines.items()):
            for side in {code, other}:
                sides.setdefault(side, []).append(records)
        return sides

    @cached_property
    def _partners(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for pair in self.records("exclusive_pairs"):
            if pair.code != pair.other_code:
                found.setdefault(pair.code, set()).add(pair.other_code)
                found.setdefault(pair.other_code, set()).add(pair.code)
        return {code: frozenset(others) for code, others in found.items()}

    @cached_property
    def _components(self) -> dict[tuple[str, str], list[list[Bundle]]]:
        timelines = _by(self.records("bundles"), lambda row: (row.code, row.relation, row.component_code))
        found: dict[tuple[str, str], list[list[Bundle]]] = {}
        for (code, relation, _), records in sorted(timelines.items()):
            found.setdefault((code, relation), []).append(records)
        return found

    @cached_property
    def _bundles_with(self) -> dict[str, tuple[str, ...]]:
        rows = _by(self.records("bundles"), lambda row: row.component_code)
        return {component: tuple(sorted({row.code for row in found})) for component, found in rows.items()}

    @cached_property
    def _indications(self) -> dict[str, list[Indication]]:
        return _by(self.records("indications"), lambda row: row.code)

    @cached_property
    def _packs(self) -> dict[str, list[Pack]]:
        return _by(self.records("packs"), lambda row: row.code)

    @cached_property
    def _holidays(self) -> dict[str, Holiday]:
        return {row.day: row for row in self.records("holidays")}


def _by(rows: Sequence[Any], name: Callable[[Any], Any]) -> dict[Any, list[Any]]:
    """Rows by name, those of one name by the day they begin."""
    found: dict[Any, list[Any]] = {}
    for row in sorted(rows, key=lambda row: row.begins):
        found.setdefault(name(row), []).append(row)
    return found


def _in_force(records: Sequence[Row], day: str | None) -> Row | None:
    """The last record, of one name and in order, that is effective on a day."""
    if day is None:
        return records[-1]
    for record in reversed(records):
        if (record.effective_from or "") <= day:  # type: ignore[attr-defined]
            return record
    return None


def _holds(row: Any, day: str) -> bool:
    """Whether a day lies in the row's interval, both ends included."""
    return (row.from_ or "") <= day and (row.to is None or day <= row.to)


__all__ = [
    "FILES", "PERSON_STATUS", "TOLD_OF", "WHOLE", "Approval", "Baseline", "Bundle", "ExclusivePair",
    "FaceCheck", "Held", "Holiday", "Indication", "Institution", "InstitutionKind", "Limit", "Pack",
    "Person", "PersonRecord", "PersonTable", "Place", "Practitioner", "Price", "Record", "Registry",
    "RegistryItem", "Scope", "Status", "decode_item", "decode_person_record", "decode_record",
    "encode_item", "encode_record", "item_key", "person_of", "stored_in",
]  # fmt: skip
