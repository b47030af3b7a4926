"""A command imports what it needs, and the list of commands next to nothing."""

import subprocess
import sys

import typer

from services import __main__ as entry

LOOK = """
import sys
from services import __main__ as entry
sys.argv = ["qingfeng", *{arguments}]
try:
    entry.main()
finally:
    print(*sorted({{"sqlalchemy", "fastapi", "aiokafka", "duckdb"}} & set(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str) -> tuple[str, list[str]]:
    """What a command prints, and which of the heavy libraries it had loaded at its end."""
    command = [sys.executable, "-c", LOOK.format(arguments=arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout, done.stderr.splitlines()[-1].split()


def test_the_list_of_commands_says_of_each_what_it_says_of_itself() -> None:
    entry.register_all()
    commands = typer.main.get_command(entry.app).commands  # type: ignore[attr-defined]
    for name, (_, told) in entry.LATER.items():
        assert commands[name].get_short_help_str(200) == told


def test_the_list_of_commands_is_shown_without_database_web_or_kafka() -> None:
    listed, heavy = loaded("--help")
    assert all(name in listed for name in entry.LATER)
    assert heavy == []


def test_a_command_that_serves_nobody_starts_without_the_web() -> None:
    assert loaded("keys", "--help")[1] == ["sqlalchemy"]
