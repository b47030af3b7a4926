"""Memories at hand: of each stage the ones used last, so that one stage's many keys do not drive out
another's. Behind them stand others in their one-piece form, a quarter of the size: to open these costs no
question to the database."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Container, Iterator

from services.runtime.ports import Memory, Stage

STAGE = 2
"""Characters of a memory's key that name its stage; the rest is the key's own name."""


class Hot:
    """At most `hottest` memories of each stage open, when cooled; more while a sitting needs them. Of those
    let go, as many stay packed as `packed_bytes` hold, all stages together.

    stage: that of a memory's key.
    """

    def __init__(self, stage: Callable[[str], Stage], hottest: int, packed_bytes: int) -> None:
        self._stage = stage
        self._hottest = hottest
        self._packed_bytes = packed_bytes
        self._open: defaultdict[str, OrderedDict[str, Memory]] = defaultdict(OrderedDict)
        self._packed: OrderedDict[str, bytes] = OrderedDict()
        self._size = 0

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key in self._of(key) or key in self._packed)

    def __getitem__(self, key: str) -> Memory:
        """A memory that is open: one that was put here, or `use`d, since it was last let go."""
        return self._of(key)[key]

    def __setitem__(self, key: str, memory: Memory) -> None:
        self._of(key)[key] = memory

    def __iter__(self) -> Iterator[str]:
        for memories in self._open.values():
            yield from memories
        yield from self._packed

    def use(self, key: str) -> bool:
        """Open a memory; whether it was at hand. It is then the one used last."""
        memories = self._of(key)
        if key in memories:
            memories.move_to_end(key)
            return True
        packed = self._take(key)
        if packed is None:
            return False
        memories[key] = self._stage(key).unpack(key[STAGE:], packed)
        return True

    def drop(self, key: str) -> None:
        """Let go of a memory for good, if it is at hand."""
        self._of(key).pop(key, None)
        self._take(key)

    def cool(self, kept: Container[str]) -> None:
        """Pack those used least, but none that is `kept`: what it learnt is not stored yet."""
        for memories in self._open.values():
            while len(memories) > self._hottest and next(iter(memories)) not in kept:
                key, memory = memories.popitem(last=False)
                packed = self._packed[key] = self._stage(key).pack(memory)
                self._size += len(packed)
        while self._size > self._packed_bytes:
            self._size -= len(self._packed.popitem(last=False)[1])

    def clear(self) -> None:
        """Let go of all."""
        self._open.clear()
        self._packed.clear()
        self._size = 0

    def _take(self, key: str) -> bytes | None:
        packed = self._packed.pop(key, None)
        if packed is not None:
            self._size -= len(packed)
        return packed

    def _of(self, key: str) -> OrderedDict[str, Memory]:
        return self._open[key[:STAGE]]
