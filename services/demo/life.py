"""Normal life: who falls ill when, where they go, what they buy. Nothing in here may look like fraud.

Every presence is entered in the person's diary before anything is posted; what does not fit is simply lived
another day, that is, dropped.
"""

from collections.abc import Callable
from math import exp
from random import Random

from services.demo import catalogue, schedules
from services.demo.almanac import DAY, HOUR, MINUTE, Almanac, draw_second, is_day_off
from services.demo.billing import Bill, Entry, basket, bill, yuan
from services.demo.care import Pair, Stay, admit, cancel, visit
from services.demo.geography import SEAT, Geography, Institution
from services.demo.ledger import Ledger
from services.demo.people import Person
from services.demo.pharmacies import opening_hours, over_the_counter, purchase

_DAYS_PER_YEAR = 365.25
_HOSPITAL_WEIGHTS = (50, 8, 26, 9, 7)
_NEARNESS_WEIGHTS = (60, 22, 11, 7)
# Cancellations are told of the biggest hospital alone: there a few are no churn.
_CANCELLED, _CORRECTED = 0.02, 0.005
_APART = 45 * DAY
_PRESCRIBES_HERBS = 2
_HERBS, _GRAMS = 8, (6, 9, 10, 12, 15)


def times_in(rng: Random, mean: float) -> int:
    """A Poisson number."""
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


