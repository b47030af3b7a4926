"""The console in a real browser, at the width of a telephone."""

from concurrent.futures import ThreadPoolExecutor

from tests.alerts.making import said, taken_back


def test_the_list_leads_to_an_alert_that_says_what_happened_and_what_to_do(page):
    page.click("#alert-A01-1")
    page.wait_for_selector("h1")
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


def test_new_alerts_appear_and_withdrawn_ones_go_without_a_reload(page, console):
    page.evaluate("window.stayed = true")
    with ThreadPoolExecutor(1) as other:
        other.submit(console.desk.store, said("A05-7", rule="A05"), taken_back("B01-1")).result()
    page.wait_for_selector("#alert-A05-7", timeout=8_000)
    assert page.locator("#alert-B01-1").count() == 0
    assert page.evaluate("window.stayed")


def test_a_filter_is_kept_in_the_address(page):
    page.select_option("[name=rule]", "B01")
    page.wait_for_selector("#alert-A01-1", state="detached")
    assert "rule=B01" in page.url
    page.reload()
    assert page.locator("#alert-B01-1").count() == 1
    assert page.locator("#alert-A01-1").count() == 0
    assert page.input_value("[name=rule]") == "B01"


def test_the_keyboard_reaches_the_content_first_and_logging_out_ends_the_session(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#content"
    assert "1级 严重" in page.inner_text("#alerts")
    page.click("text=退出")
    page.wait_for_selector("[name=password]")
    page.goto("/console/")
    assert page.url.endswith("/console/login")
