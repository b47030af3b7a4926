"""What the generator knows and the events do not say: what is planted, and what only looks like it."""

import msgspec


class Label(msgspec.Struct, kw_only=True, frozen=True):
    """One finding that must be made (`fraud`) or one innocent look-alike that must stay silent (`lookalike`).

    `rule` is the rule that must find a fraud; for a look-alike the list of rules that must stay silent.
    `encounters` and `settlements` are pairs of institution and business id. Findings about an institution's,
    a practitioner's or a group's month name `institutions`, `practitioner`, `persons`; `day` lies within the
    month. `tolerates` names rules that may, but need not, speak about the same facts, because they see the
    same deed from another side or a careful reader can read their text either way. `mild`: a look-alike about
    which the rules may speak at severity 3, as their pages say.
    """

    label_id: str
    kind: str
    story: str
    rule: str | list[str]
    encounters: list[tuple[str, str]] = []
    settlements: list[tuple[str, str]] = []
    device: str | None = None
    institutions: list[str] = []
    practitioner: str | None = None
    persons: list[str] = []
    day: str
    note: dict[str, str]
    tolerates: list[str] = []
    mild: bool = False

    @property
    def rules(self) -> list[str]:
        return [self.rule] if isinstance(self.rule, str) else self.rule

    @property
    def month(self) -> str:
        """YYYY-MM."""
        return self.day[:7]
