"""What the inbox hands to the detector: entries, in the order in which they were committed.

An entry is an admitted event (pseudonymised, in its normal form), a person's registry record, the word
that the registry changed, or a tick. `as_of` is the greatest `occurred_at` accepted before it, so that
what counts as too late depends on the inbox's order alone, never on a worker or a retry.
"""

from typing import Literal

import msgspec
from msgspec import Struct

EntryKind = Literal["event", "person", "registry", "tick", "again"]


class Entry(Struct, array_like=True, gc=False):
    """One row of the inbox.

    seq: its place in the inbox. key: pseudonym of the person; for stock the institution; "" for
    registry and tick. body: the normal form (JSON) of the event or person record; for `registry` what
    `encode_change` makes. as_of, received_at, occurred_at: microseconds since 1970 UTC.
    historical: came through `qingfeng import`. foreign: an event told of another person, for the key hears of
    the same thing too; it counts in no sum. An entry of kind `again` asks that its key be judged anew.
    """

    seq: int
    kind: EntryKind
    key: str
    body: bytes
    occurred_at: int
    received_at: int
    as_of: int
    request_id: str = ""
    historical: bool = False
    foreign: bool = False


PERSONS_AT_MOST = 8
"""A settlement, stay or check that is told of more persons than so many is none: its id is a placeholder, and
goes by person."""


class Envelope(Struct, array_like=True, tag="entries"):
    """Entries of one partition that the relay found waiting: one Kafka record.

    number: its place among the partition's envelopes, from 1; one that is sent again keeps its number, so
    that it is counted once. log_id: identity of the log it was written for. echo: the same entries count
    elsewhere (the word that the registry changed goes to every partition of `events` and `crossings`).
    """

    entries: list[Entry]
    number: int = 0
    log_id: str = ""
    echo: bool = False


class TerminalDays(Struct, array_like=True, frozen=True):
    """Terminals of an institution on some local days: ordinals, both included."""

    institution_id: str
    first: int
    last: int


class RegistryChange(Struct, array_like=True, frozen=True):
    """The word that the registry is at a version. terminals: all that this concerns; None: everything."""

    version: int
    terminals: list[TerminalDays] | None = None


_change = msgspec.json.Decoder(int | RegistryChange).decode
_encode_json = msgspec.json.Encoder().encode


def encode_change(change: RegistryChange) -> bytes:
    """The body of the word: a JSON integer where it concerns everything."""
    return _encode_json(change.version if change.terminals is None else change)


def decode_change(body: bytes) -> RegistryChange:
    """The word in an inbox entry of kind "registry". Raises msgspec.DecodeError."""
    found = _change(body)
    return RegistryChange(found) if isinstance(found, int) else found


decode_envelope = msgspec.msgpack.Decoder(Envelope).decode
encode_envelope = msgspec.msgpack.Encoder().encode
