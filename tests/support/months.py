"""Months that need not rest: what a month's rules wait for spares a busy database, and costs a test seconds.

What stands in the end is the same whenever they are run; that they do rest is told by the tests of the period
judge, whose clock moves when told.
"""

from typing import Any

HURRY = """
    UPDATE period SET first_changed_at = '-infinity' FROM registry_version v
    WHERE (changed > judged OR registry_version <> v.loaded) AND first_changed_at > '-infinity'
"""


async def hurry(connection: Any) -> None:
    """Make due now every month that waits, as if it had waited for its hour. connection: asyncpg's."""
    await connection.execute(HURRY)
