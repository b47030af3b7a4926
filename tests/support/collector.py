"""An OpenTelemetry collector for the tests: takes OTLP over HTTP and keeps what it is told."""

import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Told(NamedTuple):
    """A span. trace, id, parent ("" for a root) and links (trace, id): hex."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    links: frozenset[tuple[str, str]]
    attributes: dict[str, Any]


class Collector:
    """Listens on a free port, and takes any other POST too. raw: every body as it came."""

    def __init__(self) -> None:
        self.spans: list[Told] = []
        self.raw = bytearray()
        told, raw = self.spans, self.raw

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                if self.path == "/v1/traces":
                    raw.extend(body)
                    told.extend(_spans(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def of(self, trace: int) -> list[Told]:
        """The spans of a trace."""
        return [span for span in self.spans if span.trace == f"{trace:032x}"]

    def wait_for(self, holds: Callable[[], Any], seconds: float = 30.0) -> Any:
        """What `holds` says once that is true."""
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            assert time.monotonic() < deadline, self.spans
            time.sleep(0.05)
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _spans(body: bytes) -> Iterator[Told]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = _attributes(resource.resource)["service.name"]
        for span in (span for scope in resource.scope_spans for span in scope.spans):
            links = frozenset((link.trace_id.hex(), link.span_id.hex()) for link in span.links)
            yield Told(
                service,
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                links,
                _attributes(span),
            )


def _attributes(holder: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in holder.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that ends with the test."""
    made = Collector()
    yield made
    made.close()
