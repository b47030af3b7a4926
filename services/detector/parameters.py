"""Values of parameters: units that are converted into each other, and the mark of a set of values.

A parameter's type is that of its default in the code; its unit is declared beside it.
"""

import json
import re
from dataclasses import fields
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import Any

NUMBER = re.compile(r"\s*([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(\S*)\s*")
BARE = "1"
"""The unit of counts and shares, which is not written."""

UNITS: dict[str, tuple[str, Fraction]] = {
    "s": ("time", Fraction(1)),
    "min": ("time", Fraction(60)),
    "h": ("time", Fraction(3_600)),
    "d": ("time", Fraction(86_400)),
    "m": ("length", Fraction(1)),
    "km": ("length", Fraction(1_000)),
    "m/s": ("speed", Fraction(1)),
    "km/h": ("speed", Fraction(1_000, 3_600)),
    "fen": ("money", Fraction(1)),
    "yuan": ("money", Fraction(100)),
    BARE: ("share", Fraction(1)),
    "%": ("share", Fraction(1, 100)),
}
"""What each unit measures, and how much of the first one of its kind it is."""


def convert(given: Any, unit: str, like: Any) -> Any:
    """A value as a file gives it, in the declared unit and the type of `like`, the default.

    A bare number means the declared unit. Raises ValueError, with what was expected, for what does not fit.
    """
    if isinstance(like, bool):
        if not isinstance(given, bool):
            raise ValueError("expected true or false")
        return given
    if isinstance(like, tuple):
        if not isinstance(given, list | tuple):
            raise ValueError("expected a list")
        return tuple(convert(item, unit, like[0] if like else "") for item in given)
    if isinstance(like, str):
        if not isinstance(given, str):
            raise ValueError("expected a text")
        return given
    number = _number(given, unit)
    if number < 0 <= like:
        raise ValueError("must not be negative")
    if isinstance(like, float):
        return float(number)
    if number.denominator != 1:
        raise ValueError(f"expected a whole number{_of(unit)}")
    return int(number)


def spelled(value: Any, unit: str) -> str:
    """A value as a parameter file has it: TOML, with its unit."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(spelled(item, unit) for item in value)}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    number = f"{value:.12g}"
    return number if unit == BARE else f'"{number} {unit}"'


def seconds(value: float, unit: str) -> float | None:
    """How long a duration is; None for what is none."""
    kind, factor = UNITS.get(unit, ("", Fraction(1)))
    return float(value * factor) if kind == "time" else None


def parameters_hash(rule: Any, parameters: Any = None) -> str:
    """Twelve hexadecimal digits over id and version of a rule and the parameters it judges by (its own unless
    given)."""
    return _hash(rule.id, rule.version, parameters or rule.parameters)


@lru_cache(maxsize=4_096)
def _hash(rule_id: str, version: str, parameters: Any) -> str:
    values = sorted((item.name, getattr(parameters, item.name)) for item in fields(parameters))
    return sha256(json.dumps([rule_id, version, values], ensure_ascii=False).encode()).hexdigest()[:12]


def _number(given: Any, declared: str) -> Fraction:
    parts = None if isinstance(given, bool) else NUMBER.fullmatch(str(given))
    if parts is None:
        raise ValueError(f"expected a number{_of(declared)}")
    return Fraction(parts[1]) * _factor(parts[2] or declared, declared)


def _factor(unit: str, declared: str) -> Fraction:
    if unit == declared:
        return Fraction(1)
    kind, size = UNITS.get(unit, ("", Fraction(1)))
    wanted, own = UNITS.get(declared, (None, Fraction(1)))
    if kind != wanted:
        fitting = [name for name, (other, _) in UNITS.items() if other == wanted and name != BARE]
        raise ValueError(f"this unit does not fit; use {' or '.join(fitting) if fitting else declared}")
    return size / own


def _of(unit: str) -> str:
    return "" if unit == BARE else f" of {unit}"
