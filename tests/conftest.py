"""Fixtures for all: `postgres`, `database_url`, `settings`, and Kafka's where its module is there."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

from services.settings import Settings
from tests.support.room import make_folder

pytest_plugins = [
    name
    for name in (
        "tests.support.database",
        "tests.support.kafka",
        "tests.support.prometheus",
        "tests.support.collector",
    )
    if find_spec(name) is not None
]


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a system on a fresh database and an empty data folder; fixed keys."""
    return Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        pseudonym_key="pseudonym key for the tests only",
        vault_key="vault key for the tests only, 123",
        log_level="error",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """A folder of this session's own, unless `--basetemp` names one: the private PostgreSQL runs as another
    user, and the folder that all sessions on a machine share is closed to others by each that begins."""
    if config.option.basetemp is None:
        folder = make_folder("qingfeng-tests-")
        config.option.basetemp = str(folder)
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


LONG_FIRST = ("journeys", "contract", "oracle", "kafka", "demo", "docs", "deploy", "commands", "ingest")
"""Folders whose files are long and mostly wait: begun first, none of them is left over for one worker."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long folders first, each file's tests in their own order; xdist keeps to it when told so."""
    tests = Path(__file__).parent
    ranks = {name: rank for rank, name in enumerate(LONG_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.relative_to(tests).parts[0], len(ranks)))
