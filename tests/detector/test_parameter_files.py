"""Parameter files: what they may say, and how each fault is told."""

import re

import pytest

from schemas.registry import Registry
from schemas.rules import SWITCHES, RuleParameters, region_prefix
from services.detector.catalogue import CATALOGUE
from services.detector.parameter_files import known_records, read_files, written
from services.detector.parameters import UNITS, convert
from services.detector.rulebook import make_rules
from services.detector.rules import RULES
from services.runtime.errors import UserError
from tests.docs.pages import ROOT, blocks, prose

SHIPPED = ROOT / "deploy" / "rules.toml"
PAGES = (ROOT / "docs" / "parameters.md", ROOT / "deploy" / "rules" / "README.md")


def test_the_shipped_file_says_what_the_code_says():
    assert SHIPPED.read_text(encoding="utf-8") == written(CATALOGUE), (
        "write it with: .venv/bin/qingfeng rules export > deploy/rules.toml"
    )
    records = known_records([SHIPPED], CATALOGUE)
    assert {record.rule for record in records} == {rule.id for rule in CATALOGUE}
    assert make_rules(RULES, Registry({"rules": records})) == RULES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_the_pages_show_can_be_loaded(page, tmp_path):
    for number, block in enumerate(blocks(page, "toml")):
        path = tmp_path / f"page{number}.toml"
        path.write_text(block.code, encoding="utf-8")
        assert known_records([path], RULES)
    assert number == 0


def test_the_page_names_every_unit_and_key_and_what_a_fault_looks_like(tmp_path):
    page = prose(PAGES[0])
    assert {f"`{name}`" for name in (*UNITS, *SWITCHES, "effective_from")} - set(
        re.findall("`[^`]+`", page)
    ) == {"`1`"}
    (tmp_path / "430600.toml").write_text("[A05]\n\nspeed_kmh = '80 min'\n")
    (fault,) = read_files([tmp_path], RULES).faults
    assert str(fault) in PAGES[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "unit", "like", "meant"),
    [
        (5, "min", 1.0, 5.0),
        ("5", "min", 1.0, 5.0),
        ("300 s", "min", 1.0, 5.0),
        ("12h", "d", 1.0, 0.5),
        ("2 d", "h", 24, 48),
        ("120 km/h", "km/h", 1.0, 120.0),
        ("25 m/s", "km/h", 1.0, 90.0),
        ("1500 m", "km", 1.0, 1.5),
        ("0.1 yuan", "fen", 1, 10),
        ("250 fen", "yuan", 1.0, 2.5),
        ("50 %", "1", 0.1, 0.5),
        (0.7, "1", 0.1, 0.7),
        (1e-5, "1", 0.1, 1e-5),
        (3, "times", 2, 3),
        (True, "1", False, True),
        (["11", "12"], "1", ("13",), ("11", "12")),
        (["1 h", 30], "min", (5,), (60, 30)),
        ("words", "1", "", "words"),
    ],
)
def test_a_value_is_brought_into_the_declared_unit(value, unit, like, meant):
    converted = convert(value, unit, like)
    assert converted == meant
    assert type(converted) is type(meant)


