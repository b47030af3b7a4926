"""Rules over months: how long a run takes over a county's screenings, and how much memory.

A county's months are laid into a database of their own, as alerts stores them, and judged as a running
system judges them. Persons have a few usual places each; hospitals are crowded in the morning; some groups
go everywhere together.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event, Thread

import asyncpg

from bench.table import Figure
from schemas.moments import DAY, MINUTE, Calendar
from schemas.records import Institution
from schemas.registry import Registry
from schemas.screening import COLUMNS, Item, ScreeningMessage, row_of
from services.detector.periods import RULES
from services.detector.periods.baselines import USUAL_CROWDS
from services.detector.periods.judging import Asked
from services.detector.periods.month import Month
from services.detector.periods.postgres import judge_month
from services.runtime.database import migrate, open_engine
from services.runtime.embedded.postgres import EmbeddedPostgres

MONTH = Month.of("2026-05")
KINDS = (("hospital", 2, 20, 40), ("township", 1, 60, 25), ("pharmacy", 0, 220, 35))
"""Kind, level, how many there are, hundredths of all visits."""
GROUPS, MEMBERS = 20, 6
CALENDAR = Calendar("Asia/Shanghai")


@dataclass(frozen=True)
class Run:
    """What one run over a month took: mebibytes are the greatest of server process and judge together."""

    seconds: float
    mebibytes: float
    alerts: int


def figures(scale: float) -> list[Figure]:
    """A month of a million screenings by all rules but those about groups, and G01 over a million visits."""
    count = int(1_000_000 * scale)
    month = _judged(
        _county(count, days=31), [*(rule for rule in RULES if not rule.id.startswith("G")), USUAL_CROWDS]
    )
    together = _judged(_county(count, days=90), [rule for rule in RULES if rule.id == "G01"])
    part = "periods"
    return [
        Figure(part, f"a month of {count:,} screenings, all rules but groups'", month.seconds, "s", 60,
               False, f"{month.alerts:,} alerts"),
        Figure(part, "… memory", month.mebibytes, "MiB"),
        Figure(part, f"G01 over {count:,} visits of ninety days", together.seconds, "s", 120, False,
               f"{together.alerts:,} of {GROUPS} groups"),
        Figure(part, "… memory", together.mebibytes, "MiB", 1_536, False),
    ]  # fmt: skip


def institutions() -> list[Institution]:
    """The county's institutions, by kind."""
    return [
        Institution(f"{kind[0].upper()}{number:03}", kind=kind, level=level, region="430102", beds=400)
        for kind, level, count, _ in KINDS
        for number in range(count)
    ]


