"""Memories at hand: of each stage the ones used last, so that one stage's many keys do not drive out
another's."""

from collections import OrderedDict
from collections.abc import Container, Iterator

from services.runtime.ports import Memory

STAGE = 2
"""Characters of a memory's key that name its stage."""


class Hot:
    """At most `hottest` memories of each stage, when cooled; more while a sitting needs them."""

    def __init__(self, hottest: int) -> None:
        self._hottest = hottest
        self._stages: dict[str, OrderedDict[str, Memory]] = {}

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._of(key)

    def __iter__(self) -> Iterator[str]:
        for memories in self._stages.values():
            yield from memories

    def __getitem__(self, key: str) -> Memory:
        return self._of(key)[key]

    def __setitem__(self, key: str, memory: Memory) -> None:
        self._of(key)[key] = memory

    def use(self, key: str) -> bool:
        """Whether a memory is at hand; it is then the one used last."""
        memories = self._of(key)
        if key not in memories:
            return False
        memories.move_to_end(key)
        return True

    def drop(self, key: str) -> None:
        """Let go of a memory, if it is at hand."""
        self._of(key).pop(key, None)

    def cool(self, kept: Container[str]) -> None:
        """Let go of those used least, but of none that is `kept`: what it learnt is not stored yet."""
        for memories in self._stages.values():
            while len(memories) > self._hottest and next(iter(memories)) not in kept:
                memories.popitem(last=False)

    def clear(self) -> None:
        """Let go of all."""
        self._stages.clear()

    def _of(self, key: str) -> OrderedDict[str, Memory]:
        return self._stages.setdefault(key[:STAGE], OrderedDict())
