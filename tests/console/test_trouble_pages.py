"""Data defects, suspended ids, records not judged and the system's status, as those who mend them meet."""

import pytest

from services.alerts.console.texts import Texts


@pytest.fixture(params=["zh", "en"])
def page(enter, request):
    """A supervisor's page at a desk, in each language."""
    page = enter("wang", 1280)
    page.goto(f"/console/system?lang={request.param}")
    page.texts = Texts(request.param)
    return page


def test_defects_lead_from_an_institution_and_field_to_the_events_and_say_what_to_do(page):
    t = page.texts
    page.click(f"nav.menu >> text={t.defects}")
    row = page.locator("table.list tbody tr").first
    assert "长河县人民医院" in row.inner_text()
    assert "/amounts/total" in row.inner_text()
    assert row.locator("td.number").first.inner_text() == "2"
    row.locator("a").click()
    page.wait_for_selector(".next.box")
    events = page.locator("table.list tbody th").all_inner_texts()
    assert sorted(events) == ["e1", "e2"]
    page.select_option("[name=state]", "mended")
    page.click("form.filters button")
    page.wait_for_selector(f"text={t.defects_none}")
    assert "code=amounts_do_not_add_up" in page.url, "the filters stay together"


def test_suspended_ids_say_who_sent_them_and_what_ends_it(page):
    page.click(f"nav.menu >> text={page.texts.suspended}")
    text = page.inner_text("main")
    assert "900" in text
    assert "1,000" in text
    page.fill("[name=institution]", "H9")
    page.click("form.filters button")
    page.wait_for_selector(f"text={page.texts.suspended_none}")


def test_the_system_page_puts_first_what_needs_somebody_and_leads_there(page):
    states = page.eval_on_selector_all("article.look", "all => all.map(one => one.className.split(' ')[1])")
    assert states == sorted(states, key=["act", "watch", "well"].index)
    assert states[0] == "act"
    page.click("article.look.act a[href='/console/dead-letters']")
    page.wait_for_selector("h1")
    assert "rules/a01.py:88 judge" in page.inner_text("main")


def test_records_not_judged_go_back_into_judgement_when_chosen(enter, console):
    waiting = "SELECT count(*) FROM dead_letter WHERE retried_at IS NULL"
    page = enter("root")
    page.goto("/console/dead-letters")
    page.click("text=重试所选")
    page.wait_for_selector("text=请先勾选要重试的记录")
    assert console.value(waiting) == 2
    page.check("[name=id] >> nth=0")
    page.click("text=重试所选")
    page.wait_for_selector(".done:has-text('已交回判断')")
    assert console.value(waiting) == 1
    assert page.locator("nav.menu .count").last.inner_text() == "1"
    page.click("text=也显示已重试的")
    page.wait_for_selector(".tag:has-text('已重试')")
    assert page.locator("[name=id]").count() == 1, "what was sent back cannot be chosen again"
    page.click("text=全部重试")
    page.wait_for_selector("text=没有未判断的记录")
    assert console.value(waiting) == 0


def test_a_suspended_id_is_judged_again_when_asked(enter, console):
    page = enter("wang")
    page.goto("/console/suspended")
    page.click("table.list button")
    page.wait_for_selector(".done:has-text('已交回判断')")
