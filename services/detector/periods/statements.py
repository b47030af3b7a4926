"""One text of SQL with `$name` for its parameters, as each engine wants it.

A parameter is cast to the type of its value, so that both engines read the same: whole numbers as bigint,
others as double precision.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

NAMED = re.compile(r"\$([a-z][a-z0-9_]*)")
COMMENT = re.compile(r"--[^\n]*")
_TYPES: dict[type, str] = {bool: "boolean", int: "bigint", float: "double precision", str: "text"}


def positional(text: str, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """The text with $1, $2 …, and the values in that order (PostgreSQL). Raises KeyError for a name that is
    not among the values."""
    names: list[str] = []

    def place(name: str) -> str:
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    written = _written(text, values, place)
    return written, [values[name] for name in names]


def named(text: str, values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The text with its names, and the values it asks for (DuckDB). Raises KeyError likewise."""
    asked: dict[str, Any] = {}

    def place(name: str) -> str:
        asked[name] = values[name]
        return f"${name}"

    return _written(text, values, place), asked


def _written(text: str, values: Mapping[str, Any], place: Callable[[str], str]) -> str:
    return NAMED.sub(
        lambda found: f"CAST({place(found[1])} AS {_type(values[found[1]])})", COMMENT.sub("", text)
    )


def _type(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"{_TYPES[type(value[0])]}[]" if value else "text[]"
    return _TYPES[type(value)]
