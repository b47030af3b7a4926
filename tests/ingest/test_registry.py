"""Registry files: all of a file or nothing of it, each fault with its line, and only changes are news."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas.registry import decode_person_record
from services.ingest import reader
from services.ingest.app import make_pseudonyms, make_vault
from services.ingest.pseudonyms import PERSON
from services.ingest.registry import Loaded, Loader, load_registry
from services.ingest.registry_files import parse_folder
from services.runtime.database import driver, open_engine, transaction
from services.runtime.errors import UserError
from services.settings import Settings

INSTITUTIONS = """\
institution_id,name,kind,level,region,latitude,longitude,open_24h,effective_from
H1,县医院,hospital,2,431021,25.7,112.7,true,
H1,县人民医院,hospital,3,431021,25.7,112.7,1,2026-01-01
P1,"药房,东",pharmacy,,431021,25.71,112.71,false,
"""
PERSONS = "person_id,sex,birth_date,death_date\n43102119500101001X,1,1950-01-01,2026-01\np2,2,1980-02-03,\n"


def load(settings: Settings, folder: Path) -> list[Loaded]:
    async def run() -> list[Loaded]:
        engine = open_engine(settings.database_url)
        loader = Loader(make_pseudonyms(settings), make_vault(settings))
        done = []
        for file in parse_folder(folder):
            assert not file.faults, file.faults
            async with transaction(engine) as connection:
                done.append(await loader.load(connection, file, time.time_ns() // 1000))
        await engine.dispose()
        return done

    return asyncio.run(run())


def ask(settings: Settings, question: Any) -> Any:
    async def run() -> Any:
        engine = open_engine(settings.database_url)
        async with driver(engine) as connection:
            answer = await question(connection)
        await engine.dispose()
        return answer

    return asyncio.run(run())


def entries(settings: Settings) -> list[Any]:
    return ask(settings, lambda connection: reader.read(connection, reader.START, 100_000))[0]


def test_institutions_are_loaded_with_their_dates_and_one_entry_says_so(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "institutions.csv").write_text(INSTITUTIONS, encoding="utf-8-sig")
    assert load(settings, tmp_path) == [Loaded("institutions.csv", 3, 3)]
    registry = ask(settings, load_registry)
    assert registry.version == 1
    assert registry.institution("H1", "2025-12-31").level == 2
    assert registry.institution("H1", "2026-01-01").name == "县人民医院"
    assert registry.institution("P1").open_24h is False
    assert [(entry.kind, entry.key, entry.body) for entry in entries(settings)] == [("registry", "", b"1")]


def test_an_identical_reload_is_no_change_and_a_small_one_is_small(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "institutions.csv").write_text(INSTITUTIONS)
    (tmp_path / "persons.csv").write_text(PERSONS)
    load(settings, tmp_path)
    assert [file.changed for file in load(settings, tmp_path)] == [0, 0]
    (tmp_path / "persons.csv").write_text(PERSONS.replace("1980-02-03", "1980-02-04"))
    assert [file.changed for file in load(settings, tmp_path)] == [0, 1]
    assert [entry.kind for entry in entries(settings)] == ["registry", "person", "person", "person"]


def test_persons_become_entries_of_their_pseudonyms(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "persons.csv").write_text(PERSONS)
    load(settings, tmp_path)
    first = entries(settings)[0]
    assert first.kind == "person"
    assert first.key == make_pseudonyms(settings).of(PERSON, "43102119500101001x")
    stored = decode_person_record(first.body)
    assert (stored.record.person_id, stored.record.death_date) == (first.key, "2026-01")
    assert abs(stored.loaded / 1e6 - time.time()) < 60
    vault = make_vault(settings)
    assert (
        ask(settings, lambda connection: vault.reveal(connection, PERSON, first.key)) == "43102119500101001X"
    )


def test_ten_thousand_persons_load_in_seconds(settings: Settings, tmp_path: Path) -> None:
    rows = "".join(f"43102119800101{number:05d},1,1980-01-01,\n" for number in range(10_000))
    (tmp_path / "persons.csv").write_text(PERSONS.split("\n", 1)[0] + "\n" + rows)
    began = time.monotonic()
    assert load(settings, tmp_path)[0].changed == 10_000
    assert time.monotonic() - began < 5


def test_parquet_says_the_same_as_csv(settings: Settings, tmp_path: Path) -> None:
    for name, text in (("institutions", INSTITUTIONS), ("persons", PERSONS)):
        (tmp_path / f"{name}.csv").write_text(text)
    load(settings, tmp_path)
    packed = tmp_path / "packed"
    packed.mkdir()
    for name in ("institutions", "persons"):
        copied = f"COPY (FROM read_csv('{tmp_path}/{name}.csv')) TO '{packed}/{name}.parquet'"
        duckdb.connect().execute(copied)
    assert [file.changed for file in load(settings, packed)] == [0, 0]


def test_status_and_practitioners_are_kept_and_a_persons_status_by_pseudonym(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "practitioners.csv").write_text("practitioner_id,institution_id,from,to\nD1,H1,2020-01-01,\n")
    (tmp_path / "status.csv").write_text(
        "kind,id,status,from,to,reason\nperson,43102119500101001X,suspended,2026-01-01,,x\n"
    )
    load(settings, tmp_path)
    bodies = ask(settings, lambda connection: connection.fetch("SELECT body FROM registry_record"))
    assert "43102119500101001X" not in str([bytes(row[0]) for row in bodies])
    assert len(bodies) == 2


FAULTS = [
    ("persons.csv", "person_id,sex\np1,3\n", 2, "sex"),
    ("persons.csv", "person_id,birth_date\np1,1950-01-01\np2,1950-13-01\n", 3, "birth_date"),
    ("persons.csv", "person_id,death_date\np1,2026\n", 2, "death_date"),
    ("persons.csv", "person_id\np1\n\n ,\n", 4, "cells"),
    ("persons.csv", "sex\n1\n", 1, "person_id"),
    ("persons.csv", "person_id,colour\np1,red\n", 1, "colour"),
    ("persons.csv", "person_id,sex\np1,1\np1,2\n", 3, "same id"),
    ("institutions.csv", "institution_id,kind\nH1,castle\n", 2, "kind"),
    ("institutions.csv", "institution_id,latitude\nH1,north\n", 2, "latitude"),
    ("institutions.csv", "institution_id,latitude\nH1,91\n", 2, "latitude"),
    ("institutions.csv", 'institution_id,name\nH1,"a ""b"""\nH2,x,y\n', 3, "cells"),
    ("institutions.csv", 'institution_id,name\nH1,"two\nlines"\n', 2, "name"),
    ("institutions.csv", "institution_id,name\nH1,\xff\n".encode("latin-1"), 1, "UTF-8"),
    ("institutions.csv", "", 1, "institution_id"),
    ("status.csv", "kind,id,status\nperson,p,happy\n", 2, "status"),
]


@pytest.mark.parametrize(("name", "content", "line", "word"), FAULTS)
def test_a_fault_names_its_line_and_column(
    tmp_path: Path, name: str, content: str | bytes, line: int, word: str
) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    (parsed,) = parse_folder(tmp_path)
    assert parsed.faults
    assert parsed.faults[0].line == line, parsed.faults[0]
    assert word in parsed.faults[0].message


def test_a_folder_without_registry_files_is_a_users_mistake(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError):
            parse_folder(folder)


def test_a_fault_message_repeats_no_identifier(tmp_path: Path) -> None:
    (tmp_path / "persons.csv").write_text("person_id,sex\nCANARY1,CANARY2\n")
    assert "CANARY" not in json.dumps(
        [str(fault) for file in parse_folder(tmp_path) for fault in file.faults]
    )
