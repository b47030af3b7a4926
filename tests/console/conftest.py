"""A running console with two alerts, a user, and a browser where there is one."""

import shutil
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from schemas.finding import Words
from services.alerts import users
from services.alerts.app import create_app
from services.runtime import database
from tests.alerts.conftest import desk  # noqa: F401 - a fixture
from tests.alerts.making import NOON, said
from tests.alerts.serving import serving

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def a_stay(institution: str, encounter: str, begin: str, end: str | None) -> dict:
    """A stay as the detector puts it into evidence."""
    return {
        "institution": institution,
        "encounter": encounter,
        "begin": begin,
        "begin_is_date": False,
        "end": end,
        "end_is_date": False,
        "discharge_way": 1,
        "diagnoses": ["J18.9"],
        "fund": "1234.56",
    }


EVIDENCE = {
    "stays": [
        a_stay("H1", "M1", "2026-04-28T08:00:00+08:00", "2026-05-04T10:00:00+08:00"),
        a_stay("H2", "M2", "2026-04-30T08:00:00+08:00", "2026-05-03T08:00:00+08:00"),
    ],
    "overlap_hours": 72.0,
    "checks": {"same_day_transfer": {"zh": "转院", "en": "a transfer named at discharge"}},
}


MARKED_UP = Words("留存卡<b>集中</b>刷卡", "Many <b>cards</b>")


@pytest.fixture
def console(desk, settings) -> Iterator[SimpleNamespace]:  # noqa: F811
    """`url`, `token` of the handler li, `desk` to store more."""
    token = desk.ask(users.create, "li", "handler", NOON)
    desk.store(
        said("A01-1", evidence=EVIDENCE),
        said(
            "B01-1",
            rule="B01",
            severity=1,
            title=Words("留存卡<b>集中</b>刷卡", "Many <b>cards</b>"),
            evidence={},
        ),
    )
    with serving(create_app(database.open_engine(desk.url), settings)) as url:
        yield SimpleNamespace(url=url, token=token, desk=desk)


@pytest.fixture
def browser(console):
    """Debian's Chromium. Its loop holds this thread while it lasts, so it starts after the database."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, console):
    """A page that has logged in; anything the browser complains of fails the test."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=console.url)
    page = context.new_page()
    complaints = []
    page.on("console", lambda entry: complaints.append(entry.text) if entry.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto("/")
    page.fill("[name=name]", "li")
    page.fill("[name=password]", console.token)
    page.click("main button")
    page.wait_for_selector("#alerts")
    yield page
    context.close()
    assert complaints == []
