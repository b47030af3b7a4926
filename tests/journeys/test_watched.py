"""Three services on Kafka, watched: one trace from POST to delivery, every panel of Kafka's, and the page for
a detector that stands still."""

import json
import signal
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from services.runtime.spans import ids_of
from services.settings import Settings
from tests.deploy.dashboards import queries
from tests.journeys.test_kafka_journey import ask, eventually, qingfeng
from tests.support.collector import Collector
from tests.support.deployment import Deployment
from tests.support.entries import admission
from tests.support.kafka import free_ports
from tests.support.prometheus import Prometheus

Watch = Callable[[dict[str, str]], Prometheus]


@pytest.fixture
def ports() -> dict[str, int]:
    return dict(zip(("ingest", "alerts", "detector"), free_ports(3), strict=True))


@pytest.fixture
def deployment(
    kafka, topic_prefix: str, settings: Settings, tmp_path, collector: Collector, ports: dict[str, int]
) -> Iterator[Deployment]:
    settings = replace(settings, kafka=kafka.bootstrap, topic_prefix=topic_prefix, partitions=2)
    made = Deployment(settings, tmp_path)
    for name in ("ingest", "alerts"):
        made.start(name, port=ports[name], otlp_endpoint=collector.url, webhook_allow_cidrs="127.0.0.0/8")
    made.start("worker", metrics_port=ports["detector"], otlp_endpoint=collector.url)
    for port in ports.values():
        eventually(lambda port=port: ask(f"http://127.0.0.1:{port}/readyz")[0] == 200, made)
    yield made
    made.close()


def test_what_happens_on_kafka_is_traced_shown_and_paged_for(
    deployment: Deployment, ports: dict[str, int], watch: Watch, collector: Collector
) -> None:
    jobs = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    key = qingfeng(deployment, "keys", "create", "--institution", "*")
    admin = qingfeng(deployment, "users", "create", "wang", "--role", "admin")
    hook = {"url": collector.url + "/hook", "events": ["alert.*"]}
    assert ask(f"http://127.0.0.1:{ports['alerts']}/v1/webhooks", admin, hook)[0] == 201
    prometheus = watch(jobs)
    prometheus.answering([f'up{{job="{name}"}} == 1' for name in jobs])

    post(ports["ingest"], key, "traced", "a")
    leads_from_the_post_to_the_delivery(collector)
    prometheus.answering(queries(of_kafka=True))
    relayed = 'rate(qingfeng_relay_entries_total{job="ingest"}[20s]) > 0'
    prometheus.eventually(lambda: prometheus.ask(relayed), lambda: prometheus.ask("up"))
    partitions = 'count(qingfeng_consumer_lag_records{topic="qingfeng.alerts"})'
    prometheus.eventually(lambda: prometheus.ask(partitions) == [2.0], lambda: prometheus.ask(partitions))
    prometheus.close()
    pages_for_a_detector_that_stands_still(deployment, watch(jobs), ports["ingest"], key)


def leads_from_the_post_to_the_delivery(collector: Collector) -> None:
    """One trace over three services, each record naming the span that sent it."""
    ids = ids_of("traced")
    wanted = {
        ("qingfeng-ingest", "POST /v1/events"),
        ("qingfeng-ingest", "send inbox"),
        ("qingfeng-ingest", "send qingfeng.events"),
        ("qingfeng-detector", "process qingfeng.events"),
        ("qingfeng-detector", "send qingfeng.alerts"),
        ("qingfeng-alerts", "process qingfeng.alerts"),
        ("qingfeng-alerts", "POST webhook"),
    }
    collector.wait_for(lambda: wanted <= {(told.service, told.name) for told in collector.of(ids.trace)})
    sent = {(told.trace, told.id) for told in collector.spans if told.name.startswith("send qingfeng")}
    for told in collector.of(ids.trace):
        if told.name.startswith("process"):
            assert told.links & sent


def pages_for_a_detector_that_stands_still(
    deployment: Deployment, prometheus: Prometheus, port: int, key: str
) -> None:
    """What is posted meanwhile is relayed, and judged by nobody; the page ends when the worker goes on."""
    worker = deployment.services["worker"]
    worker.signal(signal.SIGSTOP)
    prometheus.answering(['qingfeng_relay_entries_total{job="ingest"}'])
    post(port, key, "meanwhile", "b")
    page = prometheus.eventually(lambda: prometheus.firing().get("NoProgress"), prometheus.firing)
    assert page["labels"]["severity"] == "page"
    assert page["annotations"]["runbook"] == "docs/runbooks/NoProgress.md"
    worker.signal(signal.SIGCONT)
    numbers = iter(range(1_000))

    def goes_on() -> bool:
        post(port, key, "after", f"c{next(numbers)}")
        return "NoProgress" not in prometheus.firing()

    prometheus.eventually(goes_on, deployment.said)


def post(port: int, key: str, request_id: str, person: str) -> None:
    """Two stays of a person that overlap."""
    events = [
        admission(f"03-0{place} 09:00", f"H{place}", person + str(place), person=person) for place in (1, 2)
    ]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/events",
        json.dumps(events).encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "X-Request-ID": request_id},
    )
    urllib.request.urlopen(request, timeout=60).close()
