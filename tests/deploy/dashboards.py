"""The dashboards as files: their queries, and Grafana's schema of them."""

import enum
import json
import types
import typing
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.deploy.composition import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
FILES = sorted((GRAFANA / "dashboards").glob("*.json"))
KAFKA_ONLY = (
    "qingfeng_relay_entries_total",
    "qingfeng_alerts_consumed_records_total",
    "qingfeng_consumer_lag_",
)


def read(file: Path) -> dict[str, Any]:
    """A dashboard."""
    return json.loads(file.read_text(encoding="utf-8"))


def targets(file: Path) -> list[dict[str, Any]]:
    """Everything a dashboard asks for."""
    return [target for panel in read(file)["panels"] for target in panel.get("targets", ())]


def queries(*, of_kafka: bool) -> list[str]:
    """All queries, or those about Kafka alone."""
    found = [target["expr"] for file in FILES for target in targets(file)]
    return [query for query in found if any(name in query for name in KAFKA_ONLY) == of_kafka]


def faults(data: dict[str, Any]) -> list[str]:
    """What is not as Grafana's schema of dashboards has it: members it does not know, values of other types.

    The schema is the one that Grafana publishes as its foundation SDK, panels and queries of the kinds we use
    included.
    """
    register_default_plugins()
    made = Dashboard.from_json(data)
    again = json.loads(JSONEncoder().encode(made))
    return [*_lost(data, again, "$"), *_of_other_types(made, Dashboard, "$")]


def _lost(data: Any, again: Any, path: str) -> list[str]:
    """Members that did not come through the schema's own types."""
    if isinstance(data, dict) and isinstance(again, dict):
        found = [f"{path}.{name}: unknown" for name in data if name not in again]
        return found + [
            one for name in data if name in again for one in _lost(data[name], again[name], f"{path}.{name}")
        ]
    if isinstance(data, list) and isinstance(again, list) and len(data) == len(again):
        pairs = enumerate(zip(data, again, strict=True))
        return [one for place, (before, after) in pairs for one in _lost(before, after, f"{path}[{place}]")]
    return [] if data == again else [f"{path}: {data!r} became {again!r}"]


def _of_other_types(value: Any, hint: Any, path: str) -> list[str]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint in (typing.Any, object):
        hint = type(value)  # options and queries are of their panel's kind, and have types of their own
    if value is None and type(None) in arguments:
        return []
    if origin in (typing.Union, types.UnionType):
        found = [_of_other_types(value, one, path) for one in arguments]
        return [] if [] in found else min(found, key=len)
    if origin is typing.Literal:
        return [] if value in arguments else [f"{path}: {value!r}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{path}: no list"]
        rows = enumerate(value)
        return [
            one for place, each in rows for one in _of_other_types(each, arguments[0], f"{path}[{place}]")
        ]
    if origin is dict:
        return [] if isinstance(value, dict) else [f"{path}: no object"]
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return [] if value in [each.value for each in hint] else [f"{path}: {value!r}"]
    return _of_class(value, hint, path)


def _of_class(value: Any, hint: Any, path: str) -> list[str]:
    if hint is float:
        hint = (int, float)
    if (isinstance(value, bool) and hint is not bool) or not isinstance(value, hint):
        return [f"{path}: {value!r}"]
    if not hasattr(value, "to_json"):
        return []
    declared = typing.get_type_hints(type(value))
    members = ((name, each) for name, each in vars(value).items() if name in declared)
    return [one for name, each in members for one in _of_other_types(each, declared[name], f"{path}.{name}")]
