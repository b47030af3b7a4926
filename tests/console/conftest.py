"""A running console with alerts and troubles of every kind, a user of each role, and a browser where there is
one. One console serves a whole module: its tests speak of different things in it.
"""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from schemas.finding import Words
from services.alerts import users
from services.alerts.app import create_app
from services.alerts.webhooks import book
from services.retrying import Neighbourhood
from services.runtime import database
from services.settings import Settings
from tests.alerts.conftest import Desk
from tests.alerts.hooking import an_endpoint
from tests.alerts.making import NOON, a_dead_letter, a_defect, a_placeholder, said
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
ROLES = {"li": "handler", "wang": "supervisor", "root": "admin", "shen": "auditor"}


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
INSTITUTION = (
    """INSERT INTO registry_record ("table", id, version, body) VALUES ('institutions', $1, 1, $2)"""
)
SWITCHED_OFF = """
    UPDATE webhook SET disabled_at = $2, disabled_reason = 'failing', disabled_by = 'system'
    WHERE webhook_id = $1
"""


@pytest.fixture(scope="module")
def console(postgres, tmp_path_factory) -> Iterator[SimpleNamespace]:
    """`url`, `tokens` by name of the user, `store` for more messages, `ask` and `value` for the database,
    `off`: an endpoint that was switched off. The desk works in a thread of its own, for the browser's loop
    holds the test's."""
    url = postgres.create()
    desk = Desk(url)
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("console"),
        database_url=url,
        vault_key="vault key for the tests only, 123",
        pseudonym_key="pseudonym key for the tests only",
        log_level="warning",
        webhook_allow_cidrs="127.0.0.0/8",
    )
    tokens = {name: desk.ask(users.create, name, role, NOON) for name, role in ROLES.items()}
    desk.store(
        said("A01-1", evidence=EVIDENCE),
        said("B01-1", rule="B01", severity=1, title=MARKED_UP, evidence={}),
        a_defect("d1", code="amounts_do_not_add_up"),
        a_defect("d2", code="amounts_do_not_add_up", event_id="e2"),
        a_placeholder(),
        a_dead_letter(7, reason="rules/a01.py:88 judge"),
        a_dead_letter(8, stage="screening", key="k2"),
    )
    desk.run(
        desk._call(
            "execute",
            INSTITUTION,
            "H1",
            '{"institution_id":"H1","name":"长河县人民医院","region":"430602"}'.encode(),
        )
    )
    engine = database.open_engine(url)
    app = create_app(engine, settings, neighbours=Neighbourhood(engine))
    given = an_endpoint(description="市稽核系统", url="https://jihe.example/hooks")
    off, _ = desk.ask(book.create, app.state.alerts_office.sealing, given, {}, "root", NOON)
    desk.run(desk._call("execute", SWITCHED_OFF, off["webhook_id"], NOON))
    with serving(app) as address, ThreadPoolExecutor(1) as aside:
        yield SimpleNamespace(
            url=address,
            tokens=tokens,
            off=off["webhook_id"],
            store=lambda *messages: aside.submit(desk.store, *messages).result(),
            ask=lambda function, *values: aside.submit(desk.ask, function, *values).result(),
            value=lambda query, *values: aside.submit(desk.value, query, *values).result(),
        )
    desk.close()
    postgres.drop(url)


@pytest.fixture(scope="module")
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
def enter(browser, console):
    """`enter(user, width=390)` gives a page of somebody who has logged in by the form; anything the browser
    complains of fails the test."""
    contexts, complaints = [], []

    def complain(entry) -> None:
        # A form that comes back with its mistakes marked is no trouble.
        if entry.type == "error" and "status of 422" not in entry.text:
            complaints.append(entry.text)

    def enter(name: str, width: int = 390):
        context = browser.new_context(
            viewport={"width": width, "height": 844}, base_url=console.url, reduced_motion="reduce"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", complain)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto("/")
        page.fill("[name=name]", name)
        page.fill("[name=password]", console.tokens[name])
        page.click("main button")
        page.wait_for_selector("nav.menu")
        return page

    yield enter
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(enter):
    """The list of alerts as a handler sees it on a telephone."""
    return enter("li")
