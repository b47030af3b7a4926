"""What handlers read keeps ids, numbers and words apart."""

import re
from collections.abc import Iterator

import pytest

from schemas.finding import Words
from services.detector.catalogue import CATALOGUE, AnyRule

TOUCHING = re.compile(r"[A-Za-z0-9}]\{\w+[^{}]*\}|\{\w+[^{}]*\}[A-Za-z0-9{]")
"""A gap beside a letter, a digit or another gap: what fills both would run together."""


def texts(rule: AnyRule) -> Iterator[str]:
    """Every text of a rule that is filled in."""
    for words in (rule.message, *getattr(rule, "variants", {}).values()):
        assert isinstance(words, Words)
        yield from (words.zh, words.en)


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
def test_what_is_filled_in_never_runs_into_what_stands_beside_it(rule: AnyRule):
    assert [text for text in texts(rule) if TOUCHING.search(text)] == []


@pytest.mark.parametrize("text", ["在{where}{month}开具", "{drug}{days:.0f}天", "on {day}th", "H{id}"])
def test_texts_that_run_together_are_seen(text: str):
    assert TOUCHING.search(text)
