"""Innocent lateness: settled after a death or recorded after an outage, and nobody to accuse (A08, B01)."""

from services.demo import catalogue
from services.demo.almanac import DAY, HOUR, MINUTE, day_text, timestamp
from services.demo.billing import Bill, basket
from services.demo.care import Pair, Stay, admit, visit
from services.demo.cast import Cast, NoRoom, encounters
from services.demo.geography import Institution
from services.demo.pharmacies import over_the_counter, purchase

_OUTAGE_PERSONS = 7


def stay_settled_after_death(cast: Cast) -> None:
    """The patient dies in hospital; the family settles a week later."""
    day = cast.day(13, open_end=True)
    death = (day + 4) * DAY + 3 * HOUR + cast.rng.randrange(4 * HOUR)
    stay = Stay(
        cast.pick(cast.geography.hospitals),
        day * DAY + 10 * HOUR,
        death,
        diagnosis="I50.900",
        discharge_way=5,
        settled_after=cast.rng.randint(5, 9) * DAY,
    )
    person = cast.person(stay.admitted, cast.ledger.until, lambda someone: someone.age >= 55)
    person.dies(day + 4)
    admit(cast.ledger, person, stay)
    cast.innocent(
        ["A08"],
        "stay_settled_after_death",
        death,
        "院内死亡后补结算",
        "A stay settled after the patient's death",
        encounters=encounters(stay),
        settlements=stay.settlements,
    )


def reimbursed_after_death(cast: Cast) -> None:
    """A visit before the death, reimbursed by hand afterwards."""
    day = cast.day(9, open_end=True)
    place = cast.pick(cast.geography.of_kind("hospital"))
    begin = day * DAY + 9 * HOUR + cast.rng.randrange(2 * HOUR)
    person = cast.person(begin, cast.ledger.until)
    person.dies(day + 2)
    total: Bill = basket(cast.rng, catalogue.LABORATORY, 3, catalogue.CONSULTATION)
    _, pair = visit(
        cast.ledger,
        person,
        place,
        begin=begin,
        at=(day + 9) * DAY + 15 * HOUR,
        total=total,
        online=False,
        diagnosis="I50.900",
    )
    cast.innocent(
        ["A08"],
        "reimbursed_after_death",
        begin,
        "生前就诊，死亡后手工报销",
        "A visit before death, reimbursed by hand afterwards",
        settlements=[pair],
    )


def network_outages(cast: Cast, count: int) -> None:
    """Days on which a small institution was offline: it records the whole day in one burst in the evening.

    Comes last, because it moves the records of everything that the institution did on that day.
    """
    chosen: dict[tuple[str, str], Institution] = {}
    places = cast.geography.of_kind("pharmacy", "clinic")
    places = [place for place in places if place.index not in cast.standing.suspended]
    for place in cast.rng.sample(places, count):
        try:
            day = cast.day(1)
            _customers(cast, place, day)
        except NoRoom:
            continue
        chosen[place.institution_id, day_text(day)] = place
    storied = {pair for label in cast.labels for pair in label.settlements}
    for (institution_id, day), rows in _rows_of(cast, chosen).items():
        pairs: list[Pair] = [
            (institution_id, cast.ledger.posted[row][2]["settlement_id"])
            for row in rows
            if "settlement_id" in cast.ledger.posted[row][2]
        ]
        if storied.isdisjoint(pairs):
            _record_in_a_burst(cast, rows)
            cast.innocent(
                ["B01"],
                "network_outage",
                _day_of(cast, rows),
                "断网后当日结算晚间集中补传",
                "A day's settlements recorded in one burst after an outage",
                settlements=pairs,
                device=chosen[institution_id, day].terminals[0].key,
            )


def _customers(cast: Cast, place: Institution, day: int) -> None:
    """Enough purchases over the day that their records would make a crowd."""
    for number in range(_OUTAGE_PERSONS):
        at = day * DAY + (8 + number) * HOUR + cast.rng.randrange(50 * MINUTE)
        if not cast.ledger.quiet(place, at):
            continue
        person = cast.customer(at, at, place)
        if place.kind == "pharmacy":
            purchase(cast.ledger, person, place, at)
        else:
            visit(
                cast.ledger,
                person,
                place,
                begin=at,
                at=at,
                total=over_the_counter(cast.ledger),
                diagnosis="J06.900",
            )


def _rows_of(cast: Cast, chosen: dict[tuple[str, str], Institution]) -> dict[tuple[str, str], list[int]]:
    """The rows of the ledger that happened at the chosen institutions on their day."""
    rows: dict[tuple[str, str], list[int]] = {key: [] for key in chosen}
    for row, (_, _, event) in enumerate(cast.ledger.posted):
        key = (event["institution_id"], event["occurred_at"][:10])
        if key in rows:
            rows[key].append(row)
    return rows


def _day_of(cast: Cast, rows: list[int]) -> int:
    return cast.ledger.posted[rows[0]][0]


def _record_in_a_burst(cast: Cast, rows: list[int]) -> None:
    """Keeps the order and the visit times; only the records move to shortly before eleven in the evening."""
    posted = cast.ledger.posted
    recorded = max(
        posted[rows[0]][0] // DAY * DAY + 22 * HOUR + 50 * MINUTE, max(posted[row][0] for row in rows)
    )
    for row in sorted(rows, key=lambda row: posted[row][:2]):
        recorded += cast.rng.randint(2, 6)
        event = posted[row][2]
        event["recorded_at"] = timestamp(recorded)
        posted[row] = (recorded, posted[row][1], event)


STORIES = (
    stay_settled_after_death,
    reimbursed_after_death,
)
