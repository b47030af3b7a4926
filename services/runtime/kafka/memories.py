"""Memories of a worker's keys at hand: open ones, what is on its way to the table, then the table.

A memory that was packed for a sitting is not in the table before the broker has acknowledged what the
sitting led to. Until then its packed form is kept here, so that a memory closed meanwhile is opened again
as it was left, and not as the table still has it.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from services.runtime.kafka.state import PartitionedState
from services.runtime.ports import Memory, NewerState, Program


class Memories:
    """Least recently used memories are closed when more than `hottest` are open."""

    def __init__(self, program: Program, state: PartitionedState, hottest: int = 20_000) -> None:
        self._program = program
        self._state = state
        self._hottest = hottest
        self._open: OrderedDict[tuple[int, str], Memory] = OrderedDict()
        self._on_its_way: dict[tuple[int, str], bytes | None] = {}

    def get(self, partition: int, key: str) -> Memory:
        """The memory of a key, fresh if nothing is known of it. Raises what unpacking raises."""
        place = partition, key
        memory = self._open.get(place)
        if memory is not None:
            self._open.move_to_end(place)
            return memory
        if place in self._on_its_way:
            packed = self._on_its_way[place]
        else:
            packed = self._state.get(partition, key.encode())
        stage = self._program.stage(key)
        name = key[2:]
        memory = self._open[place] = stage.fresh(name) if packed is None else stage.unpack(name, packed)
        return memory

    def pack(self, partition: int, touched: Mapping[str, Memory]) -> dict[str, bytes | None]:
        """The packed forms as they are now, to be put once all emissions are acknowledged."""
        packed: dict[str, bytes | None] = {
            key: self._program.stage(key).pack(memory) for key, memory in touched.items()
        }
        for key, form in packed.items():
            self._on_its_way[partition, key] = form
        while len(self._open) > self._hottest:
            self._open.popitem(last=False)
        return packed

    def drop_over(self, partition: int, keys: Iterable[str], as_of: int) -> dict[str, None]:
        """Let go of memories that are over; what is to be put of them: nothing is left."""
        over: dict[str, None] = {}
        for key in keys:
            if not self._program.may_be_over(key, as_of):
                continue
            place = partition, key
            is_cold = place not in self._open
            try:
                memory = self.get(partition, key)
            except NewerState:
                raise
            except Exception:
                # What cannot be read is told of when something comes for it.
                continue
            if self._program.is_over(memory, as_of):
                over[key] = self._on_its_way[place] = None
            if is_cold or key in over:
                del self._open[place]
        return over

    async def put(self, partition: int, packed: Mapping[str, bytes | None]) -> None:
        """Put packed forms, in the order in which they were packed; None takes a memory away."""
        await self._state.put(partition, {key.encode(): form for key, form in packed.items()})
        for key, form in packed.items():
            if self._on_its_way.get((partition, key), form) is form:
                self._on_its_way.pop((partition, key), None)

    def forget(self) -> None:
        """Partitions come and go: what is known of them stands in the table alone."""
        self._open.clear()
        self._on_its_way.clear()
