"""What a person's history says at a key that it shares with others: registers, and the entries in them.

A register holds all that one encounter of one person has to say at one key. The one with the greatest
revision is kept, so sending it again, or late, changes nothing; one without entries says: nothing any more.
"""

from decimal import Decimal

from msgspec import Struct

from services.detector.versions import cell_name


class Swipe(Struct, array_like=True, gc=False, tag=1):
    """A settlement at a terminal; total and fund are fen."""

    at: int
    settlement: str
    med_type: str
    total: int
    fund: int
    card: str
    historical: bool = False


class CardUse(Struct, array_like=True, gc=False, tag=2):
    """A settlement for which a card was shown. reason: why it may be another's, "family", "newborn" or ""."""

    at: int
    settlement: str
    fund: int
    reason: str = ""
    historical: bool = False


class Service(Struct, array_like=True, gc=False):
    """A billed service: its moment (0 without a time of day), code, quantity, and covered amount in fen.
    treated: the line itself says who gave it and when, and that is nobody whom the encounter's events name;
    None where these name nobody."""

    at: int
    code: str
    quantity: Decimal
    covered: int
    treated: bool | None = False


class Orders(Struct, array_like=True, gc=False, tag=3):
    """What a practitioner ordered in one encounter on one day.

    times: moments of orders that show a time of day, in order. services: of those that are no drugs or
    materials. covered: of all, fen. settlements: of the encounter. of_stay: for an in-patient, whose orders
    go on by themselves.
    """

    at: int
    times: list[int]
    services: list[Service]
    covered: int
    settlements: list[str]
    of_stay: bool = False
    historical: bool = False


class Bed(Struct, array_like=True, gc=False, tag=4):
    """A stay of somebody who is a practitioner; `end` FOREVER while it is open."""

    at: int
    end: int
    begin_is_date: bool
    end_is_date: bool
    historical: bool = False


class Sale(Struct, array_like=True, gc=False, tag=5):
    """A pack with a trace code, sold or dispensed. covered: its share of the line, fen. split: sold in parts,
    as the line says."""

    at: int
    settlement: str
    line: str
    code: str
    covered: int
    split: bool = False
    historical: bool = False


class Invoiced(Struct, array_like=True, gc=False, tag=6):
    """A settlement that names an invoice; total and fund are fen."""

    at: int
    settlement: str
    total: int
    fund: int
    historical: bool = False


class Movement(Struct, array_like=True, gc=False, tag=7):
    """A stock movement (3501–3506) of packs with trace codes. document: the institution's number, "" without.
    split: fewer units than packs. codes: at the movement's own key; at a pack's they are known."""

    at: int
    recorded: int
    movement: str
    document: str
    split: bool
    codes: list[str]
    historical: bool = False


class Undone(Struct, array_like=True, gc=False, tag=8):
    """A cancellation of a stock movement: of what was recorded up to `at`, or of the one event."""

    at: int
    event: str
    historical: bool = False


Entry = Swipe | CardUse | Orders | Bed | Sale | Invoiced | Movement | Undone


class Register(Struct, array_like=True):
    """What one encounter of one person says at a key; of stock, one movement or its cancellation
    (`encounter`: the event, `person`: ""). own: it speaks of the practitioner's own stay, not of patients.
    Without entries it says nothing (any longer)."""

    institution: str
    encounter: str
    person: str
    revision: int
    entries: list[Entry]
    own: bool = False

    @property
    def name(self) -> str:
        """What the next one of the same replaces; persons are named, for ids are the institution's alone."""
        return f"{cell_name(self.institution, self.encounter)}|{self.person}{'|own' if self.own else ''}"
