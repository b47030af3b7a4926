"""The peer: an ordinary Faust agent, one event a record, one table, A01 alone (`-m bench.plain_worker`).

It does what a Faust tutorial would: read an event, get the key's state, judge, put the state, send what was
found. No guards, no terminal hop, nothing stored. It writes its progress to a file: events done and when.
"""

import asyncio
import sys
import time
from pathlib import Path

import faust

from schemas.entry import decode_envelope
from schemas.registry import Registry
from services.detector.stages import make_pipeline
from services.runtime.kafka.app import WorkerSettings, faust_settings
from services.settings import Settings

MARK_EVERY = 500


def main(bootstrap: str, topic: str, partitions: str, folder: str) -> None:
    """Run until killed."""
    worker = WorkerSettings(topic + "-plain", bootstrap, Path(folder), int(partitions))
    app = faust.App(**{**faust_settings(worker), "topic_allow_declare": True})
    table = app.Table("state", key_type=bytes, value_type=bytes, partitions=worker.partitions)
    raw = {"key_type": bytes, "value_type": bytes, "key_serializer": "raw", "value_serializer": "raw"}
    source = app.topic(topic, **raw)
    found = app.topic(topic + "-found", **raw)
    stage = make_pipeline(Settings(), Registry(), rules=frozenset({"A01"})).person
    progress = Path(folder, "progress")

    @app.agent(source)
    async def judge(stream):
        count = 0
        async for key, value in stream.items():
            entry = decode_envelope(value).entries[0]
            packed = table.get(key)
            memory = stage.unpack(entry.key, packed) if packed else stage.fresh(entry.key)
            for emission in stage.step(memory, entry):
                await found.send(key=key, value=repr(emission.value).encode())
            table[key] = stage.pack(memory)
            count += 1
            if count % MARK_EVERY == 0 or count == 1:
                with progress.open("a") as file:
                    file.write(f"{count} {time.time()}\n")

    async def run() -> None:
        await app.start()
        await asyncio.Event().wait()

    asyncio.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
