"""Lists in the pages are those of the code; links lead somewhere; files that are named exist."""

import asyncio
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import asyncpg
import pytest
import typer

from services import __main__ as entry
from services.settings import PREFIX, Settings
from tests.docs import metrics
from tests.docs.pages import PAGES, ROOT, blocks, prose

every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
PATHS = re.compile(r"`((?:services|schemas|tests|docs|deploy|bench|requirements)/[\w./*-]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FORBIDDEN = re.compile(
    r"[/]home/|\bsimply\b|\bpowerful\b|\bseamless|\bblazing|\bstate[- ]of[- ]the[- ]art", re.IGNORECASE
)
"""Paths of somebody's machine, and words that sell instead of tell."""


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


@every_page
def test_files_that_are_named_exist(page: Path) -> None:
    for named in PATHS.findall(prose(page)):
        if named == "services/detector/rules/a06_many_institutions.py":
            continue
        assert list(ROOT.glob(named.rstrip("/"))), named


@every_page
def test_settings_that_are_named_exist(page: Path) -> None:
    known = {PREFIX + knob.name.upper() for knob in fields(Settings)} | {"QINGFENG_TEST_KAFKA", "QINGFENG_X"}
    named = set(re.findall(r"\bQINGFENG_[A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))
    assert {name.removesuffix("_FILE") for name in named} <= known


@every_page
def test_a_page_says_nothing_of_machines_and_promises_nothing_loudly(page: Path) -> None:
    found = FORBIDDEN.search(page.read_text(encoding="utf-8"))
    assert found is None, found


@every_page
def test_commands_that_are_named_exist(page: Path) -> None:
    entry.register_all()
    known = set(typer.main.get_command(entry.app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"`(?:\.venv/bin/)?qingfeng ([a-z][\w-]*)", prose(page)))
    assert named <= known


@every_page
def test_shell_blocks_parse(page: Path) -> None:
    for block in blocks(page, "sh"):
        done = subprocess.run(["bash", "-n", "-c", block.code], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    page = metrics.PAGE.read_text(encoding="utf-8")
    assert metrics.table() in page, "write it with: .venv/bin/python -m tests.docs.metrics"


def test_every_table_of_the_database_is_listed_with_its_purpose(database_url: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    part = page.split("## What is stored")[1].split("\n## ")[0]
    listed = re.findall(r"^\| `(\w+)` \| \w", part, re.MULTILINE)
    assert sorted(listed) == sorted(asyncio.run(_tables(database_url)))


def test_every_topic_is_listed() -> None:
    from schemas import topics

    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in (topics.EVENTS, topics.CROSSINGS, topics.ALERTS, topics.REGISTRY):
        assert f"| `{name}` |" in page


def test_the_picture_is_well_formed_and_readable_in_the_dark() -> None:
    from xml.etree import ElementTree

    text = (ROOT / "docs" / "way.svg").read_text(encoding="utf-8")
    drawing = ElementTree.fromstring(text)
    assert drawing.find("{http://www.w3.org/2000/svg}title") is not None
    assert "prefers-color-scheme: dark" in text


async def _tables(url: str) -> list[str]:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return [row["tablename"] for row in rows]
