"""What the door's refusals look like."""

import httpx

PROBLEM_MEMBERS = {"type", "title", "status", "detail", "instance", "request_id"}


def is_problem(response: httpx.Response, status: int) -> None:
    """Hold that an answer is a problem, whole and of this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert set(body) >= PROBLEM_MEMBERS
    assert body["status"] == status
    assert body["instance"] == "/v1/events"
    assert body["request_id"] == response.headers["x-request-id"]


def error_of(response: httpx.Response, index: int = 0) -> tuple[str, str]:
    """Code and path of the first error of a rejected event."""
    error = response.json()["rejected"][index]["errors"][0]
    assert error["message"]
    return error["code"], error["path"]
