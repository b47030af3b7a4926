"""What outsiders are told, as documents made from the code: a JSON Schema for each type of event and each
topic, and an AsyncAPI document of webhooks, stream and topics.

`python -m tests.docs.catalogue` writes them, and the table of docs/webhooks.md.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from schemas import topics
from schemas.entry import Envelope
from schemas.finding import Message
from schemas.registry import RegistryItem
from schemas.webhook import AlertAsRead
from services.alerts.webhooks import payload
from services.detector.stages import Crossings
from services.settings import Settings
from services.topics import topics_of
from tests.docs.pages import ROOT

FOLDER = ROOT / "docs" / "schemas"
ASYNCAPI = ROOT / "docs" / "asyncapi.json"
PAGE = ROOT / "docs" / "webhooks.md"
TABLE = re.compile(r"(?<=<!-- events: python -m tests.docs.catalogue -->\n).*?(?=\n<!-- end -->)", re.DOTALL)
DIALECT = "https://json-schema.org/draft/2020-12/schema"
FORMAT = "application/schema+json;version=draft-2020-12"
STREAM = "stream.alert"
CARRIED: dict[str, tuple[Any, str, str, str]] = {
    topics.EVENTS: (Envelope, "ingest", "detector", "Inbox entries of one partition, by person."),
    topics.CROSSINGS: (
        Crossings | Envelope,
        "detector",
        "detector",
        "What is said at keys that persons share; envelopes bring the word that the registry changed.",
    ),
    topics.ALERTS: (list[Message], "detector", "alerts", "What was found, and how far was judged."),
    topics.REGISTRY: (
        RegistryItem,
        "ingest",
        "detector",
        "Registry records by table, id and date. Two keys carry plain text: log-id and version.",
    ),
}
"""Topic → what a record holds, who writes, who reads, in words."""


def files() -> dict[str, str]:
    """All documents: path below docs → text."""
    made = {f"schemas/{name}.json": event_schema(name) for name in payload.EVENTS}
    made[f"schemas/{STREAM}.json"] = _schema(STREAM, (AlertAsRead,), "`data` of an event of the stream.")
    for name, (kind, *_, words) in CARRIED.items():
        said = f"{words} On the wire MessagePack, which this describes as JSON; bytes stand as base64."
        made[f"schemas/{name}.json"] = _schema(name, (kind,), said)
    made["asyncapi.json"] = asyncapi()
    return {path: json.dumps(one, ensure_ascii=False, indent=1) + "\n" for path, one in made.items()}


def event_schema(name: str) -> dict[str, Any]:
    """The schema of a whole body of this type."""
    meaning = payload.EVENTS[name]
    made = _schema(name, payload.DATA[name], f"{meaning.zh} {meaning.en}")
    data = made.pop("anyOf", None) or [{"$ref": made.pop("$ref")}]
    body = {
        "type": "object",
        "required": ["type", "timestamp", "sequence", "data"],
        "properties": {
            "type": {"const": name},
            "timestamp": {"type": "string", "format": "date-time"},
            "sequence": {"type": "integer", "minimum": 1},
            "data": {"anyOf": data} if len(data) > 1 else data[0],
        },
    }
    return {**{key: made[key] for key in ("$schema", "$id", "title", "description")}, **body,
            "$defs": made["$defs"]}  # fmt: skip


def table() -> str:
    """Rows for docs/webhooks.md."""
    rows = [
        f"| `{name}` | {words.zh} {words.en} | [{name}.json](schemas/{name}.json) |"
        for name, words in payload.EVENTS.items()
    ]
    return "\n".join(("| type | meaning | schema |", "|---|---|---|", *rows))


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document."""
    return {
        "asyncapi": "3.0.0",
        "id": "urn:qingfeng",
        "info": {
            "title": "Qingfeng 清风",
            "version": "1",
            "description": "What Qingfeng sends: webhooks and a stream to outsiders, topics of Kafka between "
            "its own services. docs/webhooks.md tells how to receive; /openapi.json has the API.",
        },
        "defaultContentType": "application/json",
        "channels": {**_outside_channels(), **{name: _topic(name) for name in CARRIED}},
        "operations": {**_outside_operations(), **dict(_topic_operations())},
        "components": {"messages": {**_event_messages(), **_topic_messages()}},
    }


