"""The DE-SynPUF files, where they lie beside the repository; and an oracle to ask about tiny counties."""

from pathlib import Path

import pytest

from tests.oracle.acceptance import Ask, Asking

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "desynpuf"


@pytest.fixture(scope="session")
def desynpuf() -> Path:
    """The folder with the claims, or a skip that says why."""
    if not (FOLDER / "inpatient_claims.csv.gz").exists():
        pytest.skip("no DE-SynPUF claims at ../shared/data/desynpuf")
    return FOLDER


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Asks one rule of the oracle about hand-made events and registry rows."""
    return Asking(tmp_path)
