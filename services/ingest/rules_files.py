"""Parameters of rules into the registry: what was read of files, all of it in one transaction.

A file is the whole of its region: what stood for the region and is in no file any more is taken back.
"""

from collections.abc import Collection, Sequence

import asyncpg

from schemas.registry import decode_record
from schemas.rules import RuleParameters
from services.ingest.registry import KNOWN, LOCK, Loaded, Loader
from services.ingest.registry_files import ParsedFile


async def standing(connection: asyncpg.Connection) -> list[RuleParameters]:
    """All parameters that the registry holds."""
    rows = await connection.fetch(KNOWN, RuleParameters.TABLE)
    return [decode_record(RuleParameters.TABLE, row["body"]) for row in rows]  # type: ignore[misc]


async def load(
    connection: asyncpg.Connection,
    loader: Loader,
    records: Sequence[RuleParameters],
    regions: Collection[str],
    now: int,
) -> Loaded:
    """Records of files that are the whole of these regions, in the caller's transaction. `now`: microseconds
    since 1970, the time of the load."""
    # Another load between reading and writing would be half taken back.
    await connection.execute(LOCK)
    spoken = {record.place for record in records}
    taken_back = [
        RuleParameters(record.rule, record.region, record.effective_from)
        for record in await standing(connection)
        if record.region in regions and record.place not in spoken
    ]
    file = ParsedFile(RuleParameters.TABLE, RuleParameters.TABLE, [*records, *taken_back])
    return await loader.load(connection, file, now)
