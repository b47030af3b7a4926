"""F06: a week with far more than the twelve before."""

import pytest

from schemas.moments import DAY
from schemas.screening import ScreeningMessage
from services.detector.periods.f06_sudden_growth import RULE
from tests.detector.periods import on_duckdb, stay, visit
from tests.support.entries import EMPTY, registry

MONDAY = "05-18"
KIND = {"kind": "hospital", "level": 2}
PLACES = registry(*({"institution_id": f"H{n}", **KIND} for n in range(1, 5)))


def moved(message: ScreeningMessage, weeks: int) -> ScreeningMessage:
    """The same so many weeks earlier."""
    message.day -= 7 * weeks
    message.begun -= 7 * weeks * DAY
    return message


def week(count, weeks_ago=0, institution="H1", **given):
    """Admissions on the Monday of a week."""
    made = [
        stay(
            f"{MONDAY} 09:00", "05-25 09:00", institution, **{"department": "内科", "fund": 100_000, **given}
        )
        for _ in range(count)
    ]
    return [moved(message, weeks_ago) for message in made]


def quarter(usual=4, **given):
    """Twelve weeks with so many admissions each."""
    return [each for ago in range(1, 13) for each in week(usual, ago, **given)]


def test_a_week_of_twenty_after_weeks_of_four_is_found():
    (alert,) = on_duckdb([RULE], [*quarter(), *week(20)], EMPTY)
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-18", 3)
    assert (alert.evidence["figure"], alert.evidence["mean"], alert.evidence["times"]) == (20, 4, 5)
    assert alert.amount == "16000.00"
    assert "20人次" in alert.message.zh
    assert alert.checked == ["new_department"]


@pytest.mark.parametrize(("usual", "now", "found"), [(4, 9, 0), (4, 10, 1), (8, 12, 0), (8, 13, 1)])
def test_ten_and_half_as_many_again_are_needed(usual, now, found):
    assert len(on_duckdb([RULE], [*quarter(usual, fund=0), *week(now, fund=0)], EMPTY)) == found


def test_what_always_goes_up_and_down_has_more_room():
    uneven = [each for ago in range(1, 13) for each in week(2 + 8 * (ago % 2), ago, fund=0)]
    assert on_duckdb([RULE], [*uneven, *week(18, fund=0)], EMPTY) == []
    assert len(on_duckdb([RULE], [*uneven, *week(19, fund=0)], EMPTY)) == 1


def test_weeks_without_admissions_count_as_none():
    assert len(on_duckdb([RULE], [*week(1, 12, fund=0), *week(10, fund=0)], EMPTY)) == 1


def test_an_institution_that_sent_nothing_twelve_weeks_ago_is_not_compared():
    assert on_duckdb([RULE], [*week(4, 11), *week(30)], EMPTY) == []
    assert on_duckdb([RULE], week(30), EMPTY) == []


def visits(cost, weeks_ago=0, institution="H1"):
    return [moved(visit(f"{MONDAY} 09:00", institution, fund=cost, department="内科"), weeks_ago)]


def test_the_funds_money_may_grow_by_itself():
    paid = [each for ago in range(1, 13) for each in visits(1_000_000, ago)]
    (alert,) = on_duckdb([RULE], [*paid, *visits(2_000_000)], EMPTY)
    assert (alert.evidence["measure"], alert.evidence["paid"], alert.amount) == (
        "fund",
        "20000.00",
        "10000.00",
    )
    assert "2.0倍" in alert.message.zh
    assert on_duckdb([RULE], [*paid, *visits(1_999_999)], EMPTY) == []


def test_a_week_is_judged_with_the_month_in_which_it_ends():
    told = [*quarter(), *week(20)]
    early = [moved(message, 3) for message in told]
    (alert,) = on_duckdb([RULE], early, EMPTY)
    assert alert.happened_at == "2026-04-27"


def peers(*now):
    """Others of the class, each with four a week before and so many now."""
    return [
        each
        for number, count in enumerate(now, start=2)
        for each in (
            *quarter(institution=f"H{number}", fund=0),
            *week(count, institution=f"H{number}", fund=0),
        )
    ]


