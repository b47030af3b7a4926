"""Traces: a request's is told by its id at every stage; batches link; off, there is nothing."""

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator

import pytest

from bench.door import subscribe
from bench.system import embedded
from services.runtime.spans import END_SECONDS, Spans, ids_of
from services.runtime.tracing import NOTHING, Tracing, answered
from tests.journeys.test_canary import CARD, PERSON, events
from tests.support.collector import Collector

CALLER = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")


@pytest.fixture
def spans(collector: Collector) -> Iterator[Spans]:
    """Spans that go to the collector; it has them all when they are closed."""
    made = Spans(collector.url, "tests", "kafka", 1.0)
    yield made
    made.close()


def test_work_on_messages_of_one_request_is_part_of_its_trace(spans: Spans, collector: Collector) -> None:
    ids = ids_of("one")
    with spans.processing("qingfeng.events", ["one", "", "one"]):
        pass
    spans.close()
    (told,) = collector.of(ids.trace)
    assert (told.name, told.parent) == ("process qingfeng.events", f"{ids.inbox:016x}")
    assert told.attributes["messaging.batch.message_count"] == 1


def test_work_on_messages_of_several_requests_links_to_their_traces(
    spans: Spans, collector: Collector
) -> None:
    begun = {one: ids_of(one) for one in ("one", "two")}
    with spans.processing("qingfeng.events", ["one", "two", "one", ""]):
        pass
    spans.close()
    (told,) = collector.spans
    assert told.parent == ""
    assert told.links == {(f"{ids.trace:032x}", f"{ids.inbox:016x}") for ids in begun.values()}


def test_what_is_read_links_to_what_sent_it(spans: Spans, collector: Collector) -> None:
    with spans.sending("qingfeng.events", ["one"]):
        headers = spans.headers()
    with spans.received([headers, None]), spans.processing("qingfeng.events", ["one"]):
        pass
    spans.close()
    sent, read = collector.of(ids_of("one").trace)
    assert (sent.trace, sent.id) in read.links


def test_work_on_nobodys_request_is_not_traced(spans: Spans, collector: Collector) -> None:
    with spans.processing("qingfeng.events", ["", ""]) as span:
        answered(span, 500)
    assert spans.headers() is None
    spans.close()
    assert collector.spans == []


def test_all_stages_trace_the_same_share_of_requests(collector: Collector) -> None:
    requests = [f"request {number}" for number in range(200)]
    traced = []
    for service in ("ingest", "detector"):
        made = Spans(collector.url, service, "kafka", 0.25)
        for request in requests:
            with made.processing("qingfeng.events", [request]):
                pass
        made.close()
        traced.append({told.trace for told in collector.spans if told.service == service})
    assert traced[0] == traced[1]
    assert 20 < len(traced[0]) < 80


def test_a_collector_that_hangs_holds_up_nobody() -> None:
    with socket.socket() as hanging:
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        made = Spans(f"http://127.0.0.1:{hanging.getsockname()[1]}", "tests", "kafka", 1.0)
        began = time.monotonic()
        for number in range(5_000):
            with made.processing("qingfeng.events", [str(number)]):
                pass
        made.close()
        assert time.monotonic() - began < 2 * END_SECONDS


def test_an_error_is_told_by_its_kind_alone(spans: Spans, collector: Collector) -> None:
    with pytest.raises(ValueError, match=PERSON), spans.processing("qingfeng.events", ["one"]):
        raise ValueError(PERSON)
    spans.close()
    assert collector.spans[0].attributes["error.type"] == "ValueError"
    assert PERSON.encode() not in collector.raw


def test_off_there_is_nothing_and_the_sdk_is_not_loaded() -> None:
    off = Tracing()
    assert off.processing("qingfeng.events", lambda: pytest.fail("asked")) is NOTHING
    assert off.received(lambda: pytest.fail("asked")) is NOTHING
    assert off.request("one", {}) is off.appending("one", 3) is off.delivering("one", "h", 1) is NOTHING
    assert off.headers() is off.present() is None
    loaded = "import sys, services.assembly, services.distributed, services.detecting, services.__main__; "
    loaded += "sys.exit(any(name.startswith('opentelemetry.sdk') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", loaded]).returncode == 0


def test_one_trace_leads_from_a_post_to_the_delivery(collector: Collector) -> None:
    allowed = {"QINGFENG_WEBHOOK_ALLOW_CIDRS": "127.0.0.0/8"}
    with embedded(QINGFENG_OTLP_ENDPOINT=collector.url, **allowed) as system:
        subscribe(system, collector.url + "/hook")
        request = urllib.request.Request(
            f"http://127.0.0.1:{system.port}/v1/events",
            json.dumps(events()).encode(),
            {
                "Authorization": f"Bearer {system.key}",
                "Content-Type": "application/json",
                "X-Request-ID": "seen-again",
                "traceparent": f"00-{CALLER[0]}-{CALLER[1]}-01",
            },
        )
        urllib.request.urlopen(request, timeout=60).close()
        ids = ids_of("seen-again")
        collector.wait_for(lambda: "POST webhook" in {told.name for told in collector.of(ids.trace)})
        assert system.stop() == 0
    found = {told.name: told for told in collector.of(ids.trace)}
    answer, appended = found["POST /v1/events"], found["send inbox"]
    assert (answer.parent, answer.id) == ("", f"{ids.answer:016x}")
    assert answer.links == {CALLER}
    assert answer.attributes["http.response.status_code"] == 202
    assert (appended.parent, appended.id) == (answer.id, f"{ids.inbox:016x}")
    assert found["process qingfeng.events"].parent == appended.id
    assert found["process qingfeng.alerts"].parent == appended.id
    assert found["POST webhook"].parent == appended.id
    assert found["POST webhook"].attributes["http.response.status_code"] == 200
    for secret in (PERSON, CARD, system.key, system.token):
        assert secret.encode() not in collector.raw
