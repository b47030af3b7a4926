"""What the SQL of a period rule may read, and how it is made, the same on PostgreSQL and DuckDB.

A run makes these relations for one month and the days before it; each rule sees as far back as it says
(`lookback_days`, of `ward_stays` `stays_days`), so that it says the same whatever rules run beside it:

- `screened`: live screenings (`schemas.screening` explains the columns), less those a mirror took back and
  the mirrors, less contradictory ones. `visit` joins them with their items: each engine's own name of the
  stored row, to be compared with nothing else and shown to nobody. Beside them, as in force on the
  screening's day: kind, level, beds, group_id, chain_id, open_24h (NULL where the registry says nothing).
  Flags are booleans: historical, backfilled, mid_stay, is_newborn, is_emergency, is_present, is_emptied,
  on_leave, is_under_alert. `ends`, `last_day`: when it ended, else when it was settled for good, else NULL
  (still open).
  `alerts`: blank before and after each id, so that `alerts LIKE '% B01-%'` asks for a rule.
- `items` (visit, code, category, quantity, amount, covered, unit_price, practitioner, day, doses, minute,
  split_pack, name_mark): billed items of the same screenings. `categories` (visit, category, amount,
  covered): their sums by charge type. Both are made only where some rule's SQL names them; a rule reads them
  beside their screenings.
- `taken_back`: settlements that were cancelled or that a negative mirror took back, with the columns of
  `screened`; not those that stand under another person.
- `ward_stays`: in-patient stays, a row an encounter and person, as far back as `stays_days` says:
  institution_id, encounter_id, person, month and day and begun of admission, last_day and ends (NULL: open),
  by_dates (an end is a bare date), bed,
  is_settled (for good), cost and fund and billed (its items) and of these tests (charge types 03, 04), drugs
  (09 to 11), surgery (06), all in fen; age, community_id, assistance, main_diagnosis, diagnoses, procedures,
  department, med_type, is_emergency, is_newborn, insured_region, discharge_way, settlements (array), kind,
  level, historical.
- `stock_moves` (institution_id, event_id, product_code, movement, quantity: decimal, moment, at_is_date, day,
  recorded, historical): stock events that stand. Made where a rule's SQL names it.
- `gatherings` (group_id, person, institution_id, day): who of a group came to which of its gatherings;
  `groups` says what a group is. Made where a rule's SQL names it; such rules look back `LOOKBACK_DAYS`.
- `stock_gaps` (institution_id, product): what F02 finds of the month. Made where a rule's SQL names it; such
  rules look back as far as F02.
- `institutions`: those in force on the month's last day. `practitioners`: registrations (practitioner_id,
  institution_id, title, from_day, to_day). `standings` (kind, id, status, from_day, to_day): status of
  institutions and practitioners. `days` (day, month, weekday 1–7 from Monday, is_off: a free day, holiday:
  its name): every day of the run. `packs` (code, ingredient, high_value, resale_prone, injection, units: of a
  pack) and
  `prices` (code, level, max_price) in force on the month's last day.

The common dialect: days are ordinals and moments microseconds, both integers; `CAST(… AS double precision)`
before `/`; no `round`, no regular expressions, no date functions; lists by `array_agg(… ORDER BY …)`,
percentiles by `percentile_cont(…) WITHIN GROUP (ORDER BY …)`; `$name` for parameters, `$month`,
`$begin_day`, `$end_day` (of the next month) among them; every ORDER BY ends in something unique.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from schemas.records import Institution, Pack, Practitioner, Price, Status
from schemas.registry import Registry
from services.detector.periods.groups import GATHERINGS
from services.detector.periods.month import Month

FIRST_DAY, LAST_DAY = 1, date.max.toordinal()
"""Ends of intervals that the registry leaves open."""


class Relation(NamedTuple):
    """A small table made from the registry: columns with their types, and the rows for a run.

    rows(registry, month, begin): begin is the first day of the run, before the month where rules look back.
    """

    name: str
    columns: dict[str, str]
    rows: Callable[[Registry, Month, int], Iterable[tuple]]


_PLACE = {
    "institution_id": "text", "kind": "text", "level": "integer", "region": "text", "beds": "integer",
    "group_id": "text", "chain_id": "text", "open_24h": "boolean",
}  # fmt: skip


def _held(registry: Registry, month: Month, begin: int) -> Iterator[tuple]:
    """Institutions with the days from and to which each row holds."""
    by_id: dict[str, list[Institution]] = {}
    for record in registry.records("institutions"):
        by_id.setdefault(record.institution_id, []).append(record)
    for records in by_id.values():
        records.sort(key=lambda record: record.begins)
        starts = [_day(record.begins, FIRST_DAY) for record in records]
        ends = [*(start - 1 for start in starts[1:]), LAST_DAY]
        for record, start, end in zip(records, starts, ends, strict=True):
            yield (*_place_of(record), start, end)


def _institutions(registry: Registry, month: Month, begin: int) -> Iterator[tuple]:
    last = _last_day(month)
    for institution_id in dict.fromkeys(record.institution_id for record in registry.records("institutions")):
        record = registry.institution(institution_id, last)
        if record is not None:
            yield (*_place_of(record), record.name)


def _place_of(record: Institution) -> tuple:
    return (
        record.institution_id, record.kind, record.level, record.region, record.beds, record.group_id,
        record.chain_id, record.open_24h,
    )  # fmt: skip


def _practitioners(registry: Registry, month: Month, begin: int) -> Iterator[tuple]:
    record: Practitioner
    for record in registry.records("practitioners"):
        yield (
            record.practitioner_id,
            record.institution_id,
            record.title,
            _day(record.from_, FIRST_DAY),
            _day(record.to, LAST_DAY),
        )


def _standings(registry: Registry, month: Month, begin: int) -> Iterator[tuple]:
    record: Status
    for record in registry.records("status"):
        yield (
            record.kind,
            record.id,
            record.status,
            _day(record.from_, FIRST_DAY),
            _day(record.to, LAST_DAY),
        )


def _days(registry: Registry, month: Month, begin: int) -> Iterator[tuple]:
    for day in range(begin, month.end):
        local = date.fromordinal(day)
        holiday = registry.holiday(local.isoformat())
        is_off = local.isoweekday() > 5 if holiday is None else holiday.kind == "holiday"
        name = holiday.name if holiday is not None and holiday.kind == "holiday" else ""
        yield (day, local.isoformat()[:7], local.isoweekday(), is_off, name)


def _packs(registry: Registry, month: Month, begin: int) -> Iterator[tuple]:
    last = _last_day(month)
    for code in dict.fromkeys(record.code for record in registry.records("packs")):
        pack: Pack | None = registry.pack(code, last)
        if pack is not None:
            units = float(pack.units_per_pack) if pack.units_per_pack else None
            yield (pack.code, pack.ingredient, pack.high_value, pack.resale_prone, pack.injection, units)


def _prices(registry: Registry, month: Month, begin: int) -> Iterator[tuple]:
    last = _last_day(month)
    for code, level in dict.fromkeys((record.code, record.level) for record in registry.records("prices")):
        price: Price | None = registry.price(code, level, last)
        if price is not None and price.level == level and price.max_price is not None:
            yield (code, level, float(price.max_price))


RELATIONS = (
    Relation("held", {**_PLACE, "from_day": "integer", "to_day": "integer"}, _held),
    Relation("institutions", {**_PLACE, "name": "text"}, _institutions),
    Relation(
        "practitioners",
        {
            "practitioner_id": "text",
            "institution_id": "text",
            "title": "integer",
            "from_day": "integer",
            "to_day": "integer",
        },
        _practitioners,
    ),
    Relation(
        "standings",
        {"kind": "text", "id": "text", "status": "text", "from_day": "integer", "to_day": "integer"},
        _standings,
    ),
    Relation(
        "days",
        {"day": "integer", "month": "text", "weekday": "integer", "is_off": "boolean", "holiday": "text"},
        _days,
    ),
    Relation(
        "packs",
        {
            "code": "text",
            "ingredient": "text",
            "high_value": "boolean",
            "resale_prone": "boolean",
            "injection": "boolean",
            "units": "double precision",
        },
        _packs,
    ),
    Relation("prices", {"code": "text", "level": "integer", "max_price": "double precision"}, _prices),
)

# What is asked most stands first, and what has one width before what has not: a row is read from its left.
_SELECTED = """
SELECT s.{row} AS visit, s.day, s.occurred_day, s.total, s.fund, s.account, s.family, s.begun, s.recorded,
       s.at_is_date, s.flags LIKE '%historical%' AS historical, s.flags LIKE '%backfilled%' AS backfilled,
       s.flags LIKE '%mid_stay%' AS mid_stay, s.flags LIKE '%newborn%' AS is_newborn,
       s.flags LIKE '%present%' AS is_present, s.flags LIKE '%emptied%' AS is_emptied,
       s.flags LIKE '%on_leave%' AS on_leave, s.flags LIKE '%under_alert%' AS is_under_alert,
       (s.flags LIKE '%emergency%' OR s.emergency > 0) AS is_emergency, s.sex, s.assistance, s.discharge_way,
       s.care, s.month, s.settlement_id, s.institution_id, h.kind, h.level, s.minute, s.practitioner,
       s.person, s.encounter_id, s.name, s.department, s.device, s.med_type,
       CASE WHEN s.ended > 0 THEN s.ended
            WHEN s.settlement_id <> '' AND s.flags NOT LIKE '%mid_stay%'
            THEN greatest(s.begun, s.recorded) END AS ends,
       CASE WHEN s.discharge_day IS NOT NULL THEN s.discharge_day
            WHEN s.settlement_id <> '' AND s.flags NOT LIKE '%mid_stay%'
            THEN greatest(s.day, s.occurred_day) END AS last_day,
       s.discharge_day, s.ended, s.nights, s.age, s.region, s.insured_region, s.insurance_type,
       s.community_id, s.household, s.card_kind, s.channel, s.main_diagnosis, s.diagnoses, s.procedures,
       s.disease_code, s.prescription_id, s.drg, s.bed, ' ' || s.alerts || ' ' AS alerts,
       h.beds, h.group_id, h.chain_id, h.open_24h
