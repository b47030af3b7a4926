"""What /openapi.json promises holds for requests that schemathesis makes up."""

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.ingest.conftest import Door

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


def test_every_operation_answers_as_documented(shared_door: Door) -> None:
    schema = schemathesis.openapi.from_url(f"http://127.0.0.1:{shared_door.port}/openapi.json")
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @given(case=operation.as_strategy())
        def check(case: schemathesis.Case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {shared_door.key}"}, checks=CHECKS)

        check()


def test_the_event_is_documented_with_an_example_that_is_accepted(shared_door: Door) -> None:
    document = shared_door.client.get("/openapi.json").json()
    content = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    answer = shared_door.post(content["example"]).json()
    assert answer["accepted"] + answer["duplicates"] == 1
    schemas = document["components"]["schemas"]
    assert {"Settlement", "Line", "Cancellation", "Answer", "Problem"} <= set(schemas)
    assert "lines" in schemas["Settlement"]["properties"]
