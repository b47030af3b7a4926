"""Traces of requests through all stages, when a setting names a collector; nothing at all otherwise.

The trace of a request is a function of its request id, which goes with its events through the inbox, the
topics and the alerts to the deliveries. So a stage that knows the id can add to the trace, and nothing has to
be stored beside it. Off, which is the default, every call here returns one and the same empty context and
OpenTelemetry's SDK is not even loaded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import Scope

    from services.runtime.spans import Spans

Headers = list[tuple[str, bytes]]
"""Of a Kafka record."""

NOTHING: Any = contextlib.nullcontext()


class Tracing:
    """What the stages call. Most methods give a context in which a stage does its work; inside it is a span,
    or None where none is made."""

    def __init__(self) -> None:
        self._spans: Spans | None = None

    def begin(self, endpoint: str, service: str, system: str, ratio: float) -> None:
        """Trace from now on, to the OTLP/HTTP collector at `endpoint`. service: which of ours this is.
        system: what carries messages between stages. ratio: share of the requests, the same everywhere."""
        from services.runtime.spans import Spans

        self._spans = Spans(endpoint, service, system, ratio)

    def end(self) -> None:
        """Trace no more, and send what is left."""
        spans, self._spans = self._spans, None
        if spans is not None:
            spans.close()

    def request(self, request_id: str, scope: Scope, route: str = "") -> Any:
        """A request is answered. route: where the scope will name none."""
        return NOTHING if self._spans is None else self._spans.request(request_id, scope, route)

    def appending(self, request_id: str, events: int) -> Any:
        """A request's events are put into the inbox."""
        return NOTHING if self._spans is None else self._spans.appending(request_id, events)

    def sending(self, topic: str, of: Callable[[], Iterable[Any]]) -> Any:
        """Records are sent to a topic. of: request ids, or spans they come from; asked only when traced."""
        return NOTHING if self._spans is None else self._spans.sending(topic, of())

    def processing(self, topic: str, of: Callable[[], Iterable[str]]) -> Any:
        """Messages of a topic are worked on. of: their request ids; asked only when traced."""
        return NOTHING if self._spans is None else self._spans.processing(topic, of())

    def delivering(self, request_id: str, url: str, attempt: int) -> Any:
        """A webhook is tried, at first with `attempt` 1. Of the URL only the host is told."""
        return NOTHING if self._spans is None else self._spans.delivering(request_id, url, attempt)

    def received(self, headers: Callable[[], Iterable[Any]]) -> Any:
        """Records were read: what works on them inside links to the sending of each. headers: of each."""
        return NOTHING if self._spans is None else self._spans.received(headers())

    def present(self) -> Any:
        """The span that work is done in, for `sending`; None where there is none."""
        return None if self._spans is None else self._spans.present()

    def headers(self) -> Headers | None:
        """Headers for a Kafka record that is sent inside the present span."""
        return None if self._spans is None else self._spans.headers()


def answered(span: Any, status: int | None, error: str = "", *, fails_from: int = 500) -> None:
    """Say with which HTTP status a request was answered; none at all is a failure, and one from `fails_from`
    on. span: what a context of `Tracing` gave."""
    if span is None:
        return
    if status is not None:
        span.set_attribute("http.response.status_code", status)
    if status is None or status >= fails_from:
        from services.runtime.spans import failed

        failed(span, error or str(status))


tracing = Tracing()
