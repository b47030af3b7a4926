"""Period rules without a server: screenings and stock in memory, judged by DuckDB. What `replay` uses."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import msgspec

from schemas import stock as stocks
from schemas.finding import Alert
from schemas.registry import Baseline, Registry
from schemas.screening import COLUMNS, ScreeningMessage, row_of
from schemas.stock import StockMessage
from services.detector.periods.baselines import UsualCrowds
from services.detector.periods.judging import Asked, GroupSearch, Judged, Run, Search, StockGaps, targets
from services.detector.periods.month import Month
from services.detector.periods.needs import question, served
from services.detector.periods.relations import (
    ITEM_COLUMNS,
    RELATIONS,
    SCREENED,
    Relation,
    create,
    first_day,
    made_when_named,
    shown_to,
)
from services.detector.periods.rule import PeriodRule
from services.detector.periods.statements import named

if TYPE_CHECKING:
    import duckdb

ROW = "rowid"
"""What names a stored row."""
ITEMS = """
CREATE TEMP TABLE {table} AS
SELECT i.visit, {columns}
FROM (SELECT s.rowid AS visit, unnest(CAST(CAST(s.items AS json) AS json[])) AS item
      FROM screening s WHERE {which}) AS i
"""
CATEGORIES = """
CREATE TEMP TABLE {table} AS
SELECT i.visit, i.entry.key AS category, CAST(i.entry.value[1] AS bigint) AS amount,
       CAST(i.entry.value[2] AS bigint) AS covered
FROM (SELECT s.rowid AS visit,
             unnest(map_entries(CAST(CAST(s.by_category AS json) AS map(varchar, bigint[])))) AS entry
      FROM screening s WHERE {which}) AS i
