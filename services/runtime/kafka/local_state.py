"""The folder where one worker keeps its tables: a cache of the changelog, trusted only after a clean stop.

A table is written before its changelog record is acknowledged. After a crash the folder may thus hold a
change the changelog never got: kept, that change would be lost when the partition moves. So the folder is
dropped at start unless the last stop left its mark; the mark is taken away before anything is written.
"""

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType


class FolderInUse(Exception):
    """Another process works in this folder. Give each worker a folder of its own."""


class LocalState:
    """Holds the folder for one process: `with LocalState(path) as state: …; state.stopped_cleanly()`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables = folder / "tables"
        self._mark = folder / "stopped-cleanly"
        self._lock: int | None = None
        self.was_dropped = False

    def __enter__(self) -> "LocalState":
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = self._hold()
        if not self._mark.exists() and self.tables.exists():
            shutil.rmtree(self.tables)
            self.was_dropped = True
        self._mark.unlink(missing_ok=True)
        self._write_through()
        self.tables.mkdir(exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def stopped_cleanly(self) -> None:
        """Every change is in the changelog and the tables are closed: the next start may trust the folder."""
        self._mark.touch()
        self._write_through()

    def _hold(self) -> int:
        lock = os.open(self.folder / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise FolderInUse(f"{self.folder} is used by another process; give each worker its own") from None
        return lock

    def _write_through(self) -> None:
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
