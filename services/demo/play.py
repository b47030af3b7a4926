"""The county as a system meets it for the first time: everything up to now, as fast as it is taken."""

from collections.abc import Iterator
from typing import Any

from services.demo.county import County

DEMO_DAYS = 60
DEMO_PERSONS = 6_500
"""Size of the county that a new data folder plays: about 24,000 events."""


def play_order(county: County) -> Iterator[dict[str, Any]]:
    """Events in the order in which the institutions' systems recorded them, which is the order of arrival."""
    yield from county.events
