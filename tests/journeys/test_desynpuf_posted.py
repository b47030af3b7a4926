"""Real-format data through the front door: 51,727 stays posted in batches, alerts as the plain SQL says."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from bench.system import embedded
from services.formats import desynpuf

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "desynpuf"
needs_data = pytest.mark.skipif(
    not FOLDER.exists(), reason="the DE-SynPUF files are not beside this checkout (../shared/data/desynpuf)"
)


def expected_pairs() -> set[tuple]:
    with gzip.open(FOLDER / "expected_pairs.csv.gz", "rt") as file:
        return {(row["rule"], tuple(sorted((row["claim1"], row["claim2"])))) for row in csv.DictReader(file)}


OF_STAYS = ("A01", "A02", "A08", "D14")
"""What the data's own expectations speak of; other rules find what its diagnoses and dates show them."""


@needs_data
def test_stays_posted_in_batches_of_500_raise_exactly_the_expected_pairs():
    expected = json.loads((FOLDER / "expected.json").read_text())
    claims = desynpuf.read_claims(FOLDER)
    assert len(claims) == expected["stays"]
    with embedded(QINGFENG_LATENESS_DAYS="10000") as system:
        for begin in range(0, len(claims), 500):
            answer = system.post(claims[begin : begin + 500])
            assert answer["rejected"] == []
        system.wait_judged(240)
        alerts = system.alerts()
        status = system.get("/v1/status")
    found = {
        (alert["rule"], tuple(sorted(alert["encounters"]))) for alert in alerts if alert["rule"] in OF_STAYS
    }
    assert found == expected_pairs()
    assert sum(alert["rule"] == "A01" for alert in alerts) == expected["A01_pairs"]
    assert sum(alert["rule"] == "A02" for alert in alerts) == expected["A02_pairs"]
    assert (status["too_late"], status["dead_letters"]) == (0, 0)
