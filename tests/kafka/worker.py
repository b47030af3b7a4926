"""A worker process for tests that kill it, stop it or let it fail: `python -m tests.kafka.worker`.

It takes the agent's name, the broker, a prefix and a folder; topic `<prefix>in` feeds table `state` of app
`<prefix>app`. With `plain` as fifth argument it runs on Faust's own transport.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path

from services.runtime.kafka.serve import serve
from tests.kafka.harness import GuardedTestApp, PlainApp, worker_settings

PARTITIONS = 2


def remember(table):
    """A state by identity: the set of facts a key has seen. Put again also when nothing changed."""

    async def agent(stream):
        async for key, fact in stream.items():
            known = set(json.loads(table.get(key) or b"[]"))
            table[key] = json.dumps(sorted({*known, fact.decode()})).encode()

    return agent


def swell(table):
    """A state larger than its changelog takes."""

    async def agent(stream):
        async for key, fact in stream.items():
            table[key] = fact * 30_000

    return agent


def fail(table):
    """A mistake nobody foresaw."""

    async def agent(stream):
        async for _ in stream:
            raise ValueError("unforeseen")

    return agent


def hang(table):
    """Work that never ends, in a process that is up and answers."""

    async def agent(stream):
        async for _ in stream:
            await asyncio.Event().wait()

    return agent


AGENTS = {"remember": remember, "swell": swell, "fail": fail, "hang": hang}


def main(agent: str, bootstrap: str, prefix: str, folder: str, kind: str = "guarded") -> None:
    def build(tables: Path):
        settings = worker_settings(
            bootstrap,
            prefix + "app",
            tables,
            partitions=PARTITIONS,
            session_timeout=3.0,
            standstill_limit=2.0 if agent == "hang" else 60.0,
        )
        app = (PlainApp if kind == "plain" else GuardedTestApp)(settings)
        table = app.bytes_table("state")
        app.agent(app.bytes_topic(prefix + "in"))(AGENTS[agent](table))
        return app

    logging.basicConfig(level=logging.INFO, format="%(relativeCreated)d %(name)s %(message)s")
    serve(Path(folder), build)


if __name__ == "__main__":
    main(*sys.argv[1:])
