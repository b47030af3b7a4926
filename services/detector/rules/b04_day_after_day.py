"""B04 连续多日购药: buying day after day, or one drug over and over.

Predicate: purchases at pharmacies on three or more local days in a row; or in a calendar month more than four
purchases of one drug, or more than twice what thirty days take of it by its pack. A drug is its ingredient
where packs.csv knows one, else its code; without units and daily units there is no standard to exceed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from schemas.finding import Subject, Words
from services.detector.billing import Charge, part
from services.detector.drugs import Formulary, formulary_of
from services.detector.facts import LINED, Fact, Kind, Line
from services.detector.history import Change, Ref
from services.detector.news import News
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical
from services.detector.visits import LOCAL_DAY, crowd, drugs_sold, month_of, month_text, on_days, refs_of

ROW = 2
PURCHASES = frozenset((Kind.PHARMACY,))


@dataclass(frozen=True)
class DayAfterDayParameters(Parameters):
    """Figures of rules.md B04."""

    days: int = parameter(3, "1", "连续购药天数下限", "days in a row")
    dispensings: int = parameter(4, "1", "同一药品每月购买次数上限", "purchases of one drug in a month")
    standard: float = parameter(2.0, "1", "超出月标准用量的倍数", "times the monthly standard")
    month_days: int = parameter(30, "d", "月标准用量的天数", "days that the monthly standard covers")


class Sold(NamedTuple):
    """One drug of one purchase. days: how long it lasts by its pack, None where that is not known."""

    fact: Fact
    days: Decimal | None
    base: int


class DayAfterDay(Rule):
    """Purchases in a row, and one drug too often."""

    id = "B04"
    phase = "post"
    title = Words("连续多日购药", "Buying day after day")
    message = Words(
        "同一参保人{when_zh}在药店{what_zh}，超出部分涉及{amount}元。疑似超量购药或转卖，请核对用药需要及是否本人购药。",
        "The same insured person {what_en} {when_en}; {amount} yuan lie beyond the usual. Needed, or bought "
        "to be sold on, and by the insured person?",
    )
    basis = ("条例 38(二)", "条例 41(三)")
    checks = {"one_prescription": Words("同一处方分次取药", "one prescription that was filled in parts")}
    watches = PURCHASES | {Kind.FEE_LINES}
    window_days = 62
    parameters: DayAfterDayParameters = DayAfterDayParameters()

    @property
    def within(self) -> int | None:
        """Purchases in a row lie on days beside each other, unless one day alone is a row …"""
        return 2 * LOCAL_DAY if self.parameters.days > 1 else None

    @property
    def alone(self) -> int:
        """… and the drugs of a month are billed."""
        return LINED if self.parameters.days > 1 else 0

    def may_find(self, news: News) -> bool:
        """Purchases close by, one of the same drug, or more than a month's standard at once."""
        figures = self.parameters
        if news.fact.kind != Kind.PHARMACY:
            return False
        if figures.days < ROW or figures.dispensings < 1 or news.gap <= ROW * LOCAL_DAY:
            return True
        formulary = formulary_of(news.view.registry)
        given: set[str] = set()
        for code, charges in news.codes.items():
            substances, marks = formulary.names(code)
            if not given.isdisjoint(substances) or self._may_be_often(
                news, formulary, substances, marks, charges
            ):
                return True
            given |= substances
        return False

    def _may_be_often(
        self,
        news: News,
        formulary: Formulary,
        substances: frozenset[str],
        marks: tuple[bytes, ...],
        charges: list[Charge],
    ) -> bool:
        """Whether purchases of one drug in the month may be too many, or too much."""
        begin, end = _moments_of_month(news.view, news.fact)
        purchases = 1
        days = sum(formulary.days_at_most(charge.line) for charge in charges)
        for other in news.others_billing(begin):
            if not _tells((other,), marks):
                continue
            if other.kind == Kind.FEE_LINES:
                return True
            if other.kind == Kind.PHARMACY and other.at < end:
                purchases += 1
                days += sum(map(formulary.days_at_most, formulary.lines_of(other, substances)))
        return purchases > self.parameters.dispensings or days > self._allowed_days

    @property
    def _allowed_days(self) -> Decimal:
        return Decimal(str(self.parameters.standard * self.parameters.month_days))

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        asked = [fact for fact in view.facts_of(refs) if fact.kind == Kind.PHARMACY and view.is_visit(fact)]
        runs = {self._run(view, day) for day in {view.calendar.day(fact.at) for fact in asked}}
        for first, last in sorted(runs):
            if last - first + 1 >= self.parameters.days:
                yield from self._in_a_row(view, first, last)
        wanted: dict[int, set[str]] = {}
        known: dict[tuple, dict[str, list[Line]]] = {}
        for fact in asked:
            drugs = known[fact.place] = drugs_sold(view, fact)
            if drugs:
                wanted.setdefault(month_of(view.calendar.day(fact.at))[0], set()).update(drugs)
        for first in sorted(wanted):
            yield from self._month(view, first, wanted[first], known)

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """What lies beside a purchase may be of its run; what stands with it or in its month may change."""
        moved = [fact.at for fact in (*change.before, *change.after) if fact.kind == Kind.PHARMACY]
        days = {view.calendar.day(moment) for moment in moved}
        for day in days:
            if crowd(view, day - 1, day + 1):
                yield from refs_of(on_days(view, day - 1, day + 1, PURCHASES))
        months = {month_of(day) for day in days}
        if change.before:
            # What it leaves behind is of an earlier day, or of another place, where the rule may hold.
            for month in months:
                yield from refs_of(on_days(view, *month, PURCHASES))
        standing = [said.members for said in view.history.said.values() if said.rule == self.id]
        if not standing:
            return
        about = {change.ref}
        for month in months:
            about.update(refs_of(on_days(view, *month, PURCHASES)))
        for members in standing:
            found = {(institution, encounter) for institution, encounter in members}
            if not found.isdisjoint(about):
                yield from found

    def _run(self, view: PersonView, day: int) -> tuple[int, int]:
        """First and last day of the days in a row around a day with a purchase."""
        first = last = day
        if crowd(view, day - 1, day + 1) < ROW:
            return first, last
        while next(on_days(view, first - 1, first - 1, PURCHASES), None):
            first -= 1
        while next(on_days(view, last + 1, last + 1, PURCHASES), None):
            last += 1
        return first, last

    def _in_a_row(self, view: PersonView, first: int, last: int) -> Iterator[Finding]:
        bought = list(on_days(view, first, last, PURCHASES))
        usual = first + self.parameters.days - 1
        begin, end = view.calendar.date_text(first), view.calendar.date_text(last)
        days = last - first + 1
        yield from self._finding(
            view,
            bought,
            about=("run", view.history.key, first),
            amount=sum(max(0, fact.fund) for fact in bought if view.calendar.day(fact.at) >= usual),
            when=Words(f"{begin}至{end}", f"from {begin} to {end}"),
            what=Words(f"连续{days}天购药", f"bought at pharmacies on {days} days in a row"),
            evidence={"first_day": begin, "last_day": end},
        )

    def _month(
        self, view: PersonView, first: int, wanted: set[str], known: dict[tuple, dict[str, list[Line]]]
    ) -> Iterator[Finding]:
        """Drugs too often, or too much of them, in a month. known: what some purchases sold."""
        sold: dict[str, list[Sold]] = {}
        formulary = formulary_of(view.registry)
        marks = {mark for name in wanted for mark in formulary.marks(name)}
        for fact in on_days(view, *month_of(first), PURCHASES):
            drugs = known.get(fact.place)
            if drugs is None:
                tells = _tells(view.encounter((fact.institution, fact.encounter)), marks)
                drugs = drugs_sold(view, fact) if tells else {}
            for name, lines in drugs.items():
                if name in wanted:
                    sold.setdefault(name, []).append(_sold(view, fact, lines))
        for name in sorted(sold):
            yield from self._drug(view, month_text(first), name, sold[name])

    def _drug(self, view: PersonView, month: str, name: str, sold: list[Sold]) -> Iterator[Finding]:
        allowed = self._allowed_days
        told = [one for one in sold if one.days is not None]
        days = sum((one.days for one in told if one.days is not None), Decimal(0))
        beyond = sum(one.base for one in sold[self.parameters.dispensings :])
        if days > allowed:
            beyond = max(beyond, part(sum(one.base for one in told), days - allowed, days))
        elif len(sold) <= self.parameters.dispensings:
            return
        yield from self._finding(
            view,
            [one.fact for one in sold],
            about=("month", view.history.key, name, month),
            amount=beyond,
            when=Words(month, f"in {month}"),
            what=Words(
                f"购买同一药品（{name}）{len(sold)}次，约{days:.0f}天用量",
                f"bought one drug ({name}) {len(sold)} times, about {days:.0f} days' supply,",
            ),
            evidence={"month": month, "drug": name, "days_of_supply": str(days), "purchases": len(sold)},
        )

    def _finding(
        self,
        view: PersonView,
        bought: list[Fact],
        *,
        about: tuple,
        amount: int,
        when: Words,
        what: Words,
        evidence: dict,
    ) -> Iterator[Finding]:
        explanations = [Explanation("one_prescription", _one_prescription(bought))]
        if cleared(explanations):
            return
        members = refs_of(bought)
        yield Finding(
            rule=self,
            about=about,
            members=members,
            severity=3,
            subject=Subject("person", view.history.key),
            institutions=sorted({fact.institution for fact in bought}),
            encounters=sorted({encounter for _, encounter in members}),
            settlements=sorted({fact.id for fact in bought}),
            happened=view.calendar.text(bought[-1].at),
            amount=amount,
            values={"when_zh": when.zh, "when_en": when.en, "what_zh": what.zh, "what_en": what.en},
            evidence={**evidence, "settlements": [view.visit_evidence(fact) for fact in bought]},
            explanations=explanations,
            historical=is_historical(bought),
            place=bought[-1].institution,
        )


