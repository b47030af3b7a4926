"""Shared keys that are over are dropped without a trace: what is said of all that comes is the same."""

import random

import pytest

from schemas.entry import Entry
from schemas.finding import Alert
from schemas.moments import DAY, SECOND
from schemas.registry import Registry
from schemas.topics import ALERTS
from services.detector.program import DetectorProgram
from services.detector.shared.ageing import GRACE
from services.detector.shared.keys import card_key, trace_key
from services.detector.stages import make_pipeline
from services.settings import Settings
from tests.detector.running import Keyed
from tests.support.entries import (
    CALENDAR,
    cancellation,
    compared,
    entry,
    line,
    moment,
    settlement,
    stock,
    swipe,
)

CARD = {"kind": "social_card", "number": "N1"}


class Living:
    """A running system of one process. sweeps: how often memories that are over are dropped, in entries."""

    def __init__(self, sweeps: int = 0) -> None:
        self.pipeline = make_pipeline(Settings(lateness_days=1), Registry(), screens=False)
        self.program = DetectorProgram(self.pipeline)
        self.persons, self.shared = Keyed(self.pipeline.person), Keyed(self.pipeline.shared)
        self.heard: dict[tuple[str, str], tuple[int, Alert | None]] = {}
        self.as_of = self.count = 0
        self._sweeps = sweeps

    @property
    def horizon(self) -> int:
        return self.pipeline.shared.ageing.horizon + GRACE

    def feed(self, *events: dict) -> "Living":
        """Events come, each one's as_of the greatest time before it."""
        for event in events:
            one = entry(event, as_of=self.as_of)
            self._judge(one)
            self.as_of = max(self.as_of, one.occurred_at)
            self.count += 1
            if self._sweeps and self.count % self._sweeps == 0:
                self.sweep()
        return self

    def sweep(self) -> None:
        """Drop what is over."""
        for key in list(self.shared.memories):
            name = "s:" + key
            if self.program.may_be_over(name, self.as_of):
                if self.program.is_over(self.shared.memories[key], self.as_of):
                    del self.shared.memories[key]
            else:
                assert not self.program.is_over(self.shared.memories[key], self.as_of)

    def rejudge(self) -> None:
        """The registry changed."""
        for memory in list(self.persons.memories.values()):
            self._take(self.pipeline.person.rejudge(memory, self.as_of))

    @property
    def open(self) -> dict:
        """Alerts that stand, in every field that must not differ."""
        return compared(alert for _, alert in self.heard.values() if alert is not None)

    def _judge(self, one: Entry) -> None:
        if not self.pipeline.person.is_too_late(one):
            self._take(self.pipeline.person.step(self.persons.memory(one.key), one))

    def _take(self, emissions: list) -> None:
        for topic, key, value in emissions:
            if topic != ALERTS:
                self._take(self.pipeline.shared.step(self.shared.memory(key), value))
            elif hasattr(value, "alert_id"):
                known = self.heard.get((value.alert_id, value.key), (0, None))
                if value.revision >= known[0]:
                    self.heard[value.alert_id, value.key] = (value.revision, value.alert)


def era(year: int) -> list[dict]:
    """A spring of a year: a card, a terminal, an invoice and a pack of several persons, and of one; what
    was taken back, and what came late."""
    day = f"{year}-03-05"
    code = f"8123456789012345{year}"
    pack = line("1", amount="30.00", category="09", trace_codes=[code])
    lone = line("1", amount="30.00", category="09", trace_codes=[f"8999999999012345{year}"])
    kept = [
        swipe(f"{day} 09:0{n}:00", "P1", f"K{year}{n}", person=f"k{n}", device_id="d", total="50.00")
        for n in range(6)
    ]
    shown = [settlement(f"{day} 1{n}:30", "H1", f"C{year}{n}", f"c{n}", card=CARD) for n in range(3)]
    billed = [
        settlement(f"{day} 1{n}:40", "H2", f"I{year}{n}", f"i{n}", invoice_no=f"V10020030{year}")
        for n in range(2)
    ]
    wrong = settlement(f"{day} 15:00", "H3", f"W{year}", "w1", card=CARD, invoice_no=f"V10020099{year}")
    return [
        *kept, *shown, *billed,
        swipe(f"{day} 16:00", "P2", f"X{year}1", person="x1", lines=[pack]),
        stock(f"{day} 16:30", "sale_return", [code], "P2"),
        swipe(f"{year}-04-05 16:00", "P3", f"X{year}2", person="x2", lines=[pack]),
        swipe(f"{year}-04-06 16:00", "P3", f"L{year}", person="x3", lines=[lone]),
        wrong, cancellation(f"{year}-04-07 10:00", wrong),
        settlement(f"{year}-03-06 10:00", "H1", f"T{year}", "c9", card=CARD),
    ]  # fmt: skip


