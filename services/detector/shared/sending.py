"""From a person's facts to the keys they share with others: which registers an encounter has to send.

A register's revision is how much the history has learnt so far: it grows with every fact, whatever their
order, and what an encounter says is sent again with each change of it. What it says is a function of its
facts; the registry only decides whether it is sent, and rules look it up for themselves.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from schemas.moments import DAY, Calendar
from schemas.registry import Registry
from services.detector.facts import (
    AT_DAY,
    ATTENDED,
    BACKFILLED,
    CARDED,
    HAS_BEGIN,
    HISTORICAL,
    INVOICED,
    NEWBORN_TYPES,
    SETTLEMENTS,
    STAY_KINDS,
    TRACED,
    Fact,
    Kind,
    Line,
)
from services.detector.history import Change, PersonHistory, Ref
from services.detector.lines import Billed, lines_among, lines_taken_back
from services.detector.shared.keys import (
    card_key,
    invoice_key,
    is_placeholder,
    pack_codes,
    practitioner_key,
    terminal_key,
    trace_key,
)
from services.detector.shared.registers import (
    Bed,
    CardUse,
    Entry,
    Invoiced,
    Orders,
    Register,
    Sale,
    Service,
    Swipe,
)
from services.detector.stays import stay_among
from services.detector.versions import name_of, offsets_among

HAS_MAIN_COUNTERS = frozenset(("hospital", "township", "community"))
"""Kinds of institutions whose counters serve many: their terminals are not followed (rules.md B01)."""
BED_DAYS = 60
"""So many days of a practitioner's own stay are told of: what lies open longer was not discharged in the
books only."""
GOODS = ("08", "09", "10", "11")
"""Charge types of materials and medicines: nobody's hands are bound by them."""

Said = dict[str, list[Entry]]
"""Entries by key."""
Names = list[tuple[str, str]]
"""Facts by their names, and cancellations of lines: what an encounter says is a function of both."""
KNOWN_AT_MOST = 4_096
"""So many encounters' words are kept at hand."""