class Life:
    """The lives of all persons of a county, written into its ledger."""

    def __init__(self, ledger: Ledger, almanac: Almanac) -> None:
        self.ledger = ledger
        self.rng = ledger.rng
        self.almanac = almanac
        self.geography: Geography = ledger.geography
        # Day, encounter and settlement of each person's dialysis sessions, by person index.
        self.sessions: dict[int, list[tuple[int, Pair, Pair]]] = {}
        self.years = (almanac.last_day - almanac.first_day + 1) / _DAYS_PER_YEAR

    def live(self, person: Person) -> None:
        """One person's months: fixed schedules first, then stays, then what fits in between."""
        if person.role:
            return
        if person.conditions == ("dialysis",):
            schedules.dialysis_weeks(self, person)
            return
        if person.conditions == ("chemotherapy",):
            schedules.chemotherapy(self, person)
            return
        years = self.years * person.pace
        for _ in range(times_in(self.rng, (0.34 if person.age >= 65 else 0.10) * self.years)):
            self._stay(person)
        for condition in person.conditions:
            schedules.refills(self, person, condition)
        a_year = 9.0 if person.age >= 60 or person.age <= 6 else 5.5
        for _ in range(times_in(self.rng, a_year * years)):
            self._out_patient(person)
        for _ in range(times_in(self.rng, (10.0 if person.age >= 18 else 3.0) * years)):
            self._errand(person)

    # Places

    def primary(self, person: Person) -> Institution:
        """Everybody is loyal: one place near home, one hospital, one pharmacy."""
        return self._haunt(person, "primary", lambda: self._near(self.geography.primaries[person.town]))

    def hospital(self, person: Person) -> Institution:
        hospitals = self.geography.hospitals
        weights = _HOSPITAL_WEIGHTS[: len(hospitals)]
        return self._haunt(person, "hospital", lambda: self.rng.choices(hospitals, weights)[0])

    def pharmacy(self, person: Person) -> Institution:
        places = self.geography.pharmacies[person.town]
        return self._haunt(person, "pharmacy", lambda: places[int(self.rng.random() ** 1.6 * len(places))])

    def _haunt(self, person: Person, kind: str, choose: Callable[[], Institution]) -> Institution:
        place = person.haunts.get(kind)
        if place is None:
            place = person.haunts[kind] = choose()
        return place

    def _near(self, places: list[Institution]) -> Institution:
        return self.rng.choices(places[:4], _NEARNESS_WEIGHTS[: len(places)])[0]

    # Presences

    def appears(
        self, person: Person, begin: int, end: int, place: Institution, *, scheduled: bool = False
    ) -> bool:
        """Enters a short presence if the way and the counter allow it; `scheduled`: however often."""
        ledger = self.ledger
        if end > ledger.until or begin < ledger.start or not ledger.can_be(person, begin, end, place):
            return False
        if not (scheduled or ledger.moderate(person, begin)):
            return False
        if not (ledger.quiet(place, begin) and ledger.quiet(place, end)):
            return False
        ledger.enter(person, begin, end, place)
        return True

    def _out_patient(self, person: Person) -> None:
        rng = self.rng
        primary = rng.random() < (0.5 if person.town == SEAT else 0.68)
        place = self.primary(person) if primary else self.hospital(person)
        day = self.almanac.draw_market_day(rng, person.town) if primary else self.almanac.draw_day(rng)
        emergency = not primary and rng.random() < 0.12
        begin = day * DAY + draw_second(rng, "night" if emergency else opening_hours(place))
        at = begin + (3 * MINUTE + int(rng.random() * (20 if primary else 110) * MINUTE))
        if not self.appears(person, begin, at, place):
            return
        more = {"emergency": 1} if emergency else {}
        total = self._visit_bill(place, emergency)
        _remember(person, at // DAY, total)
        pair = visit(
            self.ledger,
            person,
            place,
            begin=begin,
            at=at,
            total=total,
            med_type="13" if emergency else "11",
            upload_lines=not primary and rng.random() < 0.3,
            diagnosis=rng.choice(catalogue.ACUTE_DIAGNOSES),
            **more,
        )[1]
        self._afterthought(person, place, pair, at)
        if rng.random() < 0.22:
            self.buy(person, at + (50 + int(rng.random() * 110)) * MINUTE)

    def _visit_bill(self, place: Institution, emergency: bool) -> Bill:
        rng = self.rng
        if place.kind != "hospital":
            return basket(rng, catalogue.ACUTE_DRUGS, 2, catalogue.GENERAL_FEE)
        if place is self.geography.hospitals[_PRESCRIBES_HERBS] and not emergency and rng.random() < 0.15:
            return self._decoction()
        fee = catalogue.EMERGENCY_FEE if emergency else catalogue.CONSULTATION
        tests = rng.sample(catalogue.LABORATORY, 1 + int(rng.random() * 2))
        if rng.random() < 0.3:
            tests.append(rng.choice(catalogue.EXAMINATIONS))
        return basket(rng, catalogue.ACUTE_DRUGS, 2, fee, *tests)

    def _decoction(self) -> Bill:
        """A modest prescription of Chinese herbs: five to seven doses of eight herbs."""
        rng = self.rng
        doses = rng.randint(5, 7)
        herbs = [
            Entry(herb, rng.choice(_GRAMS) * doses, None, {"doses": doses, "days_supply": doses})
            for herb in rng.sample(catalogue.SLICES[:16], _HERBS)
        ]
        return bill([Entry(catalogue.CONSULTATION), *herbs])

    def _errand(self, person: Person) -> None:
        day = self.almanac.draw_day(self.rng)
        self.buy(person, day * DAY + draw_second(self.rng, opening_hours(self.pharmacy(person))))

    def buy(self, person: Person, at: int, total: Bill | None = None, diagnosis: str = "") -> bool:
        """A purchase at the person's own pharmacy: never on neighbouring days, never what is at home."""
        place, day, bought = self.pharmacy(person), at // DAY, person.bought
        if day - 1 in bought or day + 1 in bought or not self.appears(person, at, at, place):
            return False
        # Most pharmacies do not say what the customer suffers from.
        if self.rng.random() < 0.15:
            diagnosis = diagnosis or self.rng.choice(catalogue.ACUTE_DIAGNOSES)
        else:
            diagnosis = ""
        total = total or over_the_counter(self.ledger, bought.get(day, ()))
        _remember(person, day, total)
        purchase(self.ledger, person, place, at, total=total, diagnosis=diagnosis)
        return True

    def _afterthought(self, person: Person, place: Institution, pair: Pair, at: int) -> None:
        """Now and then a settlement is taken back, or sent again with another split."""
        if place is not self.geography.hospitals[0]:
            return
        draw = self.rng.random()
        if draw < _CANCELLED:
            cancel(
                self.ledger,
                person,
                place,
                "settlement",
                pair[1],
                at + 3 * MINUTE + int(self.rng.random() * 1_300),
            )
        elif draw < _CANCELLED + _CORRECTED:
            self._correct(pair, at + 5 * MINUTE + int(self.rng.random() * HOUR))

    def _correct(self, pair: Pair, recorded: int) -> None:
        """A later version of the same settlement: what the account paid is now paid in cash."""
        event = dict(self.ledger.posted[-1][2])
        if event.get("settlement_id") != pair[1] or event["institution_id"] != pair[0]:
            return
        paid = {name: int(value.replace(".", "")) for name, value in event["amounts"].items()}
        cash = paid["cash"] + paid["account"]
        event["amounts"] = {**event["amounts"], "account": "0.00", "cash": yuan(cash)}
        self.ledger.post(event, recorded)

    # Stays

    def _stay(self, person: Person) -> None:
        """A hospital stay of some days; one in five begins in the emergency room."""
        rng = self.rng
        place = self.primary(person)
        if place.kind != "township" or rng.random() < 0.5:
            place = self.hospital(person)
        by_night = place is self.geography.hospitals[0] and rng.random() < 0.3
        day = self.almanac.draw_day(rng)
        while is_day_off(day) and not by_night and day > self.almanac.first_day:
            day -= 1
        admitted = day * DAY + draw_second(rng, "night" if by_night else "hospital")
        days = max(2, min(24, int(rng.lognormvariate(1.85, 0.5))))
        discharged = (admitted // DAY + days) * DAY + 8 * HOUR + int(rng.random() * 3 * HOUR)
        arrived = admitted - 2 * HOUR if by_night else admitted
        paid = discharged + 10 * MINUTE + int(rng.random() * 30 * MINUTE)
        ledger = self.ledger
        if arrived < ledger.start or not ledger.can_be(person, arrived, paid, place):
            return
        if any(begin - _APART < paid and arrived < end + _APART for begin, end in person.stays):
            return
        if not (ledger.quiet(place, admitted) and ledger.quiet(place, paid)):
            return
        ledger.enter(person, arrived, paid, place)
        diagnosis = rng.choice(catalogue.WARD_DIAGNOSES)
        if by_night and place.crowded:
            visit(
                ledger,
                person,
                place,
                begin=arrived,
                at=arrived + 50 * MINUTE,
                med_type="13",
                emergency=1,
                total=self._visit_bill(place, True),
                diagnosis=diagnosis,
            )
        admit(
            ledger,
            person,
            Stay(place, admitted, discharged, diagnosis=diagnosis, settled_after=paid - discharged),
        )


def _remember(person: Person, day: int, total: Bill) -> None:
    """What was dispensed on a day, so that the next shop does not sell the same."""
    person.bought.setdefault(day, set()).update(line["code"] for line in total.lines)
