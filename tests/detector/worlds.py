"""Dense little worlds for the laws: few persons, institutions, terminals, ids and times, so that all collide.

An event is drawn as a tuple of small integers and decoded here: it shrinks well and costs little.
"""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from schemas.entry import Entry
from schemas.registry import Baseline, Bundle, ExclusivePair, Indication, Limit, Pack, Price, Registry
from tests.support.entries import entry, person, registry

INSTITUTIONS = ("H1", "H2", "H1", "C1", "P1", "H2", "P2", "C1")
PERSONS = ("p0", "p0", "p0", "p1", "p0", "p1", "p2", "p0")
MED_TYPES = ("21", "21", "21", "24", "21", "28", "9901", "21")
TOTALS = ("100.00", "100.00", "50.00", "100.00", "0.00", "70.00", "100.00", "50.00")
CLOCKS = ("08:00", "10:00", "10:01", "10:04", "14:30", "23:58", "00:00", "10:00:30")
DAYS = ("2026-02-24", "2026-03-01", "2026-03-02", "2026-03-03")
CHANNELS = (None, None, None, None, "internet", "counter", "agent", None)
CARDS = ("social_card", "social_card", "e_voucher", None)
KINDS = (
    "admission", "admission", "admission", "discharge", "discharge", "discharge", "inpatient", "inpatient",
    "visit", "visit", "visit", "swipe", "swipe", "swipe", "cancel", "cancel", "cancel", "correct", "correct",
    "mirror", "fee_lines", "person", "burst", "copy",
)  # fmt: skip

_ROW = st.tuples(
    st.integers(0, len(KINDS) - 1), st.integers(0, 7), st.integers(0, 7), st.integers(0, 3),
    st.integers(0, 31), st.integers(0, 31), st.integers(0, 7),
)  # fmt: skip

_PLACES = {
    "H1": {"kind": "hospital", "latitude": 28.20, "longitude": 112.90, "region": "430102", "level": 3},
    "H2": {"kind": "hospital", "latitude": 28.60, "longitude": 113.40, "region": "430181", "level": 2},
    "C1": {"kind": "clinic", "latitude": 28.21, "longitude": 112.91, "region": "430102"},
    "P1": {"kind": "pharmacy", "latitude": 28.22, "longitude": 112.90, "region": "430102"},
    "P2": {"kind": "pharmacy", "latitude": 29.90, "longitude": 111.50, "region": "430721"},
}


def _registry(**changes: dict[str, Any] | None) -> Registry:
    rows = []
    for name, columns in _PLACES.items():
        change = changes.get(name, {})
        if change is not None:
            rows.append({"institution_id": name, **columns, **change})
    return registry(*rows)


REGISTRIES = (
    _registry(),
    Registry(),
    _registry(H1={"group_id": "G"}, H2={"group_id": "G"}, C1={"kind": "hospital"}),
    _registry(H2={"latitude": 28.20, "longitude": 112.91}, P1=None, C1={"kind": None}),
    registry(
        *({"institution_id": name, **columns} for name, columns in _PLACES.items()),
        {"institution_id": "H2", "effective_from": "2026-03-03", "latitude": 28.2, "longitude": 112.9},
        {"institution_id": "C1", "effective_from": "2026-03-02", "kind": "township"},
    ),
    Registry(
        {
            "institutions": _registry().records("institutions"),
            "limits": [
                Limit("000", sex="2", day_max=Decimal(1), encounter_max=Decimal(1), hourly=True),
                Limit("001", settings=("inpatient",), min_level=3, course_days=1),
                Limit("002", settings=("outpatient",), effective_from="2026-03-02"),
            ],
            "prices": [Price("000", max_price=Decimal(5)), Price("001", level=3, max_price=Decimal(5))],
            "exclusive_pairs": [ExclusivePair("000", "001", "day"), ExclusivePair("001", "002", "encounter")],
            "bundles": [Bundle("000", "001", "contains"), Bundle("001", "000", "requires")],
            "indications": [Indication("001", ("E11",)), Indication("002", ("I10",))],
            "packs": [
                Pack("001", "a", "A10BA02", daily_units=Decimal(1), high_value=True, resale_prone=True),
                Pack("002", "a", "A10BA02", daily_units=Decimal(1)),
                Pack("002", "b", effective_from="2026-03-03"),
            ],
            "baselines": [
                Baseline("P1", "2026-03-01", usual=(4,) * 24, chain_shops=1),
                Baseline("P1", "2026-03-02", usual=(1,) * 24, same_day=(4,) * 24),
                Baseline("P2", "2026-02-20", usual=(4,) * 24),
            ],
        },
        1,
    ),
)


