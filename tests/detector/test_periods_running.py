"""Months are judged when they changed: after every change or once at the end, the same alerts stand."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest

from schemas.moments import micros
from schemas.registry import Baseline
from schemas.screening import ScreeningMessage
from schemas.stock import StockMessage
from services.alerts import reading, screenings, stock
from services.detector.periods import RULES
from services.detector.periods.baselines import USUAL_CROWDS
from services.ingest.registry import records_between
from services.periodic import GIVES_WAY_SECONDS, MANY_EVENTS, TICK_SECONDS, PeriodJudge
from services.runtime import database
from tests.alerts.making import NOON
from tests.detector.period_worlds import LOOSE, PLACES, Probe, loosened, world
from tests.detector.periods import screening, stay

B03 = [rule for rule in RULES if rule.id == "B03"]


class Bench:
    """A database, a judge, and a clock that moves only when told."""

    def __init__(self, url, rules=B03, registry=PLACES):
        self.engine = database.open_engine(url)
        self.now = NOON
        self.judge = PeriodJudge(self.engine, rules, lambda: micros(self.now))
        self.registry = registry

    async def store(self, *told):
        async with database.transaction(self.engine) as raw:
            await screenings.store(raw, _of(ScreeningMessage, told), self.now, "")
            await stock.store(raw, _of(StockMessage, told), self.now)

    async def step(self, after=timedelta(seconds=11)):
        self.now += after
        async with database.driver(self.engine) as connection:
            self.judge._loaded = await connection.fetchval("SELECT loaded FROM registry_version")
            self.judge._registry = self.registry
            return await self.judge.step(connection)

    async def alerts(self, status="open"):
        async with database.transaction(self.engine) as raw:
            shown, _ = await reading.page(raw, reading.Wanted(statuses=[status]), 5_000, None, self.now)
        return {one.alert.alert_id: one for one in shown}


def _of(kind, told):
    return [message for message in told if isinstance(message, kind)]


@pytest.fixture
def on(database_url):
    """Runs a story, given as a coroutine function of a bench."""

    def run(story, **given):
        async def whole():
            bench = Bench(database_url, **given)
            try:
                return await story(bench)
            finally:
                await bench.engine.dispose()

        return asyncio.run(whole())

    return run


FACE = (
    "id", "title", "message", "basis", "checks", "parameters", "sql", "subject", "identity", "severity",
)  # fmt: skip


def ward():
    """Three townships of which one is far dearer."""
    return [
        stay("05-04", "05-08", f"T{n}", total=9_000_000 if n == 0 else 100_000)
        for n in range(3)
        for _ in range(6)
    ]


def counters(seed):
    """Customers of a shop's terminal on the days of a month, some of whom come again."""
    draw = random.Random(seed)
    return [
        screening(f"05-{day:02} 09:{draw.randrange(20):02}", "P1", device="t1", key=f"c{draw.randrange(9)}")
        for day in range(10, 25)
        for _ in range(draw.randrange(5))
    ]


def gathered(count, **given):
    return [screening(f"05-04 10:{n:02}", total=5_000, **given) for n in range(count)]


def test_a_finding_opens_changes_and_is_withdrawn_by_facts_that_come(on):
    async def story(bench):
        told = gathered(11)
        await bench.store(*told[:9])
        await bench.step()
        assert await bench.alerts() == {}
        await bench.store(*told[9:])
        assert await bench.step() == ["2026-05"]
        (first,) = (await bench.alerts()).values()
        assert (first.version, first.alert.evidence["equal_swipes"]) == (1, 11)
        gone = [msgspec.structs.replace(one, revision=2, withdrawn=True) for one in told[:2]]
        await bench.store(gone[0])
        await bench.step(timedelta(minutes=5))
        (second,) = (await bench.alerts()).values()
        assert (second.version, second.alert.evidence["equal_swipes"]) == (2, 10)
        await bench.store(gone[1])
        await bench.step(timedelta(minutes=5))
        assert await bench.alerts() == {}
        assert list(await bench.alerts("withdrawn")) == [first.alert.alert_id]
        await bench.store(msgspec.structs.replace(told[0], revision=3))
        await bench.step(timedelta(minutes=5))
        assert list(await bench.alerts()) == [first.alert.alert_id]

    on(story)


def test_nothing_is_judged_twice_and_nothing_new_is_said(on):
    async def story(bench):
        await bench.store(*gathered(12))
        assert await bench.step() == ["2026-05"]
        assert await bench.step(timedelta(days=1)) == []

    on(story)


def test_while_settlements_keep_coming_a_month_is_judged_hourly(on):
    async def story(bench):
        judged = 0
        for _ in range(4 * 60):
            await bench.store(screening("05-04 10:00"))
            judged += bool(await bench.step(timedelta(seconds=1)))
            bench.now += timedelta(seconds=59)
            await bench.store(screening("05-04 10:00"))
        return judged

    assert on(story) in (3, 4)


def test_soon_after_they_stop_it_is_judged(on):
    async def story(bench):
        await bench.store(*gathered(12))
        assert await bench.step(timedelta(seconds=1)) == []
        assert await bench.step(timedelta(seconds=2)) == ["2026-05"]

    on(story)


