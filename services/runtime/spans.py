"""The spans behind `tracing`, by OpenTelemetry and its semantic conventions for HTTP and messaging.

Of a request with the id R, trace and first spans have ids that are digests of R. Work on messages of one
request is part of that request's trace; work on messages of several is a trace of its own that links to
theirs, as the conventions advise for batches. Whether a request is traced is told by its trace id, so that
all stages agree.

No span names a person, a card, an institution, an alert or a user, or quotes a path or a body.
"""

import contextlib
import hashlib
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import Scope

from services.runtime.measuring import METHODS, route_of

SEND_SECONDS = 1.0
EXPORT_SECONDS = 5
END_SECONDS = 2.0
"""How long an end waits for the collector: a stop must not hang on it."""
LINKS_AT_MOST = 128
OPERATIONS = frozenset(("/healthz", "/readyz", "/metrics"))
SAMPLED = TraceFlags(TraceFlags.SAMPLED)
TRACEPARENT = "traceparent"
INBOX = "inbox"

_propagator = TraceContextTextMapPropagator()
_carried: ContextVar[tuple[SpanContext, ...]] = ContextVar("carried", default=())
_ids: ContextVar[tuple[int, int] | None] = ContextVar("ids", default=None)


class Ids(NamedTuple):
    """Of a request: its trace, the span of its answer, the span of its way into the inbox."""

    trace: int
    answer: int
    inbox: int


def ids_of(request_id: str) -> Ids:
    """The ids that a request's trace begins with."""
    digest = hashlib.sha256(b"qingfeng trace " + request_id.encode()).digest()
    return Ids(*(int.from_bytes(part) for part in (digest[:16], digest[16:24], digest[24:])))


class _Generator(RandomIdGenerator):
    """Random ids, but for the spans whose ids are a matter of the request id."""

    def generate_trace_id(self) -> int:
        """Of a span without a parent."""
        ids = _ids.get()
        return super().generate_trace_id() if ids is None else ids[0]

    def generate_span_id(self) -> int:
        """Of any span."""
        ids = _ids.get()
        return super().generate_span_id() if ids is None else ids[1]