FROM screening s LEFT JOIN held h
  ON h.institution_id = s.institution_id AND s.day >= h.from_day AND s.day <= h.to_day
WHERE {which}
"""
_WHOLE = """s.day >= $since AND s.day < $end_day
  AND s.flags NOT LIKE '%defective%' AND s.flags NOT LIKE '%negative%'"""
_LIVE = f"{_WHOLE} AND NOT s.withdrawn AND s.flags NOT LIKE '%offset%'"
_IN_WARDS = f"{_LIVE} AND s.care = 'inpatient'"
SCREENED = f"CREATE TEMP TABLE screened_all AS {_SELECTED}".replace("{which}", _LIVE)
_GONE = """
AND s.settlement_id <> '' AND (s.withdrawn OR s.flags LIKE '%offset%')
AND NOT EXISTS (SELECT 1 FROM screening o WHERE o.institution_id = s.institution_id AND o.name = s.name
                AND NOT o.withdrawn AND o.flags NOT LIKE '%offset%')
"""
TAKEN_BACK = f"CREATE TEMP TABLE taken_back_all AS {_SELECTED}".replace("{which}", _WHOLE + _GONE)
STOCK_MOVES = """
CREATE TEMP TABLE stock_moves AS
SELECT s.institution_id, s.event_id, s.product_code, s.movement, s.quantity, s.moment, s.at_is_date, s.day,
       s.recorded, s.historical