def _county(count: int, days: int) -> Iterator[ScreeningMessage]:
    """Screenings of the days before the month's end, in the order of days."""
    chance = random.Random(11)
    places = {kind: [one for one in institutions() if one.kind == kind] for kind, *_ in KINDS}
    persons = max(100, count // 8)
    usual = [
        [_place(chance, places, kind) for kind in ("hospital", "township", "pharmacy", "pharmacy")]
        for _ in range(persons)
    ]
    begin = MONTH.end - days
    number = 0
    for day in range(begin, MONTH.end):
        for _ in range(count // days):
            person = chance.randrange(persons)
            number += 1
            place = usual[person][chance.choices((0, 1, 2, 3), (40, 25, 25, 10))[0]]
            yield _screening(chance, number, f"person-{person:020d}", place, day, _minute(chance))
        for group in range(GROUPS):
            if day >= MONTH.begin and (day + group) % 6 == 0:
                place, minute = places["pharmacy"][(group + day) % 50], _minute(chance)
                for member in range(MEMBERS):
                    number += 1
                    yield _screening(chance, number, f"member-{group}-{member}", place, day, minute + member)


def _place(chance: random.Random, places: dict[str, list[Institution]], kind: str) -> Institution:
    """A person's usual place: some are far more frequented than others."""
    among = places[kind]
    return among[int(len(among) * chance.random() ** 2)]


def _minute(chance: random.Random) -> int:
    """Half of all come between eight and eleven."""
    return chance.randrange(480, 660) if chance.random() < 0.5 else chance.randrange(660, 1_080)


def _screening(
    chance: random.Random, number: int, person: str, place: Institution, day: int, minute: int
) -> ScreeningMessage:
    is_stay = place.kind == "hospital" and chance.random() < 0.05
    is_sale = place.kind == "pharmacy"
    nights = chance.randrange(2, 15) if is_stay else 0
    begun = CALENDAR.midnight(day) + minute * MINUTE + chance.randrange(60) * 1_000_000
    doctor = f"D{place.institution_id}{chance.randrange(12)}"
    items = [_item(chance, chance.randrange(600), doctor, day, minute) for _ in range(3)]
    total = sum(item.amount for item in items)
    return ScreeningMessage(
        key=person,
        revision=1,
        institution_id=place.institution_id,
        settlement_id=f"S{number:09}",
        encounter_id=f"M{number:09}",
        care="inpatient" if is_stay else "pharmacy" if is_sale else "visit",
        med_type="21" if is_stay else "41" if is_sale else "11",
        month=date.fromordinal(day).isoformat()[:7],
        day=day,
        occurred_day=day + nights,
        begun=begun,
        recorded=begun + nights * DAY,
        rules_hash="bench",
        ended=begun + nights * DAY if is_stay else 0,
        discharge_day=day + nights if is_stay else None,
        nights=nights or None,
        minute=minute,
        total=total * (nights + 1),
        fund=total * (nights + 1) // 2,
        by_category={item.category: (item.amount, item.amount) for item in items},
        items=items,
        sex=1 + number % 2,
        age=chance.randrange(3, 90),
        community_id=f"V{chance.randrange(300)}",
        practitioner="" if is_sale else doctor,
        department=("内科", "外科", "中医科")[number % 3],
        main_diagnosis=("I10", "J06.9", "M54", "E11.9")[number % 4],
        bed=f"{number % 400}" if is_stay else "",
        flags=["present"],
    )


def _item(chance: random.Random, code: int, doctor: str, day: int, minute: int) -> Item:
    """One of a code, at nearly its usual price."""
    amount = int((300 + 29 * code) * (0.95 + chance.random() / 10))
    return Item(
        f"C{code:04}", ("11", "05", "09")[code % 3], "1", amount, amount, None, doctor, day, None, minute
    )


def _judged(told: Iterator[ScreeningMessage], asked: Sequence[Asked]) -> Run:
    with tempfile.TemporaryDirectory(prefix="qingfeng-bench-") as folder:
        server = EmbeddedPostgres(Path(folder))
        server.start()
        try:
            return asyncio.run(_run(server.url, told, asked))
        finally:
            server.stop()


async def _run(url: str, told: Iterator[ScreeningMessage], asked: Sequence[Asked]) -> Run:
    engine = open_engine(url)
    await migrate(engine)
    await engine.dispose()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        rows = ((*row_of(message), "", b"") for message in told)
        await connection.copy_records_to_table(
            "screening", records=rows, columns=[*COLUMNS, "epoch", "digest"]
        )
        await connection.execute("ANALYZE screening")
        server = await connection.fetchval("SELECT pg_backend_pid()")
        registry = Registry({"institutions": institutions()}, 1)
        with _Peak(lambda: _own(server) + _own("self")) as peak:
            began = time.perf_counter()
            async with connection.transaction(isolation="repeatable_read"):
                found = (await judge_month(connection, asked, registry, MONTH)).alerts
            seconds = time.perf_counter() - began
    finally:
        await connection.close()
    for answer in found.values():
        if isinstance(answer, Exception):
            raise answer
    return Run(seconds, peak.most, sum(map(len, found.values())))


def _own(pid: int | str) -> float:
    """Mebibytes that a process holds for itself: shared buffers left out."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1_024


class _Peak:
    """The greatest value of a gauge while the block runs."""

    def __init__(self, gauge: Callable[[], float]) -> None:
        self.most = 0.0
        self._gauge = gauge
        self._over = Event()
        self._thread = Thread(target=self._watch)

    def __enter__(self) -> "_Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self.most = max(self.most, self._gauge())
