"""An endpoint's own headers: which may be set, what is shown, what follows it to another host."""

import pytest
from cryptography.exceptions import InvalidTag

from services.alerts.webhooks import headers

KEY = bytes(32)


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-County", "430602"), ("Authorization", "Bearer a b"), ("x-api-key", "k" * 1_000), ("A1-b2", "!~")],
)
def test_names_and_values_of_plain_form_may_be_set(name, value):
    assert headers.fault(name, value) is None


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Host",
            "Connection",
            "Keep-Alive",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
            "Expect",
            "Via",
        ),
        *("Proxy-Authorization", "Proxy-Connection", "Content-Length", "Content-Type", "Content-Encoding"),
        *("webhook-id", "Webhook-Signature", "WEBHOOK-TIMESTAMP", "Accept-Encoding", "User-Agent", "Cookie"),
        *("X-Forwarded-For", "Forwarded", "Via", "Sec-Fetch-Mode"),
    ],
)
def test_what_http_or_the_signature_speaks_by_may_not_be_set(name):
    assert headers.fault(name, "1")


@pytest.mark.parametrize(
    "name", ["", "1a", "a b", "a:b", "-a", "a-", "a--b", "名", "a\r\nb", "a_b", "a" * 65]
)
def test_names_of_other_forms_may_not_be_set(name):
    assert headers.fault(name, "1")


@pytest.mark.parametrize(
    "value", ["", " a", "a ", "a\r\nX: 1", "a\0", "名", "a\tb", "a" * 1_001, headers.HIDDEN]
)
def test_values_that_could_break_out_of_their_line_are_refused(value):
    assert headers.fault("X-A", value)


def test_a_refused_value_is_not_repeated():
    assert "s3cret" not in str(headers.fault("X-A", "s3cret\n"))


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "X-Api-Key",
        "X-Auth",
        "Token",
        "X-Secret",
        "X-Password",
        "X-Signature",
        "X-Session-Id",
    ],
)
def test_what_looks_like_a_credential_is_never_shown(name):
    assert headers.shown({name: "s3cret", "X-County": "430602"}) == {
        name: headers.HIDDEN,
        "X-County": "430602",
    }


def test_a_change_sets_some_takes_some_away_and_leaves_the_rest():
    known = {"X-A": "1", "X-B": "2", "X-C": "3"}
    assert headers.merged(known, {"x-a": "9", "X-B": None, "X-D": "4"}) == {
        "X-C": "3",
        "x-a": "9",
        "X-D": "4",
    }


def test_they_are_sealed_to_their_endpoint():
    sealed = headers.seal(KEY, "wh_1", {"Authorization": "Bearer s3cret"})
    assert b"s3cret" not in sealed
    assert headers.unseal(KEY, "wh_1", sealed) == {"Authorization": "Bearer s3cret"}
    with pytest.raises(InvalidTag):
        headers.unseal(KEY, "wh_2", sealed)
    assert headers.seal(KEY, "wh_1", {}) is None
