"""What of each partition has been delivered and is not done yet.

The law: `committable` never passes a message that was delivered and not settled, and never a message that was
not delivered. It is known from deliveries alone, not from a list of acknowledged offsets: gaps in the log
(compaction, retention) need no care, and a message dropped on its way stays in work until it is read again.
"""

from collections.abc import Hashable, Iterable


class OffsetLedger:
    """Offsets in work by partition; partitions are any hashable name."""

    def __init__(self) -> None:
        self._pages: dict[Hashable, _Page] = {}

    def deliver(self, partition: Hashable, offset: int) -> object:
        """Take a message into work. The ticket returned settles this delivery and no other of the offset."""
        ticket = object()
        page = self._pages.get(partition)
        if page is None:
            page = self._pages[partition] = _Page()
        elif offset < page.position:
            # Read again from an earlier place: what was delivered beyond it will be delivered again.
            page.in_work = {known: held for known, held in page.in_work.items() if known < offset}
        page.in_work[offset] = ticket
        page.position = offset + 1
        return ticket

    def settle(self, partition: Hashable, offset: int, ticket: object) -> bool:
        """The work of this delivery is done. False when the offset has been delivered anew or forgotten."""
        page = self._pages.get(partition)
        if page is None or page.in_work.get(offset) is not ticket:
            return False
        del page.in_work[offset]
        return True

    def committable(self, partition: Hashable) -> int | None:
        """The offset to go on from after a crash now; None while nothing was delivered."""
        page = self._pages.get(partition)
        if page is None:
            return None
        return min(page.in_work) if page.in_work else page.position

    def in_work(self, partition: Hashable) -> int:
        """How many deliveries of the partition are not settled."""
        page = self._pages.get(partition)
        return len(page.in_work) if page else 0

    def forget(self, partitions: Iterable[Hashable]) -> None:
        """The partitions are no longer ours; tickets given out for them settle nothing from now on."""
        for partition in partitions:
            self._pages.pop(partition, None)


class _Page:
    """One partition: the tickets of what is in work, and the offset after the last delivered."""

    __slots__ = ("in_work", "position")

    def __init__(self) -> None:
        self.in_work: dict[int, object] = {}
        self.position = 0
