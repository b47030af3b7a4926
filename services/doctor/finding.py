"""One line of a diagnosis: what was looked at, how it stands, what to do."""

from dataclasses import dataclass
from typing import Literal

from schemas.finding import Words

State = Literal["ok", "warn", "bad"]
LOOK_SECONDS = 10.0
"""So long a look at another system may take."""
MARKS = {"ok": "✓", "warn": "!", "bad": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it stands, and what to do where something is to be done."""

    state: State
    name: Words
    said: Words
    todo: Words | None = None

    @property
    def line(self) -> str:
        """As people read it."""
        text = f"{MARKS[self.state]} {self.name.zh} {self.name.en}: {self.said.zh} / {self.said.en}"
        return text if self.todo is None else f"{text} → {self.todo.zh} / {self.todo.en}"
