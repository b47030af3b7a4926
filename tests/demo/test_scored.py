"""The judge on the demo county: every planted case is found and no look-alike accused, whatever the seed."""

import json
from datetime import UTC, datetime

import msgspec
import pytest

from schemas.registry import Institution, Person
from services import replaying
from services.demo import county, score
from services.settings import Settings

UNTIL = datetime(2026, 11, 20, 10, tzinfo=UTC)


def records(rows: list[dict], kind: type) -> list:
    return [
        msgspec.convert({name: value for name, value in row.items() if value != ""}, kind, strict=False)
        for row in rows
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_all_planted_cases_are_found_and_no_innocent_is_accused(seed, tmp_path):
    made = county.generate(seed=seed, days=40, persons=4_000, until=UNTIL)
    events = [(str(place), json.dumps(event).encode()) for place, event in enumerate(made.events)]
    done, door = replaying.run(
        Settings(data_dir=tmp_path),
        events,
        [*records(made.persons, Person), *records(made.institutions, Institution)],
        shuffle=seed,
    )
    assert door.refused == []
    scores = score.score(made.labels, [msgspec.to_builtins(alert) for alert in done.open.values()])
    assert {item.rule for item in scores} >= {
        "A01", "A02", "A03", "A04", "A05", "A07", "A08", "B01", "D14",
    }  # fmt: skip
    for item in scores:
        assert item.planted > 0, item.rule
        assert item.missed == [], item.rule
        assert item.false == [], item.rule
