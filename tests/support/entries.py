"""Events, registry records and inbox entries for the tests, with defaults for all a test does not speak of.

Events are dicts as institutions would post them. Times are local texts, "03-05 09:00" (of 2026) or
"2025-12-31 23:59:30"; "03-05" alone is a bare date and means day precision. Money is decimal yuan.
"""

import itertools
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from schemas.entry import Entry
from schemas.finding import NOT_COMPARED, Alert
from schemas.moments import Calendar
from schemas.registry import Institution, Record, Registry
from services.detector.replay import Replay
from services.settings import Settings

ZONE = "Asia/Shanghai"
CALENDAR = Calendar(ZONE)
PERSON = "person-1"
EMPTY = Registry()

_numbers = itertools.count(1)


def when(text: str) -> str:
    """RFC 3339 of a local text; a bare date stays one."""
    if text[2] == "-":
        text = f"2026-{text}"
    if len(text) == 10:
        return text
    day, clock = text.split(" ")
    return f"{day}T{clock if clock.count(':') == 2 else clock + ':00'}+08:00"


def moment(text: str) -> int:
    """Microseconds since 1970 of a local text."""
    return CALENDAR.read(when(text))[0]


def _event(
    type_name: str, at: str, institution: str, person: str | None, given: dict[str, Any]
) -> dict[str, Any]:
    event = {
        "type": type_name,
        "event_id": f"event-{next(_numbers)}",
        "institution_id": institution,
        "person_id": person,
        "occurred_at": when(at),
        **given,
    }
    for name in ("recorded_at", "begin_at", "end_at"):
        if event.get(name) is not None:
            event[name] = when(event[name])
    return {name: value for name, value in event.items() if value is not None}


def admission(
    at: str, institution: str = "H1", encounter: str = "M1", person: str = PERSON, **given: Any
) -> dict[str, Any]:
    """An ordinary in-patient admission."""
    values = {"encounter_id": encounter, "med_type": "21", **given}
    return _event("admission", at, institution, person, values)


def discharge(
    at: str, institution: str = "H1", encounter: str = "M1", person: str = PERSON, **given: Any
) -> dict[str, Any]:
    """A discharge by the doctor's order."""
    values = {"encounter_id": encounter, "discharge_way": 1, **given}
    return _event("discharge", at, institution, person, values)


LEAVING = ("discharge_way", "transfer_to", "planned_return")
"""What a discharge says."""


def stay(
    begin: str, end: str | None, institution: str = "H1", encounter: str = "M1", **given: Any
) -> list[dict[str, Any]]:
    """Admission and, with an end, discharge."""
    person = given.pop("person", PERSON)
    leaving = {name: given.pop(name) for name in LEAVING if name in given}
    events = [admission(begin, institution, encounter, person, **given)]
    if end is not None:
        events.append(discharge(end, institution, encounter, person, **leaving))
    return events


def settlement(
    at: str,
    institution: str = "H1",
    settlement_id: str | None = None,
    person: str = PERSON,
    total: str = "100.00",
    fund: str = "60.00",
    **given: Any,
) -> dict[str, Any]:
    """An out-patient visit (med_type 11) settled at the counter; `amounts` adds to total and fund."""
    number = settlement_id or f"S{next(_numbers)}"
    amounts = {"total": total, "fund": fund, **given.pop("amounts", {})}
    values = {
        "settlement_id": number,
        "encounter_id": given.pop("encounter", f"E-{number}"),
        "med_type": "11",
        "amounts": amounts,
        **given,
    }
    return _event("settlement", at, institution, person, values)


def swipe(at: str, institution: str = "P1", settlement_id: str | None = None, **given: Any) -> dict[str, Any]:
    """A purchase at a pharmacy (med_type 41)."""
    return settlement(at, institution, settlement_id, med_type="41", **given)


def inpatient(
    begin: str | None,
    end: str | None,
    institution: str = "H1",
    encounter: str = "M1",
    settlement_id: str | None = None,
    at: str | None = None,
    **given: Any,
) -> dict[str, Any]:
    """An in-patient settlement over begin and end, made at its end unless told."""
    return settlement(
        at or end or begin or "03-01",
        institution,
        settlement_id or f"S-{encounter}",
        encounter=encounter,
        begin_at=begin,
        end_at=end,
        **{"med_type": "21", "total": "9000.00", "fund": "6000.00", **given},
    )


def line(line_id: str, at: str | None = None, amount: str = "10.00", **given: Any) -> dict[str, Any]:
    """A billed item."""
    values = {"line_id": line_id, "code": "001101", "quantity": "1", "amount": amount, **given}
    if at is not None:
        values["occurred_at"] = when(at)
    return values


def fee_lines(
    at: str,
    *lines: dict[str, Any],
    institution: str = "H1",
    encounter: str = "M1",
    person: str = PERSON,
    **given: Any,
) -> dict[str, Any]:
    """Lines uploaded for an encounter."""
    values = {"encounter_id": encounter, "lines": list(lines), **given}
    return _event("fee_lines", at, institution, person, values)


def cancellation(
    at: str,
    of: dict[str, Any] | None = None,
    *,
    cancels: dict[str, str] | None = None,
    institution: str | None = None,
    person: str | None = None,
    **given: Any,
) -> dict[str, Any]:
    """The cancellation of an event by its business id, or of what `cancels` names."""
    of_stock = of is not None and of["type"] == "stock"
    if of is not None:
        institution = institution or of["institution_id"]
        person = person or of.get("person_id")
        cancels = cancels or {"type": of["type"], "id": business_id(of)}
    whose = None if of_stock else person or PERSON
    return _event("cancellation", at, institution or "H1", whose, {"cancels": cancels, **given})


