"""The command line: users, defects, suspended keys, dead letters, on the database that the settings name."""

import pytest
import typer
from typer.testing import CliRunner

from services.alerts import commands, users
from services.runtime.errors import UserError
from tests.alerts.making import a_dead_letter, a_defect, a_placeholder

CANARY = b"430102199001011234"


@pytest.fixture
def run(desk, monkeypatch):
    """Run a command; returns what it printed, raises what it raised."""
    monkeypatch.setenv("QINGFENG_DATABASE_URL", desk.url)
    resubmitted = []

    async def resubmit(raw, letters):
        if any(letter.reason == "stubborn" for letter in letters):
            raise UserError("no way back")
        resubmitted.extend(letters)

    async def judge_again(raw, keys):
        resubmitted.extend(keys)

    defects = typer.Typer()
    defects.command()(commands.data_defects)
    apps = {
        "users": commands.users_commands(),
        "data-defects": defects,
        "suspended": commands.suspended_commands(judge_again),
        "dead-letters": commands.dead_letters_commands(resubmit),
    }

    def run(name, *arguments):
        quiet = {"catch_exceptions": False, "standalone_mode": False}
        result = CliRunner().invoke(apps[name], list(arguments), **quiet)
        if result.exception is not None:
            raise result.exception
        return result.output

    run.resubmitted = resubmitted
    return run


def test_a_new_users_token_is_printed_alone_and_works(run, desk):
    output = run("users", "create", "li", "--role", "handler")
    token = output.strip()
    assert output == token + "\n"
    assert desk.ask(users.by_token, token).name == "li"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("li", "--role", "king"), "no role"),
        (("li li", "--role", "handler"), "name"),
        (("", "--role", "handler"), "name"),
        (("x" * 65, "--role", "handler"), "name"),
    ],
)
def test_a_users_mistake_is_one_clear_line(run, arguments, words):
    with pytest.raises(UserError, match=words) as refused:
        run("users", "create", *arguments)
    assert "\n" not in str(refused.value)


def test_a_name_is_taken_until_its_user_is_revoked(run, desk):
    old = run("users", "create", "li", "--role", "handler").strip()
    with pytest.raises(UserError, match="already"):
        run("users", "create", "li", "--role", "admin")
    run("users", "revoke", "li")
    assert desk.ask(users.by_token, old) is None
    with pytest.raises(UserError, match="no user"):
        run("users", "revoke", "li")
    new = run("users", "create", "li", "--role", "admin").strip()
    assert desk.ask(users.by_token, new).role == "admin"
    assert desk.ask(users.by_token, old) is None


def test_the_list_of_users_shows_no_credential(run):
    token = run("users", "create", "li", "--role", "auditor").strip()
    listed = run("users", "list")
    assert "li" in listed
    assert "auditor" in listed
    assert token not in listed


def test_dead_letters_are_listed_without_their_bodies(run, desk):
    desk.store(a_dead_letter(body=b'{"person_id": "' + CANARY + b'"}'))
    listed = run("dead-letters", "list")
    assert "ZeroDivisionError" in listed
    assert "req-1" in listed
    assert CANARY.decode() not in listed


def test_retried_letters_go_back_once_in_their_order(run, desk):
    desk.store(*[a_dead_letter(seq) for seq in (3, 4, 5)])
    ids = [row["id"] for row in desk.fetch("SELECT id FROM dead_letter ORDER BY id")]
    assert run("dead-letters", "retry", str(ids[1])).startswith("1 ")
    assert run("dead-letters", "retry", "--all").startswith("2 ")
    assert run("dead-letters", "retry", "--all").startswith("0 ")
    assert [letter.seq for letter in run.resubmitted] == [4, 3, 5]


def test_letters_that_cannot_go_back_wait_on(run, desk):
    desk.store(a_dead_letter(reason="stubborn"))
    with pytest.raises(UserError, match="no way back"):
        run("dead-letters", "retry", "--all")
    assert desk.value("SELECT count(*) FROM dead_letter WHERE retried_at IS NULL") == 1


@pytest.mark.parametrize("arguments", [(), ("1", "--all")])
def test_retrying_asks_for_numbers_or_all(run, arguments):
    with pytest.raises(UserError, match="--all"):
        run("dead-letters", "retry", *arguments)


def test_defects_are_summed_up_with_what_to_do_and_listed_one_by_one_when_asked(run, desk):
    desk.store(
        a_defect("d1"), a_defect("d2", event_id="e2"), a_defect("d3", institution_id="H2", event_id="e3")
    )
    told = run("data-defects", "--institution", "H1")
    (row,) = [line.split() for line in told.splitlines() if "H1" in line]
    assert row[1:8:2] == ["H1", "/amounts/total", "sum", "2"]
    assert "→" in told
    assert "H2" not in told
    assert [word in run("data-defects", "--each") for word in ("e1", "e2", "e3")] == [True] * 3
    assert "e1" not in run("data-defects", "--field", "/recorded_at")
    assert "e1" not in run("data-defects", "--since", "2026-05-02")


def test_suspended_keys_are_listed_explained_and_retried(run, desk):
    desk.store(a_placeholder(), a_placeholder("z" * 26))
    told = run("suspended")
    assert "k" * 26 in told
    assert "H1: 900" in told
    assert "QINGFENG_PERSON_FACTS_LIMIT" in told
    assert run("suspended", "retry", "z" * 26).startswith("1 ")
    assert run("suspended", "retry", "--all").startswith("2 ")
    assert run.resubmitted == ["z" * 26, "k" * 26, "z" * 26]
    with pytest.raises(UserError, match="--all"):
        run("suspended", "retry")
