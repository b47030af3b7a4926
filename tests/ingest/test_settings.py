"""`.env.example` names every setting, with its default, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

from services.settings import PREFIX, Settings

EXAMPLE = Path(__file__).parents[2] / ".env.example"


def test_the_example_and_the_settings_agree() -> None:
    written = dict(re.findall(r"^#(QINGFENG_\w+)=(.*)$", EXAMPLE.read_text(encoding="utf-8"), re.MULTILINE))
    defaults = {PREFIX + knob.name.upper(): knob.default for knob in fields(Settings)}
    assert set(written) == set(defaults)
    for name, default in defaults.items():
        assert written[name] == ("" if default is None else str(default)), name
