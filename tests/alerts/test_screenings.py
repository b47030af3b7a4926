"""What is stored of screenings: once, by revision, with the months they touch; and what the counts say."""

import httpx
import msgspec
import pytest

from schemas.finding import decode_messages, encode_messages
from schemas.screening import COLUMNS, Item, digest, row_of
from services.alerts import screenings, users
from services.alerts.app import create_app
from services.runtime import database
from tests.alerts.making import MAY_1, NOON, a_screening, at, said
from tests.alerts.serving import bearer, serving


def stored(desk, columns="settlement_id, revision, total, withdrawn"):
    return [tuple(row) for row in desk.fetch(f"SELECT {columns} FROM screening ORDER BY settlement_id")]  # noqa: S608


def changes(desk):
    return {row["month"]: row["changed"] for row in desk.fetch("SELECT * FROM period")}


def test_every_field_stands_in_its_column(desk):
    screening = a_screening(
        items=[Item("X1", "11", "2", 500, None, "2.50", "D1", MAY_1)],
        by_category={"11": (500, 0)},
        minute=0,
        discharge_day=MAY_1 + 2,
        diagnoses=["A01", "B02"],
        flags=["present"],
        alerts=["A01-x"],
    )
    desk.store(screening)
    row = desk.fetch(f"SELECT {', '.join(COLUMNS)} FROM screening")[0]  # noqa: S608
    assert tuple(row) == row_of(screening)
    assert row["diagnoses"] == "A01 B02"
    assert msgspec.json.decode(row["items"]) == [
        ["X1", "11", "2", 500, None, "2.50", "D1", MAY_1, None, None, False, ""]
    ]


def test_the_wire_brings_a_screening_whole_beside_an_alert():
    messages = [said(), a_screening(by_category={"11": (500, 400)}, items=[Item("X", "11", "1", 5, 5)])]
    assert decode_messages(encode_messages(messages)) == messages


def test_the_greatest_revision_of_a_log_counts_in_whatever_order(desk):
    desk.store(a_screening(revision=5, total=500), a_screening(revision=4, total=400))
    desk.store(a_screening(revision=3, total=300))
    assert stored(desk) == [("S1", 5, 500, False)]
    desk.store(a_screening(revision=1, total=100), epoch="another log")
    assert stored(desk) == [("S1", 1, 100, False)]


def test_what_says_nothing_new_changes_nothing(desk):
    desk.store(a_screening(revision=1))
    desk.store(a_screening(revision=9), a_screening(revision=1), epoch="another log")
    assert stored(desk) == [("S1", 1, 10_000, False)]
    assert changes(desk) == {"2026-05": 1}


def test_a_cancelled_settlement_stays_marked(desk):
    desk.store(a_screening())
    desk.store(a_screening(revision=2, withdrawn=True))
    assert stored(desk) == [("S1", 2, 10_000, True)]


def test_two_persons_and_two_institutions_may_use_one_number(desk):
    desk.store(a_screening(), a_screening(key="k2"), a_screening(institution_id="P2"))
    assert len(stored(desk)) == 3


def test_storing_never_reads_through_the_table_though_it_grew_since_the_plan_was_made(desk):
    async def scans(connection):
        for page in range(10):
            made = [a_screening(f"S{page}-{number}") for number in range(100)]
            await screenings.store(connection, made, NOON, "")
        return await connection.fetchval(
            "SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'screening'"
        )

    assert desk.ask(scans) == 0
    assert desk.value("SELECT count(*) FROM screening") == 1_000


def test_an_admission_without_settlement_is_no_settlement(desk):
    desk.store(a_screening("", encounter_id="S1", care="inpatient", total=0, fund=0), a_screening("S1"))
    assert stored(desk, "name") == [("AS1",), ("SS1",)]
    totals = desk.ask(screenings.counts, "2026-05")["totals"]
    assert (totals["settlements"], totals["admissions"]) == (1, 1)


def test_a_screening_that_moves_to_another_month_touches_both(desk):
    desk.store(a_screening(), now=at(0))
    assert changes(desk) == {"2026-05": 1}
    desk.store(a_screening(revision=2, month="2026-04"), now=at(9))
    assert changes(desk) == {"2026-05": 2, "2026-04": 1}


def test_a_month_remembers_since_when_it_waits(desk):
    desk.store(a_screening(), now=at(0))
    desk.store(a_screening("S2"), now=at(60))
    row = desk.fetch("SELECT first_changed_at, changed_at FROM period")[0]
    assert (row["first_changed_at"], row["changed_at"]) == (at(0), at(60))
    desk.value("UPDATE period SET judged = changed RETURNING 1")
    desk.store(a_screening("S3"), now=at(90))
    assert desk.value("SELECT first_changed_at FROM period") == at(90)


def test_counts_add_up_to_what_the_door_counts(desk):
    desk.store(
        a_screening("S1"),
        a_screening("S2", total=-500, fund=-500),
        a_screening("S3", versions=3, care="visit", med_type="11"),
        a_screening("S4", withdrawn=True),
        a_screening("S5", institution_id="P2"),
        a_screening("S6", occurred_day=MAY_1 - 1),
    )
    answer = desk.ask(screenings.counts, "2026-05")
    assert [(item["institution_id"], item["care"]) for item in answer["items"]] == [
        ("P1", "pharmacy"),
        ("P1", "visit"),
        ("P2", "pharmacy"),
    ]
    first = answer["items"][0]
    assert (first["settlements"], first["withdrawn"], first["events"]) == (2, 1, 3)
    assert (first["total"], first["fund"]) == ("95.00", "55.00")
    assert answer["totals"]["events"] == 7
    assert desk.ask(screenings.counts, "2026-05", ["P2"])["totals"]["settlements"] == 1
    assert desk.ask(screenings.counts, "2025-12")["items"] == []


def test_a_digest_changes_with_the_content_and_not_with_the_revision():
    one = digest(a_screening())
    assert len(one) == 8
    assert digest(a_screening(revision=9)) == one
    assert digest(a_screening(alerts=["A03-1"])) != one
    assert digest(a_screening(by_category={"01": (1, 1)})) != one


@pytest.mark.parametrize(
    ("role", "status"), [("supervisor", 200), ("auditor", 200), ("admin", 200), ("handler", 403)]
)
def test_who_may_read_the_counts(desk, settings, role, status):
    desk.store(a_screening())
    token = desk.ask(users.create, role, role, NOON)
    app = create_app(database.open_engine(desk.url), settings)
    with serving(app) as url, httpx.Client(base_url=url, headers=bearer(token), trust_env=False) as client:
        answer = client.get("/v1/screenings", params={"month": "2026-05", "institution": "P1"})
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["totals"]["total"] == "100.00"
        for month in ("2026-13", "may", "0000-01"):
            assert client.get("/v1/screenings", params={"month": month}).status_code in (403, 422)
