"""The inbox: shared commits, duplicates, conflicts, and the law of its reader."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

from services.ingest import reader
from services.ingest.inbox import Inbox
from services.ingest.retention import trim
from services.ingest.rows import Identifier, Row
from services.ingest.vault import Vault
from services.runtime.database import driver, open_engine, transaction

HOLD = """
INSERT INTO inbox (kind, institution_id, event_id, key, body, occurred_at, received_at)
VALUES ('event', 'H', $1, 'k', '{}', 5, 5)
"""


def row(event_id: str, content: str = "", *, institution: str = "H1", at: int = 1, person: str = "p") -> Row:
    body = f'{{"event_id":"{event_id}","content":"{content}"}}'.encode()
    known = (Identifier("person", f"pseudonym-{person}", f"raw-{person}"),)
    return Row(
        institution, event_id, person, "admission", body, hashlib.sha256(body).digest(),
        at, 1, 5, 3, None, None, known,
    )  # fmt: skip


def with_inbox(url: str, body: Callable[[Inbox, Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        engine = open_engine(url)
        inbox = Inbox(engine, Vault(b"k" * 32))
        await inbox.start()
        try:
            return await body(inbox, engine)
        finally:
            await inbox.close()
            await engine.dispose()

    return asyncio.run(run())


def test_the_same_event_again_is_a_duplicate_and_other_content_a_conflict(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        assert await inbox.append([row("a"), row("b")]) == ["accepted", "accepted"]
        answers = await inbox.append([row("a"), row("b", "other"), row("c"), row("c"), row("c", "x")])
        assert answers == ["duplicate", "conflict", "accepted", "duplicate", "conflict"]
        assert await inbox.append([row("a", institution="H2")]) == ["accepted"]
        async with driver(engine) as connection:
            totals = await connection.fetchrow("SELECT entries, events, as_of FROM inbox_totals")
            assert tuple(totals) == (4, 4, 1)
            assert await connection.fetchval("SELECT count(*) FROM inbox") == 4

    with_inbox(database_url, body)


def test_concurrent_requests_share_commits_and_agree_on_who_was_first(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        requests = [[row(f"e{number % 50}"), row(f"own{number}")] for number in range(300)]
        answers = await asyncio.gather(*(inbox.append(rows) for rows in requests))
        assert sum(first == "accepted" for first, _ in answers) == 50
        assert sum(first == "duplicate" for first, _ in answers) == 250
        assert all(second == "accepted" for _, second in answers)
        async with driver(engine) as connection:
            assert await connection.fetchval("SELECT count(DISTINCT xid) FROM inbox") < 30
            assert await connection.fetchval("SELECT sum(entries) FROM inbox_totals") == 350

    with_inbox(database_url, body)


def test_the_vault_keeps_each_identifier_once_and_gives_it_back(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        await inbox.append([row("a"), row("b"), row("c", person="q")])
        await inbox.append([row("d")])
        async with driver(engine) as connection:
            assert await connection.fetchval("SELECT count(*) FROM vault") == 2
            vault = Vault(b"k" * 32)
            assert await vault.reveal(connection, "person", "pseudonym-q") == "raw-q"
            assert await vault.reveal(connection, "person", "nobody") is None
            stored = await connection.fetchval("SELECT string_agg(sealed::text, '') FROM vault")
            assert b"raw-".hex() not in stored

    with_inbox(database_url, body)


def test_a_reader_never_passes_a_row_of_a_transaction_that_is_still_open(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        async with driver(engine) as slow, driver(engine) as reading:
            held = slow.transaction()
            await held.start()
            await slow.execute(HOLD, "held")
            await inbox.append([row("later1"), row("later2")])
            entries, position = await inbox.read(reading, reader.START, 10)
            assert (entries, position) == ([], reader.START)
            await held.commit()
            entries, position = await inbox.read(reading, position, 10)
            assert [entry.seq for entry in entries] == [1, 2, 3]
            assert position.count == 3

    with_inbox(database_url, body)


def test_a_long_transaction_that_promised_no_entry_holds_nobody_up(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        async with driver(engine) as judging, driver(engine) as slow, driver(engine) as reading:
            month, held = judging.transaction(isolation="repeatable_read"), slow.transaction()
            await month.start()
            await reader.promise_no_entry(judging)
            await judging.execute("CREATE TEMP TABLE relation ON COMMIT DROP AS SELECT 1")
            await inbox.append([row("sooner")])
            await held.start()
            await slow.execute(HOLD, "held")
            await inbox.append([row("later")])
            entries, position = await inbox.read(reading, reader.START, 10)
            assert [entry.seq for entry in entries] == [1]
            assert await inbox.read(reading, position, 10) == ([], position)
            await held.commit()
            entries, position = await inbox.read(reading, position, 10)
            assert [entry.seq for entry in entries] == [2, 3]
            await month.commit()
            await inbox.append([row("last")])
            entries, _ = await inbox.read(reading, position, 10)
            assert [entry.seq for entry in entries] == [4]

    with_inbox(database_url, body)


def test_interleaved_sequence_numbers_are_all_read_once(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        async with driver(engine) as one, driver(engine) as two, driver(engine) as reading:
            older, younger = one.transaction(), two.transaction()
            await older.start()
            await younger.start()
            await one.execute(HOLD, "one-1")
            await two.execute(HOLD, "two-1")
            await one.execute(HOLD, "one-2")
            await younger.commit()
            seen, position = await inbox.read(reading, reader.START, 10)
            assert seen == []
            await older.commit()
            first, position = await inbox.read(reading, position, 2)
            second, position = await inbox.read(reading, position, 2)
            assert [entry.seq for entry in first + second] == [1, 3, 2]
            assert await inbox.read(reading, position, 2) == ([], position)

    with_inbox(database_url, body)


def test_as_of_is_the_greatest_time_of_what_came_before(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        for name, at in (("a", 10), ("b", 5), ("c", 20), ("d", 7)):
            await inbox.append([row(name, at=at)])
        async with driver(engine) as connection:
            first, position = await inbox.read(connection, reader.START, 3)
            second, position = await inbox.read(connection, position, 3)
        assert [entry.as_of for entry in first + second] == [0, 10, 10, 20]
        assert position.as_of == 20
        assert position.count == 4

    with_inbox(database_url, body)


def test_a_position_is_stored_with_its_transaction_or_not_at_all(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        place = reader.Position(7, 8, 9, 10)
        async with transaction(engine) as connection:
            await reader.store_position(connection, "embedded", place)
        try:
            async with transaction(engine) as connection:
                await reader.store_position(connection, "embedded", reader.START)
                raise RuntimeError
        except RuntimeError:
            pass
        async with driver(engine) as connection:
            assert await reader.load_position(connection, "embedded") == place
            assert await reader.load_position(connection, "relay") == reader.START

    with_inbox(database_url, body)


def test_after_a_restore_into_another_server_each_entry_is_read_exactly_once(database_url: str) -> None:
    """Its transaction ids begin anew, below those that rows and positions were written with."""

    async def body(inbox: Inbox, engine: Any) -> None:
        await inbox.append([row(name) for name in "abc"])
        async with driver(engine) as connection:
            positions, said = {}, {}
            for name, many in (("embedded", 2), ("relay", 1)):
                entries, position = await inbox.read(connection, reader.START, many)
                positions[name], said[name] = position, entries
            await inbox.append([row(name) for name in "de"])
            await reader.settle_after_restore(engine)
            assert (await inbox.read(connection, positions["relay"], 9))[1].count == 5, (
                "nothing to settle yet"
            )
            await connection.execute("UPDATE inbox SET xid = xid + 1000000000")
            for name, position in positions.items():
                moved = position._replace(xid=position.xid + 1_000_000_000)
                await reader.store_position(connection, name, moved)
            await inbox.append([row("f")])
            assert await reader.is_foreign(connection)
            await reader.settle_after_restore(engine)
            assert not await reader.is_foreign(connection)
            await inbox.append([row("g")])
            for name, position in positions.items():
                settled = await reader.load_position(connection, name)
                assert (settled.as_of, settled.count) == (position.as_of, position.count)
                said[name] += (await inbox.read(connection, settled, 10))[0]
        for entries in said.values():
            assert sorted(json.loads(entry.body)["event_id"] for entry in entries) == list("abcdefg")

    with_inbox(database_url, body)


def test_a_reader_sleeps_until_something_is_committed_here_or_by_another_process(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        await asyncio.sleep(0.2)
        await inbox.wait(0.01)
        asyncio.get_running_loop().call_later(
            0.1, lambda: tasks.append(asyncio.create_task(inbox.append([row("a")])))
        )
        tasks: list[Any] = []
        async with asyncio.timeout(60):
            await inbox.wait(3_600)
        other = Inbox(engine, Vault(b"k" * 32), writer="other")
        await inbox.wait(0.01)
        asyncio.get_running_loop().call_later(
            0.1, lambda: tasks.append(asyncio.create_task(other.append_tick()))
        )
        async with asyncio.timeout(60):
            await inbox.wait(3_600)
        await asyncio.gather(*tasks)

    with_inbox(database_url, body)


def test_a_minute_has_one_tick_whoever_writes_it(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        inbox._clock = lambda: 120_000_001
        assert await inbox.append_tick()
        assert not await inbox.append_tick()
        async with driver(engine) as connection:
            entries, position = await inbox.read(connection, reader.START, 10)
        assert [entry.kind for entry in entries] == ["tick"]
        assert position.as_of == 120_000_001

    with_inbox(database_url, body)


def test_what_is_old_and_taken_is_trimmed_and_nothing_else(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        day = 86_400_000_000
        for name, received in (("old", day), ("old-too", day), ("new", 100 * day)):
            inbox._clock = lambda received=received: received
            await inbox.append([row(name)])
        assert await trim(engine, 30, 100 * day) == 0
        async with driver(engine) as connection:
            _, position = await inbox.read(connection, reader.START, 1)
            await reader.store_position(connection, "embedded", position)
        assert await trim(engine, 30, 100 * day) == 1
        async with driver(engine) as connection:
            _, position = await inbox.read(connection, position, 10)
            await reader.store_position(connection, "embedded", position)
        assert await trim(engine, 30, 100 * day) == 1
        async with driver(engine) as connection:
            assert await connection.fetchval("SELECT string_agg(event_id, ',') FROM inbox") == "new"

    with_inbox(database_url, body)


def test_a_row_that_cannot_be_stored_is_its_own_requests_trouble_only(database_url: str) -> None:
    async def body(inbox: Inbox, engine: Any) -> None:
        bad = row("bad")._replace(key="\x00")
        requests = [inbox.append([row("a")]), inbox.append([bad]), inbox.append([row("b")])]
        first, second, third = await asyncio.gather(*requests, return_exceptions=True)
        assert first == third == ["accepted"]
        assert isinstance(second, Exception)

    with_inbox(database_url, body)
