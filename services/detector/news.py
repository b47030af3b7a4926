"""What came, as rules look at it before they are asked: cheaply, and without opening the past."""

from collections.abc import Sequence

from services.detector.billing import Charge
from services.detector.facts import LINED, Fact
from services.detector.view import PersonView


class News:
    """A fact that stands alone in its encounter: no other version of it and no cancellation is known.

    Whoever asks about it learns what may be, never what is: a rule that is spared by what this says would
    have found nothing. charges: what its encounter is charged for; codes: the same by code.
    """

    __slots__ = ("_from", "_gap", "_since", "_told", "charges", "codes", "fact", "view")

    def __init__(self, view: PersonView, fact: Fact) -> None:
        self.view = view
        self.fact = fact
        self.charges: Sequence[Charge] = ()
        self.codes: dict[str, list[Charge]] = {}
        if fact.flags & LINED:
            bill = view.bill((fact.institution, fact.encounter))
            self.charges, self.codes = bill.charges, bill.by_code
        self._gap: int | None = None
        self._told: dict[tuple[bytes, ...], list[Fact]] = {}
        self._since: dict[int, list[Fact]] = {}
        self._from: dict[int, list[bytes]] = {}

    @property
    def gap(self) -> int:
        """How far, at least, the nearest other live fact lies from it, by their moments."""
        if self._gap is None:
            self._gap = self.view.history.gap(self.fact)
        return self._gap

    def others_telling(self, texts: tuple[bytes, ...]) -> list[Fact]:
        """Other facts, in order, whose lines may tell of one of some texts, such as a code."""
        told = self._told.get(texts)
        if told is None:
            fact = self.fact
            told = self._told[texts] = [
                other for other in self.view.history.telling(texts, LINED) if other is not fact
            ]
        return told

    def others_billing(self, since: int) -> list[Fact]:
        """Other facts with lines, in order: those of a moment or later, and lines that came by themselves
        whenever they did."""
        since_then = self._since.get(since)
        if since_then is None:
            fact = self.fact
            since_then = self._since[since] = [
                other for other in self.view.history.billing(since) if other is not fact
            ]
        return since_then

    def is_billed_elsewhere(self, code: str, day: int) -> bool:
        """Whether another fact may bill a code on a local day, or after it."""
        told = self._from.get(day)
        if told is None:
            since = self.view.calendar.midnight(day)
            told = self._from[day] = self.view.history.told_besides(self.fact, since)
        if not told:
            return False
        text = code.encode()
        return any(text in packed for packed in told)
