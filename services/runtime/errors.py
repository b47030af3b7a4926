"""What can go wrong, named by what to do about it."""

import asyncio

import asyncpg
import sqlalchemy.exc


class UserError(Exception):
    """The user's input or usage cannot be served; the message is the one line to show (exit status 2)."""


class Unavailable(Exception):
    """Something this process needs is away or full: try again later. `reason` says what, for people."""

    def __init__(self, reason: str, retry_after: float = 1.0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


DATABASE_AWAY = (
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
"""What a call raises when PostgreSQL is stopped, starting, frozen, full or out of connections."""


def is_database_away(error: BaseException | None) -> bool:
    """Whether the error says that the database cannot serve now, not that the call was wrong."""
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        return error.connection_invalidated or is_database_away(error.orig) or _caused_away(error.orig)
    return isinstance(error, DATABASE_AWAY)


def _caused_away(error: BaseException | None) -> bool:
    return error is not None and isinstance(error.__cause__, DATABASE_AWAY)
