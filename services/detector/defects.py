"""Data defects: what an institution sent contradicts itself. Named for the institution, never evidence."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from schemas.finding import Share, Words
from services.detector.facts import CLOCK_AHEAD, DEFECTIVE, MID_STAY, STAY_KINDS, Fact, Kind
from services.detector.history import PersonHistory, Ref
from services.detector.stays import FOREVER, Stay
from services.detector.versions import name_of, offsets_among
from services.detector.view import PersonView

PLACEHOLDER = "placeholder_person"
DIED_TWICE = "died_twice"

WORDS = {
    "amounts_do_not_add_up": Words("费用合计与各项支付之和不符", "the total is not the sum of its parts"),
    "negative_line": Words("负数明细未指明所冲销的明细", "a negative line that names no line it refunds"),
    "line_does_not_multiply": Words(
        "明细金额与数量乘单价不符", "the amount of a line is not quantity times unit price"
    ),
    "lines_after_settlement": Words(
        "结算之后又上传费用明细", "lines uploaded after the stay had been settled"
    ),
    "end_before_begin": Words("结束时间早于开始时间", "it ends before it begins"),
    "discharge_before_admission": Words("出院时间早于入院时间", "the discharge lies before the admission"),
    "clock_ahead": Words("上传时间早于发生时间", "written before it happened: is the clock right?"),
    DIED_TWICE: Words(
        "名录中同一人员登记了不同的死亡日期，核实前以较晚的为准",
        "the registry tells two days of death of one person; until one is corrected the later one counts",
    ),
    PLACEHOLDER: Words(
        "同一人员编号的有效记录超过上限，疑似占位编号，暂停判断",
        "more live records under one person id than a person can have: a placeholder? Judgement is suspended",
    ),
}
PATHS = {
    "amounts_do_not_add_up": "/amounts/total",
    "negative_line": "/lines",
    "line_does_not_multiply": "/lines",
    "lines_after_settlement": "/recorded_at",
    "end_before_begin": "/end_at",
    "discharge_before_admission": "/occurred_at",
    "clock_ahead": "/recorded_at",
    DIED_TWICE: "/death_date",
    PLACEHOLDER: "/person_id",
}


_TIMED = (Kind.CANCELLATION, Kind.FEE_LINES)


@dataclass(frozen=True, slots=True)
class Defect:
    """One contradiction: where it stands and what it is called."""

    code: str
    institution: str
    event: str
    ref: Ref

    @property
    def alert_id(self) -> str:
        """Deterministic name, like an alert's."""
        text = repr((self.code, self.institution, self.event))
        return f"defect-{sha256(text.encode()).hexdigest()[:24]}"

    @property
    def words(self) -> Words:
        """What is wrong, in words."""
        return WORDS[self.code]

    @property
    def path(self) -> str:
        """JSON Pointer into the event."""
        return PATHS[self.code]


def defects_of(view: PersonView, refs: Iterable[Ref]) -> Iterator[Defect]:
    """Defects of the live facts of some encounters."""
    for ref in refs:
        facts = view.history.encounter(ref)
        for fact in facts:
            if not fact.flags & DEFECTIVE:
                continue
            detail = fact.detail
            for code in detail.defects.split():
                yield Defect(code, fact.institution, fact.event, ref)
            if detail.occurred - detail.recorded > CLOCK_AHEAD:
                yield Defect("clock_ahead", fact.institution, fact.event, ref)
        yield from _stay_defects(ref, facts)
        yield from _late_lines(ref, facts)


def _late_lines(ref: Ref, facts: list[Fact]) -> Iterator[Defect]:
    """Lines that were written after the last settlement of their stay (rules.md C12); refunds may be."""
    uploads = [fact for fact in facts if fact.kind == Kind.FEE_LINES]
    if not uploads:
        return
    bills = [fact for fact in facts if fact.kind == Kind.INPATIENT]
    taken_back = offsets_among(bills)
    settled = [
        fact.recorded
        for fact in bills
        if fact.total >= 0 and not fact.flags & MID_STAY and name_of(fact) not in taken_back
    ]
    if not settled:
        return
    last = max(settled) + CLOCK_AHEAD
    for fact in uploads:
        detail = fact.detail
        if detail.recorded > last and any(line.refunds is None for line in detail.lines or ()):
            yield Defect("lines_after_settlement", ref[0], fact.event, ref)


def _stay_defects(ref: Ref, facts: list[Fact]) -> Iterator[Defect]:
    if not any(fact.kind in STAY_KINDS for fact in facts):
        return
    stay = Stay(ref, facts)
    if stay.discharge is not None and stay.begin != FOREVER and stay.is_reversed:
        yield Defect("discharge_before_admission", ref[0], stay.discharge.event, ref)


def may_be_defective(fact: Fact) -> bool:
    """Whether the coming of a fact can make or mend a defect: a cheap way out for the many that cannot."""
    return bool(fact.flags & DEFECTIVE) or fact.kind in STAY_KINDS or fact.kind in _TIMED


def placeholder(history: PersonHistory) -> Defect:
    """The one defect of a person with too many live facts: no single institution's, named by the key."""
    return Defect(PLACEHOLDER, "", history.key, ("", ""))


def of_records(view: PersonView) -> Iterator[Defect]:
    """Defects of what the registry says of the person: no institution's, named by the key."""
    if len(view.insured.deaths) > 1:
        yield Defect(DIED_TWICE, "", view.history.key, ("", ""))


def shares_of(history: PersonHistory) -> list[Share]:
    """Who sent a placeholder person's live facts, most first, each with the event of its latest."""
    latest = {fact.institution: fact.event for fact in history.facts}
    facts = Counter(fact.institution for fact in history.facts)
    return [Share(name, count, latest[name]) for name, count in sorted(facts.items(), key=_most_first)]


def _most_first(counted: tuple[str, int]) -> tuple[int, str]:
    return (-counted[1], counted[0])
