"""What we are measured beside: the least that the same libraries could do."""

import asyncio
import multiprocessing
import time

import msgspec

from bench import events, load
from bench.system import free_port
from schemas.event import decode_event


async def bare_http(count: int) -> float:
    """Requests a second of a uvicorn endpoint that reads the body and answers 202."""
    port = free_port()
    process = multiprocessing.get_context("spawn").Process(target=_serve_bare, args=(port,), daemon=True)
    process.start()
    try:
        await _until_open(port)
        made = events.settlements(count, persons=1_000, prefix="X")
        requests = [load.request("/", "bench", "none", events.single(event)) for event in made]
        result = await load.run(port, requests, connections=64)
        return result.count / result.seconds
    finally:
        process.terminate()
        process.join()


def decoding(count: int) -> float:
    """Events a second of msgspec reading them, nothing else, on one core."""
    texts = [msgspec.json.encode(event) for event in events.settlements(count, persons=1_000)]
    began = time.process_time()
    for text in texts:
        decode_event(text)
    return count / (time.process_time() - began)


async def _bare(scope, receive, send) -> None:
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 202, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})


def _serve_bare(port: int) -> None:
    import uvicorn

    uvicorn.run(
        _bare, host="127.0.0.1", port=port, loop="uvloop", http="httptools", log_level="error",
        lifespan="off",
    )  # fmt: skip


async def _until_open(port: int) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise TimeoutError("the bare endpoint does not start")