def test_growth_of_half_of_the_class_is_innocent():
    told = [*quarter(fund=0), *week(10, fund=0)]
    assert on_duckdb([RULE], [*told, *peers(7, 7, 4)], PLACES) == []
    (alert,) = on_duckdb([RULE], [*told, *peers(7, 5, 4)], PLACES)
    assert "class_wide" in alert.checked
    (alert,) = on_duckdb([RULE], [*told, *peers(9, 9)], PLACES)
    assert "class_wide" not in alert.checked


def test_half_as_much_growth_again_as_the_class_is_its_own():
    assert on_duckdb([RULE], [*quarter(fund=0), *week(12, fund=0), *peers(8, 8, 8)], PLACES) == []
    assert len(on_duckdb([RULE], [*quarter(fund=0), *week(13, fund=0), *peers(8, 8, 8)], PLACES)) == 1


def test_a_new_department_is_innocent():
    opened = [*quarter(), *week(4), *week(8, department="康复科"), *week(8)]
    assert on_duckdb([RULE], opened, EMPTY) == []
    older = [*opened, *week(1, 5, department="康复科")]
    assert len(on_duckdb([RULE], older, EMPTY)) == 1


def test_an_institution_that_was_merged_is_innocent():
    told = [*quarter(), *week(20)]

    def known(day):
        return registry({"institution_id": "H1"}, {"institution_id": "H1", "effective_from": day})

    assert on_duckdb([RULE], told, known("2026-04-01")) == []
    (alert,) = on_duckdb([RULE], told, known("2025-04-01"))
    assert "reorganised" in alert.checked


def month(count, months_ago=0, institution="H1", **given):
    """Admissions of one day of May, or of so many months before; two days each."""
    year, number = divmod(2026 * 12 + 4 - months_ago, 12)
    begin, end = (f"{year}-{number + 1:02}-{day} 09:00" for day in ("14", "16"))
    given = {"department": "内科", "fund": 100_000, **given}
    return [stay(begin, end, institution, **given) for _ in range(count)]


def year(usual=12, **given):
    """Twelve months with so many admissions each."""
    return [each for ago in range(1, 13) for each in month(usual, ago, **given)]


def months_found(*told, known=EMPTY):
    """What is said of the month: its one busy week is none of this."""
    return [alert for alert in on_duckdb([RULE], list(told), known) if alert.evidence["span"] == "month"]


def test_a_month_of_sixty_after_months_of_twelve_is_found():
    (alert,) = months_found(*year(), *month(60))
    assert (alert.subject.id, alert.happened_at, alert.severity) == ("H1", "2026-05-01", 3)
    assert (alert.evidence["figure"], alert.evidence["mean"], alert.evidence["times"]) == (60, 12, 5)
    assert alert.amount == "48000.00"
    assert "2026-05收治住院60人次" in alert.message.zh


@pytest.mark.parametrize(("usual", "now", "found"), [(12, 29, 0), (12, 30, 1), (40, 60, 0), (40, 61, 1)])
def test_of_a_month_thirty_and_half_as_many_again_are_needed(usual, now, found):
    assert len(months_found(*year(usual, fund=0), *month(now, fund=0))) == found


def test_what_the_fund_pays_may_grow_by_the_month_alone():
    (alert,) = months_found(*year(), *month(12, fund=1_000_000))
    assert (alert.evidence["paid"], alert.evidence["mean_paid"]) == ("120000.00", "12000.00")
    assert "2026-05的住院基金支出" in alert.message.zh


def test_an_institution_without_a_stay_twelve_months_before_has_no_usual_month():
    assert months_found(*[each for ago in range(1, 12) for each in month(12, ago)], *month(60)) == []


def test_a_new_department_explains_a_month_and_so_does_growth_everywhere():
    assert months_found(*year(), *month(12), *month(40, department="康复科")) == []
    names = [f"H{n}" for n in range(1, 5)]
    told = [each for name in names for each in (*year(institution=name), *month(60, institution=name))]
    assert months_found(*told, known=PLACES) == []
    assert len(months_found(*told, *month(60), known=PLACES)) == 1
