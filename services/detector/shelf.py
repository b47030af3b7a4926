"""Memories of many keys in one process: held packed, the hottest unpacked."""

from collections import OrderedDict
from collections.abc import Iterator

from services.runtime.ports import Memory, Stage


class Shelf:
    """Least recently used memories are packed when more than `hottest` are unpacked."""

    def __init__(self, stage: Stage, hottest: int = 50_000) -> None:
        self._stage = stage
        self._hottest = hottest
        self._open: OrderedDict[str, Memory] = OrderedDict()
        self._packed: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._packed)

    def get(self, key: str) -> Memory:
        """The memory of a key, fresh if nothing is known of it."""
        memory = self._open.get(key)
        if memory is not None:
            self._open.move_to_end(key)
            return memory
        packed = self._packed.pop(key, None)
        memory = self._stage.fresh(key) if packed is None else self._stage.unpack(key, packed)
        self._open[key] = memory
        if len(self._open) > self._hottest:
            old_key, old = self._open.popitem(last=False)
            self._packed[old_key] = self._stage.pack(old)
        return memory

    def __iter__(self) -> Iterator[str]:
        """All keys, those whose memories are open last."""
        yield from [*self._packed, *self._open]

    def lay(self, packed: dict[str, bytes]) -> None:
        """Put packed memories on the shelf, as a snapshot holds them."""
        self._packed.update(packed)
