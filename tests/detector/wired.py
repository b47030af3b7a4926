"""Records as a program put them on the topics, kept as files: `python -m tests.detector.wired` adds those of
the present form.

A file is never written anew: it is what stands in the topics while old and new programs work side by side.
"""

from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from schemas.entry import Envelope, encode_envelope
from schemas.finding import Message, encode_messages
from services.detector.stages import Crossings, decode_crossing, encode_crossings
from tests.detector import stored
from tests.detector.running import Run

FOLDER = Path(__file__).with_name("wires")
ON_THE_WIRE = (Envelope, Crossings, list[Message])


class Wires(msgspec.Struct):
    """events, crossings, alerts: records of these topics. open: rule by alert id, of what stands in the end.
    shapes: fields by the name of each struct in the records."""

    events: list[bytes]
    crossings: list[bytes]
    alerts: list[bytes]
    open: dict[str, str]
    shapes: dict[str, list[str]]


class Recording(Run):
    """A run that keeps what it says to intake."""

    def __init__(self) -> None:
        super().__init__(stored.KNOWN, stored.RULES, person_facts_limit=stored.LIMIT)
        self.said: list[Any] = []

    def hear(self, message: Any) -> None:
        """Keep it, then do what intake does."""
        self.said.append(message)
        super().hear(message)


def present() -> Wires:
    """What this program puts on the topics for the story of the stored states."""
    run, told = Recording(), stored.story()
    for entry in told:
        run.feed(entry)
    envelopes = [Envelope([entry], number, "log") for number, entry in enumerate(told, 1)]
    sittings = [Crossings([(key, decode_crossing(body))], "log") for key, body in run.shared.log]
    return Wires(
        [encode_envelope(one) for one in envelopes],
        [encode_crossings(one) for one in sittings],
        [encode_messages([one]) for one in run.said],
        {alert.alert_id: alert.rule for alert in run.open},
        shapes(),
    )


def shapes() -> dict[str, list[str]]:
    """Fields of every struct on the wire, in their order; first how it is marked."""
    found: dict[str, list[str]] = {}
    for one in ON_THE_WIRE:
        _collect(inspect.type_info(one), found)
    return dict(sorted(found.items()))


def _collect(info: Any, found: dict[str, list[str]]) -> None:
    if isinstance(info, inspect.StructType):
        name = info.cls.__name__
        if name in found:
            return
        form = "array" if info.array_like else "map"
        found[name] = [f"{form} {info.tag}", *(field.encode_name for field in info.fields)]
        for field in info.fields:
            _collect(field.type, found)
    for inner in ("types", "item_types"):
        for one in getattr(info, inner, ()):
            _collect(one, found)
    for inner in ("item_type", "key_type", "value_type"):
        if hasattr(info, inner):
            _collect(getattr(info, inner), found)


def read(path: Path) -> Wires:
    """A file's records."""
    return msgspec.msgpack.decode(path.read_bytes(), type=Wires)


def write(folder: Path = FOLDER) -> Path:
    """Add the file of the present form."""
    folder.mkdir(exist_ok=True)
    path = folder / f"form-{len(list(folder.glob('form-*.msgpack'))) + 1}.msgpack"
    with path.open("xb") as file:
        file.write(msgspec.msgpack.encode(present()))
    return path


if __name__ == "__main__":
    print(write())
