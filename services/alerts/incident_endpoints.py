"""What went wrong, for those who mend it: data defects, suspended keys, dead letters.

Data defects are read by handlers, supervisors and auditors, and by an institution's own key as far as they
are of its own feed. Suspended keys name pseudonyms: who reads alerts reads them. Dead letters say where the
system itself failed: supervisors and admins see them and send them back.
"""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from schemas.finding import Words
from schemas.moments import micros, normal
from services.alerts import cursors, dead_letters, defects, suspensions
from services.alerts.guard import Feed, Here, feed_reader, needs, problems
from services.alerts.incident_shapes import (
    DeadLetterPage,
    DeadLetterQuery,
    DefectPage,
    DefectQuery,
    DefectSummary,
    Retried,
    RetryLetters,
    RetrySuspended,
    SuspendedPage,
    SuspendedQuery,
)
from services.runtime.errors import Problem, UserError

Reader = Annotated[Feed, Depends(feed_reader)]
READER = [Depends(needs("read_alerts"))]
MENDER = [Depends(needs("retry_judgement"))]
BOTH = [Depends(needs("read_alerts", "retry_judgement"))]

routes = APIRouter(prefix="/v1", tags=["data quality"])


@routes.get(
    "/data-defects",
    responses=problems(401, 403, 422, 429),
    operation_id="list_data_defects",
    response_model=DefectPage,
)
async def list_data_defects(office: Here, feed: Reader, asked: Annotated[DefectQuery, Query()]) -> Any:
    """Contradictions in what institutions sent, newest first. An institution's key reads those of its own
    feed."""
    wanted = _wanted(feed, asked)
    listing = wanted.listing("defects")
    place = cursors.place(office.signing, asked.cursor, listing)
    async with office.transaction() as raw:
        rows, more = await defects.page(raw, wanted, asked.limit, place)
    cursor = None if more is None else cursors.seal(office.signing, more, listing)
    return {"items": [_told(row) for row in rows], "next_cursor": cursor}


@routes.get(
    "/data-defects/summary",
    responses=problems(401, 403, 422, 429),
    operation_id="sum_up_data_defects",
    response_model=DefectSummary,
)
async def sum_up_data_defects(office: Here, feed: Reader, asked: Annotated[DefectQuery, Query()]) -> Any:
    """How many defects there are by institution, field and kind, each with an example and what to do: where
    to begin mending a feed. An institution's key reads its own feed's."""
    wanted = _wanted(feed, asked)
    listing = wanted.listing("defects summed up")
    place = cursors.place(office.signing, asked.cursor, listing)
    async with office.transaction() as raw:
        rows, more = await defects.summary(raw, wanted, asked.limit, place)
    cursor = None if more is None else cursors.seal(office.signing, more, listing)
    return {"items": [_told(row) for row in rows], "next_cursor": cursor}


@routes.get(
    "/suspended",
    dependencies=READER,
    responses=problems(401, 403, 422),
    operation_id="list_suspended",
    response_model=SuspendedPage,
)
async def list_suspended(office: Here, asked: Annotated[SuspendedQuery, Query()]) -> Any:
    """Person ids that stand for many and are therefore not judged: who sent them, why, and what ends it."""
    listing = repr(("suspended", asked.institution))
    place = cursors.place(office.signing, asked.cursor, listing)
    async with office.transaction() as raw:
        rows, more = await suspensions.page(raw, asked.institution, asked.limit, place)
    cursor = None if more is None else cursors.seal(office.signing, more, listing)
    limit = office.settings.person_facts_limit
    words = {"why": suspensions.why(limit), "ends": suspensions.what_ends_it(limit)}
    return {"items": [_suspended(row, words) for row in rows], "next_cursor": cursor}


@routes.post(
    "/suspended/retry",
    dependencies=BOTH,
    responses=problems(401, 403, 422),
    operation_id="retry_suspended",
    response_model=Retried,
)
async def retry_suspended(office: Here, asked: RetrySuspended) -> Any:
    """Judge suspended keys again now. Those that still have too many facts stay suspended."""
    async with office.transaction() as raw:
        count = await suspensions.retry(raw, asked.keys, office.neighbours.judge_again)
    return {"retried": count}


@routes.get(
    "/dead-letters",
    dependencies=MENDER,
    responses=problems(401, 403, 422),
    operation_id="list_dead_letters",
    response_model=DeadLetterPage,
)
async def list_dead_letters(office: Here, asked: Annotated[DeadLetterQuery, Query()]) -> Any:
    """Entries that could not be judged: where they stood and what went wrong, never what they hold."""
    listing = repr(("dead letters", asked.retried, asked.stage))
    place = cursors.place(office.signing, asked.cursor, listing)
    async with office.transaction() as raw:
        rows, more = await dead_letters.page(
            raw, retried_too=asked.retried, stage=asked.stage, limit=asked.limit, after=place
        )
    cursor = None if more is None else cursors.seal(office.signing, more, listing)
    return {"items": [_letter(row) for row in rows], "next_cursor": cursor}


@routes.post(
    "/dead-letters/retry",
    dependencies=MENDER,
    responses=problems(401, 403, 409, 422),
    operation_id="retry_dead_letters",
    response_model=Retried,
)
async def retry_dead_letters(office: Here, asked: RetryLetters) -> Any:
    """Send waiting dead letters back into judgement, once what they stumbled over is mended."""
    try:
        async with office.transaction() as raw:
            count = await dead_letters.retry(raw, asked.ids, office.now(), office.neighbours.resubmit)
    except UserError as error:
        raise Problem(409, str(error)) from error
    return {"retried": count}


def _wanted(feed: Feed, asked: DefectQuery) -> defects.Wanted:
    """What may be read of what was asked for. Raises a 403 problem for another institution's."""
    institutions = asked.institution
    if feed.institutions is not None:
        if not feed.institutions.issuperset(institutions):
            raise Problem(403, "this key does not read that institution's defects")
        institutions = institutions or sorted(feed.institutions)
    return defects.Wanted(
        institutions=institutions,
        codes=asked.code,
        fields=asked.field,
        is_open=asked.open,
        since=asked.since,
        named=not feed.is_user,
    )


def _told(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: _text(value) for name, value in row.items()}
    words = {"zh": row["message_zh"], "en": row["message_en"]}
    return {**told, "message": words, "advice": _words(defects.advice(row["code"]))}


def _suspended(row: dict[str, Any], words: dict[str, Words]) -> dict[str, Any]:
    shares = [
        {"institution_id": share.institution_id, "facts": share.facts, "event_id": share.event_id}
        for share in row["shares"]
    ]
    told = {name: _words(text) for name, text in words.items()}
    return {"key": row["key"], "since": _text(row["since"]), "institutions": shares, **told}


def _letter(row: dict[str, Any]) -> dict[str, Any]:
    told = {name: _text(value) for name, value in row.items()}
    return {
        **told,
        "what": _words(dead_letters.explained(row["stage"])),
        "next": _words(dead_letters.MEND),
    }


def _text(value: Any) -> Any:
    return normal(micros(value)) if isinstance(value, datetime) else value


def _words(words: Words) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}
