"""What is long over, folded: found again without being opened, and never taken for something else."""

from random import Random

import msgspec
import pytest

from services.detector.facts import LINED, Kind
from services.detector.live import NOWHERE
from services.detector.memory import CODEC, Packed, PersonMemory
from services.detector.past import SHORT, Past, unfold
from services.detector.reading import read_entry
from tests.support.entries import CALENDAR, entries, fee_lines, line, moment, swipe

CODES = [f"X{number}" for number in range(9)]


def purchase(number: int, day: int, **given) -> dict:
    """A purchase of one of some drugs on a day of the year, that pharmacies name by a number."""
    at = f"2026-{1 + day // 28:02d}-{1 + day % 28:02d} 10:00"
    lines = [line("1", code=CODES[number % len(CODES)], category="09", **given)]
    return swipe(at, f"P{number % 4}", f"S{number}", lines=lines)


def memory_of(stories: list[list[dict]]) -> PersonMemory:
    """A memory that took stories in, packed after each of them."""
    memory = PersonMemory("person-1")
    for story in stories:
        for one in entries(*story):
            memory.add(read_entry(one, CALENDAR))
        memory = PersonMemory.unpack("person-1", memory.pack())
    return memory


@pytest.fixture(autouse=True)
def _folds_at_once(monkeypatch):
    monkeypatch.setattr(PersonMemory, "fold_at", 0)


def a_year(chance: Random, *, in_order: bool, with_lines_apart: bool) -> list[list[dict]]:
    days = sorted(chance.sample(range(320), 40)) if in_order else chance.sample(range(320), 40)
    told = [purchase(number, day) for number, day in enumerate(days)]
    if with_lines_apart:
        told.insert(0, fee_lines("2026-01-01 01:00", line("9", code="X1"), institution="P9", encounter="V9"))
    return [told[at : at + 8] for at in range(0, len(told), 8)]


@pytest.mark.parametrize("in_order", [False, True])
def test_what_tells_of_a_code_is_found_in_the_folded_past_as_in_the_open_one(in_order):
    for seed in range(20):
        chance = Random(seed)
        memory = memory_of(a_year(chance, in_order=in_order, with_lines_apart=True))
        codes = [code.encode() for code in chance.sample(CODES, 2)]
        folded = PersonMemory.unpack("person-1", memory.pack())
        telling = [fact for fact in memory.facts if any(code in bytes(fact.packed) for code in codes)]
        assert folded.telling(codes, LINED) == telling
        assert folded._past is not None
        assert folded._all is None
        assert folded.facts == memory.facts
        assert folded.telling(codes, LINED) == telling


@pytest.mark.parametrize("with_lines_apart", [False, True])
@pytest.mark.parametrize("in_order", [False, True])
def test_what_was_billed_since_a_moment_is_found_and_an_ordered_past_stays_folded(in_order, with_lines_apart):
    for seed in range(20):
        chance = Random(seed)
        memory = memory_of(a_year(chance, in_order=in_order, with_lines_apart=with_lines_apart))
        for since in (-NOWHERE, moment("2026-05-09 00:00"), moment("2026-12-09 00:00"), NOWHERE):
            folded = PersonMemory.unpack("person-1", memory.pack())
            billed = [fact for fact in memory.facts if fact.at >= since or fact.kind == Kind.FEE_LINES]
            assert folded.billing(since) == billed
            is_opened = folded._all is not None
            assert is_opened == (not in_order or with_lines_apart)


def test_a_glance_at_the_others_never_misses_a_line_of_a_day_or_later():
    for seed in range(20):
        chance = Random(seed)
        stories = a_year(chance, in_order=bool(seed % 2), with_lines_apart=True)
        stories[0][1] |= {"lines": [line("1", "2026-12-20 10:00", code="X5")]}
        memory = memory_of(stories)
        (news,) = entries(purchase(99, 319))
        memory.add(fact := read_entry(news, CALENDAR))
        for code in CODES:
            for since in (moment("2026-06-01 00:00"), moment("2026-11-01 00:00"), moment("2026-12-18 00:00")):
                is_billed = any(
                    line.code == code and (line.at or other.at) >= since
                    for other in memory.facts
                    if other is not fact
                    for line in other.detail.lines
                )
                folded = PersonMemory.unpack("person-1", memory.pack())
                told = folded.told_besides(folded._recent[-1], since)
                assert not is_billed or any(code.encode() in packed for packed in told)


def test_what_is_folded_is_known_when_it_comes_again():
    told = [purchase(number, number * 7) for number in range(40)]
    packed = memory_of([told[:20], told[20:]]).pack()
    for one in entries(*told):
        memory = PersonMemory.unpack("person-1", packed)
        assert memory.is_folded
        assert memory.add(read_entry(one, CALENDAR)) is None


def test_a_name_that_only_resembles_a_folded_one_leaves_the_past_folded(monkeypatch):
    told = [purchase(number, number * 7) for number in range(30)]
    memory = memory_of([told])
    monkeypatch.setattr(Past, "may_hold", lambda *_: True)
    (news,) = entries(purchase(77, 300))
    memory.add(read_entry(news, CALENDAR))
    assert memory._past is not None
    (again,) = entries(told[3])
    assert memory.add(read_entry(again, CALENDAR)) is None


def test_a_past_of_many_bytes_tells_where_each_fact_ends():
    long = [line(str(number), code=f"L{number}") for number in range(99)]
    stays = [[{**purchase(number, number * 7), "lines": long} for number in range(first, first + 5)]
             for first in range(0, 45, 5)]  # fmt: skip
    past = memory_of(stays)._past
    assert past is not None
    assert len(past.packed) > SHORT
    assert [past.telling([fact.event.encode()]) for fact in unfold(past)] == [[one] for one in unfold(past)]


def test_a_past_that_an_older_program_folded_is_opened_once_and_loses_nothing():
    memory = memory_of([[purchase(number, number * 7) for number in range(30)]])
    packed = msgspec.msgpack.decode(memory.pack(), type=Packed)
    old = msgspec.structs.replace(packed.past, names=b"", ends=b"", billed=1 << 62, ordered=False, kinds=0)
    as_was = msgspec.msgpack.encode(msgspec.structs.replace(packed, codec=CODEC - 1, past=old))
    opened = PersonMemory.unpack("person-1", as_was)
    assert opened._past is None
    assert opened.facts == memory.facts
    assert PersonMemory.unpack("person-1", opened.pack())._past == packed.past
