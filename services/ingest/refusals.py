"""Why an event is refused: codes, JSON Pointers, and the translation of the decoder's errors.

Messages never repeat a value, for a value may be an identifier in the wrong place.
"""

import re

from msgspec import Struct

UNREADABLE = "not readable as JSON text in UTF-8"
TIME_FIELDS = frozenset(("occurred_at", "recorded_at", "begin_at", "end_at"))

_PLACE = re.compile(r" - at `(\$(?:[^`]*))`$", re.DOTALL)
_STEP = re.compile(r"\.([A-Za-z_]+)|\[(\d+)\]")
_MISSING = re.compile(r"^Object missing required field `(.*)`$", re.DOTALL)
_UNKNOWN = re.compile(r"^Object contains unknown field `(.*)`$", re.DOTALL)
_BOUND = re.compile(r"^Expected `(\w+)(?: \| null)?` (of length )?(>=|<=|<|>) (\S+)$")


class Refusal(Struct):
    """One reason. code: unknown_field, required, type, range or conflict. path: JSON Pointer."""

    code: str
    path: str
    message: str


class Refused(Struct):
    """An event that was not admitted, and what could be read of its identity."""

    errors: list[Refusal]
    event_id: str | None = None
    institution_id: str | None = None


def refusal(code: str, path: str, message: str) -> Refused:
    """A refusal for one reason."""
    return Refused([Refusal(code, path, message)])


def escaped(name: str) -> str:
    """A name as a step of a JSON Pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def translated(message: str) -> Refusal:
    """The refusal that a msgspec.ValidationError means."""
    place = _PLACE.search(message)
    path = _pointer(place.group(1)) if place else ""
    said = message[: place.start()] if place else message
    if missing := _MISSING.match(said):
        return Refusal("required", f"{path}/{escaped(missing.group(1))}", "this field is required")
    if unknown := _UNKNOWN.match(said):
        return Refusal("unknown_field", f"{path}/{escaped(unknown.group(1))}", "there is no such field")
    if path.rsplit("/", 1)[-1] in TIME_FIELDS and not said.startswith("Expected `str`, got"):
        return Refusal(
            "type", path, "expected an RFC 3339 time with an offset, such as 2026-01-31T08:30:00+08:00"
        )
    if said.startswith(("Invalid enum value", "Invalid value")):
        return Refusal("range", path, "not one of the values this field may have")
    if bound := _BOUND.match(said):
        what = "length " if bound.group(2) else ""
        return Refusal("range", path, f"expected {what}{bound.group(3)} {bound.group(4)}")
    if "matching regex" in said:
        return Refusal("range", path, "not of the form this field has")
    if said.startswith("Number out of range"):
        return Refusal("range", path, "the number is out of range")
    if said.startswith("Invalid decimal"):
        return Refusal("type", path, "expected a decimal number")
    return Refusal(
        "type", path, said.replace("`", "") if said.startswith("Expected") else "of the wrong type"
    )


def _pointer(place: str) -> str:
    return "".join(f"/{name or index}" for name, index in _STEP.findall(place))
