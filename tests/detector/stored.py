"""States as a program wrote them, kept as files: `python -m tests.detector.stored` adds the present form's.

A file is never written anew: it is what deployments have on their disks. It holds a story, what was
remembered of it in both stored forms, and which alerts stood.
"""

from pathlib import Path
from typing import Any

import msgspec

from schemas.entry import Entry
from schemas.registry import Institution, Limit, Registry
from services.detector.memory import CODEC
from tests.detector.running import Keyed, Run
from tests.support.entries import (
    cancellation,
    corrected,
    entries,
    line,
    person,
    settlement,
    stay,
    swipe,
)

FOLDER = Path(__file__).with_name("states")
RULES = frozenset({"A01", "A08", "B01", "D10"})
LIMIT = 12
KNOWN = Registry({
    "institutions": [Institution(institution_id="P1", kind="pharmacy")],
    "limits": [Limit(code="tuina", minutes=40)],
})  # fmt: skip


class Stored(msgspec.Struct):
    """One memory: its one-piece form, its cells, the findings that stand."""

    packed: bytes
    cells: dict[str, bytes]
    said: list[str]


class State(msgspec.Struct):
    """form: the mark of the program that wrote it. story: (kind, key, body, moment) of each entry. open: rule
    by alert id."""

    form: int
    story: list[tuple[str, str, bytes, int]]
    persons: dict[str, Stored]
    shared: dict[str, Stored]
    open: dict[str, str]

    @property
    def entries(self) -> list[Entry]:
        """The story as entries of the inbox."""
        return [
            Entry(seq, kind, key, body, moment, moment, 0)
            for seq, (kind, key, body, moment) in enumerate(self.story, 1)
        ]


def run_of(**knobs: Any) -> Run:
    """Both stages with the rules of these stories."""
    return Run(KNOWN, RULES, **{"person_facts_limit": LIMIT, **knobs})


def story() -> list[Entry]:
    """Overlapping stays, one corrected and one cancelled; a long past; a death; a terminal; a placeholder; an
    emptied account, a treatment."""
    first = stay("03-01 09:00", "03-10 09:00", planned_return=True)
    second = stay("03-05 09:00", "03-12 09:00", "H2", "M2")
    gone = stay("03-06 09:00", "03-08 09:00", "H3", "M3")
    visits = [settlement(f"01-{day:02} 09:00", "C1", f"V{day}", person="long") for day in range(1, 10)]
    bill = settlement("03-08 09:00", "C3", "D1", person="dead")
    crowd = [
        swipe(f"03-05 09:0{minute}", "P1", f"B{minute}", person=f"b{minute}", device_id="d")
        for minute in range(6)
    ]
    emptied = settlement(
        "03-09 09:00", "C1", "E1", person="long", amounts={"account": "40.00", "balance": "0.00"}
    )
    tuina = line("1", "03-09 09:00", code="tuina", category="05", practitioner_id="D1")
    treated = settlement("03-09 08:00", "C4", "T1", person="treated", practitioner_id="D9", lines=[tuina])
    many = [settlement(f"02-{day:02} 09:00", "C2", f"W{day}", person="many") for day in range(1, 15)]
    return entries(
        first, second, gone, cancellation("03-20 09:00", gone[0]),
        corrected(second[1], "03-13 09:00", occurred_at="03-14 09:00"),
        visits, bill, person("dead", death_date="2026-03-01"), crowd, many, emptied, treated,
    )  # fmt: skip


def write(folder: Path = FOLDER) -> Path:
    """Add the file of the present form. Raises FileExistsError where it is there."""
    run = run_of()
    told = story()
    for entry in told:
        run.feed(entry)
    state = State(
        CODEC,
        [(entry.kind, entry.key, entry.body, entry.occurred_at) for entry in told],
        _stored(run.persons),
        _stored(run.shared),
        {alert.alert_id: alert.rule for alert in run.open},
    )
    path = folder / f"form-{CODEC}.msgpack"
    with path.open("xb") as file:
        file.write(msgspec.msgpack.encode(state))
    return path


def read(path: Path) -> State:
    """A file's state."""
    return msgspec.msgpack.decode(path.read_bytes(), type=State)


def _stored(keyed: Keyed) -> dict[str, Stored]:
    keyed.put()
    return {
        key: Stored(keyed.stage.pack(memory), dict(keyed.cells[key]), sorted(memory.said))
        for key, memory in keyed.memories.items()
    }


if __name__ == "__main__":
    print(write())
