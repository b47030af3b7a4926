"""Screenings for the tests of period rules, and both engines to judge them.

Times are local texts as in `tests.support.entries`; money is fen.
"""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from schemas.finding import Alert
from schemas.moments import DAY
from schemas.registry import Baseline, Registry
from schemas.screening import ScreeningMessage
from schemas.stock import StockMessage
from services.alerts import screenings, stock
from services.detector.periods.baselines import USUAL_CROWDS
from services.detector.periods.duck import ScreenedHistory
from services.detector.periods.judging import Asked, Judged
from services.detector.periods.month import Month
from services.detector.periods.postgres import judge_month
from services.detector.periods.rule import PeriodRule
from services.runtime import database
from tests.alerts.making import NOON
from tests.support.entries import CALENDAR, when

MAY = Month.of("2026-05")
Told = ScreeningMessage | StockMessage
_numbers = itertools.count(1)


def screening(at: str, institution: str = "P1", **given: Any) -> ScreeningMessage:
    """A purchase at a pharmacy that shows its time; a bare date shows none."""
    begun, is_date = CALENDAR.read(when(at))
    number = next(_numbers)
    day = CALENDAR.day(begun)
    values: dict[str, Any] = {
        "key": f"person-{number}",
        "revision": 1,
        "settlement_id": f"S{number}",
        "encounter_id": f"E{number}",
        "care": "pharmacy",
        "med_type": "41",
        "month": CALENDAR.date_text(day)[:7],
        "day": day,
        "occurred_day": day,
        "begun": begun,
        "recorded": begun,
        "at_is_date": is_date,
        "minute": None if is_date or CALENDAR.is_midnight(begun) else CALENDAR.minute_of_day(begun),
        "total": 5_000,
        "fund": 3_000,
        "rules_hash": "r",
        "flags": ["present"],
    }
    return ScreeningMessage(institution_id=institution, **(values | given))


def visit(at: str, institution: str = "H1", **given: Any) -> ScreeningMessage:
    """An out-patient visit."""
    return screening(at, institution, **{"care": "visit", "med_type": "11", **given})


def stay(begin: str, end: str | None, institution: str = "H1", **given: Any) -> ScreeningMessage:
    """A settled stay; without an end an open one, of which nothing is settled."""
    values: dict[str, Any] = {"care": "inpatient", "med_type": "21", "total": 300_000, "fund": 200_000}
    if end is None:
        values |= {"settlement_id": "", "total": 0, "fund": 0}
    else:
        ended, _ = CALENDAR.read(when(end))
        begun, _ = CALENDAR.read(when(begin))
        values |= {
            "ended": ended,
            "discharge_day": CALENDAR.day(ended),
            "nights": (ended - begun) // DAY,
            "recorded": ended,
        }
    return screening(begin, institution, **(values | given))


def moved(at: str, movement: str, quantity: float, institution: str = "P1", **given: Any) -> StockMessage:
    """A stock movement of product X1; a bare date tells no time."""
    moment, is_date = CALENDAR.read(when(at))
    day = CALENDAR.day(moment)
    values: dict[str, Any] = {
        "event_id": f"R{next(_numbers)}",
        "moment": moment,
        "at_is_date": is_date,
        "day": day,
        "month": CALENDAR.date_text(day)[:7],
        "recorded": moment,
        "product_code": "X1",
        "movement": movement,
        "quantity": Decimal(str(quantity)),
    }
    return StockMessage(institution_id=institution, **(values | given))


def on_duckdb(
    rules: Sequence[PeriodRule], told: Iterable[Told], registry: Registry, month: Month = MAY
) -> list[Alert]:
    """The alerts of some rules over a month, judged by DuckDB, by id."""
    told = list(told)
    history = ScreenedHistory(_of(ScreeningMessage, told), registry, _of(StockMessage, told))
    return _alerts(history.judge(rules, month))


def baselines_on_duckdb(told: Iterable[Told], registry: Registry, month: Month = MAY) -> list[Baseline]:
    """What is usual on the days of a month, measured by DuckDB."""
    return ScreenedHistory(told, registry).judge([USUAL_CROWDS], month).baselines


def baselines_on_postgres(
    url: str, told: Iterable[Told], registry: Registry, month: Month = MAY
) -> list[Baseline]:
    """… measured by PostgreSQL."""
    found = asyncio.run(_on_postgres(url, [USUAL_CROWDS], list(told), registry, month)).baselines
    assert isinstance(found, list), found
    return found


def on_postgres(
    url: str,
    rules: Sequence[PeriodRule],
    told: Iterable[Told],
    registry: Registry,
    month: Month = MAY,
) -> list[Alert]:
    """… judged by PostgreSQL."""
    return _alerts(asyncio.run(_on_postgres(url, rules, list(told), registry, month)))


async def _on_postgres(
    url: str, asked: Sequence[Asked], told: list[Told], registry: Registry, month: Month
) -> Judged:
    engine = database.open_engine(url)
    try:
        async with database.transaction(engine) as raw:
            await screenings.store(raw, _of(ScreeningMessage, told), NOON, "")
            await stock.store(raw, _of(StockMessage, told), NOON)
        async with (
            database.driver(engine) as connection,
            connection.transaction(isolation="repeatable_read"),
        ):
            return await judge_month(connection, asked, registry, month)
    finally:
        await engine.dispose()


def _alerts(found: Judged) -> list[Alert]:
    for answer in found.alerts.values():
        if isinstance(answer, Exception):
            raise answer
    return sorted((alert for alerts in found.alerts.values() for alert in alerts), key=_id)


def _of(kind: type, told: list[Told]) -> list[Any]:
    return [message for message in told if isinstance(message, kind)]


def _id(alert: Alert) -> str:
    return alert.alert_id