class Sender:
    """What persons' histories say, by one registry. kinds: of the keys that anybody judges."""

    def __init__(self, kinds: Iterable[str], registry: Registry, calendar: Calendar) -> None:
        self.registry = registry
        self.calendar = calendar
        wanted = frozenset(kinds)
        self._terminals = "terminal" in wanted
        self._cards = CARDED if "card" in wanted else 0
        self._invoices = INVOICED if "invoice" in wanted else 0
        self._orders = ATTENDED if "practitioner" in wanted else 0
        self._traces = TRACED if "trace_code" in wanted else 0
        self._lined = self._orders | self._traces
        self._shows = self._cards | self._invoices
        self._detailed = self._lined | self._shows
        self._known: dict[tuple[str, Ref], tuple[Names, Said]] = {}

    def changed(self, history: PersonHistory, changes: Sequence[Change]) -> list[tuple[str, Register]]:
        """(key, register) of all that changes of encounters alter."""
        sent: list[tuple[str, Register]] = []
        is_practitioner = self._orders and self.registry.practitioners_of(history.key)
        for change in changes:
            ref = change.ref
            if not change.plain:
                self._anew(history, ref, sent)
                continue
            known = self._before(history, ref, change.before) if change.before else {}
            fact = change.after[0]
            if len(change.after) == 1 and fact.kind >= Kind.VISIT and not fact.flags & self._lined:
                # The commonest news: a visit or purchase that stands alone, and of which no line is asked.
                said = self._settled({}, fact) if _stands(fact, ()) else {}
            else:
                said = self._now(history, ref, change.after)
            if known:
                gone: Said = {key: [] for key in known if key not in said}
                said = gone | {key: told for key, told in said.items() if known.get(key) != told}
            for key, told in said.items():
                sent.append((key, Register(*ref, history.key, history.turns, told)))
            if is_practitioner:
                self._own_stay(history, ref, change.after, sent)
        return sent

    def whole(self, history: PersonHistory) -> list[tuple[str, Register]]:
        """All that a history says which has not said anything yet."""
        sent: list[tuple[str, Register]] = []
        is_practitioner = self._orders and self.registry.practitioners_of(history.key)
        encounters: dict[Ref, list[Fact]] = {}
        for fact in history.facts:
            encounters.setdefault((fact.institution, fact.encounter), []).append(fact)
        for ref, live in encounters.items():
            said = self._said(live, lambda ref=ref, live=live: _lines_of(history, ref, live))
            for key, told in said.items():
                sent.append((key, Register(*ref, history.key, history.turns, told)))
            if is_practitioner:
                self._own_stay(history, ref, live, sent)
        return sent

    def again(self, history: PersonHistory) -> list[tuple[str, Register]]:
        """All that the registry may have kept from being sent before."""
        sent: list[tuple[str, Register]] = []
        known = [fact for fact in (*history.facts, *history.idle) if fact.kind != Kind.CANCELLATION]
        is_practitioner = self._orders and self.registry.practitioners_of(history.key)
        if not (is_practitioner or any(fact.device for fact in known)):
            return sent
        for ref in dict.fromkeys((fact.institution, fact.encounter) for fact in known):
            live = history.encounter(ref)
            dead = _dead(history, ref)
            places = dict.fromkeys(key for fact in (*live, *dead) for key in self._terminal_of(fact))
            said: Said = {}
            offsets = offsets_among(live)
            for fact in live:
                if fact.device and self._terminals and _stands(fact, offsets):
                    self._swipe(said, fact)
            for key in places:
                sent.append((key, Register(*ref, history.key, history.turns, said.get(key, []))))
            if is_practitioner:
                self._own_stay(history, ref, [*live, *dead], sent)
        return sent

    def _anew(self, history: PersonHistory, ref: Ref, sent: list[tuple[str, Register]]) -> None:
        """All that an encounter says, and that it says nothing where any version of its facts ever did."""
        live, dead = history.encounter(ref), _dead(history, ref)
        said = self._now(history, ref, live)
        places = dict.fromkeys(key for fact in (*live, *dead) for key in self._places(fact))
        for key in (*said, *(key for key in places if key not in said)):
            sent.append((key, Register(*ref, history.key, history.turns, said.get(key, []))))
        if self._orders and self.registry.practitioners_of(history.key):
            self._own_stay(history, ref, [*live, *dead], sent)

    # -- what an encounter says ---------------------------------------------------------------------------

    def _now(self, history: PersonHistory, ref: Ref, live: Sequence[Fact]) -> Said:
        """What an encounter says as it stands; kept, for the next fact that joins it."""
        back = lines_taken_back(history, ref)
        said = self._said(live, lambda: _lines_of(history, ref, live))
        if len(self._known) >= KNOWN_AT_MOST:
            self._known.clear()
        self._known[history.key, ref] = (_names(live, back), said)
        return said

    def _before(self, history: PersonHistory, ref: Ref, facts: Sequence[Fact]) -> Said:
        """What it said by these facts, before another one joined them."""
        back = lines_taken_back(history, ref)
        names, said = self._known.get((history.key, ref), (None, {}))
        if names == _names(facts, back):
            return said
        return self._said(facts, lambda: lines_among(facts, back))

    def _said(self, facts: Sequence[Fact], lines: Callable[[], Sequence[Billed]]) -> Said:
        """Entries by key, of the live facts of an encounter; `lines` gives theirs."""
        said: Said = {}
        offsets = offsets_among(facts)
        standing = [fact for fact in facts if _stands(fact, offsets)]
        flags = 0
        for fact in facts:
            flags |= fact.flags
        for fact in standing:
            self._settled(said, fact)
        if flags & self._lined:
            self._billed(said, facts, standing, lines)
        return said

    def _settled(self, said: Said, fact: Fact) -> Said:
        """What a settlement that stands says by itself."""
        if fact.device and self._terminals:
            self._swipe(said, fact)
        if fact.flags & self._shows:
            self._shown(said, fact)
        return said

    def _swipe(self, said: Said, fact: Fact) -> None:
        if not fact.flags & (AT_DAY | BACKFILLED) and self._is_followed(fact):
            swipe = Swipe(
                fact.at, fact.id, fact.med_type, fact.total, fact.fund, fact.card,
                bool(fact.flags & HISTORICAL),
            )  # fmt: skip
            key = terminal_key(fact.institution, fact.device, self.calendar.day(fact.at))
            said.setdefault(key, []).append(swipe)

    def _shown(self, said: Said, fact: Fact) -> None:
        """Card and invoice of a settlement."""
        detail, is_historical = fact.detail, bool(fact.flags & HISTORICAL)
        if fact.flags & self._cards:
            reason = "family" if detail.family else ""
            if fact.med_type.startswith(NEWBORN_TYPES):
                reason = "newborn"
            use = CardUse(fact.at, fact.id, fact.fund, reason, is_historical)
            said.setdefault(card_key(detail.number, self.calendar.day(fact.at)), []).append(use)
        if fact.flags & self._invoices and not is_placeholder(detail.more.invoice):
            named = Invoiced(fact.at, fact.id, fact.total, fact.fund, is_historical)
            said.setdefault(invoice_key(fact.institution, detail.more.invoice), []).append(named)

    def _billed(
        self,
        said: Said,
        facts: Sequence[Fact],
        standing: Sequence[Fact],
        lines_of: Callable[[], Sequence[Billed]],
    ) -> None:
        """Orders and traced packs of an encounter."""
        is_stay = any(fact.kind in STAY_KINDS for fact in facts)
        # Wards open packs: what is given in a stay tells nothing of whole ones.
        tells_packs = not is_stay and any(fact.flags & self._traces for fact in facts)
        tells_orders = self._orders and not _is_remote(standing)
        if not tells_packs and not tells_orders:
            return
        lines = lines_of()
        settlements = [fact.id for fact in standing]
        doctors = {fact.detail.practitioner for fact in facts if fact.flags & self._orders} - {""}
        if tells_packs:
            for billed in lines:
                _sales(said, billed, settlements)
        if tells_orders:
            for (practitioner, day), orders in self._orders_by_day(lines, standing, is_stay=is_stay).items():
                entry = self._ordered(orders, settlements, doctors, is_stay=is_stay)
                said.setdefault(practitioner_key(practitioner, day), []).append(entry)

    def _orders_by_day(
        self, lines: Sequence[Billed], standing: Sequence[Fact], *, is_stay: bool
    ) -> "dict[tuple[str, int], list[_Order]]":
        """Orders of an encounter by practitioner and day: its lines whose day is known; of a visit without
        lines, it."""
        orders: dict[tuple[str, int], list[_Order]] = {}
        day_of = self.calendar.day
        for billed in lines:
            line, fact, _ = billed
            # A visit's line without a time of its own is of the visit; a stay's is of no day that is known.
            at = line.at or (0 if is_stay else fact.at)
            practitioner = billed.practitioner
            if at and practitioner and line.amount >= 0 and line.quantity > 0:
                orders.setdefault((practitioner, day_of(at)), []).append((at, fact, billed))
        if lines or is_stay:
            return orders
        for fact in standing:
            practitioner = fact.detail.practitioner if fact.flags & ATTENDED else ""
            if practitioner and fact.kind == Kind.VISIT:
                orders.setdefault((practitioner, day_of(fact.at)), []).append((fact.at, fact, None))
        return orders

    def _ordered(
        self, orders: "list[_Order]", settlements: list[str], doctors: set[str], *, is_stay: bool
    ) -> Orders:
        """What a practitioner ordered in an encounter on a day."""
        moments = {at for at, _, _ in orders}
        clocked = {at for at in moments if not self.calendar.is_midnight(at)}
        services = []
        covered = 0
        for at, fact, billed in orders:
            base = fact.fund if billed is None else billed.base
            covered += base
            if billed is not None and billed.line.category not in GOODS:
                line, moment = billed.line, at if at in clocked else 0
                treated = _is_treated(line, doctors)
                services.append(Service(moment, line.code, line.quantity, base, treated))
        is_historical = all(fact.flags & HISTORICAL for _, fact, _ in orders)
        return Orders(min(moments), sorted(clocked), services, covered, settlements, is_stay, is_historical)

    def _own_stay(
        self, history: PersonHistory, ref: Ref, facts: Sequence[Fact], sent: list[tuple[str, Register]]
    ) -> None:
        """The stay of one who is a practitioner, to each of its days; nothing to days it may have had."""
        days = {
            self.calendar.day(fact.at) + later
            for fact in facts
            if fact.kind == Kind.ADMISSION or (fact.kind == Kind.INPATIENT and fact.flags & HAS_BEGIN)
            for later in range(BED_DAYS + 1)
        }
        stay = stay_among(ref, history.encounter(ref)) if days else None
        first = last = 0
        bed: list[Entry] = []
        if stay is not None:
            first = self.calendar.day(stay.begin)
            last = min(first + BED_DAYS, self.calendar.day(min(stay.end, stay.begin + (BED_DAYS + 2) * DAY)))
            is_historical = all(fact.flags & HISTORICAL for fact in stay.facts)
            bed = [Bed(stay.begin, stay.end, stay.begin_is_date, stay.end_is_date, is_historical)]
        for practitioner in self.registry.practitioners_of(history.key):
            for day in sorted(days):
                told = bed if first <= day <= last else []
                register = Register(*ref, history.key, history.turns, told, own=True)
                sent.append((practitioner_key(practitioner, day), register))

    # -- where a fact may ever have said something ----------------------------------------------------------

    def _places(self, fact: Fact) -> Iterable[str]:
        yield from self._terminal_of(fact)
        if not fact.flags & self._detailed:
            return
        detail, day = fact.detail, self.calendar.day
        if fact.kind in SETTLEMENTS:
            if fact.flags & self._cards:
                yield card_key(detail.number, day(fact.at))
            if fact.flags & self._invoices and not is_placeholder(detail.more.invoice):
                yield invoice_key(fact.institution, detail.more.invoice)
            if self._orders and detail.practitioner:
                yield practitioner_key(detail.practitioner, day(fact.at))
        for line in detail.lines or ():
            practitioner = line.more.practitioner or detail.practitioner
            if self._orders and practitioner:
                yield practitioner_key(practitioner, day(line.at or fact.at))
            if self._traces:
                yield from map(trace_key, pack_codes(line.more.trace_codes))

    def _terminal_of(self, fact: Fact) -> Iterable[str]:
        if self._terminals and fact.kind in SETTLEMENTS and fact.device and self._is_followed(fact):
            yield terminal_key(fact.institution, fact.device, self.calendar.day(fact.at))

    def _is_followed(self, fact: Fact) -> bool:
        known = self.registry.institution(fact.institution)
        if known is not None and known.effective_from:
            day = self.calendar.date_text(self.calendar.day(fact.at))
            known = self.registry.institution(fact.institution, day)
        return known is None or known.kind not in HAS_MAIN_COUNTERS


