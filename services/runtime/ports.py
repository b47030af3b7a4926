"""The ground's ports: what a runtime asks of stages, and what it promises them.

The laws, before any method:

1. A stage is pure: (state of one key, message) → (state, emissions). No clock, no I/O, no random.
2. Applying a message twice is the same as once. A runtime may therefore repeat, but never skip.
3. State, emissions and position move together: embedded in one transaction; on Kafka all emissions are
   acknowledged before the state is put, and the state before the offset goes.
4. One key is in one place at a time, and its messages come in one order.
5. When `step` raises, the memory is as it was before; the runtime sends the message to the dead letters
   and goes on.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol


class Emission(NamedTuple):
    """A message for another topic. `key` chooses its partition; `value` is an object of the topic's
    schema, encoded by the runtime only where it crosses a wire."""

    topic: str
    key: str
    value: Any


class Span(NamedTuple):
    """Memory keys that begin with `prefix` and whose last characters lie from `low` to `high`, which are of
    one length."""

    prefix: str
    low: str
    high: str

    def holds(self, key: str) -> bool:
        """Whether a key is one of them."""
        return key.startswith(self.prefix) and self.low <= key[-len(self.low) :] <= self.high


class Anew(NamedTuple):
    """What is to be judged anew: by which version of the reference data, and which keys (None: all)."""

    version: int
    spans: tuple[Span, ...] | None = None

    @property
    def by_prefix(self) -> "dict[str, list[Span]]":
        """Its spans, those together that begin alike."""
        found: dict[str, list[Span]] = {}
        for span in self.spans or ():
            found.setdefault(span.prefix, []).append(span)
        return found

    def and_then(self, later: "Anew | None") -> "Anew":
        """Both."""
        if later is None:
            return self
        both = None if self.spans is None or later.spans is None else self.spans + later.spans
        return Anew(max(self.version, later.version), both)


class NewerState(Exception):
    """What is remembered was written by a newer program: this one must not touch it, nor set it aside."""


class Memory(Protocol):
    """What is remembered of one key."""

    key: str

    def changes(self) -> dict[str, bytes | None]:
        """Cells (name → bytes, None = deleted) changed since the last call; the call takes them. A memory
        that holds anything has a cell named ""."""


class Stage(Protocol):
    """One step of the data's way: what it reads, and what it makes of one key's messages."""

    topic: str

    def fresh(self, key: str) -> Memory:
        """The memory of a key that nothing is known of."""

    def restore(self, key: str, cells: Iterable[tuple[str, bytes]]) -> Memory:
        """The memory made of all its cells, in any order. Raises NewerState."""

    def unpack(self, key: str, packed: bytes) -> Memory:
        """The memory from its one-piece form. Raises NewerState."""

    def pack(self, memory: Memory) -> bytes:
        """The one-piece form: a codec version, then everything."""

    def step(self, memory: Memory, message: Any) -> list[Emission]:
        """Take one message in. Raises whatever a rule raises, the memory unchanged."""

    def rejudge(self, memory: Memory, as_of: int) -> list[Emission]:
        """Judge the whole key again: the registry or the parameters changed. as_of: the greatest time of what
        was read so far."""


@dataclass(slots=True)
class Outcome:
    """What a sitting over some messages of one topic led to.

    emissions: in order. touched: memories by key, all of them to be put. entries, events, too_late: how
    many there were. rejudge: what has to be judged anew, as a message announced, or None. trace: the span
    in which it was judged, or None.
    """

    emissions: list[Emission] = field(default_factory=list)
    touched: dict[str, Memory] = field(default_factory=dict)
    entries: int = 0
    events: int = 0
    too_late: int = 0
    rejudge: Anew | None = None
    trace: Any = None

    def add(self, later: "Outcome") -> None:
        """Count in what came after."""
        self.emissions += later.emissions
        self.touched.update(later.touched)
        self.entries += later.entries
        self.events += later.events
        self.too_late += later.too_late
        self.announce(later.rejudge)

    def announce(self, anew: Anew | None) -> None:
        """Count in what has to be judged anew."""
        self.rejudge = anew if self.rejudge is None else self.rejudge.and_then(anew)


class Program(Protocol):
    """All stages as a runtime drives them. `memory_of` gives the memory of a key the runtime has at hand."""

    first: str
    """The topic that comes from outside."""

    sink: str
    """The topic that goes outside."""

    ageing: str
    """How the keys of memories that are dropped when they are over begin."""

    def stage(self, key: str) -> Stage:
        """The stage that a memory key belongs to."""

    def prefix(self, topic: str) -> str:
        """How the memory keys of the stage that reads a topic begin."""

    def keys(self, topic: str, messages: Sequence[Any]) -> set[str]:
        """Memory keys that a sitting over these messages will ask for."""

    def sit(self, topic: str, messages: Sequence[Any], memory_of: Callable[[str], Memory]) -> Outcome:
        """Judge messages of one topic in order. Never raises for a message: those become dead letters,
        and so do messages whose memory `memory_of` cannot give (it raises)."""

    def may_be_over(self, key: str, as_of: int) -> bool:
        """False where a memory's key alone tells that it is not over; asked of those that begin with
        `ageing`. as_of: the greatest time of what was read so far."""

    def is_over(self, memory: Memory, as_of: int) -> bool:
        """Whether a memory may be dropped without a trace."""

    def rejudge(self, memories: Iterable[Memory], as_of: int) -> Outcome:
        """Judge whole memories again."""

    def judged(
        self,
        topic: str,
        partition: int,
        offset: int,
        outcome: Outcome,
        as_of: int,
        *,
        number: int = 0,
        sent: Mapping[int, int] | None = None,
        log_id: str = "",
    ) -> Any:
        """The word, for the sink, that a sitting is over and all it led to was sent.

        number: the record's place by its writer's count. sent: partition → greatest offset of what went to
        the inner topic. log_id: identity of the log.
        """
