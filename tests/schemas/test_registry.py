"""What the registry answers on a day, and how its rows travel."""

from decimal import Decimal

import msgspec
import pytest

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
    Limit,
    Pack,
    Person,
    Practitioner,
    Price,
    Record,
    Scope,
    Status,
    joined,
)
from schemas.registry import (
    FILES,
    PERSON_STATUS,
    WHOLE,
    PersonRecord,
    Registry,
    RegistryItem,
    decode_person_record,
    decode_record,
    encode_record,
    item_key,
    person_of,
    stored_in,
)
from schemas.rules import RuleParameters


def known(*records: Record) -> Registry:
    tables: dict[str, list[Record]] = {}
    for record in records:
        tables.setdefault(record.TABLE, []).append(record)
    return Registry(tables, 1)


def test_an_institution_that_moves_is_where_it_was_on_each_day():
    found = known(
        Institution("H1", region="430104", effective_from="2026-02-01"),
        Institution("H1", region="430102"),
        Institution("H1", region="430105", effective_from="2026-03-01"),
    )
    days = ("2026-01-31", "2026-02-01", "2026-02-28", "2026-03-01")
    assert [found.institution("H1", day).region for day in days] == ["430102", "430104", "430104", "430105"]
    assert found.institution("H1").region == "430105"
    assert found.institution("H2") is None


def test_nothing_is_known_before_the_first_effective_day():
    found = known(Limit("c", sex="2", effective_from="2026-02-01"))
    assert found.limit("c", "2026-01-31") is None
    assert found.limit("c", "2026-02-01").sex == "2"


def test_a_suspension_holds_on_both_of_its_days():
    found = known(
        Status("institution", "P1", "normal", from_="2020-01-01"),
        Status("institution", "P1", "suspended", from_="2026-01-10", to="2026-04-10", reason="x"),
        Status("practitioner", "P1", "terminated"),
    )
    days = ("2026-01-09", "2026-01-10", "2026-04-10", "2026-04-11")
    standing = [found.status("institution", "P1", day) for day in days]
    assert [row and row.status for row in standing] == [None, "suspended", "suspended", None]
    assert found.status("practitioner", "P1", "2026-01-09").status == "terminated"
    assert found.status("institution", "P2", "2026-01-09") is None


def test_the_standing_that_began_last_counts():
    found = known(
        Status("institution", "P1", "suspended", from_="2026-01-01"),
        Status("institution", "P1", "normal", from_="2026-03-01"),
    )
    assert found.status("institution", "P1", "2026-02-28").status == "suspended"
    assert found.status("institution", "P1", "2026-03-01") is None


def test_a_practitioner_has_the_sites_and_the_title_of_the_day():
    found = known(
        Practitioner("D1", "H1", "2020-01-01", "2026-01-31", person_id="p1", title=2),
        Practitioner("D1", "H2", "2026-01-15", title=3),
        Practitioner("D2", "H1", person_id="p1"),
    )
    assert found.sites("D1", "2026-01-20") == {"H1", "H2"}
    assert found.sites("D1", "2026-02-01") == {"H2"}
    assert found.sites("D1", "2019-12-31") == found.sites("D9", "2026-01-20") == frozenset()
    assert [found.title("D1", day) for day in ("2026-01-14", "2026-01-20", "2019-12-31")] == [2, 3, None]
    assert found.practitioner_person("D1") == "p1"
    assert found.practitioner_person("D9") is None
    assert found.practitioners_of("p1") == ("D1", "D2")
    assert found.practitioners_of("p2") == ()


def test_a_price_of_the_level_goes_before_that_of_all_levels():
    found = known(
        Price("c", max_price=Decimal(100)),
        Price("c", 3, max_price=Decimal(150), effective_from="2026-01-01"),
        Price("c", max_price=Decimal(110), effective_from="2026-02-01"),
    )
    asked = [(3, "2025-12-31"), (3, "2026-01-01"), (2, "2026-01-31"), (2, "2026-02-01"), (None, "2026-01-01")]
    assert [found.price("c", level, day).max_price for level, day in asked] == [100, 150, 100, 110, 100]
    assert found.price("d", 3, "2026-01-01") is None