def _moments_of_month(view: PersonView, fact: Fact) -> tuple[int, int]:
    """The moments between which the local month of a fact lies."""
    first, last = month_of(view.calendar.day(fact.at))
    return view.calendar.midnight(first), view.calendar.midnight(last + 1)


def _tells(facts: Iterable[Fact], marks: Iterable[bytes]) -> bool:
    """Whether facts of an encounter may tell of a drug by its marks: cheaper than reading the lines."""
    for fact in facts:
        if fact.flags & LINED:
            packed = bytes(fact.packed)
            for mark in marks:
                if mark in packed:
                    return True
    return False


def _sold(view: PersonView, fact: Fact, lines: list[Line]) -> Sold:
    """One drug of one purchase; of a pack that was broken the quantity counts single units."""
    day = view.calendar.date_text(view.calendar.day(fact.at))
    days: Decimal | None = None
    for line in lines:
        pack = view.registry.pack(line.code, day)
        if pack is None or not pack.daily_units:
            continue
        units = Decimal(1) if line.more.split_pack else pack.units_per_pack
        if units:
            days = (days or Decimal(0)) + line.quantity * units / pack.daily_units
    base = sum(line.amount if line.covered is None else max(0, line.covered) for line in lines)
    return Sold(fact, days, base)


def _one_prescription(bought: list[Fact]) -> bool | None:
    """Whether all name one prescription; None where one names none."""
    named = {fact.detail.prescription for fact in bought}
    return None if "" in named else len(named) == 1
