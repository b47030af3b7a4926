"""The DE-SynPUF files, where they lie beside the repository."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "desynpuf"


@pytest.fixture(scope="session")
def desynpuf() -> Path:
    """The folder with the claims, or a skip that says why."""
    if not (FOLDER / "inpatient_claims.csv.gz").exists():
        pytest.skip("no DE-SynPUF claims at ../shared/data/desynpuf")
    return FOLDER
