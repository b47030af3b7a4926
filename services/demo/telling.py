"""How a story says what it was: a decorator names the rule and the words, the story returns where to look."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from services.demo.cast import Cast

Story = Callable[[Cast], None]


class Told:
    """What a story left behind: when it happened (local seconds) and further fields of its label."""

    def __init__(self, at: int, **about: Any) -> None:
        self.at = at
        self.about = about


def plants(
    rule: str, zh: str, en: str, *, tolerates: Iterable[str] = ()
) -> Callable[[Callable[[Cast], Told]], Story]:
    """The story is a case that the rule has to find."""

    def decorate(tell: Callable[[Cast], Told]) -> Story:
        @wraps(tell)
        def story(cast: Cast) -> None:
            told = tell(cast)
            cast.fraud(rule, tell.__name__, told.at, zh, en, tolerates=tolerates, **told.about)

        return story

    return decorate


def spares(
    rules: list[str], zh: str, en: str, *, mild: bool = False
) -> Callable[[Callable[[Cast], Told]], Story]:
    """The story is innocent; `mild`: the rules may speak of it at severity 3."""

    def decorate(tell: Callable[[Cast], Told]) -> Story:
        @wraps(tell)
        def story(cast: Cast) -> None:
            told = tell(cast)
            cast.innocent(rules, tell.__name__, told.at, zh, en, mild=mild, **told.about)

        return story

    return decorate
