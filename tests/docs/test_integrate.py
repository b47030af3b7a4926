"""docs/integrate.md: every example is admitted as it stands, every field of an event is shown."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec
import pytest

from schemas import event as events
from schemas.moments import Calendar, micros
from services.ingest.admission import Admission
from services.ingest.endpoints import Answer
from services.ingest.pseudonyms import Pseudonyms
from services.ingest.receipts import Receipts
from services.ingest.refusals import Refused
from tests.docs.pages import ROOT, Block, blocks

PAGE = ROOT / "docs" / "integrate.md"
NOW = micros(datetime(2026, 2, 1, tzinfo=UTC))
EVENTS = blocks(PAGE, "json event")
SAID_IN_WORDS = {
    "external_institution", "prescription_id", "disease_code", "family", "line_id", "event_id",
}  # fmt: skip
"""Fields that an example need not show, since the text names them."""


def admit(text: str) -> Any:
    """The event as it comes out of admission."""
    admission = Admission(Calendar("Asia/Shanghai"), Pseudonyms(b"for the tests only"))
    judged = admission.judge(text.encode(), NOW)
    assert not isinstance(judged, Refused), judged
    return events.decode_event(judged.body)


@pytest.mark.parametrize("block", EVENTS, ids=lambda block: json.loads(block.code)["event_id"])
def test_an_example_is_admitted(block: Block) -> None:
    admit(block.code)


def test_every_type_has_an_example() -> None:
    assert {json.loads(block.code)["type"] for block in EVENTS} == set(get_args(events.EventType))


def test_every_field_is_shown_or_named() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = {name for block in EVENTS for name in _names(json.loads(block.code))}
    for kind in (*get_args(events.AnyEvent), *events.Part.__subclasses__()):
        for field in msgspec.structs.fields(kind):
            name = field.encode_name
            is_named = name in SAID_IN_WORDS and (f"`{name}`" in page or f".{name}`" in page)
            assert name in shown or is_named, f"{kind.__name__}.{name}"


def test_what_is_required_is_said() -> None:
    """The words "Required: …" of each type's part are the struct's own."""
    page = PAGE.read_text(encoding="utf-8")
    common = {field.name for field in msgspec.structs.fields(events.PersonEvent)}
    for kind in (events.Admission, events.Discharge, events.FeeLines, events.Settlement):
        tag = kind.__struct_config__.tag
        part = page.split(f"### `{tag}`")[1].split("\n### ")[0].split("Required:")[1].split("Optional")[0]
        for field in msgspec.structs.fields(kind):
            if field.required and field.name not in common:
                assert f"`{field.name}`" in part, f"{tag}.{field.name}"


def test_the_answers_have_the_form_of_the_code() -> None:
    posted, receipts = blocks(PAGE, "json answer")
    msgspec.json.decode(posted.code, type=Answer)
    Receipts.model_validate_json(receipts.code)


def _names(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _names(one)
    elif isinstance(part, dict):
        for name, value in part.items():
            yield name
            yield from _names(value)
