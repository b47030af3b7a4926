"""Treatments that overlap, counted without looking at each pair: a day may tell of thousands."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import NamedTuple


class Treatment(NamedTuple):
    """What one person gets from one second on. at, lasts: whole seconds."""

    at: int
    person: str
    lasts: int


def overlap(one: Treatment, other: Treatment) -> bool:
    """Whether two are of two persons and begin apart, yet nearer than the shorter of them lasts."""
    return one.person != other.person and 0 < abs(one.at - other.at) < min(one.lasts, other.lasts)


def with_earlier(treatments: Iterable[Treatment]) -> dict[Treatment, int]:
    """How many earlier ones each treatment overlaps, of those that overlap any.

    An earlier one counts while it runs, if it began no longer ago than the later one lasts. So the begins of
    those that run are kept in order, of all and of each person, and a stretch of them is counted by its ends.
    """
    everyone: list[int] = []
    own: dict[str, list[int]] = defaultdict(list)
    ends: list[tuple[int, Treatment]] = []
    counts = {}
    for one in sorted(treatments):
        while ends and ends[0][0] <= one.at:
            _, over = heappop(ends)
            for begins in (everyone, own[over.person]):
                del begins[bisect_left(begins, over.at)]
        if others := _stretch(everyone, one) - _stretch(own[one.person], one):
            counts[one] = others
        heappush(ends, (one.at + one.lasts, one))
        everyone.append(one.at)
        own[one.person].append(one.at)
    return counts


def with_later(treatments: Iterable[Treatment]) -> dict[Treatment, int]:
    """How many later ones each treatment overlaps, of those that overlap any: the same read backwards."""
    counts = with_earlier(one._replace(at=-one.at) for one in treatments)
    return {one._replace(at=-one.at): count for one, count in counts.items()}


def pairs(treatments: Iterable[Treatment]) -> Iterator[tuple[Treatment, Treatment]]:
    """Those that overlap, the earlier one first, in order: for who needs the first few of them."""
    treatments = sorted(treatments)
    begins = [one.at for one in treatments]
    for one in sorted(with_later(treatments)):
        near = treatments[bisect_right(begins, one.at) : bisect_left(begins, one.at + one.lasts)]
        yield from ((one, other) for other in near if overlap(one, other))


def _stretch(begins: list[int], one: Treatment) -> int:
    """How many begins lie before a treatment's, and nearer than it lasts."""
    return max(0, bisect_left(begins, one.at) - bisect_right(begins, one.at - one.lasts))
