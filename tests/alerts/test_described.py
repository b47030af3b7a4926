"""The API is what its OpenAPI says, for requests nobody thought of; metrics count what was stored."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.alerts import users
from services.alerts.app import create_app
from services.runtime import database
from services.runtime.metrics import REGISTRY
from tests.alerts.making import NOON, a_dead_letter, at, judged, said, taken_back
from tests.alerts.serving import bearer, serving

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def served(desk, settings):
    """(address, headers) of a service with something in it."""
    token = desk.ask(users.create, "chief", "supervisor", NOON)
    desk.store(said("a1"), said("a2"), taken_back("a2"), judged(0))
    with serving(create_app(database.open_engine(desk.url), settings)) as url:
        yield url, bearer(token)


def test_made_up_requests_meet_no_crash_and_answers_are_as_described(served):
    url, headers = served
    for result in (
        schemathesis.openapi.from_url(f"{url}/openapi.json")
        .exclude(
            operation_id="stream_alerts"  # its answers do not end; test_stream.py reads them
        )
        .get_all_operations()
    ):
        operation = result.ok()

        @profile(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def check(case):
            case.call_and_validate(headers=headers, checks=CHECKS)

        check()


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


def test_only_what_was_committed_is_counted(desk):
    labels = {"rule": "A01", "severity": "2", "event": "opened"}
    before = value("qingfeng_alerts_total", **labels)
    waited = value("qingfeng_alert_latency_seconds_count")
    dead = value("qingfeng_dlq_records_total", reason="ZeroDivisionError")
    stored = desk.store(said("m1"), a_dead_letter(99), now=at(2))
    assert value("qingfeng_alerts_total", **labels) == before
    stored.committed()
    assert value("qingfeng_alerts_total", **labels) == before + 1
    assert value("qingfeng_alert_latency_seconds_count") == waited + 1
    assert value("qingfeng_dlq_records_total", reason="ZeroDivisionError") == dead + 1
