"""A stay with thousands of lines is judged by every rule in bounded time, line upload by line upload."""

from time import process_time

from schemas.registry import Registry
from services.detector.stages import make_pipeline
from services.settings import Settings
from tests.detector.stories import d02, d03, d04, d05, d06, d07, d09
from tests.support.entries import discharge, entries, fee_lines, inpatient, line, stay

LINES, UPLOADS = 5_000, 50
CODES = ("OXYGEN", "CT", "A", "B", "PANEL", "ALT", "AST", "GALL", "HERNIA", "ECHO", "SCAN", "SLEEP", "BED")
CATEGORIES = ("05", "03", "04", "04", "04", "04", "04", "06", "06", "03", "03", "05", "01")


def known() -> Registry:
    """All that the stories of lines know."""
    registries = (d02.HOURLY, d03.BOTH, d04.DAY, d05.PRICED, d06.WITH_NEEDS, d07.KNOWN, d09.KNOWN)
    tables = ("limits", "exclusive_pairs", "bundles", "prices", "institutions")
    return Registry({table: [row for one in registries for row in one.records(table)] for table in tables})


def upload(number: int) -> dict:
    """A day's lines: every kind of thing, and many things that no table knows."""
    lines = []
    for index in range(LINES // UPLOADS):
        kind = (number + index) % (2 * len(CODES))
        code, category = (CODES[kind], CATEGORIES[kind]) if kind < len(CODES) else (f"X{index}", "09")
        at = f"03-{1 + number % 28:02d} {index % 24:02d}:30"
        lines.append(line(f"{number}-{index}", at, "12.00", code=code, category=category, unit_price="12.00"))
    return fee_lines("03-28 20:00", *lines)


def test_the_last_upload_of_five_thousand_lines_and_the_settlement_take_a_moment_each():
    stage = make_pipeline(Settings(), known(), keep_all=True).person
    memory = stage.fresh("person-1")
    admitted = stay("03-01 08:00", None)
    *before, last, out, settled = entries(
        admitted,
        *(upload(number) for number in range(UPLOADS)),
        discharge("03-29 09:00"),
        inpatient("03-01 08:00", "03-29 09:00", at="03-29 10:00"),
    )
    began = process_time()
    for one in before:
        stage.step(memory, one)
    assert process_time() - began < 20
    for one in (last, out, settled):
        began = process_time()
        stage.step(memory, one)
        assert process_time() - began < 1
    assert {finding.rule for finding in memory.said.values()} >= {"D01", "D03", "D04", "D05", "D09"}
    restored = stage.unpack("person-1", stage.pack(memory))
    began = process_time()
    stage.rejudge(restored)
    assert process_time() - began < 3
