"""Small counties, made once."""

from datetime import datetime, timedelta, timezone

import pytest

from services.demo.county import County, generate

UNTIL = datetime(2026, 3, 18, 15, 30, tzinfo=timezone(timedelta(hours=8)))


@pytest.fixture(scope="session", params=[1, 2, 3])
def county(request: pytest.FixtureRequest) -> County:
    """A county of 45 days and 3,000 persons, from three seeds; each ends at another hour."""
    return generate(
        seed=request.param, days=45, persons=3_000, until=UNTIL - timedelta(hours=7 * request.param)
    )
