"""docs/operate.md: every table has its time, and the proxy passes on what the services listen to."""

import asyncio
import re

from services.alerts.incident_shapes import DefectSummary
from services.detector.defects import PATHS, WORDS
from tests.docs.pages import ROOT, blocks
from tests.docs.test_truth import _tables

PAGE = ROOT / "docs" / "operate.md"


def test_every_table_of_the_database_says_how_long_it_is_kept(database_url: str) -> None:
    part = PAGE.read_text(encoding="utf-8").split("## What is kept how long")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`.+?) \|", part, re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(asyncio.run(_tables(database_url)))


def test_the_proxy_sets_every_header_that_counts_and_keeps_what_is_ours_inside() -> None:
    (block,) = blocks(PAGE, "nginx")
    for header in ("Host ", "X-Forwarded-For ", "X-Forwarded-Proto ", "X-Request-ID "):
        assert f"proxy_set_header {header}" in block.code
    # Adding to what a client sent would let it say who it is.
    assert "$proxy_add_x_forwarded_for" not in block.code
    assert all(name in block.code for name in ("metrics", "healthz", "readyz"))
    assert block.code.count("{") == block.code.count("}")


def test_the_sum_of_defects_is_shown_as_it_is_answered() -> None:
    (block,) = blocks(ROOT / "docs" / "integrate.md", "json defects")
    (one,) = DefectSummary.model_validate_json(block.code).items
    assert (one.path, one.message.zh) == (PATHS[one.code], WORDS[one.code].zh)