_Order = tuple[int, Fact, Billed | None]
"""An order: its moment, the event that tells it, and its line (None: a visit without lines)."""


def _stands(fact: Fact, offsets: Collection[tuple[str, str]]) -> bool:
    """Whether it is a settlement that stands for itself."""
    return fact.kind in SETTLEMENTS and fact.total >= 0 and name_of(fact) not in offsets


def _lines_of(history: PersonHistory, ref: Ref, live: Sequence[Fact]) -> list[Billed]:
    return history.made("lines", ref, lambda: lines_among(live, lines_taken_back(history, ref)))


def _names(facts: Iterable[Fact], back: Iterable[Fact]) -> Names:
    return [name_of(fact) for fact in (*facts, *back)]


def _dead(history: PersonHistory, ref: Ref) -> list[Fact]:
    """Versions of an encounter's facts that do not count."""
    institution, encounter = ref
    return [
        fact
        for fact in history.idle
        if fact.encounter == encounter and fact.institution == institution and fact.kind != Kind.CANCELLATION
    ]


def _is_treated(line: Line, doctors: Collection[str]) -> bool | None:
    """Whether a line says who gave the service and when, beside the doctors who saw the patient; None where
    no event names any."""
    if not (line.at and line.more.practitioner) or line.more.practitioner in doctors:
        return False
    return True if doctors else None


def _is_remote(standing: Iterable[Fact]) -> bool:
    """Whether the encounter's orders were not given where it was settled: a pharmacy fills prescriptions from
    elsewhere, and over the internet nobody has to be anywhere."""
    return any(
        fact.kind == Kind.PHARMACY or (fact.flags & ATTENDED and fact.detail.channel == "internet")
        for fact in standing
    )


def _sales(said: Said, billed: Billed, settlements: Sequence[str]) -> None:
    line, fact = billed.line, billed.fact
    codes = pack_codes(line.more.trace_codes)
    if not codes or line.quantity <= 0 or line.amount < 0:
        return
    settlement = fact.id if fact.kind in SETTLEMENTS else next(iter(settlements), "")
    share = billed.base // len(codes)
    for code in codes:
        sale = Sale(
            line.at or fact.at, settlement, line.id, line.code, share, bool(line.more.split_pack),
            bool(fact.flags & HISTORICAL),
        )  # fmt: skip
        said.setdefault(trace_key(code), []).append(sale)
