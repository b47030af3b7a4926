"""What the detector says: alerts, data defects, dead letters, screenings, and how far it has come.

All travel on the topic `alerts`, in the partition of the record they come from, so that for one key
the last word is the last to arrive. `revision` counts what that history has learnt: a message with a smaller
revision than the stored one is a late repeat.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from schemas.screening import ScreeningMessage
from schemas.stock import StockMessage

AlertStatus = Literal["open", "withdrawn"]
Severity = Literal[1, 2, 3]


class Words(Struct):
    """The same text in Chinese and English."""

    zh: str
    en: str


class Subject(Struct):
    """Whom or what a finding is about. Ids of persons and cards are pseudonyms, a group's is a digest of its
    members."""

    kind: Literal[
        "person", "terminal", "institution", "practitioner", "group", "card", "trace_code", "invoice"
    ]
    id: str


class Alert(Struct, kw_only=True):
    """A finding as outsiders read it (contract, section 3) less version and detected_at, which the
    alerts service counts. Severity 1 is gravest. `amount`: decimal yuan, two decimals. `shadow`: of a rule on
    trial, shown apart and delivered to nobody; left out where it is not true."""

    alert_id: str
    status: AlertStatus
    rule: str
    rule_version: str
    phase: Literal["pre", "in_process", "post"]
    severity: int
    result_type: Literal["suspected", "violation"]
    subject: Subject
    institutions: list[str]
    encounters: list[str]
    settlements: list[str]
    happened_at: str
    amount: str
    title: Words
    message: Words
    evidence: dict
    basis: list[str]
    checked: list[str]
    historical: bool = False
    shadow: bool | UnsetType = UNSET


NOT_COMPARED = ("version", "detected_at", "message", "evidence")
"""Fields that may differ between two runs over the same facts."""


class Origin(Struct, omit_defaults=True):
    """The event that led to a message: its request, when the door took it (microseconds), its inbox place."""

    request_id: str = ""
    received_at: int = 0
    seq: int = 0


class AlertMessage(Struct, tag="alert", kw_only=True):
    """An alert was opened, changed or withdrawn. When withdrawn, `alert` is None: the stored one stands."""

    key: str
    revision: int
    alert_id: str
    status: AlertStatus
    alert: Alert | None
    origin: Origin


class Share(Struct):
    """How much of a person's live facts one institution sent, and the event that brought the last of them."""

    institution_id: str
    facts: int
    event_id: str


class DefectMessage(Struct, tag="defect", kw_only=True):
    """A data defect of an institution: what it sent contradicts itself. Never evidence.

    code: name of the contradiction. path: JSON Pointer into the event. `open` is false once the event
    was cancelled or corrected. shares: of a placeholder person, who sent its facts.
    """

    key: str
    revision: int
    defect_id: str
    open: bool
    institution_id: str
    event_id: str
    code: str
    path: str
    message: Words
    origin: Origin
    shares: list[Share] = []


class DeadLetterMessage(Struct, tag="dead_letter", kw_only=True):
    """An entry that could not be judged; `body` as it stood in the inbox (pseudonymised)."""

    stage: str
    key: str
    error: str
    reason: str
    body: bytes
    origin: Origin


class JudgedMessage(Struct, tag="judged", kw_only=True):
    """A record of a topic was judged and all that it led to was sent before this message.

    entries: all in it; events: those of them that institutions sent; last_seq: the record's number, where
    it has one (`schemas.entry.Envelope`): a record that was written twice counts once. crossings: partition
    → greatest offset sent to the crossings topic. log_id: identity of the log the record stood in.
    """

    topic: str
    partition: int
    offset: int
    entries: int
    events: int
    too_late: int
    as_of: int
    last_seq: int = 0
    crossings: dict[int, int] = {}
    log_id: str = ""


Message = AlertMessage | DefectMessage | DeadLetterMessage | JudgedMessage | ScreeningMessage | StockMessage

decode_messages = msgspec.msgpack.Decoder(list[Message]).decode
encode_messages = msgspec.msgpack.Encoder().encode
"""A record of the topic `alerts` is a list of messages, in order."""
