"""The registry as detector workers know it: its topic read whole, any version of it at hand.

A judgement is a function of facts and registry. A worker that judges a record again after a crash must
judge it by the same registry, though a newer one may be on the topic by then; so every version's records
are kept by the version that brought them.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

import msgspec

from schemas.registry import WHOLE, Record, Registry, decode_item, decode_record
from schemas.topics import LOG_ID, VERSION
from services.detector.program import DetectorProgram
from services.runtime.logs import log

VERSIONS_AT_HAND = 4
ASK_SECONDS = 0.5


class RegistryBook:
    """Takes records of the registry topic; has the program judge by the version asked for."""

    def __init__(
        self,
        program: DetectorProgram,
        on_other_log: Callable[[], object],
        ask_log: Callable[[], Awaitable[bytes | None]],
    ) -> None:
        self._program = program
        self._ask_log = ask_log
        self._on_other_log = on_other_log
        self._records: dict[str, dict[bytes, list[tuple[int, Record | None]]]] = {}
        self._built: OrderedDict[int, Registry] = OrderedDict()
        self._news = asyncio.Event()
        self._version = -1
        self.log_id = ""

    def take(self, key: bytes, value: bytes | None) -> None:
        """A record of the topic; one that cannot be read is left out."""
        try:
            self._take(key, value)
        except (msgspec.DecodeError, ValueError) as error:
            log.error("registry_record_unreadable", error=type(error).__name__)
        self._news.set()

    async def reached(self, version: int) -> None:
        """Return once everything up to a version has been read."""
        while self._version < version:
            self._news.clear()
            await self._news.wait()

    async def current_log(self) -> str:
        """The identity of the broker's log, asked anew; waited for while it has none."""
        while (named := await self._ask_log()) is None:
            await asyncio.sleep(ASK_SECONDS)
        return named.decode()

    async def named(self) -> str:
        """The log's identity, once the relay has written it."""
        while not self.log_id:
            self._news.clear()
            await self._news.wait()
        return self.log_id

    def use(self, version: int) -> None:
        """Have the program judge by a version from now on."""
        self._program.use(self.at(version))

    def at(self, version: int) -> Registry:
        """The registry as of a version."""
        registry = self._built.get(version)
        if registry is None:
            registry = Registry(
                {table: _as_of(histories.values(), version) for table, histories in self._records.items()},
                version,
            )
            # What is asked for before its records were read must not be kept.
            if version <= self._version:
                self._built[version] = registry
                while len(self._built) > VERSIONS_AT_HAND:
                    self._built.popitem(last=False)
        return registry

    def _take(self, key: bytes, value: bytes | None) -> None:
        if key == LOG_ID:
            named = (value or b"").decode()
            if self.log_id and named != self.log_id:
                self._on_other_log()
            self.log_id = named
        elif key == VERSION:
            self._version = max(self._version, int(value or b"0"))
        elif value is not None:
            item = decode_item(value)
            if item.table not in WHOLE:
                return
            record = None if item.body is None else decode_record(item.table, item.body)
            history = self._records.setdefault(item.table, {}).setdefault(key, [])
            if all(item.version != known for known, _ in history):
                history.append((item.version, record))
                history.sort(key=lambda one: one[0])


def _as_of(histories: Iterable[list[tuple[int, Record | None]]], version: int) -> list[Record]:
    """Rows of one table as they stood at a version."""
    found = []
    for history in histories:
        held = [record for known, record in history if known <= version]
        if held and held[-1] is not None:
            found.append(held[-1])
    return found
