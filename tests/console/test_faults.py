"""What is wrong with an endpoint's form, said in the reader's language."""

import asyncio

import pytest
from pydantic import ValidationError

from services.alerts.console import webhook_forms
from services.alerts.console.texts import Texts
from services.alerts.webhooks import destinations


def mistakes(**values):
    """The codes of what is wrong with a form so filled in, by field, each said in both languages."""
    with pytest.raises(ValidationError) as refused:
        webhook_forms.new({**webhook_forms.EMPTY, "url": "https://h.example/", **values})
    told = webhook_forms.faults(refused.value)
    for fault in told.values():
        assert Texts("zh").fault(fault.code, fault.values)
        assert Texts("en").fault(fault.code, fault.values)
    return {field: fault.code for field, fault in told.items()}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("url", "", "string_too_short"),
        ("url", "https://h.example/" + "x" * 2_048, "string_too_long"),
        ("description", "x" * 201, "string_too_long"),
        ("description", "a\x00b", "one_line"),
        ("events", [], "too_short"),
        ("events", ["case.opened"], "literal_error"),
        ("payload", "fat", "literal_error"),
        ("min_severity", "9", "less_than_equal"),
        ("min_severity", "x", "int_parsing"),
        ("institutions", "x" * 201, "item"),
        ("rules", " ".join(["A01"] * 201), "too_long"),
        ("regions", "4306 43x", "item"),
        ("rate", "0", "greater_than_equal"),
        ("rate", "many", "int_parsing"),
        ("concurrency", "6", "less_than_equal"),
        ("headers", "Host: x", "header_reserved"),
        ("headers", "名: x", "header_name"),
        ("headers", "X-A:", "header_value"),
        ("headers", "X-A: 1\nx-a: 2", "header_twice"),
        ("headers", "\n".join(f"X-{n}: 1" for n in range(11)), "too_long"),
    ],
)
def test_every_mistake_in_the_form_is_said_in_both_languages(field, value, code):
    assert mistakes(**{field: value}) == {field: code}


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://h.example:99999/", "url_unreadable"),
        ("ftp://h.example/", "url_scheme"),
        ("https://li:secret@h.example/", "url_extras"),
        ("https://h.example/名", "url_ascii"),
        ("https://none.example/", "url_unknown_host"),
        ("https://qingfeng.example/", "url_own"),
        ("https://h.example:22/", "url_not_allowed"),
    ],
)
def test_every_refusal_of_an_address_is_said_in_both_languages(url, code):
    async def resolve(host, port):
        if host == "none.example":
            raise OSError
        return ["1.1.1.1"]

    rules = destinations.Rules(frozenset({443}), own=frozenset({"qingfeng.example"}))
    with pytest.raises(destinations.Refused) as refused:
        asyncio.run(destinations.check(url, rules, resolve))
    assert refused.value.code == code
    assert Texts("zh").fault(code, {})
    assert Texts("en").fault(code, {}).isascii()