def stock(
    at: str, movement: str, codes: Iterable[str], institution: str = "P1", **given: Any
) -> dict[str, Any]:
    """A movement of packs with these trace codes."""
    packs = list(codes)
    values = {
        "product_code": "X1",
        "movement": movement,
        "quantity": str(len(packs)),
        "trace_codes": packs,
        **given,
    }
    return _event("stock", at, institution, None, values)


def business_id(event: dict[str, Any]) -> str:
    """The id by which a cancellation names an event."""
    names = {
        "settlement": "settlement_id",
        "cancellation": "event_id",
        "identity_check": "event_id",
        "inspection": "event_id",
        "stock": "event_id",
    }
    return event[names.get(event["type"], "encounter_id")]


def corrected(event: dict[str, Any], recorded_at: str, **given: Any) -> dict[str, Any]:
    """A later version of an event."""
    changes = {name: when(v) if name.endswith("_at") and v else v for name, v in given.items()}
    return {**event, "event_id": f"event-{next(_numbers)}", "recorded_at": when(recorded_at), **changes}


def person(person_id: str = PERSON, loaded: int = 1, **given: Any) -> Entry:
    """A person's registry record as an inbox entry."""
    body = json.dumps({"record": {"person_id": person_id, **given}, "loaded": loaded}).encode()
    return Entry(next(_numbers), "person", person_id, body, 0, 0, 0)


def approval(
    disease: str, begin: str | None = None, end: str | None = None, person_id: str = PERSON, loaded: int = 1
) -> Entry:
    """A person's entitlement to a special or chronic disease's benefits; days are YYYY-MM-DD."""
    columns = {"person_id": person_id, "disease_code": disease, "from": begin, "to": end}
    return _person_row("approvals", person_id, columns, loaded)


def person_status(
    status: str, begin: str | None = None, end: str | None = None, person_id: str = PERSON, loaded: int = 1
) -> Entry:
    """The standing of a person's insurance over days, YYYY-MM-DD."""
    columns = {"kind": "person", "id": person_id, "status": status, "from": begin, "to": end}
    return _person_row("status", person_id, columns, loaded)


def _person_row(table: str, person_id: str, columns: dict[str, Any], loaded: int) -> Entry:
    given = {name: value for name, value in columns.items() if value is not None}
    body = json.dumps({"record": given, "loaded": loaded, "table": table}).encode()
    return Entry(next(_numbers), "person", person_id, body, 0, 0, 0)


def identity_check(
    at: str,
    result: str,
    institution: str = "P1",
    encounter: str = "M1",
    person: str = PERSON,
    **given: Any,
) -> dict[str, Any]:
    """A check whether the card's holder is who stands there."""
    values = {"encounter_id": encounter, "method": "face", "result": result, **given}
    return _event("identity_check", at, institution, person, values)


def inspection(
    at: str,
    result: str,
    institution: str = "H1",
    encounter: str = "M1",
    person: str = PERSON,
    **given: Any,
) -> dict[str, Any]:
    """A round of the inspectors; by night unless told."""
    values = {"encounter_id": encounter, "kind": "night", "result": result, **given}
    return _event("inspection", at, institution, person, values)


def entry(event: dict[str, Any], as_of: int = 0, historical: bool = False) -> Entry:
    """An event as it stands in the inbox."""
    body = json.dumps(event).encode()
    occurred = CALENDAR.read(event["occurred_at"])[0]
    key = event.get("person_id", event["institution_id"])
    return Entry(next(_numbers), "event", key, body, occurred, occurred, as_of, historical=historical)


def entries(*stories: Any) -> list[Entry]:
    """Events, lists of events and ready entries as entries."""
    made: list[Entry] = []
    for story in stories:
        if isinstance(story, list):
            made.extend(entries(*story))
        else:
            made.append(story if isinstance(story, Entry) else entry(story))
    return made


def registry(*institutions: dict[str, Any]) -> Registry:
    """A registry of institutions given by their columns."""
    return Registry({"institutions": [Institution(**columns) for columns in institutions]}, version=1)


def registry_of(*records: Record) -> Registry:
    """A registry of rows of tables that travel as a whole, whatever their tables."""
    tables: dict[str, list[Record]] = {}
    for record in records:
        tables.setdefault(record.TABLE, []).append(record)
    return Registry(tables, version=1)


def replay_of(
    story: Iterable[Entry], known: Registry = EMPTY, rules: Iterable[str] | None = None, **knobs: Any
) -> Replay:
    """A replay that has judged a story; what raises, raises."""
    replay = Replay(Settings(**knobs), known, None if rules is None else frozenset(rules))
    replay.feed(story)
    for one in replay.failed:
        raise AssertionError(one.error)
    return replay


def judge_all(
    story: Iterable[Any], known: Registry = EMPTY, rules: Iterable[str] | None = None, **knobs: Any
) -> list[Alert]:
    """The open alerts of a story, by rule and id."""
    found = replay_of(entries(*story), known, rules, **knobs).open.values()
    return sorted(found, key=lambda alert: (alert.rule, alert.alert_id))


def compared(alerts: Iterable[Alert]) -> dict[str, dict[str, Any]]:
    """Alerts by id, with the fields that must not differ between two runs over the same facts."""
    return {
        alert.alert_id: {
            name: value for name, value in msgspec.to_builtins(alert).items() if name not in NOT_COMPARED
        }
        for alert in alerts
    }
