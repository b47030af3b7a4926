"""The console over plain HTTP: who gets in, and what its answers promise the browser."""

import httpx
import pytest

from schemas.finding import Subject, Words
from services.alerts import users
from services.alerts.app import create_app
from services.runtime import database
from tests.alerts.making import NOON, said
from tests.alerts.serving import serving

LOGIN = "/console/login"
JUDGED_ANEW = """
    INSERT INTO rejudging (version, after, done, total, began_at) VALUES (2, '', 1, 4, now()) RETURNING 1
"""


@pytest.fixture
def client(console):
    """A client that keeps cookies and follows nothing by itself."""
    with httpx.Client(base_url=console.url, trust_env=False) as client:
        yield client


def log_in(client, name, token, leads_to="", **headers):
    given = {"name": name, "password": token, "next": leads_to}
    return client.post(LOGIN, data=given, headers=headers)


def test_the_root_leads_to_the_console_and_a_stranger_to_the_login(client):
    assert client.get("/").headers["location"] == "/console/"
    assert client.get("/console/").headers["location"] == "/console/login"
    assert client.get("/console/alerts/A01-1").headers["location"] == f"{LOGIN}?next=/console/alerts/A01-1"
    for part in ("rows/A01-1", "status", "system"):
        answer = client.get(f"/console/{part}", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.headers["hx-redirect"]) == (401, LOGIN)


def test_a_session_cookie_is_out_of_reach_for_scripts_and_other_sites(client, console):
    cookie = log_in(client, "li", console.tokens["li"]).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert console.tokens["li"].lower() not in cookie


@pytest.mark.parametrize(("name", "token"), [("li", "wrong"), ("wang", None), ("", ""), ("li", "")])
def test_a_wrong_login_is_refused_alike(client, console, name, token):
    answer = log_in(client, name, console.tokens["li"] if token is None else token)
    assert answer.status_code == 401
    assert "用户名或口令不对" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_form_of_another_site_is_refused(client, console):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert log_in(client, "li", console.tokens["li"], **headers).status_code == 403
        assert client.post("/console/logout", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/console/alerts/A01-1?lang=en", "/console/alerts/A01-1?lang=en"),
        ("https://evil.example/", "/console/"),
        ("//evil.example/console/", "/console/"),
        ("/console/\\evil.example", "/console/"),
        ("/console/login", "/console/"),
    ],
)
def test_the_login_leads_back_to_where_one_was_and_never_elsewhere(client, console, asked, led_to):
    assert log_in(client, "li", console.tokens["li"], asked).headers["location"] == led_to


def test_a_forged_or_revoked_session_is_no_session(client, console):
    log_in(client, "zhao", console.ask(users.create, "zhao", "handler", NOON))
    assert client.get("/console/").status_code == 200
    good = client.cookies["qingfeng_session"]
    for forged in (good[:-4] + "AAAA", "x", "é", good[::-1]):
        answer = httpx.get(
            f"{console.url}/console/",
            headers={"Cookie": f"qingfeng_session={forged}".encode()},
            trust_env=False,
        )
        assert answer.status_code == 303
    console.ask(users.revoke, "zhao", NOON)
    assert client.get("/console/").status_code == 303


MAY_SEE = {
    "alerts/A01-1": {"li", "wang", "shen"},
    "rows/A01-1": {"li", "wang", "shen"},
    "alerts/A01-1/renewed": {"li", "wang", "shen"},
    "stream": {"li", "wang", "shen"},
    "defects": {"li", "wang", "shen"},
    "defects/events": {"li", "wang", "shen"},
    "suspended": {"li", "wang", "shen"},
    "dead-letters": {"wang", "root"},
    "webhooks": {"wang", "root"},
    "webhooks/new": {"wang", "root"},
    "system": {"li", "wang", "root", "shen"},
}


@pytest.mark.parametrize("name", ["li", "wang", "root", "shen"])
def test_each_role_sees_its_own_pages_and_a_menu_of_nothing_else(client, console, name):
    log_in(client, name, console.tokens[name])
    for page, those in MAY_SEE.items():
        with client.stream("GET", f"/console/{page}") as answer:
            assert answer.status_code == (200 if name in those else 403), page
    menu = client.get("/console/system").text.split("<main")[0]
    for page, those in MAY_SEE.items():
        if "/" not in page and page not in ("stream",):
            assert (f'href="/console/{page}"' in menu) == (name in those)