"""
SCREENINGS = Relation("screening", COLUMNS, lambda *_: ())
"""The relation of screenings, without its rows."""
MONTHS = "SELECT month FROM screening UNION SELECT month FROM stock_event ORDER BY month"
_line = msgspec.json.Encoder().encode


class ScreenedHistory:
    """Screenings and stock of a history in a DuckDB of their own; of each the last word must be given.

    written: files of further screenings (`write_screenings`).
    """

    def __init__(
        self,
        screenings: Iterable[ScreeningMessage],
        registry: Registry,
        stock: Iterable[StockMessage] = (),
        written: Iterable[Path] = (),
    ) -> None:
        # Only where it is used: a server has PostgreSQL, and need not load another database.
        import duckdb

        self._registry = registry
        self._database = duckdb.connect()
        rows = SCREENINGS._replace(rows=lambda *_: map(row_of, screenings))
        moves = Relation("stock_event", stocks.COLUMNS, lambda *_: map(stocks.row_of, stock))
        for relation in (rows, moves):
            _load(self._database, relation, ())
        for path in written:
            _insert(self._database, SCREENINGS, path)

    def everything(self, asked: Sequence[Asked]) -> Iterator[Judged]:
        """What is found of all months that have screenings, and of those that look back on them."""
        found = self._database.execute(MONTHS).fetchall()
        months = [Month.of(text) for (text,) in found]
        for month, readers in targets(asked, months, months).items():
            yield self.judge(readers, month)

    def judge(self, asked: Sequence[Asked], month: Month) -> Judged:
        """What is found of a month."""
        able = self.served(asked, month)
        rules = [one for one in asked if isinstance(one, PeriodRule)]
        searches = [GroupSearch(rules, self._registry), StockGaps(rules, self._registry)]
        if able:
            self._make_relations(able, searches, month)
        alerts = {rule.id: self._alerts_of(rule, month, searches) if rule in able else [] for rule in rules}
        crowds = next((one for one in asked if isinstance(one, UsualCrowds)), None)
        if crowds is None:
            return Judged(alerts)  # type: ignore[arg-type]
        return Judged(alerts, self._baselines(crowds, month) if crowds in able else [])  # type: ignore[arg-type]

    def served(self, asked: Sequence[Asked], month: Month) -> list[Asked]:
        """Those of them that may find anything in a month."""
        text, values, needs = question(asked, month)
        row = self._database.execute(*named(text, values)).fetchone() or ()
        return served(asked, dict(zip(needs, row, strict=False)))

    def _baselines(self, crowds: UsualCrowds, month: Month) -> list[Baseline]:
        self._show(crowds, month)
        run = Run(crowds, self._registry)
        return run.baselines([(one, _answer(self._database, one.text, one, month)) for one in run.variants])

    def _alerts_of(self, rule: PeriodRule, month: Month, searches: Sequence[Search]) -> list[Alert]:
        for search in searches:
            if search.relation.name in rule.text:
                self._make(search, month)
        self._show(rule, month)
        run = Run(rule, self._registry)
        return run.alerts(
            [(variant, _answer(self._database, variant.text, variant, month)) for variant in run.variants]
        )

    def _make(self, search: Search, month: Month) -> None:
        if search.rows is None:
            self._show(search.rule, month)
            text = search.text
            search.find(
                [(variant, _answer(self._database, text, variant, month)) for variant in search.variants]
            )
        rows = search.rows or []
        _load(self._database, search.relation._replace(rows=lambda *_: rows), ())

    def _show(self, rule: Asked, month: Month) -> None:
        for statement in shown_to(rule, month):
            self._database.execute(statement)

    def _make_relations(self, rules: Sequence[Asked], searches: Sequence[Search], month: Month) -> None:
        begin = first_day(month, rules)
        for relation in RELATIONS:
            _load(self._database, relation, (self._registry, month, begin))
        made = made_when_named(month, rules, searches, ITEMS, CATEGORIES)
        for _, how, since in [("screened_all", SCREENED, first_day(month, rules)), *made]:
            statement = how.replace("CREATE", "CREATE OR REPLACE", 1).replace("{columns}", _item_columns())
            statement = statement.replace("{row}", ROW)
            self._database.execute(*named(statement, {"since": since, "end_day": month.end}))


def _item_columns() -> str:
    return ", ".join(
        f"CAST(i.item ->> {place} AS {kind}) AS {name}"
        for place, (name, kind) in enumerate(ITEM_COLUMNS.items())
    )


def _answer(
    database: "duckdb.DuckDBPyConnection", text: str, rule: Asked, month: Month
) -> list[Mapping[str, Any]]:
    result = database.execute(*named(text, rule.values(month)))
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def write_screenings(path: Path, screenings: Iterable[ScreeningMessage]) -> None:
    """Write screenings to a file that a `ScreenedHistory` reads."""
    _write(path, SCREENINGS, map(row_of, screenings))


def _load(database: "duckdb.DuckDBPyConnection", relation: Relation, given: tuple) -> None:
    """A relation with its rows, by way of a file: many thousand times faster than row by row."""
    database.execute(create(relation).replace("CREATE", "CREATE OR REPLACE", 1))
    rows = iter(relation.rows(*given))
    first = next(rows, None)
    if first is None:
        return
    with TemporaryDirectory(prefix="qingfeng-") as folder:
        path = Path(folder) / "rows.ndjson"
        _write(path, relation, chain((first,), rows))
        _insert(database, relation, path)


def _write(path: Path, relation: Relation, rows: Iterable[tuple]) -> None:
    with path.open("wb") as file:
        for row in rows:
            file.write(_line(dict(zip(relation.columns, row, strict=True))) + b"\n")


def _insert(database: "duckdb.DuckDBPyConnection", relation: Relation, path: Path) -> None:
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in relation.columns.items())
    database.execute(
        f"INSERT INTO {relation.name} SELECT * FROM read_json(?, format = 'newline_delimited', "  # noqa: S608
        f"columns = {{{columns}}})",
        [str(path)],
    )
