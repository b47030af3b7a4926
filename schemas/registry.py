"""Registry records: what is known of institutions, persons, practitioners (contract, section 7).

A record with `effective_from` holds from that day until the next one of the same id. Persons' records
are facts of their key and travel as inbox entries; the other tables travel as a whole.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

InstitutionKind = Literal["hospital", "township", "community", "clinic", "village", "pharmacy"]
RegistryTable = Literal["institutions", "persons", "practitioners", "status"]


class Record(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A row of a registry file. Dates are YYYY-MM-DD."""


class Institution(Record):
    """A designated institution. `group_id`: 医共体; `chain_id`: pharmacy chain; latitude and longitude
    in degrees (WGS 84); `open_24h`: has a night counter; `internet`: an internet hospital."""

    institution_id: Annotated[str, Meta(min_length=1, max_length=64)]
    name: str = ""
    kind: InstitutionKind | None = None
    level: Annotated[int, Meta(ge=0, le=3)] | None = None
    region: str | None = None
    latitude: Annotated[float, Meta(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    beds: Annotated[int, Meta(ge=0)] | None = None
    group_id: str | None = None
    chain_id: str | None = None
    open_24h: bool | None = None
    internet: bool | None = None
    effective_from: str | None = None


class Person(Record):
    """An insured person. `person_id` is a pseudonym once past the door. `death_date` is a date, or
    YYYY-MM when only the month is known."""

    person_id: Annotated[str, Meta(min_length=1, max_length=64)]
    sex: Literal["1", "2"] | None = None
    birth_date: str | None = None
    death_date: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] | None = None
    insured_from: str | None = None
    insured_to: str | None = None
    household_id: str | None = None
    effective_from: str | None = None


class Practitioner(Record, rename={"from_": "from"}):
    """One registration of a practitioner at an institution; open-ended without `to`."""

    practitioner_id: Annotated[str, Meta(min_length=1, max_length=64)]
    institution_id: Annotated[str, Meta(min_length=1, max_length=64)]
    from_: str | None = None
    to: str | None = None


class Status(Record, rename={"from_": "from"}):
    """Standing of an institution, practitioner or person over an interval."""

    kind: Literal["institution", "practitioner", "person"]
    id: Annotated[str, Meta(min_length=1, max_length=64)]
    status: Literal["normal", "suspended", "terminated"]
    from_: str | None = None
    to: str | None = None
    reason: str = ""


class PersonRecord(Struct, omit_defaults=True):
    """A person's registry record as an inbox entry; of several the greatest `loaded` counts."""

    record: Person
    loaded: int


class RegistryItem(Struct, array_like=True):
    """One record on the `registry` topic: table, id and effective date name it; None deletes it."""

    table: RegistryTable
    id: str
    effective_from: str
    version: int
    body: bytes | None


class Registry:
    """The registry as a worker holds it in memory, all tables but persons'.

    Immutable once built; `version` grows with every load.
    """

    def __init__(self, institutions: list[Institution] = (), version: int = 0) -> None:  # type: ignore[assignment]
        self.version = version
        self._institutions: dict[str, list[Institution]] = {}
        for record in institutions:
            self._institutions.setdefault(record.institution_id, []).append(record)
        for records in self._institutions.values():
            records.sort(key=lambda record: record.effective_from or "")

    def institution(self, institution_id: str, day: str | None = None) -> Institution | None:
        """What is known of an institution on a day (YYYY-MM-DD; None: at last)."""
        records = self._institutions.get(institution_id)
        if records is None:
            return None
        if day is None or (len(records) == 1 and not records[0].effective_from):
            return records[-1]
        held = [record for record in records if (record.effective_from or "") <= day]
        return held[-1] if held else None


decode_person_record = msgspec.json.Decoder(PersonRecord).decode
decode_item = msgspec.msgpack.Decoder(RegistryItem).decode
encode_item = msgspec.msgpack.Encoder().encode


def item_key(item: RegistryItem) -> bytes:
    """The key of an item's record: one a record, so that compaction keeps the newest of each."""
    return f"{item.table}/{item.effective_from}/{item.id}".encode()
