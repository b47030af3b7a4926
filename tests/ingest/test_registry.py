"""Registry files: all of a file or nothing of it, each fault with its line, and only changes are news."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas.registry import FILES, decode_person_record
from services.ingest import reader
from services.ingest.pseudonyms import PERSON, make_pseudonyms
from services.ingest.registry import Loaded, Loader, by_transaction, load_registry
from services.ingest.registry_files import parse_folder
from services.ingest.vault import make_vault
from services.runtime.database import driver, open_engine, transaction
from services.runtime.errors import UserError
from services.settings import Settings
from tests.docs.pages import ROOT, blocks

PAGE = ROOT / "docs" / "registry.md"
INSTITUTIONS = """\
institution_id,name,kind,level,region,latitude,longitude,open_24h,effective_from
H1,县医院,hospital,2,431021,25.7,112.7,true,
H1,县人民医院,hospital,3,431021,25.7,112.7,1,2026-01-01
P1,"药房,东",pharmacy,,431021,25.71,112.71,false,
"""
PERSONS = "person_id,sex,birth_date,death_date\n43102119500101001X,1,1950-01-01,2026-01\np2,2,1980-02-03,\n"


NUMBER = "43102119500101001X"


def load(settings: Settings, folder: Path, together: bool = False) -> list[Loaded]:
    async def run() -> list[Loaded]:
        engine = open_engine(settings.database_url)
        loader = Loader(make_pseudonyms(settings), make_vault(settings))
        done = []
        files = parse_folder(folder)
        assert not [file.faults for file in files if file.faults]
        for parts in by_transaction(files) if together else [[file] for file in files]:
            async with transaction(engine) as connection:
                done += await loader.load_together(connection, parts, time.time_ns() // 1000)
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


def test_ten_thousand_persons_load_at_once(settings: Settings, tmp_path: Path) -> None:
    rows = "".join(f"43102119800101{number:05d},1,1980-01-01,\n" for number in range(10_000))
    (tmp_path / "persons.csv").write_text(PERSONS.split("\n", 1)[0] + "\n" + rows)
    assert load(settings, tmp_path)[0].changed == 10_000


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


def test_persons_are_pseudonyms_in_whatever_file_they_stand(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "practitioners.csv").write_text(
        f"practitioner_id,institution_id,from,person_id,title\nD1,H1,2020-01-01,{NUMBER},4\n"
    )
    (tmp_path / "status.csv").write_text(
        f"kind,id,status,from\nperson,{NUMBER},suspended,2026-01-01\ninstitution,H1,suspended,2026-01-01\n"
    )
    (tmp_path / "approvals.csv").write_text(f"person_id,disease_code,from\n{NUMBER},M039,2026-01-01\n")
    load(settings, tmp_path)
    stored = ask(settings, lambda connection: connection.fetch("SELECT id, body FROM registry_record"))
    assert NUMBER not in str([(row["id"], bytes(row["body"])) for row in stored])
    pseudonym = make_pseudonyms(settings).of(PERSON, NUMBER)
    registry = ask(settings, load_registry)
    assert registry.practitioner_person("D1") == pseudonym
    assert registry.status("institution", "H1", "2026-01-01").status == "suspended"
    assert registry.status("person", pseudonym, "2026-01-01") is None
    vault = make_vault(settings)
    assert ask(settings, lambda connection: vault.reveal(connection, PERSON, pseudonym)) == NUMBER


def test_rows_of_one_person_become_entries_and_the_word_that_there_are_some(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "approvals.csv").write_text(f"person_id,disease_code,from\n{NUMBER},M039,2026-01-01\n")
    assert load(settings, tmp_path) == [Loaded("approvals.csv", 1, 1)]
    person, changed = entries(settings)
    assert (person.kind, changed.kind, changed.body) == ("person", "registry", b"1")
    read = decode_person_record(person.body)
    assert (read.table, read.record.person_id, read.record.disease_code) == ("approvals", person.key, "M039")
    assert ask(settings, load_registry).has("approvals")
    (tmp_path / "approvals.csv").write_text(f"person_id,disease_code,from\n{NUMBER},M050,2026-01-01\n")
    assert load(settings, tmp_path) == [Loaded("approvals.csv", 1, 1)]
    assert [entry.kind for entry in entries(settings)] == ["person", "registry", "person"]


def test_a_status_file_speaks_of_persons_and_of_institutions(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "status.csv").write_text(
        f"kind,id,status,from,to\nperson,{NUMBER},suspended,2026-01-01,\ninstitution,H1,suspended,,\n"
    )
    load(settings, tmp_path)
    person, _ = entries(settings)
    read = decode_person_record(person.body)
    assert (read.table, read.record.kind, read.record.id) == ("status", "person", person.key)
    ended = (tmp_path / "status.csv").read_text().replace("2026-01-01,", "2026-01-01,2026-02-01")
    (tmp_path / "status.csv").write_text(ended)
    assert load(settings, tmp_path) == [Loaded("status.csv", 2, 1)]
    assert [entry.kind for entry in entries(settings)] == ["person", "registry", "person"]


def test_a_person_who_dies_twice_dies_as_was_loaded_last(settings: Settings, tmp_path: Path) -> None:
    for day in ("2026-01-03", "2026-02-05"):
        (tmp_path / "persons.csv").write_text(f"person_id,death_date\n{NUMBER},{day}\n")
        load(settings, tmp_path)
    first, second = [decode_person_record(entry.body) for entry in entries(settings)]
    assert (first.record.death_date, second.record.death_date) == ("2026-01-03", "2026-02-05")
    assert first.place == second.place
    assert first.loaded < second.loaded


def test_an_institution_that_moves_has_both_places(settings: Settings, tmp_path: Path) -> None:
    for region, day in (("430102", ""), ("430104", "2026-03-01")):
        (tmp_path / "institutions.csv").write_text(
            f"institution_id,region,effective_from\nH1,{region},{day}\n"
        )
        load(settings, tmp_path)
    registry = ask(settings, load_registry)
    assert registry.institution("H1", "2026-02-28").region == "430102"
    assert registry.institution("H1", "2026-03-01").region == "430104"


def test_a_folder_is_loaded_with_one_word_that_the_registry_changed(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "institutions.csv").write_text(INSTITUTIONS)
    (tmp_path / "holidays.csv").write_text("day\n2026-02-17\n")
    (tmp_path / "persons.csv").write_text(PERSONS)
    assert [loaded.changed for loaded in load(settings, tmp_path, together=True)] == [3, 1, 2]
    assert [(entry.kind, entry.body) for entry in entries(settings) if entry.kind != "person"] == [
        ("registry", b"2")
    ]
    assert ask(settings, load_registry).has("holidays")
    assert {loaded.changed for loaded in load(settings, tmp_path, together=True)} == {0}
    assert len(entries(settings)) == 3


def test_all_tables_are_there_once_loaded(settings: Settings, tmp_path: Path) -> None:
    for block in blocks(PAGE, "csv"):
        (tmp_path / f"{block.info.split()[1]}.csv").write_text(block.code)
    load(settings, tmp_path)
    registry = ask(settings, load_registry)
    assert {table for table in FILES if registry.has(table)} == FILES.keys() - {"persons"}
    assert registry.limit("310401027000000", "2026-01-01").settings == ("inpatient", "emergency")
    assert registry.price("331400001000000", 3, "2026-01-01").max_price == 1850
    assert {record.changed for record in load(settings, tmp_path)} == {0}


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
    ("status.csv", "kind,id,status,from,to\nperson,p,normal,2026-02-01,2026-01-31\n", 2, "to"),
    ("persons.csv", "person_id,birth_date,death_date\np,1950-02-01,1950-01\n", 2, "death_date"),
    ("persons.csv", "person_id,insured_from,insured_to\np,2026-W01-4,\n", 2, "insured_from"),
    ("persons.csv", "person_id,death_date\np,2026-01\np,2026-02\n", 3, "same id"),
    ("practitioners.csv", "practitioner_id,institution_id,title\nD1,H1,5\n", 2, "title"),
    ("limits.csv", "code,settings\nc,inpatient|garden\n", 2, "settings/1"),
    ("limits.csv", "code,min_age,max_age\nc,18,14\n", 2, "max_age"),
    ("limits.csv", "code,day_max\nc,many\n", 2, "day_max"),
    ("limits.csv", "code,day_max\nc,-1\n", 2, "day_max"),
    ("prices.csv", "code,max_price\nc,NaN\n", 2, "max_price"),
    ("prices.csv", "code,level\nc,4\n", 2, "level"),
    ("exclusive_pairs.csv", "code,other_code,scope\nc,c,day\n", 2, "other_code"),
    ("exclusive_pairs.csv", "code,other_code\nc,d\n", 1, "scope"),
    ("bundles.csv", "code,component_code,relation\nc,c,contains\n", 2, "component_code"),
    ("indications.csv", "code,icd_prefixes\nc,|\n", 2, "icd_prefixes"),
    ("packs.csv", "code,antibiotic_grade\nc,4\n", 2, "antibiotic_grade"),
    ("approvals.csv", "person_id,disease_code,from,to\np,d,2026-01-02,2026-01-01\n", 2, "to"),
    ("holidays.csv", "day,kind\n2026-02-30,holiday\n", 2, "day"),
    ("scopes.csv", "institution_id,service\nH1\n", 2, "cells"),
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


def test_all_faults_of_a_half_broken_file_are_named(tmp_path: Path) -> None:
    (tmp_path / "limits.csv").write_text("code,sex\na,1\nb,3\nc\nd,2,x\ne,2\n,1\n")
    (parsed,) = parse_folder(tmp_path)
    assert [fault.line for fault in parsed.faults] == [3, 4, 5, 7]


def test_a_folder_without_registry_files_is_a_users_mistake(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(UserError):
            parse_folder(folder)


def test_a_fault_message_repeats_no_identifier(tmp_path: Path) -> None:
    (tmp_path / "persons.csv").write_text("person_id,sex\nCANARY1,CANARY2\n")
    assert "CANARY" not in json.dumps(
        [str(fault) for file in parse_folder(tmp_path) for fault in file.faults]
    )
