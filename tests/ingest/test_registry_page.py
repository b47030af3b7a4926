"""docs/registry.md is true: every table stands there, with all its columns and an example that loads."""

from pathlib import Path

import msgspec
import pytest

from schemas.registry import FILES, WHOLE, Baseline, Held, Registry, decode_record
from schemas.rules import RuleParameters
from services.ingest.registry_files import parse_file
from tests.docs.pages import ROOT, Block, blocks, prose

PAGE = ROOT / "docs" / "registry.md"


def table_of(block: Block) -> str:
    return block.info.split()[1]


@pytest.mark.parametrize("block", blocks(PAGE, "csv"), ids=lambda block: block.info)
def test_an_example_is_without_fault_and_shows_every_column(block: Block, tmp_path: Path) -> None:
    table = table_of(block)
    path = tmp_path / f"{table}.csv"
    path.write_text(block.code, encoding="utf-8")
    parsed = parse_file(path, table)
    assert not parsed.faults
    assert len(parsed.records) == len(block.code.strip().splitlines()) - 1
    columns = [field.encode_name for field in msgspec.structs.fields(FILES[table])]
    assert sorted(block.code.splitlines()[0].split(",")) == sorted(columns)


def test_every_table_is_shown_once() -> None:
    assert sorted(table_of(block) for block in blocks(PAGE, "csv")) == sorted(FILES)


def test_the_example_of_what_the_system_adds_is_a_record_that_says_something() -> None:
    shown = {table_of(block): block.code for block in blocks(PAGE, "json")}
    assert (
        shown.keys() == {Baseline.TABLE} == WHOLE.keys() - FILES.keys() - {Held.TABLE, RuleParameters.TABLE}
    )
    record = decode_record(Baseline.TABLE, shown[Baseline.TABLE].encode())
    assert len(record.usual) == len(record.same_day) == 24
    assert Registry({Baseline.TABLE: [record]}).baseline("P43010200011", "2026-03-06") == record


@pytest.mark.parametrize("table", FILES)
def test_the_columns_marked_are_those_that_must_be_there(table: str) -> None:
    paragraph = next(line for line in prose(PAGE).splitlines() if line.startswith(f"`{table}.csv`"))
    required = {field.encode_name for field in msgspec.structs.fields(FILES[table]) if field.required}
    marked = {part.rsplit("`", 1)[-1] for part in paragraph.split("`*")[:-1]}
    assert marked == required