def lives() -> list[dict]:
    return [event for year in (2008, 2012, 2016, 2016, 2020, 2024) for event in era(year)]


@pytest.mark.parametrize("every", [1, 7])
def test_dropping_what_is_over_leaves_the_open_alerts_as_they_are(every):
    whole, swept = Living().feed(*lives()), Living(every).feed(*lives())
    assert swept.open == whole.open
    assert {alert["rule"] for alert in whole.open.values()} >= {"A12", "B01", "D17"}
    swept.sweep()
    standing = {key for key, memory in swept.shared.memories.items() if memory.said}
    recent = {key for key, memory in swept.shared.memories.items() if not memory.said}
    assert len(standing) >= 15
    assert len(recent) < len(whole.shared.memories) / 4
    before = dict(swept.shared.memories)
    swept.sweep()
    assert swept.shared.memories == before
    swept.rejudge()
    whole.rejudge()
    assert swept.open == whole.open


def test_any_pace_of_dropping_gives_the_same():
    whole = Living().feed(*lives())
    for seed in range(3):
        pace, paced = random.Random(seed), Living()
        for event in lives():
            paced.feed(event)
            if pace.random() < 0.3:
                paced.sweep()
        assert paced.open == whole.open


@pytest.mark.parametrize(("behind", "is_over"), [(0, False), (1, True)])
def test_a_key_is_over_when_its_last_entry_lies_behind_the_horizon_and_the_grace(behind, is_over):
    living = Living().feed(
        swipe("2020-03-05 16:00", "P2", lines=[line("1", trace_codes=["8" * 9 + "1234567"])])
    )
    (key,) = (key for key in living.shared.memories if key.startswith(trace_key("")))
    memory = living.shared.memories[key]
    as_of = moment("2020-03-05 16:00") + living.horizon + behind
    assert living.pipeline.shared.ageing.is_over(memory, as_of) is is_over


def test_a_daily_key_tells_by_its_name_that_it_is_not_over():
    living = Living()
    day = CALENDAR.day(moment("2020-03-05 10:00"))
    name = "s:" + card_key("N1", day)
    end = CALENDAR.midnight(day + 1)
    assert not living.program.may_be_over(name, end + living.horizon)
    assert living.program.may_be_over(name, end + living.horizon + 1)
    assert living.program.may_be_over("s:" + trace_key("8" * 20), 0)


def test_what_was_imported_is_never_over_nor_too_late():
    living = Living().feed(settlement("2024-03-05 10:00", "H1"))
    for number in range(3):
        old = settlement(f"2008-03-05 1{number}:00", "H1", f"S{number}", f"c{number}", card=CARD)
        living._judge(entry(old, as_of=living.as_of, historical=True))
    assert [alert["rule"] for alert in living.open.values()] == ["A12"]
    living.sweep()
    assert any(key.startswith("c") for key in living.shared.memories)


def test_a_part_of_what_was_told_at_a_key_that_is_over_tells_nothing():
    """A person without news keeps old facts; those who shared a key with it may have forgotten theirs."""
    few = [swipe(f"2008-03-05 09:0{n}:00", "P9", person=f"k{n}", device_id="e") for n in range(3)]
    living = Living().feed(*few)
    assert len(living.shared.memories) == 1
    living.feed(settlement("2024-03-05 10:00", "H9"))
    living.sweep()
    assert living.shared.memories == {}
    living.rejudge()
    (again,) = living.shared.memories.values()
    assert again.registers == {}


def test_a_key_that_comes_again_says_what_counts_as_later():
    code = "81234567890123456789"
    pack = line("1", amount="30.00", category="09", trace_codes=[code])
    twice = [swipe(f"2016-03-0{n} 16:00", "P2", f"X{n}", person=f"x{n}", lines=[pack]) for n in (1, 2)]
    living = Living().feed(*twice, cancellation("2016-03-03 10:00", twice[1]))
    first = living.shared.memory(trace_key(code)).turns
    living.feed(settlement("2024-03-05 10:00", "H9"))
    living.sweep()
    assert trace_key(code) not in living.shared.memories
    living.feed(swipe("2024-04-01 16:00", "P2", "X9", person="x1", lines=[pack]))
    assert living.shared.memory(trace_key(code)).turns - first > 365 * DAY // SECOND
