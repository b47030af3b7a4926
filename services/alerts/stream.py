"""GET /v1/alerts/stream (contract, section 3): changes of alerts as server-sent events.

`id` is the number of the change, `event` its type, `data` the alert as of that change. A reader that comes
back with the last id it saw misses nothing and hears nothing twice. A reader that does not take what it is
told is cut off, not buffered for.
"""

import asyncio
import contextlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.responses import StreamingResponse
from starlette.types import Send

from services.alerts.broadcast import Broadcast, Reader
from services.alerts.guard import Here, needs, problems
from services.alerts.office import Office
from services.alerts.reading import Wanted
from services.alerts.shapes import StreamQuery
from services.alerts.users import User
from services.runtime.errors import Problem

RETRY_MILLISECONDS = 2_000
SEND_SECONDS = 15.0
"""A reader whose connection takes nothing for so long is given up."""
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
GONE = (
    "what came after this id is not known any more, or never was; read GET /v1/alerts (with `since`),"
    " then follow the stream without an id"
)
DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events. `event`: alert.opened, alert.changed or alert.withdrawn; `data`: "
        "the alert as GET /v1/alerts/{alert_id} gives it, without its history; `id`: for Last-Event-ID.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

routes = APIRouter(prefix="/v1", tags=["alerts"])


class EventStream(StreamingResponse):
    """What one reader is told, for as long as it takes it."""

    media_type = "text/event-stream"

    def __init__(self, broadcast: Broadcast, reader: Reader) -> None:
        super().__init__(broadcast.follow(reader), headers=HEADERS)
        self._broadcast, self._reader = broadcast, reader

    async def stream_response(self, send: Send) -> None:
        """Send until the reader is let go or does not take it."""
        reader = self._reader
        try:
            head = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            await send(head)
            # The number first, so that who is cut off before the first event misses nothing either.
            await self._say(send, b"retry: %d\nid: %d\n\n" % (RETRY_MILLISECONDS, reader.told))
            async with contextlib.aclosing(self.body_iterator) as chunks:  # type: ignore[type-var]
                async for chunk in chunks:
                    await self._say(send, chunk)
            await self._say(send, b": %s\n\n" % str(reader.ended).encode(), more=False)
        except TimeoutError:
            reader.end("slow")
        finally:
            self._broadcast.leave(reader)

    async def _say(self, send: Send, chunk: Any, more: bool = True) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await send({"type": "http.response.body", "body": chunk, "more_body": more})


@routes.get(
    "/alerts/stream",
    responses={**DESCRIBED, **problems(401, 403, 410, 422)},
    operation_id="stream_alerts",
    response_class=StreamingResponse,
)
async def stream_alerts(
    office: Here,
    user: Annotated[User, Depends(needs("read_alerts"))],
    asked: Annotated[StreamQuery, Query()],
    last_event_id: Annotated[
        str | None, Header(description="The last id that was seen; goes before the parameter.")
    ] = None,
) -> EventStream:
    """Alerts that come into the list so filtered, change in it or leave it, as it happens."""
    wanted = Wanted(
        statuses=tuple(asked.status),
        rules=tuple(asked.rule),
        institutions=tuple(asked.institution),
        regions=tuple(asked.region),
        severities=tuple(asked.severity),
        shadow=asked.shadow,
    )
    return await tell(office, user, wanted, last_event_id or asked.last_event_id)


async def tell(office: Office, user: User, wanted: Wanted, last_event_id: str | None) -> EventStream:
    """The stream of a user who may read alerts. wanted: hashable, so tuples.

    Raises Problem 410 for an id that cannot be followed from, Unavailable where there is no place.
    """
    reader = await office.broadcast.join(user, wanted, _number(last_event_id))
    if reader is None:
        raise Problem(410, GONE)
    return EventStream(office.broadcast, reader)


def _number(last_event_id: str | None) -> int | None:
    if not last_event_id:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit()) or len(last_event_id) > 18:
        raise Problem(410, GONE)
    return int(last_event_id)
