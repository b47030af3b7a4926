"""Treatments that overlap: what counting says is what looking at each pair says, for far less work."""

import sys
from collections import Counter
from itertools import combinations, product
from random import Random

import pytest

from services.detector.shared import overlaps
from services.detector.shared.overlaps import Treatment, overlap, pairs, with_earlier, with_later
from tests.detector.stories import d10
from tests.support.entries import entries, line, replay_of, settlement


@pytest.mark.parametrize("seed", range(200))
def test_counting_says_what_looking_at_each_pair_says(seed):
    random = Random(seed)
    many = {
        Treatment(random.randrange(40), random.choice("abc"), random.choice((1, 5, 5, 20)))
        for _ in range(random.randrange(2, 25))
    }
    found = [pair for pair in combinations(sorted(many), 2) if overlap(*pair)]
    assert with_earlier(many) == Counter(later for _, later in found)
    assert with_later(many) == Counter(earlier for earlier, _ in found)
    assert list(pairs(many)) == found


def steps(treatments: list[Treatment]) -> int:
    """How many lines of code it takes to count them."""
    run = 0

    def trace(frame, event, _):
        nonlocal run
        if frame.f_code.co_filename != overlaps.__file__:
            return None
        run += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with_earlier(treatments)
    finally:
        sys.settrace(before)
    return run


@pytest.mark.parametrize("lasts", [30, 3_000], ids=["short ones", "long ones"])
@pytest.mark.parametrize("persons", ["a", "ab"], ids=["one person", "two persons"])
def test_twice_the_treatments_take_twice_the_work(persons, lasts):
    def day(seconds: int) -> list[Treatment]:
        return [Treatment(at, person, lasts) for at, person in product(range(seconds), persons)]

    assert steps(day(1_000)) < 2.2 * steps(day(500))


def test_five_thousand_lines_of_one_moment_are_one_treatment_of_each_person():
    visits = [
        settlement("03-05 08:00", "H1", f"T{number}", person, practitioner_id="D9", lines=[
            line(str(each), f"03-05 09:{20 * number:02d}", "1.00", code="tuina", category="05",
                 practitioner_id="D1")
            for each in range(2_500)
        ])
        for number, person in enumerate(("q1", "q2"))
    ]  # fmt: skip
    said = replay_of(entries(visits), d10.KNOWN, {"D10"}).open.values()
    (at_once,) = [alert for alert in said if "at_once" in alert.evidence]
    assert (at_once.amount, len(at_once.evidence["at_once"])) == ("2500.00", 1)
    assert len(at_once.evidence["services"]) == 100
