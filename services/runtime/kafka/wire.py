"""How a worker reads and writes records: what it needs to know of its program's topics, and no more.

The laws: `read` raises for what it cannot read and nothing else ever fails because of a record's bytes;
what was read from a topic says which log it was written for, so that a worker whose state belongs to
another log never judges it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from services.runtime.ports import Anew


class Batch(NamedTuple):
    """What one record holds.

    as_of: greatest time in it, microseconds. number: its place by its writer's count (0: not counted). echo:
    what is in it counts elsewhere. log_id: the log it was written for ("": any). rejudge: what it announces
    that has to be judged anew.
    """

    messages: Sequence[Any]
    as_of: int = 0
    number: int = 0
    echo: bool = False
    log_id: str = ""
    rejudge: Anew | None = None


@dataclass(frozen=True)
class Wire:
    """Topics of a program on a broker. Names without the deployment's prefix are the program's own."""

    prefix: str
    inner: str
    """The topic between stages, beside the program's first and its sink."""
    read: Callable[[str, bytes], Batch]
    """A record of the first or the inner topic."""
    write: Callable[[Sequence[tuple[str, Any]], str], bytes]
    """Messages for one partition of the inner topic, by key, and the log's identity: one record."""
    speak: Callable[[Sequence[Any]], bytes]
    """Messages for the sink: one record."""
    unreadable: Callable[[str, bytes, Exception], Any]
    """The dead letter, for the sink, of a record that could not be read."""


class Reference(Protocol):
    """The reference data that judgements rest on, by version; it follows its own topic."""

    log_id: str
    """Identity of the log; a worker's state belongs to one log."""

    async def current_log(self) -> str:
        """The identity of the broker's log, asked anew."""

    async def reached(self, version: int) -> None:
        """Return once everything up to a version has been read."""

    def use(self, version: int) -> None:
        """Have the program judge by this version from now on."""
