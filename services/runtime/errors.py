"""What can go wrong, named by what to do about it."""

import asyncio
import functools
from typing import Any


class UserError(Exception):
    """The user's input or usage cannot be served; the message is the one line to show (exit status 2)."""


class Unavailable(Exception):
    """Something this process needs is away or full: try again later. `reason` says what, for people."""

    def __init__(self, reason: str, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class Problem(Exception):
    """An answer that is not a success. `more` are further members of the body, such as `rejected`."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = {"errors": errors, **more} if errors else more


@functools.cache
def _database_away() -> tuple[type[BaseException], ...]:
    """What a call raises when PostgreSQL is stopped, starting, frozen, full or out of connections. The
    drivers are imported by who asks: commands that need no database start without them."""
    import asyncpg
    import sqlalchemy.exc

    return (
        OSError,
        EOFError,
        asyncio.TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.InvalidCatalogNameError,
        sqlalchemy.exc.TimeoutError,
    )


def is_database_away(error: BaseException | None) -> bool:
    """Whether the error says that the database cannot serve now, not that the call was wrong."""
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_database_away(error.orig) or _caused_away(error.orig)
    return isinstance(error, _database_away())


def _caused_away(error: BaseException | None) -> bool:
    return error is not None and isinstance(error.__cause__, _database_away())
