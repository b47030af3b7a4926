"""Groups of persons who turn up together: the relation `gatherings`.

`co_visits.sql` says which pairs of persons meet so often that chance and habit do not explain it. Here such
pairs become groups: the connected parts of their graph, pruned until every member comes to the group's
gatherings often enough and every gathering brings enough of the members. A part that is too large, or that
pruning leaves nothing of (groups that share a member), is divided by Louvain and each division searched
again. The same rows give the same groups, in whatever order they come.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from services.detector.periods.rule import group_name
from services.detector.rule import Parameters, parameter

if TYPE_CHECKING:
    from networkx import Graph

LOOKBACK_DAYS = 62
"""Days before its month that a rule about groups reads: with the month the catalogue's ninety."""
GATHERINGS = {"group_id": "text", "person": "text", "institution_id": "text", "day": "integer"}
"""Columns of the relation: who of a group came to which of its gatherings."""
Occasion = tuple[str, int]
"""An institution and a local day."""
SEED = 1


@dataclass(frozen=True, kw_only=True)
class GroupFigures(Parameters):
    """Figures of rules.md G01 by which groups are found."""

    seconds: int = parameter(600, "s", "视为同行的时间差上限", "apart at most to have come together")
    cell_persons: int = parameter(
        50, "1", "十分钟内人数超过此值不计", "persons at an institution within ten minutes that hide a pair"
    )
    days: int = parameter(3, "d", "同行天数下限", "days on which two persons met")
    institutions: int = parameter(2, "1", "同行机构数下限", "institutions at which they met")
    open_minutes: int = parameter(
        480, "min", "机构日均营业时间", "a place's open time on a day, for meetings by chance"
    )
    quiet_visits: float = parameter(
        2.0,
        "1",
        "机构每天至少视为有的就诊数",
        "visits added to each day of a place, so that few show no market",
    )
    times_expected: float = parameter(
        5.0, "1", "与偶遇期望值之比下限", "meetings to those expected by chance"
    )
    chance: float = parameter(1e-6, "1", "偶遇概率上限", "probability of so many meetings by chance")
    persons: int = parameter(3, "1", "团组人数下限", "persons of a group, at least")
    persons_at_most: int = parameter(50, "1", "团组人数上限", "persons of a group, at most")
    present_share: float = parameter(
        0.5, "1", "每次聚集到场比例下限", "share of a group that makes a gathering"
    )
    courses: tuple[str, ...] = parameter(
        ("N18.5", "N185", "Z49", "Z50", "Z51", "F11.2", "F112"),
        "1",
        "定期治疗的诊断（透析、放化疗、康复、美沙酮）",
        "beginnings of diagnoses of dialysis, radio- and chemotherapy, rehabilitation, methadone",
    )


class Group(NamedTuple):
    """Members, and who of them was present on each occasion."""

    persons: tuple[str, ...]
    gatherings: Mapping[Occasion, frozenset[str]]

    @property
    def name(self) -> str:
        """The same for the same members."""
        return group_name(self.persons)

    @property
    def place(self) -> str:
        """The institution whose region's parameters hold for the group."""
        return min(institution for institution, _ in self.gatherings)

    @property
    def last_day(self) -> int:
        """The day of the last gathering, as ordinal."""
        return max(day for _, day in self.gatherings)

    def rows(self) -> Iterator[tuple[str, str, str, int]]:
        """Its rows of `gatherings`."""
        for (institution, day), present in sorted(self.gatherings.items()):
            for person in sorted(present):
                yield (self.name, person, institution, day)


def co_visits() -> str:
    """The SQL whose rows are meetings."""
    return (Path(__file__).parent / "co_visits.sql").read_text(encoding="utf-8")


def groups_of(rows: Iterable[Mapping[str, Any]], figures: GroupFigures) -> list[Group]:
    """The groups among the persons of `co_visits`' rows."""
    import networkx

    graph = networkx.Graph()
    for (one, other), occasions in sorted(_striking(rows, figures).items()):
        graph.add_edge(one, other, weight=len(occasions), occasions=occasions)
    return sorted(_searched(graph, figures))