def _outside_channels() -> dict[str, Any]:
    alerts = [name for name in payload.EVENTS if name.startswith("alert.")]
    return {
        "webhook": {
            "address": None,
            "title": "An endpoint's own address, given in POST /v1/webhooks",
            "messages": {name: _to("components/messages", name) for name in payload.EVENTS},
        },
        "stream": {
            "address": "/v1/alerts/stream",
            "title": "Server-sent events; `event` is the type, `data` the payload",
            "messages": {name: _to("components/messages", f"stream.{name}") for name in alerts},
        },
    }


def _outside_operations() -> dict[str, Any]:
    http = {"method": "POST", "bindingVersion": "0.3.0"}
    return {
        "deliver": {
            "action": "send",
            "channel": _to("channels", "webhook"),
            "summary": "Deliver what an endpoint subscribed to, at least once, order not promised",
            "bindings": {"http": http},
        },
        "tell": {
            "action": "send",
            "channel": _to("channels", "stream"),
            "summary": "Tell changes in the order of their numbers, each once, after Last-Event-ID",
            "bindings": {"http": {**http, "method": "GET"}},
        },
    }


def _event_messages() -> dict[str, Any]:
    headers = {"webhook-id": "the same on every try", "webhook-timestamp": "seconds since 1970, of this try",
               "webhook-signature": "v1,<base64>; several are separated by blanks"}  # fmt: skip
    described = {
        "type": "object",
        "required": list(headers),
        "properties": {name: {"type": "string", "description": said} for name, said in headers.items()},
    }
    made = {}
    for name, words in payload.EVENTS.items():
        made[name] = _message(name, name, words.en, {"headers": described})
        if name.startswith("alert."):
            made[f"stream.{name}"] = _message(name, STREAM, words.en, {})
    return made


def _topic(name: str) -> dict[str, Any]:
    (topic,) = (one for one in topics_of(Settings()) if one.name == name)
    limits = {"retention.ms": topic.retention_ms, "max.message.bytes": topic.largest_record}
    configuration = {"cleanup.policy": [topic.cleanup], **{key: one for key, one in limits.items() if one}}
    binding = {"topic": name, "partitions": topic.partitions, "topicConfiguration": configuration,
               "bindingVersion": "0.5.0"}  # fmt: skip
    return {
        "address": name,
        "title": "Between services; QINGFENG_TOPIC_PREFIX goes before the name",
        "messages": {"record": _to("components/messages", name)},
        "bindings": {"kafka": binding},
    }


def _topic_operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, (_, writer, reader, _) in CARRIED.items():
        short = name.removeprefix("qingfeng.")
        for who, action in ((writer, "send"), (reader, "receive")):
            yield f"{who}.{action}.{short}", {"action": action, "channel": _to("channels", name)}


def _topic_messages() -> dict[str, Any]:
    more = {"contentType": "application/msgpack"}
    return {name: _message(name, name, words, more) for name, (*_, words) in CARRIED.items()}


def _message(name: str, schema: str, summary: str, more: dict[str, Any]) -> dict[str, Any]:
    described = {"schemaFormat": FORMAT, "schema": {"$ref": f"schemas/{schema}.json"}}
    return {"name": name, "summary": summary, **more, "payload": described}


def _to(place: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/{place}/{name}"}


def _schema(name: str, kinds: tuple[Any, ...], words: str) -> dict[str, Any]:
    """One schema for any of these types, as msgspec reads them from the code."""
    found, parts = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    named = {
        cls.__name__: info for kind in kinds for cls, info in _structs(inspect.type_info(kind), {}).items()
    }
    for title, part in parts.items():
        part["description"] = " ".join(part.get("description", "").split())
        for place, field in zip(part.get("prefixItems", ())[::-1], named[title].fields[::-1], strict=False):
            place["title"] = field.encode_name
    body = found[0] if len(found) == 1 else {"anyOf": list(found)}
    return {"$schema": DIALECT, "$id": f"urn:qingfeng:{name}", "title": name, "description": words, **body,
            "$defs": parts}  # fmt: skip


def _structs(info: Any, found: dict[type, Any]) -> dict[type, Any]:
    """All structs within a type."""
    if isinstance(info, inspect.StructType):
        if info.cls in found:
            return found
        found[info.cls] = info
    inner = [getattr(info, name) for name in ("item_type", "key_type", "value_type") if hasattr(info, name)]
    inner += [*getattr(info, "types", ()), *getattr(info, "item_types", ())]
    inner += [field.type for field in getattr(info, "fields", ())]
    for one in inner:
        _structs(one, found)
    return found


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, text in files().items():
        (ROOT / "docs" / path).write_text(text, encoding="utf-8")
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
