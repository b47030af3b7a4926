"""The HTTP server: uvicorn, which tells answers that go on for ever to end before it waits for them."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI


def before_leaving(app: FastAPI, work: Callable[[], None]) -> None:
    """Have `work` done when the server is asked to stop, while connections are still open: what an
    application does at the end of its life comes after the last of them is closed."""
    if not hasattr(app.state, "before_leaving"):
        app.state.before_leaving = []
    app.state.before_leaving.append(work)


class Server(uvicorn.Server):
    """A server of an application; see `before_leaving`."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let long answers end, then go as uvicorn does."""
        state = getattr(self.config.app, "state", None)
        for work in getattr(state, "before_leaving", ()):
            work()
        await super().shutdown(sockets)
