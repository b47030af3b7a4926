"""Marks of names tell whether two names are alike."""

import pytest

from schemas.event import decode_event
from services.detector.naming import mark_of
from services.detector.reading import fact_of
from tests.support.entries import CALENDAR, entry, line, settlement


def likeness(one: str, other: str) -> float:
    """Signs that both marks have, of all that either has."""
    first, second = set(mark_of(one)), set(mark_of(other))
    return len(first & second) / len(first | second)


@pytest.mark.parametrize(
    "written", ["布洛芬缓释胶囊(0.3g*20粒)", "布洛芬缓释胶囊（芬必得）", " 布洛芬 缓释胶囊 20"]
)
def test_brackets_digits_and_blanks_make_no_other_name(written):
    assert mark_of(written) == mark_of("布洛芬缓释胶囊")


def test_wide_and_capital_letters_are_the_same():
    assert mark_of("维生素Ｃ片") == mark_of("维生素c片")


def test_alike_is_more_than_half_and_unlike_less():
    assert likeness("连花清瘟胶囊", "连花清瘟颗粒") >= 0.5
    assert likeness("连花清瘟胶囊", "乳清蛋白营养粉") < 0.3


def test_what_tells_nothing_has_no_mark():
    assert mark_of("(24) 12*3") == ""


def test_a_line_keeps_the_mark_of_its_name_and_not_the_name():
    lines = [line("1", name="连花清瘟胶囊"), line("2")]
    fact = fact_of(decode_event(entry(settlement("03-05 10:00", lines=lines)).body), CALENDAR)
    assert [one.more.name_mark for one in fact.detail.lines] == [mark_of("连花清瘟胶囊"), ""]
    assert "连花".encode() not in bytes(fact.packed)