async def accept(bench, events):
    async with database.transaction(bench.engine) as raw:
        await raw.execute(
            "INSERT INTO inbox_totals (writer, entries, events) VALUES ('w', $1, $1)"
            " ON CONFLICT (writer) DO UPDATE SET entries = $1, events = $1",
            events,
        )


async def giving_way(bench):
    """A month that is due while many settlements wait: the step that would judge it, and waits."""
    await bench.store(*gathered(12))
    await accept(bench, MANY_EVENTS + 1)
    judging = asyncio.create_task(bench.step())
    await asyncio.wait([judging], timeout=2 * TICK_SECONDS)
    assert not judging.done()
    return judging


def test_a_month_gives_way_while_many_settlements_wait_to_be_judged(on):
    async def story(bench):
        judging = await giving_way(bench)
        assert await bench.alerts() == {}
        await accept(bench, MANY_EVENTS)
        assert await judging == ["2026-05"]
        assert len(await bench.alerts()) == 1

    on(story)


def test_a_month_gives_way_for_so_long_and_no_longer(on):
    async def story(bench):
        judging = await giving_way(bench)
        bench.now += timedelta(seconds=GIVES_WAY_SECONDS)
        assert await judging == ["2026-05"]

    on(story)


def test_what_gave_way_rests_no_longer_for_that(on):
    async def story(bench):
        judging = await giving_way(bench)
        bench.now += timedelta(seconds=GIVES_WAY_SECONDS - 1)
        await accept(bench, 0)
        await judging
        await bench.store(*gathered(1))
        assert await bench.step(timedelta(seconds=3)) == ["2026-05"]

    on(story)


def test_a_rule_that_fails_leaves_what_it_said_and_keeps_no_other_back(on):
    broken = Probe(**{name: getattr(B03[0], name) for name in FACE}, query="SELECT CAST(1 / 0 AS text)")

    async def story(bench):
        await bench.store(*gathered(12))
        await bench.step()
        (said,) = await bench.alerts()
        bench.judge = PeriodJudge(
            bench.engine, [broken, *[r for r in RULES if r.id == "F05"]], bench.judge._clock
        )
        await bench.store(*gathered(5), *ward())
        assert "2026-05" in await bench.step(timedelta(minutes=5))
        assert said in await bench.alerts()
        assert {name[:3] for name in await bench.alerts()} == {"B03", "F05"}
        async with database.transaction(bench.engine) as raw:
            letters = await raw.fetch("SELECT stage, key, error FROM dead_letter")
        assert [tuple(row) for row in letters] == [("period", "period:B03:2026-05", "DivisionByZeroError")]
        assert await bench.step(timedelta(minutes=5)) == []

    on(story)


def test_another_registry_makes_every_month_due(on):
    async def story(bench):
        await bench.store(*gathered(12))
        await bench.step()
        async with database.transaction(bench.engine) as raw:
            await raw.execute("UPDATE registry_version SET loaded = loaded + 1")
        assert await bench.step(timedelta(minutes=5)) == ["2026-05"]
        assert await bench.step(timedelta(minutes=5)) == []

    on(story)


def test_one_process_at_a_time_judges(database_url):
    async def story():
        engine = database.open_engine(database_url)
        judges = [asyncio.create_task(PeriodJudge(engine, B03).run()) for _ in range(2)]
        await asyncio.sleep(0.5)
        async with database.driver(engine) as connection:
            held = await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
            )
        for judge in judges:
            judge.cancel()
        await asyncio.gather(*judges, return_exceptions=True)
        await engine.dispose()
        return held

    assert asyncio.run(story()) == 1


@pytest.mark.parametrize("seed", [1, 2])
def test_run_after_every_change_or_once_at_the_end_the_same_stands(postgres, seed):
    crowds = replace(USUAL_CROWDS, parameters=replace(USUAL_CROWDS.parameters, persons=2, weeks=1))
    rules = [*(loosened(rule) for rule in RULES), crowds]
    told = [*world(seed), *counters(seed)]
    final, moved = _of(ScreeningMessage, told), _of(StockMessage, told)
    draw = random.Random(seed)
    early = [
        msgspec.structs.replace(one, revision=1, total=one.total + draw.choice((0, 100)), withdrawn=False)
        for one in final
    ]
    late = [msgspec.structs.replace(one, revision=2) for one in final]
    moves = [*early, *late, *moved]
    draw.shuffle(moves)

    async def standing(url, batches):
        bench = Bench(url, rules)
        for batch in batches:
            await bench.store(*batch)
            await bench.step(timedelta(minutes=30))
        alerts = await bench.alerts()
        async with database.driver(bench.engine) as raw:
            known = await records_between(raw, Baseline.TABLE, "", "9999")
        await bench.engine.dispose()
        usual = {repr(one.place): msgspec.json.encode(one) for one in known if one.usual}
        return {name: msgspec.json.encode(one.alert) for name, one in alerts.items()} | usual

    size = len(moves) // 5
    parts = [moves[begin : begin + size + 1] for begin in range(0, len(moves), size + 1)]
    bit_by_bit = asyncio.run(standing(postgres.create(), parts))
    at_once = asyncio.run(standing(postgres.create(), [[*late, *moved]]))
    assert bit_by_bit == at_once
    assert {name.split("-")[0] for name in at_once} >= set(LOOSE)
    assert sum(name.startswith("Place") for name in at_once) >= 3