def worlds(least: int = 6, most: int = 20) -> st.SearchStrategy[list[Entry]]:
    """Lists of entries."""
    return st.lists(_ROW, min_size=least, max_size=most).map(decode)


def decode(rows: list[tuple[int, ...]]) -> list[Entry]:
    """Entries of drawn rows."""
    world = _World()
    for row in rows:
        world.add(*row)
    return world.entries


class _World:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.entries: list[Entry] = []

    def add(self, kind: int, who: int, where: int, number: int, time: int, flavour: int, more: int) -> None:
        make = getattr(self, f"_{KINDS[kind]}")
        make(PERSONS[who], INSTITUTIONS[where], number, time, flavour, more)

    def _post(self, type_name: str, who: str, where: str, at: str, **given: Any) -> None:
        number = len(self.events)
        event = {
            "type": type_name,
            "event_id": f"e{number:02d}",
            "institution_id": where,
            "person_id": who,
            "occurred_at": at,
            "recorded_at": None if number % 4 else f"2026-03-05T0{number % 3}:00:00+08:00",
            **given,
        }
        event = {name: value for name, value in event.items() if value is not None}
        self.events.append(event)
        self.entries.append(entry(event, historical=number % 7 == 6))

    def _admission(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        med_type = MED_TYPES[flavour % 8]
        card = _card(flavour)
        self._post(
            "admission", who, where, _time(time, more), encounter_id=f"M{number}", med_type=med_type,
            card=card, region=_region(flavour),
        )  # fmt: skip

    def _discharge(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        way = (1, 1, 2, 5)[flavour % 4]
        to = ("H1", "H2")[flavour // 4 % 2] if way == 2 else None
        at = _time(min(31, time + 8), more)
        self._post("discharge", who, where, at, encounter_id=f"M{number}", discharge_way=way, transfer_to=to)

    def _inpatient(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        end = None if flavour % 8 == 1 else _time(min(31, time + flavour), more)
        self._settle(
            who, where, number, end or _time(time, more), flavour, more,
            encounter_id=f"M{number}", med_type=MED_TYPES[flavour % 8],
            begin_at=None if flavour % 8 == 2 else _time(time, more), end_at=end,
            mid_stay=True if flavour % 8 == 4 else None,
            external_institution="H2" if flavour == 9 else None,
        )  # fmt: skip

    def _visit(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        encounter = f"M{number}" if flavour % 8 == 3 else f"V{number}"
        med_type = ("11", "11", "14", "140201", "13")[flavour % 5]
        self._settle(
            who, where, number, _time(time, more), flavour, more, encounter_id=encounter, med_type=med_type
        )

    def _swipe(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        shop = ("P1", "P2", "P1", "C1")[flavour % 4]
        self._settle(
            who, shop, number, _time(time, more), flavour, more, encounter_id=f"V{number}", med_type="41"
        )

    def _settle(
        self, who: str, where: str, number: int, at: str, flavour: int, more: int, **given: Any
    ) -> None:
        total = TOTALS[flavour % 8]
        amounts = {"total": total, "fund": total if flavour % 3 else "0.00"}
        if flavour % 11 == 10:
            amounts["family"] = "5.00"
        if flavour % 3 == 0:
            amounts |= {"account": total, "cash": "0.00" if flavour % 2 else "9.00"}
        lines = [_line("L1", flavour), _line("L2", flavour + 1)] if flavour % 4 == 2 else None
        self._post(
            "settlement", who, where, at, settlement_id=f"S{number}{more % 3}", amounts=amounts, lines=lines,
            diagnoses=[{"code": "I10"}] if flavour % 4 == 3 else None, channel=CHANNELS[more],
            device_id=("d1", "d2", None)[flavour % 3], card=_card(flavour), region=_region(flavour),
            emergency=(None, None, None, 1, None, None, 2, None)[more], **given,
        )  # fmt: skip

    def _fee_lines(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        lines = [_line(f"L{1 + flavour % 3}", time), _line("L3", flavour)]
        if more % 3 == 0:
            lines.append({**_line("L4", time), "amount": "-10.00", "refunds_line_id": "L1"})
        self._post("fee_lines", who, where, _time(time, 0), encounter_id=f"M{number}", lines=lines)

    def _cancel(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        if not self.events:
            return
        of = self.events[(time + number) % len(self.events)]
        names = {"settlement": "settlement_id", "cancellation": "event_id", "identity_check": "event_id"}
        cancels = {"type": of["type"], "id": of[names.get(of["type"], "encounter_id")]}
        if of["type"] in ("fee_lines", "settlement") and more < 3:
            cancels = {"type": "fee_lines", "id": of["encounter_id"], "line_id": ("L1", "*", "L3")[more]}
        if flavour % 4 == 1:
            cancels["event_id"] = of["event_id"]
        # Now and then under another person than what it takes back.
        whose = who if more == 4 else of["person_id"]
        self._post(
            "cancellation", whose, of["institution_id"], _time(time, 0), cancels=cancels,
            recorded_at=f"2026-03-05T0{flavour % 4}:30:00+08:00",
        )  # fmt: skip

    def _correct(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        if not self.events:
            return
        of = self.events[flavour % len(self.events)]
        changes: dict[str, Any] = {"occurred_at": _time(time, more)}
        if of["type"] == "settlement":
            changes |= ({}, {"med_type": "41"}, {"begin_at": _time(time, more)}, {"encounter_id": "M1"})[
                number
            ]
            changes |= ({}, {"device_id": "d1"}, {"amounts": {"total": "50.00", "fund": "50.00"}}, {})[
                more % 4
            ]
        recorded = f"2026-03-05T0{number}:00:00+08:00"
        rest = {k: v for k, v in of.items() if k not in ("type", "event_id", "institution_id", "person_id")}
        changes = {**rest, **changes, "recorded_at": recorded}
        at = changes.pop("occurred_at")
        # Now and then it had been booked on another person.
        whose = who if more % 3 == 2 else of["person_id"]
        self._post(of["type"], whose, of["institution_id"], at, **changes)

    def _mirror(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        settled = [event for event in self.events if event["type"] == "settlement"]
        if not settled:
            return
        of = settled[flavour % len(settled)]
        amounts = {
            name: value if value.startswith("-") else f"-{value}" for name, value in of["amounts"].items()
        }
        rest = {k: v for k, v in of.items() if k not in ("type", "event_id", "institution_id", "person_id")}
        rest |= {"settlement_id": f"N{number}", "amounts": amounts}
        if more % 4 == 3:
            rest["med_type"] = "11"
        at = rest.pop("occurred_at")
        self._post("settlement", of["person_id"], of["institution_id"], at, **rest)

    def _copy(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        settled = [event for event in self.events if event["type"] == "settlement"]
        if not settled:
            return
        of = settled[flavour % len(settled)]
        rest = {k: v for k, v in of.items() if k not in ("type", "event_id", "institution_id", "person_id")}
        rest |= {
            "settlement_id": f"D{number}",
            "encounter_id": f"V9{number}" if more % 2 else rest["encounter_id"],
        }
        at = rest.pop("occurred_at")
        self._post("settlement", of["person_id"], of["institution_id"], at, **rest)

    def _person(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        given: dict[str, Any] = {}
        if more % 3:
            given["death_date"] = ("2026-02-28", "2026-03-01", "2026-02", "2026-03-02")[number]
        if flavour % 4 == 0:
            given["birth_date"] = "2026-02-20"
        self.entries.append(person(who, loaded=1 + time % 5, **given))

    def _burst(self, who: str, where: str, number: int, time: int, flavour: int, more: int) -> None:
        shop = ("C1", "P1")[more % 2]
        day = 1 + time // 8
        for index in range(4 + flavour % 3):
            minute, second = divmod(index * (20, 40, 75, 110)[number], 60)
            self._post(
                "settlement", f"p{index}", shop, f"2026-03-{day:02d}T10:{minute:02d}:{second:02d}+08:00",
                settlement_id=f"B{index}{time % 2}", encounter_id=f"B{index}", med_type="41",
                amounts={"total": TOTALS[(index + flavour) % 8], "fund": "10.00"}, device_id="d1",
                recorded_at=None,
            )  # fmt: skip


def _time(time: int, more: int) -> str:
    day = DAYS[time // 8]
    if more == 5:
        return day
    clock = CLOCKS[time % 8]
    return f"{day}T{clock if len(clock) == 8 else clock + ':00'}+08:00"


def _line(line_id: str, flavour: int) -> dict[str, Any]:
    at = f"2026-03-{1 + flavour % 4:02d}T12:00:00+08:00"
    category = ("05", "09", "09")[flavour % 3]
    return {
        "line_id": line_id, "code": f"00{flavour % 3}", "quantity": "1", "occurred_at": at,
        "category": category,
        "amount": ("10.00", "20.00")[flavour % 2],
        **({} if category == "05" else {"days_supply": 20, "discharge_drug": flavour % 5 == 4}),
    }  # fmt: skip


def _card(flavour: int) -> dict[str, str] | None:
    kind = CARDS[flavour % 4]
    return {"kind": kind, "number": "c1"} if kind else None


def _region(flavour: int) -> str | None:
    return (None, None, "430102", "430721")[flavour % 4]
