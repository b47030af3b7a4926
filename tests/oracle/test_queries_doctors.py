"""The oracle's queries over doctors, each held to its page on events made by hand: F03, F04."""

from datetime import date

from tests.support.entries import fee_lines, line, settlement, stay, swipe

LEVELS = [{"institution_id": f"H{level}", "kind": "hospital", "level": level} for level in (1, 2, 3)]
FIFTH = date(2026, 3, 5)


def visits(number: int, place: str = "H2", seconds: int = 240, doctor: str = "D1", begin: int = 8) -> list:
    """Visits of one doctor at even distances."""
    found = []
    for n in range(number):
        minute, second = divmod(n * seconds, 60)
        at = f"03-05 {begin + minute // 60:02d}:{minute % 60:02d}:{second:02d}"
        found.append(settlement(at, place, f"S{n}", person=f"p{n}", practitioner_id=doctor))
    return found


def test_f03_more_visits_a_day_than_the_level_allows_are_found(ask):
    [row] = ask("F03", visits(121), institutions=LEVELS)
    assert (row.subject, row.day) == ("D1", FIFTH)
    assert ask("F03", visits(120), institutions=LEVELS) == []
    assert len(ask("F03", visits(81, "H1"), institutions=LEVELS)) == 1
    assert ask("F03", visits(80, "H1"), institutions=LEVELS) == []
    assert ask("F03", visits(121)) == []


def test_f03_more_than_thirty_visits_in_any_hour_are_found(ask):
    assert len(ask("F03", visits(31, seconds=100), institutions=LEVELS)) == 1
    assert ask("F03", visits(30, seconds=100), institutions=LEVELS) == []
    assert ask("F03", visits(31, seconds=120), institutions=LEVELS) == []


def test_f03_several_settlements_of_one_encounter_are_one_visit(ask):
    together = [{**visit, "encounter_id": "E1"} for visit in visits(31, seconds=100)]
    assert ask("F03", together, institutions=LEVELS) == []


def test_f03_more_than_sixty_in_patients_a_day_are_found(ask):
    def ward(number: int) -> list:
        return [
            [
                stay("03-01 09:00", "03-09 09:00", encounter=f"M{n}", person=f"p{n}"),
                fee_lines("03-05 20:00", line("1", "03-05 09:00", practitioner_id="D1"),
                          encounter=f"M{n}", person=f"p{n}"),
            ]
            for n in range(number)
        ]  # fmt: skip

    assert [(row.subject, row.day) for row in ask("F03", ward(61))] == [("D1", FIFTH)]
    assert ask("F03", ward(60)) == []


def test_f03_three_days_of_twenty_hours_between_orders_are_found(ask):
    def days(*numbers: int, last: str = "21:00") -> list:
        return [
            fee_lines(
                f"03-{day:02d} 22:00",
                line(f"A{day}", f"03-{day:02d} 01:00", practitioner_id="D1"),
                line(f"B{day}", f"03-{day:02d} {last}", practitioner_id="D1"),
            )
            for day in numbers
        ]

    assert [row.day.day for row in ask("F03", days(4, 6, 8))] == [4]
    assert ask("F03", days(4, 6)) == []
    assert ask("F03", days(4, 6, 8, last="20:59")) == []
    assert ask("F03", days(4, 6, 8), swipe("03-08 21:30", "H1", encounter="M1")) == []


def test_f03_a_code_that_nobody_is_registered_under_is_a_departments(ask):
    registered = [{"practitioner_id": "D1", "institution_id": "H2"}]
    assert len(ask("F03", visits(121), institutions=LEVELS, practitioners=registered)) == 1
    assert ask("F03", visits(121, doctor="D9"), institutions=LEVELS, practitioners=registered) == []


def place(name: str, latitude: float, **given) -> dict:
    """An institution on one meridian: a degree is 111 km."""
    return {"institution_id": name, "latitude": latitude, "longitude": 113.0, **given}


FAR = [place("H1", 28.0), place("H2", 28.5), place("H3", 28.9)]


def order(at: str, name: str, **given) -> dict:
    """A visit of one doctor."""
    return settlement(at, name, practitioner_id="D1", **given)


def test_f04_orders_faster_than_the_road_are_found(ask):
    [row] = ask("F04", order("03-05 09:00", "H1"), order("03-05 09:20", "H2"), institutions=FAR)
    assert (row.subject, row.day, row.severity) == ("D1", FIFTH, 2)
    assert ask("F04", order("03-05 09:00", "H1"), order("03-05 09:28", "H2"), institutions=FAR) == []


def test_f04_nearby_five_minutes_are_too_short(ask):
    near = [place("H1", 28.0), place("H2", 28.05)]
    assert len(ask("F04", order("03-05 09:00", "H1"), order("03-05 09:05", "H2"), institutions=near)) == 1
    assert ask("F04", order("03-05 09:00", "H1"), order("03-05 09:06", "H2"), institutions=near) == []


def test_f04_without_places_regions_decide_and_without_regions_nothing(ask):
    counties = [{"institution_id": "H1", "region": "430602"}, {"institution_id": "H2", "region": "430603"}]
    first = order("03-05 09:00", "H1")
    assert len(ask("F04", first, order("03-05 09:19", "H2"), institutions=counties)) == 1
    assert ask("F04", first, order("03-05 09:20", "H2"), institutions=counties) == []
    assert ask("F04", first, order("03-05 09:01", "H2")) == []


def test_f04_three_institutions_a_day_are_found(ask):
    day = [order("03-05 08:00", "H1"), order("03-05 12:00", "H2"), order("03-05 16:00", "H3")]
    assert len(ask("F04", day, institutions=FAR)) == 1
    assert ask("F04", day[:2], institutions=FAR) == []
    grouped = [*FAR[:1], place("H2", 28.5, group_id="G1"), place("H3", 28.9, group_id="G1")]
    assert ask("F04", day, institutions=grouped) == []


def test_f04_registered_sites_groups_internet_and_pharmacies_are_none(ask):
    first, second = order("03-05 09:00", "H1"), order("03-05 09:20", "H2")
    sites = [{"practitioner_id": "D1", "institution_id": name, "from": "2026-01-01", "to": "2026-03-05"}
             for name in ("H1", "H2")]  # fmt: skip
    assert ask("F04", first, second, institutions=FAR, practitioners=sites) == []
    ended = [sites[0], {**sites[1], "to": "2026-03-04"}]
    assert len(ask("F04", first, second, institutions=FAR, practitioners=ended)) == 1
    group = [place("H1", 28.0, group_id="G1"), place("H2", 28.5, group_id="G1")]
    assert ask("F04", first, second, institutions=group) == []
    assert ask("F04", first, order("03-05 09:20", "H2", channel="internet"), institutions=FAR) == []
    dispensed = swipe("03-05 09:20", "H2", practitioner_id="D1")
    assert ask("F04", first, dispensed, institutions=FAR) == []


def test_f04_the_time_of_an_order_is_its_lines(ask):
    visit = order("03-05 09:00", "H1")
    entered_late = order("03-05 09:20", "H2", lines=[line("1", "03-05 14:00", practitioner_id="D1")])
    assert ask("F04", visit, entered_late, institutions=FAR) == []
