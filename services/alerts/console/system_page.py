"""How the system fares, in a supervisor's words: what to look at, how it stands, what to do.

Each look is a pure function of numbers, so that its border is a test's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.alerts import status
from services.alerts.console.frame import Route, Visit, visits
from services.alerts.users import Permission
from services.alerts.webhooks import keeping

LATE_SECONDS = 60.0
VERY_LATE_SECONDS = 300.0
"""As the alert rule PipelineLagHigh: a minute is late, five are for somebody to look into."""
SLOW_DELIVERY_SECONDS = 60.0
BEHIND = """
    SELECT count(*) AS partitions,
           count(*) FILTER (WHERE s."offset" > coalesce(j."offset", -1)) AS behind
    FROM relay JOIN relay_sent s ON relay.log_id <> '' AND right(s.topic, 6) = 'events'
        LEFT JOIN judged j ON j.topic = s.topic AND j.partition = s.partition AND j.log_id = relay.log_id
"""
WEBHOOKS = """
    SELECT count(*) AS endpoints, count(*) FILTER (WHERE disabled_reason IN ('gone', 'failing')) AS off,
           count(*) FILTER (WHERE disabled_at IS NULL AND (failing_since IS NOT NULL OR slowed > 0)) AS ill
    FROM webhook
"""
MOST_DEFECTS = 10_000
"""More are not counted: the page is looked at often, and it makes no difference."""
DEFECTS = f"""
    SELECT (SELECT count(*) FROM (SELECT FROM data_defect WHERE open AND code <> 'placeholder_person'
                                  LIMIT {MOST_DEFECTS + 1}) counted) AS defects,
           (SELECT count(*) FROM data_defect WHERE open AND code = 'placeholder_person') AS suspended
"""  # noqa: S608 - a constant of ours

State = Literal["well", "watch", "act"]
Anyone = Annotated[Visit, Depends(visits("read_status"))]
routes = APIRouter(include_in_schema=False, route_class=Route)


@dataclass(frozen=True, slots=True)
class Look:
    """One thing to look at. name: of its words (`name`, `name_state`); values: what the words name; link:
    where to act, for those with the permission."""

    name: str
    state: State
    values: dict[str, Any] = field(default_factory=dict)
    link: str = ""
    permission: Permission = "read_status"


@routes.get("/console/system")
async def system(visit: Anyone) -> Response:
    """All looks, what needs somebody first."""
    async with visit.office.transaction() as raw:
        told = await status.read(raw, visit.office.clock())
        behind = await raw.fetchrow(BEHIND)
        webhooks = await raw.fetchrow(WEBHOOKS)
        waited = await keeping.oldest_age(raw, visit.office.now())
        counted = await raw.fetchrow(DEFECTS)
    looks = [
        judging(told),
        workers(told, behind["partitions"], behind["behind"]),
        rejudging(told),
        months(told),
        dead_letters(told),
        deliveries(webhooks, waited),
        feeds(counted["defects"], counted["suspended"]),
        too_late(told),
    ]
    shown = [look for look in looks if look is not None]
    shown.sort(key=lambda look: ("act", "watch", "well").index(look.state))
    return await visit.page("system.html", looks=shown)


def judging(told: Mapping[str, Any]) -> Look:
    """How long what was posted waits for its judgement."""
    waiting = status.waiting(told)
    seconds = waiting["seconds"]
    state: State = "well" if seconds <= LATE_SECONDS else "watch" if seconds <= VERY_LATE_SECONDS else "act"
    return Look("judging", state, waiting)


def workers(told: Mapping[str, Any], partitions: int, behind: int) -> Look | None:
    """On Kafka: whether every part of the work has a worker. None in one process."""
    if not partitions:
        return None
    stuck = behind and told["lag"]["seconds"] > VERY_LATE_SECONDS
    return Look("workers", "act" if stuck else "well", {"partitions": partitions, "behind": behind})


def rejudging(told: Mapping[str, Any]) -> Look | None:
    """Whether the past is being judged anew after a registry was loaded."""
    anew = told["rejudging"]
    if anew is None:
        return None
    return Look("rejudging", "watch", {"share": anew["done"] / max(anew["total"], 1)})


def months(told: Mapping[str, Any]) -> Look:
    """Months whose rules run again."""
    return Look("months", "well", {"months": told["months_waiting"]})


def dead_letters(told: Mapping[str, Any]) -> Look:
    """What could not be judged."""
    count = told["dead_letters"]
    return Look(
        "dead_letters",
        "act" if count else "well",
        {"count": count},
        "/console/dead-letters",
        "retry_judgement",
    )


def deliveries(webhooks: Mapping[str, Any], waited: float) -> Look:
    """Whether endpoints hear. waited: seconds of the oldest delivery that is due."""
    ill = webhooks["ill"] or waited > SLOW_DELIVERY_SECONDS
    state: State = "act" if webhooks["off"] else "watch" if ill else "well"
    return Look("deliveries", state, {**webhooks, "waited": waited}, "/console/webhooks", "manage_webhooks")


def feeds(defects: int, suspended: int) -> Look:
    """Contradictions in what institutions send."""
    state: State = "watch" if suspended else "well"
    counted = f"{MOST_DEFECTS:,}+" if defects > MOST_DEFECTS else f"{defects:,}"
    return Look(
        "feeds",
        state,
        {"defects": counted, "suspended": suspended},
        "/console/suspended" if suspended else "/console/defects",
        "read_alerts",
    )


def too_late(told: Mapping[str, Any]) -> Look | None:
    """What came so late that it is not judged, if there is any."""
    return Look("too_late", "well", {"count": told["too_late"]}) if told["too_late"] else None
