"""Admission as a pure function: it never raises, and its normal form is a fixed point."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.event import decode_event
from schemas.moments import Calendar, micros
from services.ingest.admission import Admission
from services.ingest.normal import QUANTITY, money, plain
from services.ingest.pseudonyms import CARD, PERSON, Pseudonyms
from services.ingest.refusals import Refused
from services.ingest.rows import Row

NOW = micros(datetime(2026, 2, 1, tzinfo=UTC))
CODES = {"unknown_field", "required", "type", "range"}


class Clear(Pseudonyms):
    """Leaves identifiers as they are, so that a normal form can be judged again."""

    def of(self, domain: str, identifier: str) -> str:
        return identifier


ADMISSION = Admission(Calendar("Asia/Shanghai"), Clear(b""))

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
NAMES = st.sampled_from(
    (
        *("type", "event_id", "institution_id", "occurred_at", "recorded_at", "person_id", "amounts"),
        *("fund", "total", "lines", "cancels", "card", "number", "quantity", "line_id", "code", "begin_at"),
    )
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=8), inner, max_size=8)
    ),
    max_leaves=20,
)
IDENTIFIERS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=64)
DECIMALS = st.decimals(min_value=-(10**13), max_value=10**13, places=2)
AMOUNTS = DECIMALS.map(str) | DECIMALS.map(lambda value: f"{value}000") | st.integers(-(10**13), 10**13)
INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2026, 1, 31)).flatmap(
    lambda moment: st.sampled_from(["Z", "+08:00", "-11:30"]).map(lambda offset: moment.isoformat() + offset)
)
DATES = st.dates(datetime(2001, 1, 1).date(), datetime(2026, 1, 31).date()).map(str)
LINES = st.fixed_dictionaries(
    {"line_id": IDENTIFIERS, "code": IDENTIFIERS, "quantity": AMOUNTS, "amount": AMOUNTS},
    optional={
        "unit_price": AMOUNTS,
        "occurred_at": INSTANTS | DATES,
        "name": st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=50),
        "doses": st.just(3),
    },
)
SETTLEMENTS = st.fixed_dictionaries(
    {
        "type": st.just("settlement"),
        "event_id": IDENTIFIERS,
        "institution_id": IDENTIFIERS,
        "occurred_at": INSTANTS | DATES,
        "person_id": IDENTIFIERS,
        "settlement_id": IDENTIFIERS,
        "encounter_id": IDENTIFIERS,
        "med_type": st.just("11"),
        "amounts": st.fixed_dictionaries({"total": AMOUNTS, "fund": AMOUNTS}, optional={"cash": AMOUNTS}),
    },
    optional={
        "recorded_at": INSTANTS,
        "begin_at": INSTANTS | DATES,
        "lines": st.lists(LINES, max_size=3),
        "diagnoses": st.lists(
            st.fixed_dictionaries({"code": IDENTIFIERS, "main": st.booleans()}), max_size=2
        ),
        "card": st.fixed_dictionaries({"kind": st.just("face"), "number": IDENTIFIERS}),
        "mid_stay": st.none() | st.booleans(),
    },
)


def judge(event: Any, admission: Admission = ADMISSION) -> Row | Refused:
    return admission.judge(json.dumps(event).encode(), NOW)


@given(ANY_JSON)
@settings(max_examples=300, deadline=None)
def test_any_json_is_admitted_or_refused_for_named_reasons(value: Any) -> None:
    said = judge(value)
    if isinstance(said, Refused):
        assert {error.code for error in said.errors} <= CODES
        assert all(error.message and (not error.path or error.path[0] == "/") for error in said.errors)


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_refused_and_never_raise(text: bytes) -> None:
    assert isinstance(ADMISSION.judge(text, NOW), Refused)


@given(SETTLEMENTS)
@settings(max_examples=150, deadline=None)
def test_a_good_settlement_is_admitted_and_its_normal_form_is_a_fixed_point(event: dict[str, Any]) -> None:
    row = judge(event)
    assert isinstance(row, Row), row
    again = ADMISSION.judge(row.body, NOW)
    assert isinstance(again, Row)
    assert (again.body, again.content_hash, again.occurred_at) == (
        row.body,
        row.content_hash,
        row.occurred_at,
    )
    assert again.total_fen == int(Decimal(str(event["amounts"]["total"])) * 100)


@given(SETTLEMENTS, NAMES, SCALARS)
@settings(max_examples=200, deadline=None)
def test_one_wrong_value_is_refused_where_it_stands_or_harmless(
    event: dict[str, Any], name: str, value: Any
) -> None:
    said = judge({**event, name: value})
    if isinstance(said, Refused):
        path = said.errors[0].path
        assert path in ("", f"/{name}") or path.startswith(f"/{name}/"), said


def test_decimals_have_one_spelling() -> None:
    assert str(money(Decimal("1e2"))) == "100.00"
    assert str(money(Decimal("-0"))) == "0.00"
    assert str(money(Decimal("99999999999999.99"))) == "99999999999999.99"
    assert str(plain(Decimal("1E+3"), QUANTITY)) == "1000"
    assert str(plain(Decimal("0.5000"), QUANTITY)) == "0.5"
    assert str(plain(Decimal("-0.000"), QUANTITY)) == "0"


def test_a_bare_date_is_recorded_at_its_local_midnight() -> None:
    event = {"type": "admission", "event_id": "e", "institution_id": "h", "occurred_at": "2026-01-31"}
    row = judge({**event, "person_id": "p", "encounter_id": "m", "med_type": "21"})
    assert isinstance(row, Row)
    assert decode_event(row.body).recorded_at == "2026-01-30T16:00:00Z"
    assert row.occurred_at == micros(datetime(2026, 1, 30, 16, tzinfo=UTC))


def test_pseudonyms_tell_domains_apart_and_spellings_not() -> None:
    known, other = Pseudonyms(b"k" * 32), Pseudonyms(b"o" * 32)
    one = known.of(PERSON, "11010119900101123x")
    assert len(one) == 26
    assert one == known.of(PERSON, " 11010119900101123X ") == known.of(PERSON, "１１010119900101123X")
    assert one != known.of(CARD, "11010119900101123x")
    assert one != other.of(PERSON, "11010119900101123x")


def test_messages_never_repeat_what_was_sent() -> None:
    canary = "CANARY-430102199001011234"
    event = {"type": "settlement", "event_id": "e", "institution_id": "h", "occurred_at": "2026-01-31"}
    places = ("type", "channel", "occurred_at", "region", "emergency", "recorded_at", "amounts", "med_type")
    for name in places:
        said = judge({**event, name: canary})
        assert isinstance(said, Refused)
        assert canary not in str(said.errors)