def test_an_admin_is_led_to_the_system_and_sees_no_alerts(client, console):
    log_in(client, "root", console.tokens["root"])
    assert client.get("/console/").headers["location"] == "/console/system"
    assert "A01-1" not in client.get("/console/system").text


FORMS = (
    "webhooks",
    "webhooks/{off}/edit",
    "webhooks/{off}/on",
    "webhooks/{off}/off",
    "webhooks/{off}/test",
    "webhooks/{off}/rotate",
    "webhooks/{off}/recover",
    "webhooks/{off}/delete",
    "webhooks/{off}/deliveries/msg_1/redeliver",
    "dead-letters/retry",
    "suspended/retry",
)


@pytest.mark.parametrize("form", FORMS)
def test_no_form_works_for_strangers_for_handlers_or_from_another_site(client, console, form):
    address = f"/console/{form.format(off=console.off)}"
    assert client.post(address, data={"all": "true"}).headers["location"] == LOGIN
    log_in(client, "wang", console.tokens["wang"])
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post(address, data={"all": "true"}, headers=headers).status_code == 403
    for name in ("li", "shen", *(["root"] if form == "suspended/retry" else [])):
        log_in(client, name, console.tokens[name])
        assert client.post(address, data={"all": "true"}).status_code == 403
    assert console.value("SELECT count(*) FROM webhook") == 1
    assert console.value("SELECT count(*) FROM dead_letter WHERE retried_at IS NULL") == 2


def test_while_the_past_is_judged_anew_the_status_line_says_so_and_nothing_waits(client, console):
    log_in(client, "li", console.tokens["li"])
    console.value(JUDGED_ANEW)
    shown = client.get("/console/status").text
    console.value("DELETE FROM rejudging RETURNING 1")
    assert "按新名录重新判断</dt><dd>25%" in shown
    assert "已全部判断" in shown
    assert "按新名录重新判断" not in client.get("/console/status").text


def test_trouble_is_told_in_words_to_people_and_as_a_problem_to_programs(client, console, settings):
    as_people = {"Accept": "text/html", "Accept-Language": "zh"}
    answer = log_in(client, "li", console.tokens["li"], Origin="https://evil.example", **as_people)
    assert answer.status_code == 403
    assert "来自别的网站" in answer.text
    away = create_app(database.open_engine("postgresql+asyncpg://nobody@127.0.0.1:9/none"), settings)
    with serving(away) as url:
        answer = httpx.get(f"{url}/console/system", headers=as_people, trust_env=False)
        assert answer.status_code == 503
        assert "过一分钟再试" in answer.text
        assert "retry-after" in answer.headers
        assert httpx.get(f"{url}/console/system", trust_env=False).json()["status"] == 503


