"""The console over plain HTTP: who gets in, and what its answers promise the browser."""

import httpx
import pytest

from services.alerts import users
from tests.alerts.making import NOON, said


@pytest.fixture
def client(console):
    """A client that keeps cookies and follows nothing by itself."""
    with httpx.Client(base_url=console.url, trust_env=False) as client:
        yield client


def log_in(client, name, token, **headers):
    return client.post("/console/login", data={"name": name, "password": token}, headers=headers)


def test_the_root_leads_to_the_console_and_a_stranger_to_the_login(client):
    assert client.get("/").headers["location"] == "/console/"
    assert client.get("/console/").headers["location"] == "/console/login"
    assert client.get("/console/alerts/A01-1").headers["location"] == "/console/login"
    assert client.get("/console/rows").status_code == 401
    assert client.get("/console/status").status_code == 401


def test_a_session_cookie_is_out_of_reach_for_scripts_and_other_sites(client, console):
    cookie = log_in(client, "li", console.token).headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert console.token.lower() not in cookie


@pytest.mark.parametrize(("name", "token"), [("li", "wrong"), ("wang", None), ("", ""), ("li", "")])
def test_a_wrong_login_is_refused_alike(client, console, name, token):
    answer = log_in(client, name, console.token if token is None else token)
    assert answer.status_code == 401
    assert "用户名或口令不对" in answer.text
    assert "set-cookie" not in answer.headers


def test_a_form_of_another_site_is_refused(client, console):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert log_in(client, "li", console.token, **headers).status_code == 403
        assert client.post("/console/logout", headers=headers).status_code == 403


def test_a_forged_or_revoked_session_is_no_session(client, console):
    log_in(client, "li", console.token)
    assert client.get("/console/").status_code == 200
    good = client.cookies["qingfeng_session"]
    for forged in (good[:-4] + "AAAA", "x", "é", good[::-1]):
        answer = httpx.get(
            f"{console.url}/console/",
            headers={"Cookie": f"qingfeng_session={forged}".encode()},
            trust_env=False,
        )
        assert answer.status_code == 303
    console.desk.ask(users.revoke, "li", NOON)
    assert client.get("/console/").status_code == 303


def test_an_admin_sees_no_alerts(client, console):
    log_in(client, "root", console.desk.ask(users.create, "root", "admin", NOON))
    assert "A01-1" not in client.get("/console/").text
    assert client.get("/console/alerts/A01-1").status_code == 403
    assert client.get("/console/rows").status_code == 401


def test_pages_carry_a_strict_policy_and_escape_what_came_from_outside(client, console):
    log_in(client, "li", console.token)
    answer = client.get("/console/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<b>集中</b>" not in answer.text
    assert "&lt;b&gt;集中" in answer.text
    assert "style=" not in answer.text
    assert "onclick" not in answer.text


def test_a_list_that_has_not_changed_is_not_sent_again(client, console):
    log_in(client, "li", console.token)
    assert client.get("/console/rows?seen=2").status_code == 204
    console.desk.store(said("A02-9", rule="A02"))
    assert "A02-9" in client.get("/console/rows?seen=2").text


def test_filters_live_in_the_address_and_odd_ones_do_no_harm(client, console):
    log_in(client, "li", console.token)
    only = client.get("/console/?rule=B01&severity=1").text
    assert "B01-1" in only
    assert "A01-1" not in only
    for odd in ("severity=9&status=x&cursor=zzz", "rule=%00&institution=%F0%9F%8C%AA", "seen=" + "9" * 40):
        assert client.get(f"/console/?{odd}").status_code == 200
    assert client.get("/console/alerts/%00").status_code == 404


def test_names_of_institutions_come_from_the_registry(client, console):
    put = """INSERT INTO registry_record ("table", id, version, body) VALUES ('institutions', 'H1', 1, $1)"""
    console.desk.run(
        console.desk._call("execute", put, '{"institution_id":"H1","name":"长河县人民医院"}'.encode())
    )
    log_in(client, "li", console.token)
    assert "长河县人民医院" in client.get("/console/").text
    assert "长河县人民医院" in client.get("/console/alerts/A01-1").text


def test_alerts_of_rules_on_trial_stand_apart_and_say_so(client, console):
    console.desk.store(said("A05-1", rule="A05", shadow=True))
    log_in(client, "li", console.token)
    assert "A05-1" not in client.get("/console/").text
    apart = client.get("/console/?shadow=true").text
    assert "A05-1" in apart
    assert "试运行，不下发" in apart
    assert "A01-1" not in apart
    assert "shadow=true" in client.get("/console/?shadow=true&seen=0").text, "refreshing keeps to its list"
    page = client.get("/console/alerts/A05-1").text
    assert "此规则正在试运行" in page
    assert "On trial" in client.get("/console/alerts/A05-1?lang=en").text
