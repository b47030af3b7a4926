"""Structured logs: one JSON object a line on standard error, fields from an allow-list, never a body.

The request id of the running task is added by itself. A field that is not on the list is left out, so a
careless call cannot write what must not be written.
"""

import contextvars
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")
"""The id that follows a request, from POST to webhook."""

# fmt: off
FIELDS = frozenset({
    "address", "attempt", "batch", "bytes", "count", "delivery", "duration_ms", "endpoint", "entries",
    "error", "events", "file", "host", "key_id", "institution", "lag", "line", "method", "missing",
    "name", "offset", "outcome", "partition", "path", "pid", "port", "position", "reason", "request_id",
    "rule", "rules", "seconds", "seq", "service", "stage", "status", "topic", "url", "version", "worker",
})
# fmt: on
LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class _Log:
    """`log.info("name_of_event", field=value, …)`; fields off the list are dropped."""

    def __init__(self) -> None:
        self._level = 20
        self._as_json = True

    def configure(self, level: str = "info", form: str = "json") -> None:
        """level: debug, info, warning or error. form: json or text."""
        self._level = LEVELS.get(level.lower(), 20)
        self._as_json = form != "text"

    def debug(self, event: str, **fields: Any) -> None:
        """For developers."""
        self._write(10, "debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        """Normal life."""
        self._write(20, "info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        """Something to look at."""
        self._write(30, "warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        """Something to mend."""
        self._write(40, "error", event, fields)

    def _write(self, level: int, name: str, event: str, fields: dict[str, Any]) -> None:
        if level < self._level:
            return
        record = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": name, "event": event}
        if current := request_id.get():
            record["request_id"] = current
        record.update((key, value) for key, value in fields.items() if key in FIELDS)
        if self._as_json:
            line = json.dumps(record, ensure_ascii=False, default=str)
        else:
            line = " ".join(str(value) if key in record else "" for key, value in record.items())
        print(line, file=sys.stderr, flush=True)


log = _Log()


class _Bridge(logging.Handler):
    """Libraries' log records, without their messages' arguments: only who spoke and how gravely."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("library", name=record.name, error=_error_name(record), line=record.lineno)


def _error_name(record: logging.LogRecord) -> str:
    return record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else record.levelname


def configure(level: str = "info", form: str = "json") -> None:
    """Set the level and form, and send libraries' warnings the same way (their texts may hold data)."""
    log.configure(level, form)
    root = logging.getLogger()
    root.handlers[:] = [_Bridge(level=logging.WARNING)]
    root.setLevel(logging.WARNING)
