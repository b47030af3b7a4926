"""Bills: lines whose sum is the total, and the total's exact split between fund, account, family and cash."""

from collections.abc import Collection, Mapping, Sequence
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

from services.demo.almanac import timestamp
from services.demo.catalogue import Item
from services.demo.people import Person

_FAMILY_SHARE = 0.25


class Entry(NamedTuple):
    """What to bill: an item, how often, at another price than the list's (fen), and further line fields."""

    item: Item
    quantity: int = 1
    price: int | None = None
    more: Mapping[str, Any] = MappingProxyType({})


class Bill(NamedTuple):
    """Lines of one encounter and their sum in fen."""

    lines: list[dict[str, Any]]
    total: int


def yuan(fen: int) -> str:
    """Decimal yuan with two decimals."""
    return f"{fen // 100}.{fen % 100:02d}"


def line(
    item: Item, number: int, quantity: int = 1, at: int | None = None, price: int | None = None
) -> dict[str, Any]:
    """One billed line; `price` in fen where a shop deviates from the list."""
    each = item.price if price is None else price
    amount = each * quantity
    billed: dict[str, Any] = {
        "line_id": f"L{number:04d}",
        "code": item.code,
        "name": item.name,
        "category": item.category,
        "unit": item.unit,
        "unit_price": yuan(each),
        "quantity": quantity,
        "amount": yuan(amount),
        "covered_amount": yuan(amount * item.covered // 100),
    }
    if item.days:
        billed["days_supply"] = item.days * quantity
    if at is not None:
        billed["occurred_at"] = timestamp(at)
    return billed


def bill(entries: Sequence[Entry | tuple[Item, int]], first: int = 1, at: int | None = None) -> Bill:
    """A bill of given items and quantities, lines numbered from `first`."""
    lines, total = [], 0
    for number, entry in enumerate(entries, first):
        item, quantity, price, more = Entry(*entry)
        billed = line(item, number, quantity, at, price)
        if more:
            billed.update(more)
        lines.append(billed)
        total += (item.price if price is None else price) * quantity
    return Bill(lines, total)


def basket(
    rng: Random, shelf: Sequence[Item], most: int, *fixed: Item, without: Collection[str] = ()
) -> Bill:
    """The fixed items and one to `most` different ones from a shelf; `without`: codes that are not wanted."""
    size = 1 + int(rng.random() * most)
    if without:
        shelf = [item for item in shelf if item.code not in without]
    picked = rng.sample(shelf, min(size, len(shelf)))
    entries = [(item, 1) for item in fixed]
    entries += [(item, 1 + int(rng.random() * item.most)) for item in picked]
    return bill(entries)


def rounded_bill(first: Item, second: Item, total: int) -> Bill:
    """Two lines of goods sold by the piece, so many that they come to a wanted total."""
    some = total * 2 // 5 // first.price
    rest = total - some * first.price
    if rest % second.price:
        raise ValueError("the total is no multiple of the second item's price")
    return bill([(first, some), (second, rest // second.price)])


def fund_rate(rng: Random, med_type: str, person: Person) -> int:
    """Per cent of the total that the pooled fund pays, by kind of care."""
    employee = person.insurance_type == "310"
    if med_type == "41":
        return 60 if rng.random() < 0.12 else 0
    if med_type.startswith("14"):
        return 82 if employee else 70
    if med_type in ("11", "13"):
        return 58 if employee else 50
    return 78 if employee else 64


def split(total: int, fund_percent: int, person: Person, rng: Random) -> dict[str, str]:
    """Total = fund + account + family + cash, to the fen. Residents have no personal account."""
    fund = total * fund_percent // 100
    rest = total - fund
    family = 0
    account = 0
    if person.insurance_type == "310":
        account = rest if rng.random() < 0.7 else rest * 2 // 5
        if person.shares_family_account and rng.random() < _FAMILY_SHARE:
            account, family = 0, account
    amounts = {
        "total": yuan(total),
        "fund": yuan(fund),
        "account": yuan(account),
        "cash": yuan(rest - account - family),
    }
    if family:
        amounts["family"] = yuan(family)
    return amounts


def account_only(total: int) -> dict[str, str]:
    """Everything from the personal account."""
    return {"total": yuan(total), "fund": "0.00", "account": yuan(total), "cash": "0.00"}


def fund_paid(total: int, percent: int) -> dict[str, str]:
    """A part from the pooled fund, the rest from the personal account."""
    fund = total * percent // 100
    return {"total": yuan(total), "fund": yuan(fund), "account": yuan(total - fund), "cash": "0.00"}


def family_paid(total: int) -> dict[str, str]:
    """Everything from a relative's account (家庭共济)."""
    return {"total": yuan(total), "fund": "0.00", "account": "0.00", "cash": "0.00", "family": yuan(total)}
