"""`.env.example` names every setting, with its default, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from services.settings import BOUNDS, PREFIX, Settings, SettingsError, read_settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_and_the_settings_agree() -> None:
    written = dict(re.findall(r"^#(QINGFENG_\w+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    defaults = {PREFIX + knob.name.upper(): knob.default for knob in fields(Settings)}
    assert set(written) == set(defaults)
    for name, default in defaults.items():
        assert written[name] == ("" if default is None else str(default)), name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("QINGFENG_PORT", "99999"),
        ("QINGFENG_METRICS_PORT", "-1"),
        ("QINGFENG_BACKLOG_ROWS", "0"),
        ("QINGFENG_RATE_PER_KEY", "-5"),
        ("QINGFENG_PERSON_FACTS_LIMIT", "0"),
        ("QINGFENG_WEBHOOK_TIMEOUT_SECONDS", "nan"),
        ("QINGFENG_TRACE_RATIO", "2"),
        ("QINGFENG_LOG_LEVEL", "loud"),
        ("QINGFENG_LOG_FORMAT", "xml"),
        ("QINGFENG_PUBLIC_URL", "qingfeng.example.org"),
        ("QINGFENG_TRUSTED_PROXIES", "127.0.0.1,proxy.example.org"),
    ],
)
def test_a_value_that_cannot_serve_ends_the_start_and_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: "):
        read_settings({name: value})


def test_every_number_has_bounds_that_let_its_default_by() -> None:
    numbers = {knob.name for knob in fields(Settings) if isinstance(knob.default, int | float)}
    assert set(BOUNDS) == numbers
    Settings()
