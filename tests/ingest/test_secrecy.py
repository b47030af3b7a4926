"""A canary person and card are posted in every way; afterwards they are nowhere but in the vault, sealed."""

import json
import subprocess
from collections.abc import Callable

import pytest

from services.runtime import logs
from tests.ingest.conftest import Door, settlement

PERSON = "CANARY430102199001011234"
CARD = "CANARYCARD62284800"


def test_the_canary_is_in_no_log_metric_answer_table_or_problem(
    make_door: Callable[..., Door], capfd: pytest.CaptureFixture[str], postgres: object
) -> None:
    logs.configure("debug")
    door = make_door(log_level="debug")
    card = {"kind": "id_card", "number": CARD}
    answers = [
        door.post(settlement("a", person_id=PERSON, card=card)),
        door.post(settlement("a", person_id=PERSON, card=card, med_type="12")),
        door.post(settlement("b", person_id=PERSON, card={**card, "kind": CARD})),
        door.post(settlement("c", person_id=[PERSON], card=card)),
        door.post(settlement("d", person_id=PERSON + "\x00", card=card)),
        door.post({"person_id": PERSON, "card": card}),
        door.post(None, content=json.dumps(settlement("e", person_id=PERSON))[:-3]),
        door.post(settlement("f", person_id=PERSON), key=PERSON),
        door.client.get("/metrics"),
        door.client.get("/readyz"),
    ]
    tables = [row[0] for row in door.sql("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")]
    texts = [answer.text + str(answer.headers) for answer in answers]
    for table in tables:
        rows = door.sql(f'SELECT row_to_json(t)::text FROM "{table}" t')  # noqa: S608
        texts += [row[0] for row in rows]
        texts += [bytes.fromhex(part).decode(errors="replace") for part in _hex_parts(rows)]
    captured = capfd.readouterr()
    texts += [captured.out, captured.err]
    assert answers[0].status_code == 202
    for secret in (PERSON, CARD):
        assert not [text for text in texts if secret in text]
    log = postgres.server.folder / "server.log"  # type: ignore[attr-defined]
    assert subprocess.run(["grep", "-c", "CANARY", str(log)], capture_output=True).stdout.strip() in (
        b"0",
        b"",
    )


def test_a_log_field_that_is_not_on_the_list_is_left_out(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    logs.log.info("something", person_id=PERSON, body=CARD, count=3)
    line = json.loads(capfd.readouterr().err)
    assert line["count"] == 3
    assert line["event"] == "something"
    assert "CANARY" not in json.dumps(line)


def _hex_parts(rows: list[tuple[str]]) -> list[str]:
    """Bytea columns of the rows, as hexadecimal digits."""
    parts = []
    for row in rows:
        for value in json.loads(row[0]).values():
            if isinstance(value, str) and value.startswith("\\x"):
                parts.append(value[2:])
    return parts
