"""What tests need from Maven's and npm's registries: fetched once, kept outside the repository."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 120


def fetched(name: str, program: str, command: Callable[[Path], list[str]]) -> Path:
    """The folder `name` of the cache, filled by a command of a program that is told where to; the test is
    skipped, with the reason, where that cannot be had."""
    cache = Path(os.environ.get("QINGFENG_CACHE") or Path.home() / ".cache" / "qingfeng")
    wanted = cache / name
    if wanted.is_dir():
        return wanted
    if shutil.which(program) is None:
        pytest.skip(f"no {program} to fetch {name} with")
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{program}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.is_dir():
            _fetch(cache, wanted, command)
    return wanted


def npm(package: str, version: str) -> Path:
    """A folder whose node_modules hold a package and what it needs; no script of theirs is run."""
    quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
    return fetched(
        f"npm-{package.strip('@').replace('/', '-')}-{version}",
        "npm",
        lambda to: ["npm", "install", "--prefix", str(to), *quiet, f"{package}@{version}"],
    )


def maven(group: str, artifact: str, version: str) -> Path:
    """The jar of an artifact that needs no other."""
    coordinates = f"-Dartifact={group}:{artifact}:{version}"
    folder = fetched(
        f"maven-{artifact}-{version}",
        "mvn",
        lambda to: ["mvn", "-q", "-B", "dependency:copy", coordinates, f"-DoutputDirectory={to}"],
    )
    return folder / f"{artifact}-{version}.jar"


def _fetch(cache: Path, wanted: Path, command: Callable[[Path], list[str]]) -> None:
    # Beside its final place and renamed: a broken download never looks like a complete one.
    with tempfile.TemporaryDirectory(dir=cache) as workspace:
        to = Path(workspace) / "fetched"
        to.mkdir()
        try:
            done = subprocess.run(command(to), cwd=workspace, capture_output=True, text=True, timeout=SECONDS)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{wanted.name} could not be fetched within {SECONDS} s")
        if done.returncode != 0:
            pytest.skip(f"{wanted.name} could not be fetched: {(done.stdout + done.stderr)[-500:]}")
        to.rename(wanted)