def test_pages_carry_a_strict_policy_and_escape_what_came_from_outside(client, console):
    log_in(client, "li", console.tokens["li"])
    answer = client.get("/console/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<b>集中</b>" not in answer.text
    assert "&lt;b&gt;集中" in answer.text
    assert "style=" not in answer.text
    assert "onclick" not in answer.text


def test_a_row_is_told_as_it_stands_now(client, console):
    log_in(client, "li", console.tokens["li"])
    assert "长河县人民医院" in client.get("/console/rows/A01-1").text
    assert client.get("/console/rows/A09-9").status_code == 404


def test_the_console_follows_the_stream_with_its_cookie_from_where_the_page_stood(client, console):
    log_in(client, "li", console.tokens["li"])
    with client.stream("GET", "/console/stream?status=open&rule=B01&last_event_id=1") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = next(line for line in answer.iter_lines() if line.startswith("data:"))
    assert '"B01-1"' in told
    assert client.get("/console/stream?last_event_id=x").status_code == 410


def test_filters_live_in_the_address_and_odd_ones_do_no_harm(client, console):
    log_in(client, "li", console.tokens["li"])
    only = client.get("/console/?rule=B01&severity=1").text
    assert "B01-1" in only
    assert "A01-1" not in only
    for odd in (
        "severity=9&status=x&cursor=zzz",
        "rule=%00&institution=%F0%9F%8C%AA",
        "since=0001-01-01&shadow=no",
    ):
        assert client.get(f"/console/?{odd}").status_code == 200
    assert client.get("/console/alerts/%00").status_code == 404


def test_the_list_of_a_region_holds_what_plays_there_and_a_typo_is_told(client, console):
    log_in(client, "li", console.tokens["li"])
    assert "A01-1" in client.get("/console/?region=4306").text
    elsewhere = client.get("/console/?region=44").text
    assert "A01-1" not in elsewhere
    assert "没有符合条件的预警" in elsewhere
    assert "region=44" in elsewhere.split('data-stream="')[1].split('"')[0], "followed by the same filter"
    for typo in ("43x", "430", "４３"):
        page = client.get("/console/", params={"region": typo}).text
        assert "A01-1" in page
        assert "下面没有按区划筛选" in page
        assert f'value="{typo}"' in page


def test_an_alert_leads_back_to_the_list_it_was_opened_from(client, console):
    log_in(client, "li", console.tokens["li"])
    assert "?list=status%3Dopen%26severity%3D1" in client.get("/console/?severity=1").text
    page = client.get("/console/alerts/B01-1?list=status%3Dopen%26severity%3D1%26evil%3D1").text
    assert 'href="/console/?status=open&amp;severity=1"' in page


def test_the_list_shows_what_changed_since_a_day(client, console):
    log_in(client, "li", console.tokens["li"])
    assert "A01-1" in client.get("/console/?since=2026-05-01").text
    assert "A01-1" not in client.get("/console/?since=2026-05-02").text


def test_names_of_institutions_come_from_the_registry(client, console):
    log_in(client, "li", console.tokens["li"])
    assert "长河县人民医院" in client.get("/console/").text
    assert "长河县人民医院" in client.get("/console/alerts/A01-1").text


def test_an_institution_is_named_once_among_the_ids_and_any_other_subject_beside_it(client, console):
    console.store(
        said("C02-1", rule="C02", subject=Subject("institution", "H1"), institutions=["H1"]),
        said("D17-1", rule="D17", subject=Subject("invoice", "INV-7"), institutions=["H1"]),
    )
    log_in(client, "li", console.tokens["li"])
    ids = [client.get(f"/console/alerts/{name}").text.split("原始编号")[1] for name in ("C02-1", "D17-1")]
    assert [part.count("<code>H1</code>") for part in ids] == [1, 1]
    assert "<dt>发票</dt><dd><code>INV-7</code></dd>" in ids[1]


def test_a_task_is_no_lead(client, console):
    console.store(said("F08-1", rule="F08", evidence={"task": "pre_review"}))
    log_in(client, "li", console.tokens["li"])
    page = client.get("/console/alerts/F08-1").text
    assert "这是付款前的审查任务，不表示存在违规。" in page
    assert "这是线索" not in page
    assert "这是线索，不是结论" in client.get("/console/alerts/A01-1").text


def test_a_code_that_only_begins_like_an_institutions_is_left_as_it_is(client, console):
    words = Words("医师DH1022在H1开单，H12、H1-2未开单。", "DH1022 ordered at H1, not at H12, H1-2.")
    console.store(said("C10-1", rule="C10", message=words, institutions=["H1"]))
    log_in(client, "li", console.tokens["li"])
    page = "/console/alerts/C10-1"
    assert "医师DH1022在长河县人民医院（H1）开单，H12、H1-2未开单。" in client.get(page).text
    assert "DH1022 ordered at 长河县人民医院 (H1), not at H12" in client.get(f"{page}?lang=en").text


def test_alerts_of_rules_on_trial_stand_apart_and_say_so(client, console):
    console.store(said("A05-1", rule="A05", shadow=True))
    log_in(client, "li", console.tokens["li"])
    assert "A05-1" not in client.get("/console/").text
    apart = client.get("/console/?shadow=true").text
    assert "A05-1" in apart
    assert "试运行，不下发" in apart
    assert "A01-1" not in apart
    assert "/console/stream?status=open&amp;shadow=true" in apart
    page = client.get("/console/alerts/A05-1").text
    assert "此规则正在试运行" in page
    assert "On trial" in client.get("/console/alerts/A05-1?lang=en").text
