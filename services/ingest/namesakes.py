"""Who else stands under the same id: events that persons have to hear of though they are told of others.

A fact is the same fact whoever the person is, so all events about one thing go to all persons of whom any is
told. The law: when a row is read, every person of its kin hears of all the kin's rows up to this one. Kin are
rows that speak of one thing (`naming.Names`), of a thing that one of these speaks of, and so on; for what
counts of a settlement's lines depends on whether the settlement still stands.

What is found depends on rows before this one alone, so a page that is read again leads to the same. Ids that
very many persons share are placeholders: each hears only of as many others as it takes to know that.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import asyncpg

from schemas.entry import PERSONS_AT_MOST, Entry
from schemas.moments import DAY

ROWS_AT_MOST = 1_000
"""Of a thing with more rows only persons are looked up, not all that its rows speak of besides."""
HOPS_AT_MOST = 8
"""So far kin is followed from thing to thing: an upload, the settlement that tells the same lines, who
cancelled that, and who cancelled the cancellation, are four."""
CLOCKS_DIFFER = 2 * DAY
"""The greatest time accepted is never so far ahead of when a row was received."""

_ALSO_SHARED = """{of}.also IS NOT NULL
    AND (EXISTS (SELECT FROM inbox s WHERE s.also = {of}.also AND s.key < {of}.key)
         OR EXISTS (SELECT FROM inbox s WHERE s.also = {of}.also AND s.key > {of}.key))"""
HAS_KIN = f"""
(i.fact IS NOT NULL
 AND EXISTS (SELECT FROM inbox o WHERE o.fact = i.fact AND o.seq <> i.seq
             AND (o.key <> i.key OR ({_ALSO_SHARED.format(of="o")})))
 OR ({_ALSO_SHARED.format(of="i")})
 OR (i.type = 'cancellation'
     AND (EXISTS (SELECT FROM inbox o WHERE o.also = i.fact AND o.seq <> i.seq)
          OR EXISTS (SELECT FROM inbox o WHERE o.fact = i.also AND o.seq <> i.seq))))
"""  # noqa: S608 - constants only
"""Whether a row `i` may have kin under other keys, at once or by what its kin speak of: cheap, for every row
that is read is asked. Lines are looked for by key, for those of a stay come in many rows of one person."""

SPEAKING = """
SELECT named.thing, told.* FROM unnest($1::bigint[]) AS named (thing) CROSS JOIN LATERAL (
    (SELECT xid, seq, key, fact, also FROM inbox WHERE fact = named.thing ORDER BY key LIMIT $2)
    UNION ALL
    (SELECT xid, seq, key, fact, also FROM inbox WHERE also = named.thing ORDER BY key LIMIT $2)
) AS told
"""
PERSONS = """
WITH RECURSIVE person (key, number) AS (
    (SELECT key, 1 FROM inbox WHERE {name} = $1 AND key > '' AND (xid, seq) < ($2, $3) ORDER BY key LIMIT 1)
    UNION ALL
    SELECT (SELECT key FROM inbox WHERE {name} = $1 AND key > person.key AND (xid, seq) < ($2, $3)
            ORDER BY key LIMIT 1), number + 1
    FROM person WHERE key IS NOT NULL AND number < $4
)
SELECT person.key, told.xid, told.seq FROM person CROSS JOIN LATERAL (
    SELECT xid, seq FROM inbox WHERE {name} = $1 AND key = person.key AND (xid, seq) < ($2, $3) LIMIT $5
) AS told
"""
IS_KNOWN = "SELECT EXISTS (SELECT FROM inbox WHERE {name} = $1 AND key = $2 AND (xid, seq) < ($3, $4))"
BODIES = """
SELECT r.xid, r.seq, r.body, r.occurred_at, r.historical
FROM unnest($1::bigint[], $2::bigint[]) AS wanted (xid, seq) JOIN inbox r USING (xid, seq)
WHERE r.historical OR $3::bigint IS NULL OR r.occurred_at >= r.received_at - $3 + $4 OR (
    SELECT true FROM inbox b WHERE (b.xid, b.seq) < (r.xid, r.seq) AND b.occurred_at > r.occurred_at + $3
    ORDER BY b.xid DESC, b.seq DESC LIMIT 1
) IS NULL
"""
"""Rows that were not too late when they came: what was is no fact (contract, section 3)."""

Place = tuple[int, int]
"""(xid, seq)."""


class Row(NamedTuple):
    """A row of the inbox as its kin are found: its place, its person, and what it speaks of."""

    xid: int
    seq: int
    key: str
    fact: int | None
    also: int | None

    @property
    def place(self) -> Place:
        """Where it stands in the order of commits."""
        return (self.xid, self.seq)

    @property
    def things(self) -> list[int]:
        """What it speaks of."""
        return [thing for thing in (self.fact, self.also) if thing is not None]


class Told(NamedTuple):
    """What a row leads to beside its own entry. hear: persons who hear of it. earlier: rows before it, each
    with a person who hears of them now."""

    hear: set[str]
    earlier: list[tuple[Place, str]]


async def foreign_entries(
    connection: asyncpg.Connection, asked: Sequence[tuple[Any, Entry]], retention: int | None
) -> dict[int, list[Entry]]:
    """By seq: what goes with rows that may have kin, of which also the own entries are given.

    retention: microseconds behind as_of beyond which an event is too late; None: none is.
    """
    rows = [Row(row["xid"], row["seq"], row["key"], row["fact"], row["also"]) for row, _ in asked]
    known = await _speaking(connection, rows)
    told = {row.seq: await _told(connection, row, known) for row in rows}
    earlier = {place for one in told.values() for place, _ in one.earlier}
    bodies = await _bodies(connection, earlier, retention) if earlier else {}
    return {entry.seq: _entries(entry, told[entry.seq], bodies) for _, entry in asked}


def _entries(entry: Entry, told: Told, bodies: dict[Place, asyncpg.Record]) -> list[Entry]:
    made = []
    for place, key in told.earlier:
        body = bodies.get(place)
        if body is not None:
            # It came in time, so it is taken in as of its own time.
            made.append(
                Entry(
                    entry.seq, "event", key, body["body"], body["occurred_at"], entry.received_at,
                    body["occurred_at"], entry.request_id, body["historical"], True,
                )
            )  # fmt: skip
    for key in sorted(told.hear):
        made.append(
            Entry(
                entry.seq, "event", key, entry.body, entry.occurred_at, entry.received_at, entry.as_of,
                entry.request_id, entry.historical, True,
            )
        )  # fmt: skip
    return made


async def _speaking(connection: asyncpg.Connection, asked: Iterable[Row]) -> dict[int, list[Row]]:
    """Rows by what they speak of: of all that these speak of, of what those speak of besides, and so on."""
    known: dict[int, list[Row]] = {}
    wanted = {thing for row in asked for thing in row.things}
    for _ in range(HOPS_AT_MOST):
        if not wanted:
            break
        for thing in wanted:
            known[thing] = []
        for thing, *row in await connection.fetch(SPEAKING, list(wanted), ROWS_AT_MOST):
            known[thing].append(Row(*row))
        found = {further for thing in wanted for row in _few(known[thing]) for further in row.things}
        wanted = found - known.keys()
    return known


def _few(rows: list[Row]) -> list[Row]:
    """Of rows about one thing the first, those up to which it is no crowd's."""
    if len(rows) >= ROWS_AT_MOST:
        return []
    few: list[Row] = []
    persons: set[str] = set()
    for row in sorted(rows, key=lambda row: row.place):
        persons.add(row.key)
        if len(persons) > PERSONS_AT_MOST + 1:
            break
        few.append(row)
    return few


