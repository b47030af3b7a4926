"""Period rules on PostgreSQL, over the screenings that alerts stores."""

from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import asyncpg

from schemas.finding import Alert
from schemas.registry import Baseline, Registry
from services.detector.periods.baselines import UsualCrowds
from services.detector.periods.judging import Asked, GroupSearch, Judged, Run, Search, StockGaps
from services.detector.periods.month import Month
from services.detector.periods.needs import question, served
from services.detector.periods.relations import (
    ITEM_COLUMNS,
    RELATIONS,
    SCREENED,
    create,
    first_day,
    made_when_named,
    shown_to,
)
from services.detector.periods.rule import PeriodRule
from services.detector.periods.statements import positional
from services.runtime.errors import is_database_away

Found = TypeVar("Found")
SECONDS_AT_MOST = 900.0
"""A rule over a large month takes long; the pool's limit is for requests."""
WORK_MEMORY = "64MB"
"""For each sort and each hash, instead of the 4 MB that suit requests."""
ROW = "ctid"
"""What names a stored row for as long as a transaction sees one state."""
ITEMS = """
CREATE TEMP TABLE {table} AS
SELECT i.visit, {columns}
FROM (SELECT s.ctid AS visit, jsonb_array_elements(s.items::jsonb) AS item
      FROM screening s WHERE {which}) AS i
"""
CATEGORIES = """
CREATE TEMP TABLE {table} AS
SELECT i.visit, (i.entry).key AS category, ((i.entry).value ->> 0)::bigint AS amount,
       ((i.entry).value ->> 1)::bigint AS covered
FROM (SELECT s.ctid AS visit, jsonb_each(s.by_category::jsonb) AS entry
      FROM screening s WHERE {which}) AS i
"""


async def judge_month(
    connection: asyncpg.Connection, asked: Sequence[Asked], registry: Registry, month: Month
) -> Judged:
    """What is found of a month.

    The connection must stand in a transaction of its own, REPEATABLE READ, so that all rules see one state.
    Raises what the database raises when it is away.
    """
    await connection.execute(f"SET LOCAL statement_timeout = '{SECONDS_AT_MOST:.0f}s'")
    # Many short plans over small relations: compiling them costs more than running them.
    await connection.execute("SET LOCAL jit = off")
    # Through a chain of subqueries the planner expects a row where there are a hundred thousand, and a nested
    # loop over these takes minutes for seconds. Where nothing else will do, it takes one all the same.
    await connection.execute("SET LOCAL enable_nestloop = off")
    await connection.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
    # A look at some thousand rows tells as much as one at thirty thousand, for a tenth of the time.
    await connection.execute("SET LOCAL default_statistics_target = 10")
    # One core, and no helpers: what is posted meanwhile must not wait for a month.
    await connection.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    able = await _served(connection, asked, month)
    rules = [one for one in asked if isinstance(one, PeriodRule)]
    searches = [GroupSearch(rules, registry), StockGaps(rules, registry)]
    if able:
        await _make_relations(connection, able, searches, registry, month)
    alerts: dict[str, list[Alert] | Exception] = {rule.id: [] for rule in rules}
    for rule in rules:
        if rule in able:
            work = _alerts_of(connection, rule, registry, month, searches)
            alerts[rule.id] = await _apart(connection, work)
    crowds = next((one for one in asked if isinstance(one, UsualCrowds)), None)
    if crowds is None:
        return Judged(alerts)
    if crowds not in able:
        return Judged(alerts, [])
    return Judged(alerts, await _apart(connection, _baselines(connection, crowds, registry, month)))


async def _served(connection: asyncpg.Connection, asked: Sequence[Asked], month: Month) -> list[Asked]:
    text, values, needs = question(asked, month)
    statement, given = positional(text, values)
    row = await connection.fetchrow(statement, *given, timeout=SECONDS_AT_MOST)
    return served(asked, dict(zip(needs, row, strict=False)))


async def _alerts_of(
    connection: asyncpg.Connection,
    rule: PeriodRule,
    registry: Registry,
    month: Month,
    searches: Sequence[Search],
) -> list[Alert]:
    for search in searches:
        if search.relation.name in rule.text:
            await _make(connection, search, month)
    run = Run(rule, registry)
    return run.alerts(await _answers(connection, run, month))


async def _baselines(
    connection: asyncpg.Connection, crowds: UsualCrowds, registry: Registry, month: Month
) -> list[Baseline]:
    run = Run(crowds, registry)
    return run.baselines(await _answers(connection, run, month))


async def _answers(
    connection: asyncpg.Connection, run: Run, month: Month
) -> list[tuple[Any, Sequence[Mapping[str, Any]]]]:
    await _show(connection, run.rule, month)
    return [
        (variant, await _ask(connection, variant.text, variant.values(month))) for variant in run.variants
    ]


async def _apart(connection: asyncpg.Connection, work: Coroutine[Any, Any, Found]) -> Found | Exception:
    """What work finds, or what it raises: in a savepoint, so that what fails keeps nothing else from being
    asked."""
    try:
        async with connection.transaction():
            return await work
    except Exception as error:
        if is_database_away(error):
            raise
        return error


async def _make(connection: asyncpg.Connection, search: Search, month: Month) -> None:
    relation = search.relation
    if search.rows is None:
        await _show(connection, search.rule, month)
        text = search.text
        search.find(
            [(variant, await _ask(connection, text, variant.values(month))) for variant in search.variants]
        )
    await connection.execute(f"DROP TABLE IF EXISTS {relation.name}")
    await connection.execute(f"{create(relation)} ON COMMIT DROP")
    await connection.copy_records_to_table(relation.name, records=search.rows, columns=list(relation.columns))
    await connection.execute(f"ANALYZE {relation.name}")


async def _show(connection: asyncpg.Connection, rule: Asked, month: Month) -> None:
    for statement in shown_to(rule, month):
        await connection.execute(statement)


async def _make_relations(
    connection: asyncpg.Connection,
    rules: Sequence[Asked],
    searches: Sequence[Search],
    registry: Registry,
    month: Month,
) -> None:
    begin = first_day(month, rules)
    for relation in RELATIONS:
        await connection.execute(f"{create(relation)} ON COMMIT DROP")
        await connection.copy_records_to_table(
            relation.name, records=relation.rows(registry, month, begin), columns=list(relation.columns)
        )
        await connection.execute(f"ANALYZE {relation.name}")
    made = made_when_named(month, rules, searches, ITEMS, CATEGORIES)
    for name, how, since in [("screened_all", SCREENED, begin), *made]:
        text = how.replace(" AS", " ON COMMIT DROP AS", 1).replace("{columns}", _item_columns())
        text = text.replace("{row}", ROW)
        statement, values = positional(text, {"since": since, "end_day": month.end})
        await connection.execute(statement, *values, timeout=SECONDS_AT_MOST)
        await connection.execute(f"ANALYZE {name}")


def _item_columns() -> str:
    return ", ".join(
        f"CAST(i.item ->> {place} AS {kind}) AS {name}"
        for place, (name, kind) in enumerate(ITEM_COLUMNS.items())
    )


async def _ask(
    connection: asyncpg.Connection, text: str, values: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    statement, given = positional(text, values)
    return [dict(row) for row in await connection.fetch(statement, *given, timeout=SECONDS_AT_MOST)]
