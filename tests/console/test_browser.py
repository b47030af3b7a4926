"""The list and an alert in a real browser, at the width of a telephone and by keyboard."""

import pytest

from tests.alerts.making import said, taken_back
from tests.console.conftest import EVIDENCE


def test_the_list_leads_to_an_alert_that_says_what_happened_and_what_to_do(page):
    page.click("#alert-A01-1")
    page.wait_for_selector("svg.timeline")
    text = page.inner_text("main")
    for said_there in ("跨机构重复住院", "两次住院重叠 72 小时", "下一步", "转院", "1,234.56", "M1", "H2"):
        assert said_there in text
    assert page.locator("svg.timeline rect.bar").count() == 2
    assert page.locator("svg.timeline rect.overlap").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_one_switch_turns_everything_to_english_and_stays(page):
    page.click("text=English")
    page.wait_for_selector("h1:has-text('Alerts')")
    page.click("#alert-A01-1")
    page.wait_for_selector("text=What to do next")
    assert "a transfer named at discharge" in page.inner_text("main")
    assert page.get_attribute("html", "lang") == "en"


def test_new_alerts_wait_above_the_list_and_changes_happen_in_place(page, console):
    console.store(said("A05-1", rule="A05", key="k5"))
    page.wait_for_selector("#fresh:has-text('1 条新预警')")
    console.store(said("A05-2", rule="A05", key="k6"), taken_back("A05-1", key="k5"))
    page.wait_for_selector("#fresh:has-text('1 条新预警')")
    assert page.locator("#alert-A05-2").count() == 0, "nothing moves until it is asked for"
    page.evaluate("document.querySelector('#row-B01-1 th').stayed = true")
    page.focus("#alert-A01-1")
    console.store(said("A01-1", revision=3, severity=1, amount="9876.50", evidence=EVIDENCE))
    page.wait_for_selector("#row-A01-1:has-text('9,876.50'):has-text('刚有变化')")
    assert page.evaluate("document.activeElement.id") == "alert-A01-1", "the focus stays"
    assert page.evaluate("document.querySelector('#row-B01-1 th').stayed"), "other rows are left alone"
    page.keyboard.press("n")
    page.wait_for_selector("#alert-A05-2")
    page.wait_for_selector("#alert-A05-2:focus")
    assert page.locator("#alert-A05-1").count() == 0
    assert page.is_hidden("#fresh")
    console.store(taken_back("A05-2", key="k6"))
    page.wait_for_selector("#row-A05-2.withdrawn:has-text('已撤回')")


def test_an_open_alert_says_that_it_has_changed_and_stays_as_it_is_until_asked(page, console):
    console.store(said("A02-1", rule="A02", key="k2", evidence=EVIDENCE))
    page.goto("/console/alerts/A02-1?list=rule%3DA02")
    page.evaluate("document.querySelector('svg.timeline').stayed = true")
    console.store(said("A02-1", key="k2", revision=2, amount="9876.50", evidence=EVIDENCE))
    page.wait_for_selector(".renewed:has-text('此预警已更新')")
    assert page.evaluate("document.querySelector('svg.timeline').stayed"), (
        "nothing moves until it is asked for"
    )
    assert "9,876.50" not in page.inner_text("main")
    page.click(".renewed a")
    page.wait_for_selector("main:has-text('9,876.50')")
    assert page.url.endswith("?list=rule%3DA02")
    assert page.locator(".renewed").count() == 0
    console.store(taken_back("A02-1", key="k2", revision=3))
    page.wait_for_selector(".renewed:has-text('此预警已撤回')")


def test_a_filter_is_kept_in_the_address_and_what_does_not_fit_is_not_announced(page, console):
    page.select_option("[name=rule]", "B01")
    page.wait_for_selector("#alert-A01-1", state="detached")
    assert "rule=B01" in page.url
    assert "rule=B01" in page.get_attribute("#switch", "href")
    console.store(said("A03-1", rule="A03", key="k3"), said("B01-2", rule="B01", key="k4"))
    page.wait_for_selector("#fresh:has-text('1 条新预警')")
    page.reload()
    assert page.locator("#alert-B01-2").count() == 1
    assert page.locator("#alert-A01-1").count() == 0
    assert page.input_value("[name=rule]") == "B01"


def test_a_page_that_nobody_looked_at_catches_up(page, console):
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    console.store(said("A04-1", rule="A04", key="k7"))
    page.evaluate("Object.defineProperty(document, 'hidden', {value: false, configurable: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#fresh:has-text('1 条新预警')")


def test_the_keyboard_alone_goes_through_the_list(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    page.keyboard.press("Enter")
    links = page.locator("table.alerts th a")
    first, second = (links.nth(n).get_attribute("id") for n in (0, 1))
    for key, there in (("j", first), ("ArrowDown", second), ("k", first), ("ArrowUp", first)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.id") == there
    page.fill("[name=institution]", "")
    page.focus("[name=institution]")
    page.keyboard.type("jk")
    assert page.input_value("[name=institution]") == "jk", "letters are letters in a field"
    for _ in "jk":  # a field that is left as it was found loads no other list
        page.keyboard.press("Backspace")
    page.focus("#alert-A01-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("svg.timeline")


def test_severity_is_told_by_a_word_and_a_shape(page):
    row = page.locator("#row-B01-1")
    assert "1级 严重" in row.inner_text()
    assert row.locator(".pips i.on").count() == 3


def test_logging_out_ends_the_session(page):
    page.click("text=退出")
    page.wait_for_selector("[name=password]")
    page.goto("/console/")
    assert page.url.endswith("/console/login")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_scrolls_sideways_or_shows_a_name_for_a_word(enter, console, width, language):
    page = enter("wang", width)
    for address in (
        "",
        "alerts/A01-1",
        "defects",
        "defects/events?state=all",
        "suspended",
        "dead-letters",
        "webhooks",
        "webhooks/new",
        f"webhooks/{console.off}",
        f"webhooks/{console.off}/edit",
        "system",
    ):
        page.goto(f"/console/{address}{'&' if '?' in address else '?'}lang={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address
        assert page.locator("h1").count() == 1, address
        unlabelled = "input:not([type=hidden]), select, textarea"
        names = page.eval_on_selector_all(
            unlabelled, "all => all.filter(one => !one.labels?.length && !one.ariaLabel).length"
        )
        assert names == 0, address


def test_without_scripts_the_console_is_whole(browser, console):
    context = browser.new_context(java_script_enabled=False, base_url=console.url, locale="zh-CN")
    page = context.new_page()
    page.goto("/console/webhooks")
    page.fill("[name=name]", "wang")
    page.fill("[name=password]", console.tokens["wang"])
    page.click("main button")
    page.click(f"main a[href$={console.off}]")
    page.click("summary:has-text('更换密钥')")
    page.click("form[action$=rotate] button")
    assert page.input_value("#secret").startswith("whsec_")
    page.click("nav.menu >> text=预警")
    page.select_option("[name=rule]", "B01")
    page.click("form.filters button")
    assert page.locator("#alert-A01-1").count() == 0
    page.click("text=刷新列表")
    assert page.locator("#alert-B01-1").count() == 1
    assert page.locator("[name=rule]").input_value() == "B01"
    context.close()
