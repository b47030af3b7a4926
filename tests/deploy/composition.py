"""docker-compose.yml as a value, for these tests and for any that run its very commands as processes."""

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
OURS = ("ingest", "detector", "alerts")
SECRETS = ("POSTGRES_PASSWORD", "QINGFENG_PSEUDONYM_KEY", "QINGFENG_VAULT_KEY", "GRAFANA_PASSWORD")
"""What an operator must put into .env."""

_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def composition() -> dict[str, Any]:
    """The file, its anchors resolved."""
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))


def service(name: str) -> dict[str, Any]:
    """One service."""
    return composition()["services"][name]


def variables(part: Any) -> dict[str, tuple[str, str]]:
    """What a part of the file takes from .env: name → (`-` default, `?` required or empty, text)."""
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, list):
        return {name: rest for one in part for name, rest in variables(one).items()}
    return {
        name: (mark, text) for name, mark, text in _VARIABLE.findall(part if isinstance(part, str) else "")
    }


def environment(name: str, given: dict[str, str]) -> dict[str, str]:
    """The environment of a service's containers, its variables filled from `given` or by their defaults.

    Raises KeyError for a required one that is not given.
    """

    def fill(match: re.Match[str]) -> str:
        variable, mark, text = match.groups()
        if variable in given:
            return given[variable]
        if mark == "-":
            return text
        raise KeyError(variable)

    return {
        variable: _VARIABLE.sub(fill, str(value))
        for variable, value in service(name).get("environment", {}).items()
    }