class Spans:
    """Makes spans and sends them to a collector in the background."""

    def __init__(self, endpoint: str, service: str, system: str, ratio: float) -> None:
        self._system = system
        self._bound = TraceIdRatioBased.get_bound_for_rate(ratio)
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create({"service.name": service, "service.namespace": "qingfeng"}),
            id_generator=_Generator(),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces", timeout=EXPORT_SECONDS)
        processor = BatchSpanProcessor(exporter, schedule_delay_millis=int(SEND_SECONDS * 1_000))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("qingfeng")

    def close(self) -> None:
        """Send what is left, if the collector takes it at once."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(END_SECONDS)

    @contextlib.contextmanager
    def request(self, request_id: str, scope: Scope, route: str) -> Iterator[Any]:
        """As `Tracing.request`. A sender's own trace is linked to, never joined: it is not ours."""
        ids = ids_of(request_id)
        if not self._is_traced(ids) or scope["path"] in OPERATIONS:
            yield None
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        given = dict(scope["headers"]).get(TRACEPARENT.encode(), b"").decode("latin-1")
        attributes = {"http.request.method": method, "qingfeng.request_id": request_id}
        with self._span(
            method, SpanKind.SERVER, attributes, links=_contexts([given]), ids=(ids.trace, ids.answer)
        ) as span:
            try:
                yield span
            finally:
                if taken := route or route_of(scope):
                    span.update_name(f"{method} {taken}")
                    span.set_attribute("http.route", taken)

    def appending(self, request_id: str, events: int) -> Any:
        """As `Tracing.appending`."""
        ids = ids_of(request_id)
        if not self._is_traced(ids):
            return contextlib.nullcontext()
        attributes = self._messaging("send", INBOX, events)
        return self._span(f"send {INBOX}", SpanKind.PRODUCER, attributes, ids=(ids.trace, ids.inbox))

    def sending(self, topic: str, of: Iterable[Any]) -> Any:
        """As `Tracing.sending`."""
        return self._batch("send", topic, SpanKind.PRODUCER, of)

    def processing(self, topic: str, of: Iterable[str]) -> Any:
        """As `Tracing.processing`."""
        return self._batch("process", topic, SpanKind.CONSUMER, of)

    def delivering(self, request_id: str, url: str, attempt: int) -> Any:
        """As `Tracing.delivering`."""
        ids = ids_of(request_id)
        if not request_id or not self._is_traced(ids):
            return contextlib.nullcontext()
        attributes = {
            "http.request.method": "POST",
            "http.request.resend_count": attempt - 1,
            "server.address": urlsplit(url).hostname or "",
        }
        return self._span("POST webhook", SpanKind.CLIENT, attributes, parent=_begun(ids))

    @contextlib.contextmanager
    def received(self, headers: Iterable[Any]) -> Iterator[None]:
        """As `Tracing.received`."""
        given = (
            value.decode("latin-1") for each in headers for name, value in each or () if name == TRACEPARENT
        )
        token = _carried.set(tuple(_contexts(given)))
        try:
            yield
        finally:
            _carried.reset(token)

    def present(self) -> SpanContext | None:
        """As `Tracing.present`."""
        found = trace.get_current_span().get_span_context()
        return found if found.is_valid else None

    def headers(self) -> list[tuple[str, bytes]] | None:
        """As `Tracing.headers`."""
        if self.present() is None:
            return None
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return [(name, value.encode()) for name, value in carrier.items()]

    def _is_traced(self, ids: Ids) -> bool:
        return ids.trace & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound

    def _batch(self, work: str, topic: str, kind: SpanKind, of: Iterable[Any]) -> Any:
        begun = self._origins(of)
        if not begun:
            return contextlib.nullcontext()
        attributes = self._messaging(work, topic, len(begun))
        parent = begun[0] if len(begun) == 1 else None
        # What was read names the span that sent it; messages of several requests name these.
        links = [*_carried.get(), *([] if parent else begun)][:LINKS_AT_MOST]
        return self._span(f"{work} {topic}", kind, attributes, parent=parent, links=links)

    def _origins(self, of: Iterable[Any]) -> list[SpanContext]:
        """Where messages come from, each once: spans' contexts, and of request ids those that are traced."""
        found = {}
        for one in of:
            if not isinstance(one, SpanContext):
                if not one or not self._is_traced(ids := ids_of(one)):
                    continue
                one = _begun(ids)
            found[one.trace_id, one.span_id] = one
        return list(found.values())

    def _messaging(self, work: str, topic: str, requests: int) -> dict[str, Any]:
        return {
            "messaging.system": "postgresql" if topic == INBOX else self._system,
            "messaging.operation.type": work,
            "messaging.operation.name": work,
            "messaging.destination.name": topic,
            "messaging.batch.message_count": requests,
        }

    @contextlib.contextmanager
    def _span(
        self,
        name: str,
        kind: SpanKind,
        attributes: dict[str, Any],
        *,
        parent: SpanContext | None = None,
        links: Iterable[SpanContext] = (),
        ids: tuple[int, int] | None = None,
    ) -> Iterator[Any]:
        """A span that is the present one inside; an error that leaves it is told by its kind alone."""
        within = context.Context() if parent is None else _within(parent)
        if ids is not None and (present := trace.get_current_span()).get_span_context().trace_id == ids[0]:
            within = trace.set_span_in_context(present)
        token = _ids.set(ids)
        try:
            span = self._tracer.start_span(
                name,
                within,
                kind,
                attributes,
                [Link(one) for one in links],
                record_exception=False,
                set_status_on_exception=False,
            )
        finally:
            _ids.reset(token)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield span
            except BaseException as error:
                failed(span, type(error).__name__)
                raise


def failed(span: Any, kind: str) -> None:
    """Say that what a span stands for failed, and by what kind of error."""
    span.set_attribute("error.type", kind)
    span.set_status(trace.StatusCode.ERROR)


def _begun(ids: Ids) -> SpanContext:
    return SpanContext(ids.trace, ids.inbox, is_remote=True, trace_flags=SAMPLED)


def _within(parent: SpanContext) -> context.Context:
    return trace.set_span_in_context(trace.NonRecordingSpan(parent), context.Context())


def _contexts(given: Iterable[str]) -> list[SpanContext]:
    """What traceparents name, each once; those that are none left out."""
    found = (
        trace.get_current_span(_propagator.extract({TRACEPARENT: one}, context.Context())).get_span_context()
        for one in dict.fromkeys(given)
        if one
    )
    return [one for one in found if one.is_valid]