def test_a_pair_is_found_from_either_side_once_it_is_in_force():
    pair = ExclusivePair("a", "b", "day", effective_from="2026-01-01")
    found = known(pair, ExclusivePair("c", "a", "encounter"))
    assert {one.code for one in found.exclusive_pairs("a", "2026-01-01")} == {"a", "c"}
    assert found.exclusive_pairs("b", "2026-01-01") == (pair,)
    assert found.exclusive_pairs("b", "2025-12-31") == ()
    assert found.exclusive_pairs("b") == (pair,)
    assert found.exclusive_pairs("z") == ()


def test_bundles_name_their_components_by_relation_and_day():
    found = known(
        Bundle("op", "anaesthesia", "requires"),
        Bundle("op", "theatre", "requires", effective_from="2026-01-01"),
        Bundle("op", "dressing", "contains"),
        Bundle("care", "dressing", "contains"),
    )
    assert found.components("op", "requires", "2025-12-31") == ("anaesthesia",)
    assert found.components("op", "requires", "2026-01-01") == ("anaesthesia", "theatre")
    assert found.components("op", "contains", "2026-01-01") == ("dressing",)
    assert found.components("none", "contains", "2026-01-01") == ()
    assert found.bundles_with("dressing") == ("care", "op")
    assert found.bundles_with("op") == ()


def test_codes_have_indications_and_packs():
    found = known(Indication("c", ("E11",)), Pack("c", "metformin", daily_units=Decimal(3)))
    assert found.indication("c", "2026-01-01").icd_prefixes == ("E11",)
    assert found.pack("c", "2026-01-01").ingredient == "metformin"
    assert found.indication("d", "2026-01-01") is found.pack("d", "2026-01-01") is None


def test_a_scope_is_unknown_only_where_no_institution_has_the_service():
    found = known(Scope("H1", "M039", "2026-01-01", "2026-06-30"), Scope("H2", "M050"))
    days = ("2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01")
    assert [found.scope("H1", "M039", day) for day in days] == [False, True, True, False]
    assert found.scope("H2", "M039", "2026-01-01") is False
    assert found.scope("H1", "M999", "2026-01-01") is None
    assert Registry().scope("H1", "M039", "2026-01-01") is None


def test_a_face_check_is_required_in_its_interval():
    found = known(FaceCheck("P1", "2026-03-01", "2026-03-31"), FaceCheck("P1", "2026-06-01"))
    days = ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01", "2027-01-01")
    assert [found.needs_face_check("P1", day) for day in days] == [False, True, True, False, True]
    assert not found.needs_face_check("P2", "2026-03-01")


def test_a_holiday_is_known_by_its_day():
    found = known(Holiday("2026-02-17", "春节"), Holiday("2026-02-28", "春节调休", "workday"))
    assert found.holiday("2026-02-17").kind == "holiday"
    assert found.holiday("2026-02-28").kind == "workday"
    assert found.holiday("2026-03-01") is None


def test_it_says_which_tables_were_loaded():
    found = known(Holiday("2026-02-17"), Held("approvals"))
    assert found.has("holidays")
    assert found.has("approvals")
    assert not found.has("scopes")
    assert found.records("holidays") == (Holiday("2026-02-17"),)
    assert found.records("scopes") == ()


@pytest.mark.parametrize(
    "record",
    [
        Person("p", sex="1", assistance=True, community_id="V1"),
        Approval("p", "M039", "2026-01-01", "2026-12-31"),
        Status("person", "p", "suspended", "2026-01-01"),
    ],
)
def test_a_persons_row_comes_out_of_its_entry_as_it_went_in(record):
    made = PersonRecord(record, 7, record.TABLE)
    read = decode_person_record(encode_record(made))
    assert (read.record, read.loaded, read.table) == (record, 7, record.TABLE)
    assert read.place == (record.TABLE, *record.place)
    assert person_of(record) == "p"


