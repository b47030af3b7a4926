"""The door's HTTP side: parse, admit, append, answer.

POST /v1/events is plain ASGI, for it is asked thousands of times a second.
"""

import asyncio
import time
from collections import Counter as Tally
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

import msgspec
from fastapi import Header, Query
from starlette.types import Receive, Scope, Send

from services.ingest import metrics
from services.ingest.admission import Admission
from services.ingest.auth import Key, Keys
from services.ingest.backlog import Backlog
from services.ingest.body import Body, ClientGone, Text, event_texts, headers_of, media_type
from services.ingest.inbox import APPEND_SECONDS, Inbox
from services.ingest.receipts import Receipts, receipts
from services.ingest.refusals import Refusal, Refused
from services.ingest.rows import Outcome, Row
from services.runtime.clock import Clock
from services.runtime.database import driver
from services.runtime.errors import Problem, Unavailable
from services.runtime.logs import log, request_id
from services.runtime.tracing import tracing
from services.runtime.web import as_problem, problem_response

TURN_SECONDS = 0.005
"""So long a request's events are judged in one go: what any other may have to wait for."""
CONFLICT = Refusal("conflict", "/event_id", "this event_id was used before with other content")


class Rejected(msgspec.Struct):
    """One event that was not taken: its index in the request, and why."""

    index: int
    event_id: str | None
    errors: list[Refusal]


class Answer(msgspec.Struct):
    """What became of a request's events."""

    accepted: int
    duplicates: int
    rejected: list[Rejected]


RECEIPT_SECONDS = 10.0
_encode = msgspec.json.Encoder().encode


class PostEvents:
    """POST /v1/events."""

    def __init__(
        self, admission: Admission, inbox: Inbox, keys: Keys, backlog: Backlog, clock: Clock
    ) -> None:
        self._admission = admission
        self._inbox = inbox
        self._keys = keys
        self._backlog = backlog
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is."""
        began = time.perf_counter()
        status = 202
        asked = headers_of(scope)
        sent = Body(asked, receive)
        try:
            body = _encode(await self._take(asked, sent))
            headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        except ClientGone:
            return
        except Exception as error:
            problem = as_problem(error)
            status = problem.status
            if isinstance(error, Unavailable):
                metrics.REQUESTS_REFUSED.labels("unavailable").inc()
            await _refuse(problem, scope, sent, send)
        metrics.DURATION.observe(time.perf_counter() - began)
        metrics.REQUESTS.labels(str(status)).inc()

    async def _take(self, headers: dict[bytes, bytes], sent: Body) -> Answer:
        began = time.perf_counter()
        key = await self._keys.authenticate(headers.get(b"authorization", b""))
        left = APPEND_SECONDS - (time.perf_counter() - began)
        media = media_type(headers)
        texts = event_texts(await sent.read(), media)
        self._backlog.refuse_when_full()
        self._keys.spend(key, len(texts))
        now = self._clock()
        judged = await self._judge(texts, now)
        _check_institutions(key, judged)
        answer = await self._append(judged, left)
        if not answer.accepted and not answer.duplicates:
            detail = "no event of the request was accepted" if texts else "the request holds no event"
            raise Problem(422, detail, rejected=answer.rejected)
        return answer

    async def _judge(self, texts: Sequence[Text], now: int) -> list[Row | Refused]:
        """What the door says of each event. A large request lets others in between."""
        judged = []
        until = time.perf_counter() + TURN_SECONDS
        for text in texts:
            judged.append(self._admission.judge(text, now))
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + TURN_SECONDS
        return judged

    async def _append(self, judged: list[Row | Refused], within: float) -> Answer:
        rows = [one for one in judged if type(one) is Row]
        said: list[Outcome] = []
        if rows:
            with tracing.appending(request_id.get(), len(rows)):
                said = await self._inbox.append(rows, request_id.get(), within=within)
        outcomes = iter(said)
        answer = Answer(0, 0, [])
        for index, one in enumerate(judged):
            if type(one) is Refused:
                answer.rejected.append(Rejected(index, one.event_id, one.errors))
                continue
            outcome = next(outcomes)
            if outcome == "accepted":
                answer.accepted += 1
            elif outcome == "duplicate":
                answer.duplicates += 1
            else:
                answer.rejected.append(Rejected(index, one.event_id, [CONFLICT]))
        _count(answer, Tally(zip(said, (row.type for row in rows), strict=True)))
        return answer


async def _refuse(problem: Problem, scope: Scope, sent: Body, send: Send) -> None:
    """Answer with a problem at once, and end the answer when no more of the body comes."""
    response = problem_response(problem, scope["path"])
    await send({"type": "http.response.start", "status": problem.status, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    await sent.leave()
    await send({"type": "http.response.body", "body": b""})


class GetReceipts:
    """GET /v1/receipts."""

    def __init__(self, keys: Keys, engine: Any) -> None:
        self._keys = keys
        self._engine = engine

    async def __call__(
        self,
        day: Annotated[date, Query(description="Local day of occurred_at", examples=["2026-01-31"])],
        institution: Annotated[
            str | None, Query(max_length=64, description="One of the key's institutions; the platform must")
        ] = None,
        authorization: Annotated[str, Header(include_in_schema=False)] = "",
    ) -> Receipts:
        """What was accepted of a day, for an institution's daily reconciliation."""
        key = await self._keys.authenticate(authorization.encode("latin-1", "replace"))
        if institution is None and key.everywhere:
            raise Problem(422, "the platform's key must name one: ?institution=")
        if institution is not None and ("\x00" in institution or not key.may_post_for(institution)):
            raise Problem(403, "this key does not read that institution's receipts")
        institutions = [institution] if institution is not None else sorted(key.institutions)
        async with asyncio.timeout(RECEIPT_SECONDS), driver(self._engine) as connection:
            return await receipts(connection, day, institutions)


def _check_institutions(key: Key, judged: list[Row | Refused]) -> None:
    if key.everywhere:
        return
    for index, one in enumerate(judged):
        if one.institution_id is not None and not key.may_post_for(one.institution_id):
            metrics.REQUESTS_REFUSED.labels("forbidden").inc()
            raise Problem(403, f"this key may not post for the institution of event {index}")


def _count(answer: Answer, taken: Tally[tuple[Outcome, str]]) -> None:
    """Count an answer's events. taken: (outcome, type of event) → how many."""
    log.debug("events_posted", count=answer.accepted + answer.duplicates + len(answer.rejected))
    for (outcome, kind), number in taken.items():
        if outcome != "conflict":
            metrics.EVENTS.labels(outcome, kind, "").inc(number)
    if answer.accepted:
        metrics.LAST_COMMIT.set_to_current_time()
    if answer.rejected:
        log.info("events_rejected", count=len(answer.rejected))
        for code, number in Tally(one.errors[0].code for one in answer.rejected).items():
            metrics.EVENTS.labels("rejected", "", code).inc(number)
