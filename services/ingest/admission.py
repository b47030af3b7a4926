"""The door's judgement of one event, pure: JSON text → Admitted row or Refused, why.

The normal form has defaults filled, instants in UTC, decimals in one spelling, empty lists dropped, and
pseudonyms where a person or a card was named. Its hash is what makes two posts the same event. Choices
where the contract is silent: an unknown `type` and other words outside their list are `range`; a text that
is no time is `type`; a bare date serves for occurred_at, begin_at and end_at, and not for recorded_at.
Wrong sums, negative lines and an end before its begin are let in: they become data defects.
"""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from schemas import event as events
from schemas.event import Cancellation, FeeLines, Line, Settlement, Stock, decode_event, encode_event
from schemas.moments import Calendar, normal
from services.ingest.naming import names_of
from services.ingest.normal import QUANTITY, UNIT_PRICE, NotATime, OutOfRange, Times, money, plain
from services.ingest.pseudonyms import CARD, PERSON, NoIdentifier, Pseudonyms
from services.ingest.refusals import UNREADABLE, Refusal, Refused, refusal, translated
from services.ingest.rows import Identifier, Row

Admitted = Row

FREE_TEXTS = frozenset(("name", "unit", "department", "bed", "method"))
"""Texts for people, in which a line break is no harm. All others are ids and codes."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class _Identity(Struct):
    """What a refused event may still say of itself."""

    event_id: Any = None
    institution_id: Any = None


_decode_identity = msgspec.json.Decoder(_Identity).decode


class _Fault(Exception):
    """Carries a refusal out of the checks."""

    def __init__(self, code: str, path: str, message: str) -> None:
        self.refusal = Refusal(code, path, message)


class Admission:
    """Admits events under one calendar and one pseudonym key."""

    def __init__(self, calendar: Calendar, pseudonyms: Pseudonyms) -> None:
        self._calendar = calendar
        self._times = Times(calendar)
        self._pseudonyms = pseudonyms

    def judge(self, text: bytes | msgspec.Raw, now: int) -> Admitted | Refused:
        """One event as JSON text; `now` in microseconds since 1970. Never raises for bad input."""
        admitted = self.admit(text, now)
        return admitted if isinstance(admitted, Refused) else admitted[1]

    def admit(self, text: bytes | msgspec.Raw, now: int) -> tuple[events.AnyEvent, Admitted] | Refused:
        """The same, with the event in its normal form."""
        try:
            event = decode_event(text)
            plain_text = bytes(text)
            if b"\\" in plain_text or b"\x7f" in plain_text:
                # Only an escape or DEL can bring a control character past the decoder.
                _check_texts(event, "")
            return event, self._admit(event, now)
        except _Fault as fault:
            refused = Refused([fault.refusal])
        except msgspec.ValidationError as error:
            refused = Refused([translated(str(error))])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            refused = refusal("type", "", UNREADABLE)
        _identify(refused, text)
        return refused

    def _admit(self, event: Any, now: int) -> Row:
        occurred_at, spelt = self._time(event.occurred_at, "/occurred_at", now)
        event.occurred_at = spelt
        if event.recorded_at is None:
            event.recorded_at = spelt if len(spelt) > 10 else normal(occurred_at)
        else:
            event.recorded_at = self._time(event.recorded_at, "/recorded_at", now, dates=False)[1]
        total = fund = None
        kind = type(event)
        if kind is Settlement:
            total, fund = self._settle(event, now)
        elif kind is FeeLines:
            self._lines(event.lines, now)
        elif kind is Stock:
            event.quantity = _plain(event.quantity, "/quantity", QUANTITY)
        elif kind is Cancellation:
            _complete_cancellation(event)
        identifiers = self._hide_person(event)
        of_stock = kind is Stock or (kind is Cancellation and event.cancels.type == "stock")
        body = encode_event(event)
        return Row(
            event.institution_id,
            event.event_id,
            event.institution_id if of_stock else event.person_id,
            kind.__struct_config__.tag,
            body,
            hashlib.sha256(body).digest(),
            occurred_at,
            self._calendar.day(occurred_at),
            total,
            fund,
            *names_of(event),
            identifiers,
        )

    def _settle(self, event: Settlement, now: int) -> tuple[int, int]:
        amounts = event.amounts
        for name in ("total", "fund", "account", "cash", "family", "balance"):
            value = getattr(amounts, name)
            if value is not None:
                setattr(amounts, name, _money(value, f"/amounts/{name}"))
        if event.begin_at is not None:
            event.begin_at = self._time(event.begin_at, "/begin_at", now)[1]
        if event.end_at is not None:
            event.end_at = self._time(event.end_at, "/end_at", now)[1]
        if event.lines:
            self._lines(event.lines, now)
        for index, procedure in enumerate(event.procedures):
            if procedure.occurred_at is not None:
                path = f"/procedures/{index}/occurred_at"
                procedure.occurred_at = self._time(procedure.occurred_at, path, now)[1]
        return int(amounts.total.scaleb(2)), int(amounts.fund.scaleb(2))

    def _lines(self, lines: list[Line], now: int) -> None:
        for index, line in enumerate(lines):
            path = f"/lines/{index}/"
            line.quantity = _plain(line.quantity, path + "quantity", QUANTITY)
            line.amount = _money(line.amount, path + "amount")
            if line.unit_price is not None:
                line.unit_price = _plain(line.unit_price, path + "unit_price", UNIT_PRICE)
            if line.covered_amount is not None:
                line.covered_amount = _money(line.covered_amount, path + "covered_amount")
            if line.occurred_at is not None:
                line.occurred_at = self._time(line.occurred_at, path + "occurred_at", now)[1]

    def _time(self, text: str, path: str, now: int, *, dates: bool = True) -> tuple[int, str]:
        try:
            return self._times.read(text, now, dates=dates)
        except OutOfRange as error:
            raise _Fault("range", path, str(error)) from None
        except NotATime as error:
            raise _Fault("type", path, str(error)) from None

    def _hide_person(self, event: Any) -> tuple[Identifier, ...]:
        """Put pseudonyms in place of the person's and the card's numbers; what the vault must know."""
        person_id = getattr(event, "person_id", None)
        card = getattr(event, "card", None)
        if person_id is None and card is None:
            return ()
        hidden = []
        if person_id is not None:
            event.person_id = self._hide(PERSON, person_id, "/person_id", hidden)
        if card is not None:
            card.number = self._hide(CARD, card.number, "/card/number", hidden)
        return tuple(hidden)

    def _hide(self, domain: str, raw: str, path: str, hidden: list[Identifier]) -> str:
        try:
            pseudonym = self._pseudonyms.of(domain, raw)
        except NoIdentifier as error:
            raise _Fault("range", path, str(error)) from None
        hidden.append(Identifier(domain, pseudonym, raw))
        return pseudonym


def _complete_cancellation(event: Cancellation) -> None:
    if event.person_id is None and event.cancels.type != "stock":
        raise _Fault("required", "/person_id", "this field is required")
    if event.cancels.type == "fee_lines" and event.cancels.line_id is None and event.cancels.event_id is None:
        event.cancels.line_id = "*"


def _money(value: Any, path: str) -> Any:
    try:
        return money(value)
    except OutOfRange as error:
        raise _Fault("range", path, str(error)) from None


def _plain(value: Any, path: str, step: Any) -> Any:
    try:
        return plain(value, step)
    except OutOfRange as error:
        raise _Fault("range", path, str(error)) from None


def _check_texts(part: Any, path: str) -> None:
    """No control characters in ids and codes, no half characters anywhere."""
    for name, value in _members(part):
        place = f"{path}/{name}"
        if isinstance(value, str):
            if _SURROGATE.search(value):
                raise _Fault("type", place, UNREADABLE)
            if name not in FREE_TEXTS and _CONTROL.search(value):
                raise _Fault("range", place, "control characters are not allowed")
            if "\x00" in value:
                raise _Fault("range", place, "control characters are not allowed")
        elif isinstance(value, Struct | list):
            _check_texts(value, place)


def _members(part: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(part, list):
        yield from ((str(index), value) for index, value in enumerate(part))
    else:
        yield from ((name, getattr(part, name)) for name in part.__struct_fields__)


def _identify(refused: Refused, text: bytes | msgspec.Raw) -> None:
    try:
        identity = _decode_identity(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return
    for name in events.Event.__struct_fields__[:2]:
        value = getattr(identity, name, None)
        if isinstance(value, str) and 0 < len(value) <= 64 and not _SURROGATE.search(value):
            setattr(refused, name, value)