FROM stock_event s
WHERE s.cancels = '' AND s.day >= $since AND s.day < $end_day
  AND NOT EXISTS (SELECT 1 FROM stock_event c
                  WHERE c.institution_id = s.institution_id AND c.cancels = s.event_id
                    AND (c.cancels_event = s.event_id OR (c.cancels_event = '' AND c.recorded >= s.recorded)))
"""
WARDS = f"CREATE TEMP TABLE wards_all AS {_SELECTED}".replace("{which}", _IN_WARDS)
WARD_STAYS = """
CREATE TEMP TABLE ward_stays_all AS
WITH billed AS (
    SELECT visit, sum(amount) AS billed,
           coalesce(sum(amount) FILTER (WHERE category IN ('03', '04')), 0) AS tests,
           coalesce(sum(amount) FILTER (WHERE category IN ('09', '10', '11')), 0) AS drugs,
           coalesce(sum(amount) FILTER (WHERE category = '06'), 0) AS surgery
    FROM ward_sums GROUP BY visit
)
SELECT s.institution_id, s.encounter_id, s.person, min(s.month) AS month, min(s.day) AS day,
       min(s.begun) AS begun, CASE WHEN count(s.last_day) = count(*) THEN max(s.last_day) END AS last_day,
       CASE WHEN count(s.ends) = count(*) THEN max(s.ends) END AS ends, bool_or(s.at_is_date) AS by_dates,
       max(s.bed) AS bed, bool_or(s.settlement_id <> '' AND NOT s.mid_stay) AS is_settled,
       CAST(sum(s.total) AS bigint) AS cost, CAST(sum(greatest(s.fund, 0)) AS bigint) AS fund,
       bool_and(s.historical) AS historical, bool_or(s.is_emergency) AS is_emergency,
       bool_or(s.is_newborn) AS is_newborn, max(s.age) AS age, max(s.community_id) AS community_id,
       bool_or(s.assistance) AS assistance, max(s.main_diagnosis) AS main_diagnosis,
       max(s.diagnoses) AS diagnoses, max(s.procedures) AS procedures, max(s.department) AS department,
       max(s.med_type) AS med_type, max(s.insured_region) AS insured_region,
       max(s.discharge_way) AS discharge_way,
       array_agg(DISTINCT s.settlement_id) FILTER (WHERE s.settlement_id <> '') AS settlements,
       max(s.kind) AS kind, max(s.level) AS level,
       CAST(coalesce(sum(b.billed), 0) AS bigint) AS billed,
       CAST(coalesce(sum(b.tests), 0) AS bigint) AS tests,
       CAST(coalesce(sum(b.drugs), 0) AS bigint) AS drugs,
       CAST(coalesce(sum(b.surgery), 0) AS bigint) AS surgery
