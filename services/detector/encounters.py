"""What an encounter was, as rules over its lines ask: where it took place, for what, how insured."""

from functools import cached_property

from services.detector.facts import EMERGENCY, SETTLEMENTS, Fact, Kind
from services.detector.history import Ref
from services.detector.lines import lines_among, lines_taken_back
from services.detector.view import PersonView


class Encounter:
    """The live facts of one encounter in order, less settlements that a mirror took back."""

    def __init__(self, view: PersonView, ref: Ref) -> None:
        self.view = view
        self.ref = ref
        standing = (
            fact for fact in view.facts_of((ref,)) if fact.kind not in SETTLEMENTS or view.is_settlement(fact)
        )
        self.facts = sorted(standing, key=lambda fact: fact.place)

    @cached_property
    def settlements(self) -> list[Fact]:
        """Its settlements, in order."""
        return [fact for fact in self.facts if fact.kind in SETTLEMENTS]

    @cached_property
    def anchor(self) -> Fact | None:
        """What places it: its admission, else its first settlement; None while only lines are known."""
        admission = next((fact for fact in self.facts if fact.kind == Kind.ADMISSION), None)
        return admission or next(iter(self.settlements), None)

    @cached_property
    def date(self) -> str:
        """The local date of its anchor, "" without one."""
        calendar = self.view.calendar
        return "" if self.anchor is None else calendar.date_text(calendar.day(self.anchor.at))

    @cached_property
    def level(self) -> int | None:
        """The level of its institution on that day, where the registry says it."""
        known = self.view.registry.institution(self.ref[0], self.date)
        return None if known is None else known.level

    @cached_property
    def settings(self) -> frozenset[str]:
        """Where it took place, in the registry's words (`schemas.records.Setting`); empty when unknown.

        An emergency visit is an out-patient one too, an emergency admission an in-patient one.
        """
        return frozenset(setting for fact in self.facts for setting in _settings_of(fact))

    @property
    def is_inpatient(self) -> bool:
        """Whether it is a stay."""
        return "inpatient" in self.settings

    @property
    def is_emergency(self) -> bool:
        """Whether any of its facts says so."""
        return any(fact.flags & EMERGENCY for fact in self.facts)

    @cached_property
    def insurance_types(self) -> frozenset[str]:
        """Insurances (险种) that its settlements were made under."""
        named = {fact.detail.more.insurance_type for fact in self.settlements}
        return frozenset(named - {""})

    @cached_property
    def diagnoses(self) -> frozenset[str]:
        """All ICD codes that its facts name."""
        return frozenset(code for fact in self.facts for code in fact.detail.diagnoses.split())

    @cached_property
    def orderers(self) -> dict[str, str]:
        """Who ordered each line, by its id; "" where nobody is named."""
        billed = lines_among(self.facts, lines_taken_back(self.view.history, self.ref))
        return {one.line.id: one.practitioner for one in billed}


def _settings_of(fact: Fact) -> tuple[str, ...]:
    emergency = ("emergency",) if fact.flags & EMERGENCY else ()
    if fact.kind in (Kind.ADMISSION, Kind.INPATIENT):
        return ("inpatient", *emergency)
    if fact.kind not in (Kind.VISIT, Kind.PHARMACY):
        return ()
    if fact.detail.channel == "internet":
        return ("internet",) if fact.kind == Kind.VISIT else ("internet", "pharmacy")
    return ("pharmacy",) if fact.kind == Kind.PHARMACY else ("outpatient", *emergency)
