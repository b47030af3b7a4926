"""What stands on top of every page for those who can act: endpoints that failed until they were off."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from services.alerts.users import User

BY_FAILURE = """
    SELECT webhook_id, description, url, disabled_reason FROM webhook
    WHERE disabled_at IS NOT NULL AND disabled_reason IN ('gone', 'failing') ORDER BY disabled_at DESC
"""


@dataclass(frozen=True, slots=True)
class Off:
    """An endpoint that was switched off. reason: gone or failing."""

    webhook_id: str
    name: str
    reason: str


async def of(raw: Any, user: User) -> list[Off]:
    """What this user is told on top of every page."""
    if not user.may("manage_webhooks"):
        return []
    return [
        Off(row["webhook_id"], name_of(row["description"], row["url"]), row["disabled_reason"])
        for row in await raw.fetch(BY_FAILURE)
    ]


def name_of(description: str, url: str) -> str:
    """What an endpoint is called: what its maker called it, else its host."""
    return description or urlsplit(url).netloc
