"""The catalogue over qingfeng events as SQL, a file a rule in `sql/`, from the catalogue and the contract.

Nothing of the product's code is used here. A folder holds `events.ndjson` as posted and any of the registry
files; a file that is missing is an empty table.
"""

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb

SQL = Path(__file__).parent / "sql"
TABLES = {
    "institutions": (
        "institution_id kind level:INTEGER region latitude:DOUBLE longitude:DOUBLE beds:INTEGER group_id"
    ),
    "persons": "person_id sex birth_date death_date",
    "practitioners": "practitioner_id institution_id from to",
    "limits": "code day_max:DOUBLE encounter_max:DOUBLE course_days:INTEGER nature hourly",
    "exclusive_pairs": "code other_code scope",
    "packs": "code ingredient units_per_pack daily_units high_value resale_prone",
    "holidays": "day name kind",
}
"""Columns that the queries read, with their types; a text where none is given."""
RULES = {rule.upper(): file for file in sorted(SQL.glob("???*.sql")) for rule in file.stem.split("_")}
RULES.pop("FACTS")
RULES.pop("PARAMETERS")


class Row(NamedTuple):
    """What the catalogue finds. Empty columns are not asserted; `severity` and `amount` may be open."""

    rule: str
    form: str | None
    subject: str | None
    institutions: list[str] | None
    encounters: list[str] | None
    settlements: list[str] | None
    day: date | None
    month: str | None
    codes: list[str] | None
    severity: int | None
    amount: Decimal | None


class CountyOracle:
    """What the catalogue says of a folder of events and registry files."""

    def __init__(self, folder: Path, rules: Iterable[str] = RULES, **parameters: float) -> None:
        self.database = duckdb.connect()
        self.database.execute("SET TimeZone = 'Asia/Shanghai'")
        self.database.execute("SET VARIABLE folder = ?", [str(folder)])
        for table in TABLES:
            self._load(folder, table)
        self._set(parameters)
        self._run("facts")
        for file in sorted({RULES[rule] for rule in rules}):
            self._run(file.stem)

    def found(self, *rules: str) -> list[Row]:
        """All that was found, or what these rules found."""
        columns = ", ".join(Row._fields)
        rows = self.database.execute(f"SELECT {columns} FROM found ORDER BY ALL").fetchall()  # noqa: S608
        return [row for row in map(Row._make, rows) if not rules or row.rule in rules]

    def count(self, table: str) -> int:
        """Rows of a table."""
        return self.database.table(table).aggregate("count(*)").fetchone()[0]

    def _load(self, folder: Path, table: str) -> None:
        columns = [column.partition(":")[::2] for column in TABLES[table].split()]
        declared = ", ".join(f'"{name}" {kind or "VARCHAR"}' for name, kind in columns)
        self.database.execute(f"CREATE TABLE {table} ({declared}, effective_from VARCHAR)")
        path = folder / f"{table}.csv"
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                header = next(csv.reader(file))
            known = [name for name in [*dict(columns), "effective_from"] if name in header]
            picked = ", ".join(f'"{name}"' for name in known)
            read = f"SELECT {picked} FROM read_csv(?, header = true, all_varchar = true)"  # noqa: S608
            self.database.execute(f"INSERT INTO {table} BY NAME {read}", [str(path)])
        self.database.execute(f"ALTER TABLE {table} ADD COLUMN since DATE")
        since = "coalesce(effective_from::DATE, DATE '0001-01-01')"
        self.database.execute(f"UPDATE {table} SET since = {since}")  # noqa: S608

    def _set(self, changed: dict[str, float]) -> None:
        self._run("parameters")
        for name, value in changed.items():
            self.database.execute("UPDATE parameters SET value = ? WHERE name = ?", [value, name])
        for name, value in self.database.execute("SELECT name, value FROM parameters").fetchall():
            self.database.execute(f'SET VARIABLE "{name}" = ?::DOUBLE', [value])

    def _run(self, stem: str) -> None:
        self.database.execute((SQL / f"{stem}.sql").read_text(encoding="utf-8"))
