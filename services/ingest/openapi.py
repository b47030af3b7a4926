"""How POST /v1/events stands in /openapi.json: schemas made from the very structs that decode it."""

from typing import Any

import msgspec
from fastapi import FastAPI

from schemas.event import AnyEvent
from services.ingest.body import EVENTS_AT_MOST, JSON, NDJSON
from services.ingest.endpoints import Answer
from services.runtime.web import PROBLEM_MEDIA

REFERENCE = "#/components/schemas/{name}"
BEARER = "institutionKey"

EXAMPLE = {
    "type": "settlement",
    "event_id": "20260131-000017",
    "institution_id": "H43010200001",
    "occurred_at": "2026-01-31T09:30:00+08:00",
    "person_id": "430102199001011234",
    "settlement_id": "S0001",
    "encounter_id": "M0001",
    "med_type": "11",
    "amounts": {"total": "123.40", "fund": "100.00"},
}
ACCEPTED = {"accepted": 1, "duplicates": 0, "rejected": []}

PROBLEM = {
    "type": "object",
    "description": "RFC 9457. `rejected` when no event of a request was accepted.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
        "rejected": {"type": "array", "items": {"$ref": "#/components/schemas/Rejected"}},
    },
}
REFUSALS = {
    400: "The body is no JSON",
    401: "No key or an unknown one",
    403: "The key may not post for an institution in the request; nothing is kept",
    413: "More than 1,000 events or 8 MiB",
    415: "Another media type",
    422: "No event accepted and none a duplicate; or parameters not as described",
    429: "Too fast; see Retry-After",
    503: "The inbox cannot take it now; nothing is kept; see Retry-After",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses of these problem statuses."""
    reference = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": REFUSALS[status], "content": {PROBLEM_MEDIA: {"schema": reference}}}
        for status in statuses
    }


def document(app: FastAPI) -> None:
    """Add the raw route, the schemas and the key to what `app.openapi()` returns."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = made()
            components = schema.setdefault("components", {})
            components.setdefault("schemas", {}).update(_schemas())
            components.setdefault("securitySchemes", {})[BEARER] = {"type": "http", "scheme": "bearer"}
            paths = schema.setdefault("paths", {})
            paths["/v1/events"] = {"post": _post_events()}
            receipts = paths.get("/v1/receipts", {}).get("get")
            if receipts is not None:
                receipts["security"] = [{BEARER: []}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _schemas() -> dict[str, Any]:
    (event, _), components = msgspec.json.schema_components((AnyEvent, Answer), ref_template=REFERENCE)
    components["Event"] = {**event, "examples": [EXAMPLE]}
    components["Problem"] = PROBLEM
    return _numbers_too(components)


def _numbers_too(part: Any) -> Any:
    """Decimals may come as JSON numbers as well as strings."""
    if isinstance(part, list):
        return [_numbers_too(one) for one in part]
    if not isinstance(part, dict):
        return part
    if part.get("format") == "decimal":
        written = {"type": "string", "format": "decimal", "pattern": r"^-?\d{1,14}(\.\d{1,6})?$"}
        return {"anyOf": [written, {"type": "number"}]}
    return {name: _numbers_too(one) for name, one in part.items()}


def _post_events() -> dict[str, Any]:
    event = {"$ref": "#/components/schemas/Event"}
    several = {"type": "array", "items": event, "minItems": 1, "maxItems": EVENTS_AT_MOST}
    answer = {"schema": {"$ref": "#/components/schemas/Answer"}, "example": ACCEPTED}
    accepted = {
        "description": "Everything counted as accepted is committed",
        "content": {JSON: answer},
    }
    return {
        "operationId": "postEvents",
        "tags": ["events"],
        "summary": "Post one event, an array of events, or NDJSON",
        "security": [{BEARER: []}],
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {"anyOf": [event, several]}, "example": EXAMPLE},
                NDJSON: {"schema": {"type": "string", "description": "One event a line"}},
            },
        },
        "responses": {
            "202": accepted,
            **{str(status): answer for status, answer in problems(*REFUSALS).items()},
        },
    }