def test_an_entry_without_a_table_is_a_person():
    read = decode_person_record(b'{"record":{"person_id":"p","sex":"2"},"loaded":1}')
    assert read.record == Person("p", sex="2")
    assert read.place == ("persons", "p", "")


def test_a_table_of_no_person_makes_no_entry():
    with pytest.raises(msgspec.ValidationError):
        decode_person_record(b'{"record":{},"loaded":1,"table":"limits"}')


def test_a_standing_of_a_person_is_stored_apart_from_those_that_travel_as_a_whole():
    assert stored_in(Status("person", "p", "normal")) == PERSON_STATUS
    assert stored_in(Status("institution", "H1", "normal")) == "status"
    assert person_of(Status("institution", "H1", "normal")) is None
    assert PERSON_STATUS not in WHOLE
    assert {"persons", "approvals"} == FILES.keys() - WHOLE.keys()


def test_a_row_of_a_whole_table_is_read_back_as_it_was_stored():
    limit = Limit("c", settings=("inpatient",), day_max=Decimal("1.50"))
    assert decode_record("limits", encode_record(limit)) == limit


def test_ids_of_several_parts_never_meet():
    parts = [("a b", "c"), ("a", "b c"), ("a\\", "b c"), ("a\\ b", "c"), ("a", "b", "c")]
    assert len({joined(*part) for part in parts}) == len(parts)
    assert joined("D1", "H1") == "D1 H1"


def test_every_place_has_a_key_of_its_own():
    rows = [
        *(Price("c", level) for level in (None, 0, 3)),
        Bundle("c", "d", "contains"), Bundle("c", "d", "requires"),
        Bundle("c", "d", "requires", "2026-01-01"),
        ExclusivePair("a", "b", "day"), ExclusivePair("b", "a", "day"),
        Scope("H1", "21"), Scope("H1", "21", "2026-01-01"), FaceCheck("H1"), FaceCheck("H1", "2026-01-01"),
    ]  # fmt: skip
    keys = {item_key(RegistryItem(row.TABLE, *row.place, 1, None)) for row in rows}
    assert len(keys) == len(rows)


PLACES = [
    (Institution("H 1", effective_from="2026-01-01"), "H 1", "2026-01-01"),
    (Person("p", sex="2"), "p", ""),
    (Practitioner("D 1", "H1", "2026-02-01", "2026-03-01"), "D\\ 1 H1", "2026-02-01"),
    (Status("institution", "H1", "suspended", "2026-02-01"), "institution H1", "2026-02-01"),
    (Limit("c d", effective_from="2026-01-01"), "c d", "2026-01-01"),
    (Price("c", 3, effective_from="2026-01-01"), "c 3", "2026-01-01"),
    (Price("c"), "c ", ""),
    (Price("c", 0), "c 0", ""),
    (ExclusivePair("a b", "c\\", "day"), "a\\ b c\\\\", ""),
    (Bundle("c", "d", "contains"), "c d contains", ""),
    (Indication("c", ("I10",)), "c", ""),
    (Pack("c", effective_from="2026-01-01"), "c", "2026-01-01"),
    (Approval("p", "M039", "2026-01-01"), "p M039", "2026-01-01"),
    (Scope("H1", "21"), "H1 21", ""),
    (Holiday("2026-02-17"), "2026-02-17", ""),
    (FaceCheck("H1", "2026-01-01", "2026-12-31"), "H1", "2026-01-01"),
    (Baseline("P1", "2026-03-05", (1,) * 24), "P1", "2026-03-05"),
    (Held("approvals"), "approvals", ""),
    (RuleParameters("A01"), "A01@", ""),
    (RuleParameters("A01", "4306", "2026-01-01"), "A01@4306", "2026-01-01"),
]


@pytest.mark.parametrize(("record", "id", "begins"), PLACES)
def test_a_place_is_the_text_that_rows_were_stored_under(record: Record, id: str, begins: str):
    assert tuple(record.place) == (id, begins)
    assert record.begins == begins


def test_every_table_tells_its_places():
    assert {type(record) for record, _, _ in PLACES} == {*FILES.values(), *WHOLE.values()}