FROM wards_all s LEFT JOIN billed b ON b.visit = s.visit
GROUP BY s.institution_id, s.encounter_id, s.person
"""
ITEM_COLUMNS = {
    "code": "text", "category": "text", "quantity": "double precision", "amount": "bigint",
    "covered": "bigint", "unit_price": "double precision", "practitioner": "text", "day": "integer",
    "doses": "integer", "minute": "integer", "split_pack": "boolean", "name_mark": "text",
}  # fmt: skip
"""The places of `schemas.screening.Item`, in order."""

GROUPED = Relation("gatherings", GATHERINGS, lambda *_: ())
GAPS = Relation("stock_gaps", {"institution_id": "text", "product": "text"}, lambda *_: ())


def create(relation: Relation) -> str:
    """The statement that makes an empty relation."""
    columns = ", ".join(f"{name} {kind}" for name, kind in relation.columns.items())
    return f"CREATE TEMP TABLE {relation.name} ({columns})"


def first_day(month: Month, rules: Iterable[Any]) -> int:
    """The first day that a run of rules over a month reads."""
    return month.begin - max((rule.lookback_days for rule in rules), default=0)


def made_when_named(
    month: Month, rules: Sequence[Any], searches: Sequence[Any], items: str, categories: str
) -> list[tuple[str, str, int]]:
    """The tables that only some rules read, or the searches that they read, in the order to make them: name,
    the statement that makes it (`{table}` and `{which}`, what the screenings fulfil whose it is, filled in),
    its first day."""
    made = []
    ways = {
        "items": items, "categories": categories, "taken_back": TAKEN_BACK, "stock_moves": STOCK_MOVES,
    }  # fmt: skip
    for name, how in ways.items():
        readers = [rule for rule in rules if name in _asked_for(rule, searches)]
        if readers:
            table = "taken_back_all" if name == "taken_back" else name
            made.append((table, _filled(how, name, _LIVE), first_day(month, readers)))
    readers = [rule for rule in rules if "ward_stays" in rule.text]
    if readers:
        since = month.begin - max(rule.stays_days for rule in readers)
        sums = _filled(categories, "ward_sums", _IN_WARDS)
        made += [
            ("wards_all", WARDS, since),
            ("ward_sums", sums, since),
            ("ward_stays_all", WARD_STAYS, since),
        ]
    return made


def _asked_for(rule: Any, searches: Sequence[Any]) -> str:
    """The SQL of a rule, with that of the searches whose relations it reads."""
    return "\n".join([rule.text, *(one.text for one in searches if one.relation.name in rule.text)])


def shown_to(rule: Any, month: Month) -> list[str]:
    """The statements that show a rule what it says it reads, and no day more, whatever runs beside it."""
    since = {"screened": rule.lookback_days, "taken_back": rule.lookback_days, "ward_stays": rule.stays_days}
    named = ["screened", *(name for name in ("taken_back", "ward_stays") if name in rule.text)]
    return [
        f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT * FROM {name}_all "  # noqa: S608 - names of ours
        f"WHERE day >= {month.begin - since[name]}"
        for name in named
    ]


def _filled(how: str, table: str, which: str) -> str:
    return how.replace("{table}", table).replace("{which}", which)


def _last_day(month: Month) -> str:
    return date.fromordinal(month.end - 1).isoformat()


def _day(text: str | None, without: int) -> int:
    return date.fromisoformat(text).toordinal() if text else without
