"""Parameters of rules as registry records: what a parameter file sets, where, and from when.

A file holds for a region and all below it, or everywhere. For a finding, each value comes from the most
specific region that gives it, there from the latest day it was given for; what no file gives is the code's.
"""

import re
from typing import Annotated, ClassVar

from msgspec import Meta, field

from schemas.records import Name, Place, Record

Value = bool | int | float | str | list[int | float | str]
EVERYWHERE = ""
SWITCHES = ("enabled", "shadow", "severity")
"""What a file may set of every rule, beside the rule's own parameters."""
REGION = re.compile(r"[0-9]{6}|[0-9]{4}|[0-9]{2}")


class RuleParameters(Record):
    """What one file sets for one rule from a day on; of what it leaves open it does not speak.

    region: leading digits of the region codes it holds for (省 43, 市 4306, 县 430602), "" everywhere.
    shadow: judged, stored and shown apart, never delivered. severity: instead of the one the rule reckons.
    values: by name of the parameter, in the unit that the rule declares. source: name of the file.
    """

    TABLE: ClassVar[str] = "rules"
    rule: Name
    region: str = EVERYWHERE
    effective_from: str = ""
    source: str = ""
    enabled: bool | None = None
    shadow: bool | None = None
    severity: Annotated[int, Meta(ge=1, le=3)] | None = None
    values: dict[str, Value] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return Place(f"{self.rule}@{self.region}", self.begins)

    @property
    def given(self) -> dict[str, Value]:
        """Every switch and parameter that it sets."""
        switches = {name: getattr(self, name) for name in SWITCHES}
        return {**self.values, **{name: value for name, value in switches.items() if value is not None}}


def region_prefix(code: str) -> str:
    """The digits that all regions within a region share: 430600 → 4306, 430000 → 43.

    Raises ValueError for what is no region code of two, four or six digits.
    """
    if not REGION.fullmatch(code) or code.startswith("00"):
        raise ValueError("a region is 2, 4 or 6 digits, such as 43, 4306 or 430602")
    while code.endswith("00"):
        code = code[:-2]
    return code
