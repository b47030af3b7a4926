"""Endpoints in a real browser: made, tested, mended, switched off and on again; a receiver listens."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx
import pytest

from services.alerts.console import webhook_forms
from services.alerts.console.texts import Texts
from services.alerts.webhooks import book
from services.alerts.webhooks.headers import HIDDEN
from tests.alerts.making import said


@pytest.fixture
def receiver():
    """A system that takes deliveries: `url`, `status` to answer with, `heard`: the headers of each."""
    told = SimpleNamespace(status=204, heard=[])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            told.heard.append(dict(self.headers))
            self.send_response(told.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}/hook"
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def endpoint(console):
    """`endpoint(page, url, name, **fields)` makes an endpoint by the form and gives its secret; forgotten at
    the end of the test."""
    names = []

    def make(page, url, name, **fields):
        names.append(name)
        page.goto("/console/webhooks/new")
        page.fill("[name=description]", name)
        page.fill("[name=url]", url)
        page.locator("details > summary").click()
        for field, value in fields.items():
            page.fill(f"[name={field}]", value)
        page.click(".buttons button")
        return page.input_value("#secret")

    yield make
    for name in names:
        made = console.value("SELECT webhook_id FROM webhook WHERE description = $1", name)
        if made is not None:
            console.ask(book.delete, made)


def until(page, selector):
    """Load a page again, as a person would, until it shows this."""
    for _ in range(40):
        if page.locator(selector).count():
            return
        page.wait_for_timeout(250)
        page.reload()
    raise AssertionError(f"{selector} never came: {page.inner_text('main')}")


def test_an_endpoint_is_made_tested_and_renewed(enter, endpoint, receiver, console):
    page = enter("wang", 1280)
    secret = endpoint(page, receiver.url, "县稽核系统", headers="X-Api-Key: canary-7261\nX-From: qingfeng")
    assert secret.startswith("whsec_")
    page.click("main a[role=button]")
    assert secret not in page.content()
    assert "canary-7261" not in page.content()
    assert HIDDEN in page.inner_text("main")
    page.click("text=发送测试")
    until(page, ".state.well:has-text('已送达')")
    assert "对方已收到" in page.inner_text("main")
    assert receiver.heard[0]["X-Api-Key"] == "canary-7261"

    page.click("text=返回端点")
    page.click("main >> text=修改")
    page.fill("[name=rules]", "A01，B01")
    page.click(".buttons button")
    page.wait_for_selector(".done:has-text('已保存')")
    assert "A01 B01" in page.inner_text("main")
    page.click("text=发送测试")
    until(page, ".state.well:has-text('已送达')")
    assert receiver.heard[1]["X-Api-Key"] == "canary-7261", "dots that were left keep the credential"

    page.click("text=返回端点")
    page.click("summary:has-text('更换密钥')")
    page.click("form[action$=rotate] button")
    assert page.input_value("#secret") not in ("", secret)
    assert "旧密钥" in page.inner_text("main")


def test_a_delivery_that_fails_says_why_and_can_be_sent_again(enter, endpoint, receiver, console):
    page = enter("root")
    receiver.status = 404
    endpoint(page, receiver.url, "错网址")
    page.click("main a[role=button]")
    page.click("text=发送测试")
    until(page, "article.try")
    assert "对方没有这个网址" in page.inner_text("main")
    page.click("summary:has-text('应答内容')")
    receiver.status = 200
    page.click("text=重新推送")
    until(page, ".state.well:has-text('已送达')")
    assert page.locator("article.try").count() == 2
    assert len({heard["webhook-id"] for heard in receiver.heard}) == 1


def test_an_endpoint_is_switched_off_for_a_reason_and_told_later_what_it_missed(
    enter, endpoint, receiver, console
):
    page = enter("wang")
    page.goto("/console/webhooks?lang=en")
    endpoint(page, receiver.url, "audit")
    page.click("main a[role=button]")
    page.click("summary:has-text('Switch off')")
    page.fill("[name=reason]", "their system is being upgraded")
    page.click("form[action$=off] button")
    page.wait_for_selector(".done:has-text('Switched off')")
    text = page.inner_text("main")
    assert "their system is being upgraded" in text
    assert "wang" in text
    assert page.locator("text=Send a test").count() == 0
    console.store(said("A07-1", rule="A07", key="k9"))
    page.fill("form[action$=recover] [name=since]", "2026-04-30")
    page.click("form[action$=recover] button")
    page.wait_for_selector(".done:has-text('what was missed is being sent')")
    until(page, "#deliveries .state.well")
    page.select_option("[name=state]", "failed")
    page.click("text=Filter")
    page.wait_for_selector("text=No deliveries match.")
    assert "state=failed" in page.url
    page.click("summary:has-text('Delete')")
    page.click("form[action$=delete] button")
    page.wait_for_selector(".done:has-text('deleted')")
    assert "audit" not in page.inner_text("main")


def test_a_form_with_mistakes_is_shown_again_with_each_marked(enter, console):
    page = enter("wang")
    page.goto("/console/webhooks/new")
    page.fill("[name=url]", "https://169.254.169.254/latest")
    page.fill("[name=regions]", "43x")
    page.locator("details > summary").click()
    page.fill("[name=headers]", "Host: elsewhere\nNo value")
    for event in ("opened", "changed", "withdrawn"):
        page.uncheck(f"[value='alert.{event}']")
    page.click(".buttons button")
    page.wait_for_selector("[role=alert]:has-text('还没有保存')")
    marked = page.eval_on_selector_all("[aria-invalid=true]", "all => all.map(one => one.name || 'events')")
    assert set(marked) == {"regions", "headers", "events"}
    text = page.inner_text("main")
    for words in ("“43x”填写不对", "请求头 Host 由系统自己填写", "没有选择"):
        assert words in text
    assert page.locator("main [lang=en]").count() == 0, "every mistake is told in the reader's language"
    page.fill("[name=regions]", "43")
    page.fill("[name=headers]", "")
    page.check("[value='alert.opened']")
    page.click(".buttons button")
    page.wait_for_selector("[name=url][aria-invalid=true]")
    assert "这个地址不允许推送" in page.inner_text("#hint-url")
    assert page.input_value("[name=regions]") == "43", "what was right stays filled in"
    assert console.value("SELECT count(*) FROM webhook") == 1


def test_who_can_act_is_told_on_every_page_that_an_endpoint_was_switched_off(enter, console):
    for name, told in (("wang", True), ("root", True), ("li", False)):
        page = enter(name)
        page.goto("/console/system")
        assert page.locator(".notice:has-text('市稽核系统')").count() == told
    page = enter("root")
    page.click(".notice a")
    page.wait_for_selector("h1:has-text('市稽核系统')")
    assert "请联系对方修好后点“补发并启用”" in page.inner_text("main")
    assert page.input_value("form[action$=recover] [name=since]") == "2026-05-01"


SHOWN = {
    "url": "https://h.example/x",
    "description": "d",
    "events": ["*"],
    "payload": "thin",
    "filter": {"institutions": ["H1"], "rules": [], "regions": [], "min_severity": 2},
    "headers": {"X-Api-Key": HIDDEN, "X-From": "q"},
    "rate": None,
    "concurrency": 5,
}


def test_a_form_sent_as_it_was_shown_changes_nothing():
    asked = webhook_forms.change(webhook_forms.filled(SHOWN), SHOWN)
    assert asked.headers == {}
    assert asked.events is None
    assert asked.filter.model_dump() == SHOWN["filter"]


def test_a_form_that_an_admin_forges_sends_no_whole_alerts(console):
    with httpx.Client(base_url=console.url, trust_env=False) as client:
        client.post("/console/login", data={"name": "root", "password": console.tokens["root"]})
        form = client.get("/console/webhooks/new").text
        assert "由有权查看预警的主管设置" in form
        assert 'value="full" disabled' in form
        given = {
            "url": "http://127.0.0.1:9/",
            "events": "alert.opened",
            "payload": "full",
            "concurrency": "1",
        }
        answer = client.post("/console/webhooks", data={**given, "min_severity": "3"})
        assert answer.status_code == 422
        assert "只有能查看预警的主管可以让端点接收完整预警" in answer.text
    assert console.value("SELECT count(*) FROM webhook") == 1


def test_a_line_that_was_taken_out_takes_its_header_away_and_dots_keep_a_credential():
    values = webhook_forms.filled(SHOWN) | {"headers": f"X-Api-Key: {HIDDEN}\nX-New: 1"}
    assert webhook_forms.change(values, SHOWN).headers == {"X-New": "1", "X-From": None}


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (204, None, "对方已收到"),
        (302, None, "跳转"),
        (403, None, "凭证"),
        (418, None, "拒收"),
        (502, None, "放慢"),
        (500, None, "对方系统出错"),
        (999, None, "拒收"),
        (None, "timeout", "没有应答"),
        (None, "unreadable", "不是有效的 HTTP"),
        (None, "cut_off", "断开"),
        (None, "unreachable", "连不上"),
    ],
)
def test_every_outcome_of_a_try_is_explained(status, error, words):
    assert words in Texts("zh").answered(status, error)
    assert Texts("en").answered(status, error).isascii()