async def _told(connection: asyncpg.Connection, row: Row, known: dict[int, list[Row]]) -> Told:
    told = Told(set(), [])
    kin: list[dict[Place, Row]] = []
    for thing in row.things:
        if len(known[thing]) >= ROWS_AT_MOST:
            await _ask_persons(connection, row, thing, told)
            continue
        lower = [other for other in known[thing] if other.place < row.place]
        others = {other.key: other for other in lower if other.key != row.key}
        if len(others) <= PERSONS_AT_MOST:
            if not any(other.place in group for group in kin for other in lower):
                kin.append(_kin_of(thing, row, known))
        elif not any(other.key == row.key for other in lower):
            few = sorted(others.values())[:PERSONS_AT_MOST]
            told.earlier.extend((other.place, row.key) for other in few)
    keys = {row.key}.union(*({other.key for other in group.values()} for group in kin))
    told.hear.update(keys - {row.key})
    for group in kin:
        new = keys - {other.key for other in group.values()}
        told.earlier.extend((place, key) for place in sorted(group) for key in sorted(new))
    return told


def _kin_of(thing: int, row: Row, known: dict[int, list[Row]]) -> dict[Place, Row]:
    """Rows before this one that speak of a thing, or of what one of these speaks of, and so on."""
    kin: dict[Place, Row] = {}
    seen, wanted = {thing}, {thing}
    for _ in range(HOPS_AT_MOST):
        found: set[int] = set()
        for one in wanted:
            lower = [other for other in known[one] if other.place < row.place]
            if len(known[one]) < ROWS_AT_MOST and len(_few(lower)) == len(lower):
                kin.update((other.place, other) for other in lower)
                found.update(further for other in lower for further in other.things)
        wanted = found - seen
        seen |= wanted
    return kin


async def _ask_persons(connection: asyncpg.Connection, row: Row, thing: int, told: Told) -> None:
    """The same for a thing with very many rows, of which only those about it are looked at."""
    name = "fact" if row.fact == thing else "also"
    found = await connection.fetch(PERSONS.format(name=name), thing, *row.place, PERSONS_AT_MOST + 2, 1)
    others = [one for one in found if one["key"] != row.key][: PERSONS_AT_MOST + 1]
    is_new = not await connection.fetchval(IS_KNOWN.format(name=name), thing, row.key, *row.place)
    if len(others) <= PERSONS_AT_MOST:
        told.hear.update(one["key"] for one in others)
        if is_new and others:
            found = await connection.fetch(
                PERSONS.format(name=name), thing, *row.place, PERSONS_AT_MOST + 2, None
            )
            others = [one for one in found if one["key"] != row.key]
    else:
        others = others[:PERSONS_AT_MOST]
    if is_new:
        told.earlier.extend(((one["xid"], one["seq"]), row.key) for one in others)


async def _bodies(
    connection: asyncpg.Connection, places: Iterable[Place], retention: int | None
) -> dict[Place, asyncpg.Record]:
    xids, seqs = map(list, zip(*places, strict=True))
    found = await connection.fetch(BODIES, xids, seqs, retention, CLOCKS_DIFFER)
    return {(row["xid"], row["seq"]): row for row in found}