@pytest.mark.parametrize(
    ("value", "unit", "like"),
    [
        ("5 km", "min", 1.0),
        ("5 parsec", "km", 1.0),
        ("5 h", "times", 1),
        ("fast", "km/h", 1.0),
        ("", "min", 1.0),
        (True, "min", 1),
        (1, "1", True),
        (2.5, "1", 2),
        ("90 s", "min", 1),
        (-1, "min", 1.0),
        (float("inf"), "min", 1.0),
        (float("nan"), "min", 1.0),
        ([5], "min", 1.0),
        ("11", "1", ("11",)),
        (5, "1", "text"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value, unit, like):
    with pytest.raises(ValueError, match=r"expected|fit|negative"):
        convert(value, unit, like)


FAULTS = [
    ("rules.toml", "[A05]\nspeed = 1\n", 2, "speed_kmh"),
    ("rules.toml", "[A05]\n\n# so fast\nspeed_kmh = '90 min'\n", 4, "m/s or km/h"),
    ("rules.toml", "[A05]\nspeed_kmh = 'fast'\n", 2, "number"),
    ("rules.toml", "[A05]\nspeed_kmh = [1,\n 2]\n", 2, "number"),
    ("rules.toml", "[Z99]\nenabled = true\n", 1, "Z99"),
    ("rules.toml", "A05 = 3\n", 1, "table"),
    ("rules.toml", "[A05]\nenabled = 'yes'\n", 2, "true or false"),
    ("rules.toml", "[A05]\nshadow = 1\n", 2, "true or false"),
    ("rules.toml", "[A05]\nseverity = 4\n", 2, "1, 2 or 3"),
    ("rules.toml", "[A05]\nseverity = true\n", 2, "1, 2 or 3"),
    ("rules.toml", "[A05]\neffective_from = '2026-13-01'\n", 2, "YYYY-MM-DD"),
    ("rules.toml", "[A05]\neffective_from = 2026-07-01T08:00:00\n", 2, "YYYY-MM-DD"),
    ("rules.toml", "[A05]\nspeed_kmh = 1\n[A05]\n", 3, "A05"),
    ("rules.toml", "[[A05]]\nspeed_kmh = 1\n[[A05]]\nspeed_kmh = 2\n", 3, "twice"),
    (
        "rules.toml",
        "[[A05]]\nspeed_kmh = 1\n[[A05]]\neffective_from = 2026-07-01\nnear_km = 'x'\n",
        5,
        "number",
    ),
    ("rules.toml", "[A05]\nlongest_hours = '72 h'\n", 2, "24 h at most"),
    ("rules.toml", "[A05\n", 1, ""),
    ("rules.toml", "[A05]\nspeed_kmh = 100\nnear_km", 3, ""),
    ("rules.toml", b"[A05]\n# \xff\n", 1, "UTF-8"),
    ("43060.toml", "[A05]\nspeed_kmh = 100\n", 1, "2, 4 or 6 digits"),
    ("000000.toml", "[A05]\nspeed_kmh = 100\n", 1, "2, 4 or 6 digits"),
]


@pytest.mark.parametrize(("name", "content", "line", "word"), FAULTS)
def test_a_fault_names_its_file_its_line_and_what_was_expected(tmp_path, name, content, line, word):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (fault,) = read_files([path], RULES).faults
    assert (fault.file, fault.line) == (name, line), fault
    assert word in fault.message
    with pytest.raises(UserError, match=f"{name}:{line}:"):
        known_records([path], RULES)


def test_what_two_rules_read_is_set_for_one_of_them(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text("[C01b]\ncost_share = '10 %'\nuntreated_days = 3\n[C01]\nuntreated_days = 3\n")
    files = read_files([path], CATALOGUE)
    assert [str(fault) for fault in files.faults] == [
        "rules.toml:3: C01b untreated_days: this is set for C01, and holds for both"
    ]
    assert [record.values for record in files.records] == [{"cost_share": 0.1}, {"untreated_days": 3}]


def test_every_fault_of_every_file_is_told(tmp_path):
    (tmp_path / "rules.toml").write_text("[A05]\nspeed = 1\nnear_km = 'x'\n[Z9]\n")
    (tmp_path / "43.toml").write_text("[A01]\nseverity = 0\n")
    told = [str(fault).split(": ")[0] for fault in read_files([tmp_path], RULES).faults]
    assert told == ["43.toml:2", "rules.toml:2", "rules.toml:3", "rules.toml:4"]


def test_two_files_for_one_region_are_refused(tmp_path):
    for name in ("4306.toml", "430600.toml"):
        (tmp_path / name).write_text("[A05]\nspeed_kmh = 100\n")
    (fault,) = read_files([tmp_path], RULES).faults
    assert "same region" in fault.message


def test_a_folder_is_read_with_the_region_files_in_it_and_each_file_once(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules.toml").write_text("[A05]\nspeed_kmh = 100\n")
    (tmp_path / "rules" / "430600.toml").write_text(
        "[A05]\neffective_from = 2026-07-01\nnear_km = '9000 m'\n"
    )
    files = read_files([tmp_path, tmp_path / "rules", tmp_path / "rules.toml"], RULES)
    assert files.faults == []
    assert files.records == [
        RuleParameters("A05", "", "", "rules.toml", values={"speed_kmh": 100.0}),
        RuleParameters("A05", "4306", "2026-07-01", "430600.toml", values={"near_km": 9.0}),
    ]
    assert set(files.regions) == {"", "4306"}


def test_a_folder_without_files_is_a_users_mistake(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "no.toml"):
        with pytest.raises(UserError):
            read_files([path], RULES)


def test_a_region_is_known_by_the_digits_that_all_within_it_share():
    codes = ("43", "430000", "4306", "430600", "430602", "4310", "431000")
    assert [region_prefix(code) for code in codes] == ["43", "43", "4306", "4306", "430602", "4310", "4310"]
    for code in ("", "4", "430", "43060", "4306021", "４３", "hunan", "000000"):
        with pytest.raises(ValueError, match="digits"):
            region_prefix(code)
