"""Where tests keep their data: in memory where there is room for it, else in the machine's folder for what is
temporary. A fresh database takes some 40 ms there, and up to ten times as long on a disk that others use."""

import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
NEEDED = 6 << 30
"""Bytes: a whole run keeps less at any time, and leaves as much to the machine."""


def make_folder(prefix: str) -> Path:
    """A folder of its own; who asked for it removes it."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=MEMORY if _has_room() else None))


def _has_room() -> bool:
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < NEEDED:
        return False
    told = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(told["MemAvailable"].split()[0]) * 1_024 >= 2 * NEEDED
