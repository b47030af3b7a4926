"""Work shared out among processes: one object in each, asked by the names of its methods.

The first of a crew lives in the process that asks, so a crew of one starts none. What one of them raises is
raised to who asks; a process that is lost is named; and whatever ends the asking, ^C too, ends them all.
"""

import multiprocessing
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from services.runtime.collector import calm_the_collector
from services.runtime.errors import UserError

T = TypeVar("T")
START = "fork" if sys.platform.startswith("linux") else "spawn"
"""How a process begins. To fork takes a few milliseconds and shares what is loaded; only on Linux is it
safe."""
ENDS_SECONDS = 5
"""So long a process that is told to end may take before it is ended."""


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew(Generic[T]):
    """As many objects as `size`, each made by `make(its number)`; a context that ends them.

    make, what methods take and what they answer cross processes, so they must be picklable. To be made while
    no other thread runs.
    """

    def __init__(self, make: Callable[[int], T], size: int) -> None:
        context = multiprocessing.get_context(START)
        self._others: list[_Other] = []
        try:
            for number in range(1, size):
                here, there = context.Pipe()
                inherited = [other.connection for other in self._others] + [here]
                process = context.Process(
                    target=_serve,
                    args=(make, number, there, inherited if START == "fork" else ()),
                    daemon=True,
                )
                process.start()
                there.close()
                self._others.append(_Other(process, here))
            self.first = make(0)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return 1 + len(self._others)

    def ask(self, method: str, *arguments: Any) -> list[Any]:
        """What each answers, in order."""
        return self.ask_each(method, [arguments] * len(self))

    def ask_each(self, method: str, arguments: Sequence[tuple]) -> list[Any]:
        """The same, each asked with arguments of its own."""
        for other, given in zip(self._others, arguments[1:], strict=True):
            other.ask(method, given)
        own = getattr(self.first, method)(*arguments[0])
        return [own, *(other.answer() for other in self._others)]

    def close(self) -> None:
        """End the processes, at once where they are at work."""
        for other in self._others:
            other.end()
        self._others.clear()


class _Other:
    """A process of a crew, as the first one knows it."""

    def __init__(self, process: Any, connection: Connection) -> None:
        self.process = process
        self.connection = connection

    def ask(self, method: str, arguments: tuple) -> None:
        try:
            self.connection.send((method, arguments))
        except OSError:
            raise self._lost() from None

    def answer(self) -> Any:
        try:
            is_answer, told = self.connection.recv()
        except (EOFError, OSError):
            raise self._lost() from None
        if is_answer:
            return told
        raise told

    def end(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join(ENDS_SECONDS)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()

    def _lost(self) -> UserError:
        self.process.join(ENDS_SECONDS)
        return UserError(
            f"one of the processes that share the work was lost (exit status {self.process.exitcode}); "
            "if memory was short, fewer processes need less"
        )


def _serve(
    make: Callable[[int], Any], number: int, asked: Connection, inherited: Sequence[Connection]
) -> None:
    """Answer until the other end of the connection is gone."""
    # ^C is for the process that asks; it ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # Ends that fork left here would keep this process from seeing that nobody asks any more.
    for connection in inherited:
        connection.close()
    calm_the_collector()
    one: Any = None
    with suppress(EOFError, OSError):
        while True:
            method, arguments = asked.recv()
            try:
                one = make(number) if one is None else one
                told = (True, getattr(one, method)(*arguments))
            except Exception as error:
                told = (False, _portable(error))
            asked.send(told)


def _portable(error: Exception) -> Exception:
    """An error that can cross processes, with the traceback of where it was raised."""
    text = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 (its own)
    except Exception:
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(text)
    return error
