"""A supervisor who sets up webhooks by the API, and a receiver to try them on."""

import contextlib
import dataclasses
import time

import httpx

from services.alerts import users
from services.alerts.app import create_app
from services.runtime import database
from tests.alerts.making import NOON
from tests.alerts.serving import bearer, serving


@contextlib.contextmanager
def managing(desk, settings):
    """A client with a supervisor's token; loopback is opened for receivers."""
    settings = dataclasses.replace(settings, webhook_allow_cidrs="127.0.0.0/8")
    app = create_app(database.open_engine(desk.url), settings)
    token = desk.ask(users.create, "chief", "supervisor", NOON)
    with serving(app) as url, httpx.Client(base_url=url, headers=bearer(token), trust_env=False) as client:
        yield client


def made(api, url="http://127.0.0.1:9/hook", **given):
    """A new endpoint as the API shows it."""
    answer = api.post("/v1/webhooks", json={"url": url, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


def changed(api, hook, **given):
    """The answer to a change of an endpoint."""
    return api.patch(f"/v1/webhooks/{hook['id']}", json=given)


def try_it(api, url, **given):
    """A test delivery to a new endpoint, once it was tried."""
    hook = made(api, url, events=["alert.withdrawn"], **given)
    queued = api.post(f"/v1/webhooks/{hook['id']}/test").json()
    assert queued["queued"] == 1
    path = f"/v1/webhooks/{hook['id']}/deliveries/{queued['delivery_id']}"
    deadline = time.monotonic() + 60
    while not (shown := api.get(path).json())["attempts"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return shown


async def teapot(writer):
    """A receiver that refuses, with a few words."""
    writer.write(b"HTTP/1.1 418 I'm a teapot\r\nContent-Length: 5\r\n\r\nshort")
    await writer.drain()