def _striking(
    rows: Iterable[Mapping[str, Any]], figures: GroupFigures
) -> dict[tuple[str, str], frozenset[Occasion]]:
    """Pairs that met too often to be chance, with their occasions."""
    met: dict[tuple[str, str], set[Occasion]] = defaultdict(set)
    expected: dict[tuple[str, str], float] = {}
    for row in rows:
        pair = (row["one"], row["other"])
        met[pair].add((row["institution_id"], row["day"]))
        expected[pair] = row["expected"]
    return {
        pair: frozenset(occasions)
        for pair, occasions in met.items()
        if len(occasions) >= figures.times_expected * expected[pair]
        and at_least(len(occasions), expected[pair]) < figures.chance
    }


def at_least(observed: int, expected: float) -> float:
    """The probability of so many or more events where `expected` are (Poisson)."""
    if expected <= 0:
        return 0.0 if observed else 1.0
    term = math.exp(observed * math.log(expected) - expected - math.lgamma(observed + 1))
    total, count = 0.0, observed
    while term > total * 1e-12:
        total += term
        count += 1
        term *= expected / count
    return min(1.0, total)


def _searched(graph: "Graph", figures: GroupFigures) -> Iterator[Group]:
    """Groups of a graph, each person in one at most."""
    waiting = _parts(graph, graph.nodes)
    while waiting:
        part = waiting.pop()
        if len(part) < figures.persons:
            continue
        group = _pruned(graph, part, figures)
        if group is not None:
            yield group
            waiting += _parts(graph, part.difference(group.persons))
            continue
        divided = _divided(graph, part)
        if len(divided) > 1:
            waiting += [smaller for one in divided for smaller in _parts(graph, one)]


def _parts(graph: "Graph", persons: Iterable[str]) -> list[frozenset[str]]:
    """The connected parts among some persons."""
    from networkx import connected_components

    return sorted((frozenset(part) for part in connected_components(graph.subgraph(persons))), key=sorted)


def _divided(graph: "Graph", persons: frozenset[str]) -> list[list[str]]:
    """The communities among some persons. Numbers in order stand for them: names of a set come in any."""
    from networkx.algorithms.community import louvain_communities

    names = sorted(persons)
    numbers = {name: number for number, name in enumerate(names)}
    plain = graph.__class__()
    plain.add_nodes_from(range(len(names)))
    plain.add_weighted_edges_from(
        sorted(
            (*sorted((numbers[one], numbers[other])), days)
            for one, other, days in graph.subgraph(persons).edges(data="weight")
        )
    )
    divided = louvain_communities(plain, weight="weight", seed=SEED)
    return [[names[number] for number in part] for part in divided]


def _pruned(graph: "Graph", persons: frozenset[str], figures: GroupFigures) -> Group | None:
    """What stands of some persons as a group, if anything does."""
    while len(persons) >= figures.persons:
        gatherings = _gatherings(graph, persons, figures)
        days: dict[str, set[int]] = defaultdict(set)
        for (_, day), present in gatherings.items():
            for person in present:
                days[person].add(day)
        staying = frozenset(person for person in persons if len(days[person]) >= figures.days)
        if staying == persons:
            places = {institution for institution, _ in gatherings}
            is_group = len(persons) <= figures.persons_at_most and len(places) >= figures.institutions
            return Group(tuple(sorted(persons)), gatherings) if is_group else None
        persons = staying
    return None


def _gatherings(
    graph: "Graph", persons: frozenset[str], figures: GroupFigures
) -> dict[Occasion, frozenset[str]]:
    """Occasions that brought enough of some persons together."""
    present: dict[Occasion, set[str]] = defaultdict(set)
    for one, other, occasions in graph.subgraph(persons).edges(data="occasions"):
        for occasion in occasions:
            present[occasion] |= {one, other}
    return {
        occasion: frozenset(came)
        for occasion, came in present.items()
        if len(came) >= figures.present_share * len(persons)
    }


def relation_rows(groups: Sequence[Group]) -> list[tuple[str, str, str, int]]:
    """Rows of `gatherings`, in the order of `GATHERINGS`."""
    return [row for group in groups for row in group.rows()]
