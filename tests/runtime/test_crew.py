"""Work shared out among processes: asked and answered, and ended whatever happens."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from services.runtime import crew
from services.runtime.crew import Crew
from services.runtime.errors import UserError


class Member:
    """Counts what it is asked."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.asked = 0

    def add(self, much: int = 1) -> tuple[int, int]:
        self.asked += much
        return self.number, self.asked

    def pid(self) -> int:
        return os.getpid()

    def fail(self, number: int) -> None:
        if number == self.number:
            raise UserError(f"{number} cannot")

    def fail_in_its_own_way(self) -> None:
        if self.number:
            raise Unportable("why", 1)

    def leave(self) -> None:
        if self.number:
            os._exit(9)


class Unportable(Exception):
    """Cannot be made of its words alone."""

    def __init__(self, words: str, number: int) -> None:
        super().__init__(words)


class Late(Member):
    """Cannot be made but in the process that asks."""

    def __init__(self, number: int) -> None:
        if number:
            raise UserError("no room here")
        super().__init__(number)


@pytest.fixture(params=["fork", "spawn"], autouse=True)
def start(request, monkeypatch):
    """Every way in which a process begins."""
    monkeypatch.setattr(crew, "START", request.param)


def test_each_answers_in_order_and_keeps_what_it_knows():
    with Crew(Member, 3) as members:
        assert members.ask("add") == [(0, 1), (1, 1), (2, 1)]
        assert members.ask_each("add", [(1,), (10,), (100,)]) == [(0, 2), (1, 11), (2, 101)]
        pids = members.ask("pid")
        assert len({*pids}) == 3
        assert pids[0] == os.getpid()


def test_what_one_raises_is_raised_to_who_asks_with_where_it_was():
    with Crew(Member, 2) as members, pytest.raises(UserError, match="1 cannot") as raised:
        members.ask("fail", 1)
    assert "in fail" in raised.value.__notes__[0]


def test_an_error_that_cannot_travel_is_told_in_words():
    with Crew(Member, 2) as members, pytest.raises(RuntimeError, match="Unportable: why"):
        members.ask("fail_in_its_own_way")


def test_one_that_cannot_be_made_says_so_when_it_is_asked():
    with Crew(Late, 2) as members, pytest.raises(UserError, match="no room here"):
        members.ask("add")


def test_a_process_that_is_lost_is_named():
    with Crew(Member, 3) as members, pytest.raises(UserError, match="exit status 9"):
        members.ask("leave")


def test_whatever_ends_the_asking_ends_them_all():
    pids = []
    with suppress(ZeroDivisionError), Crew(Member, 3) as members:
        pids += members.ask("pid")
        raise ZeroDivisionError
    for pid in pids[1:]:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


BUSY = """
import os, sys, time
from services.runtime import crew
crew.START = sys.argv[1]

class Busy:
    def __init__(self, number): self.number = number
    def pid(self): return os.getpid()
    def work(self):
        while True: time.sleep(60)

if __name__ == "__main__":
    with crew.Crew(Busy, 3) as members:
        print(*members.ask("pid"), flush=True)
        members.ask("work")
"""


def test_an_interrupt_ends_them_all(tmp_path, start):
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    command = [sys.executable, str(script), crew.START]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 3
        # As a terminal does: to all of the group.
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
    assert errors.count("Traceback") == 1, errors
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
