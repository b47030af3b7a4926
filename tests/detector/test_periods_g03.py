"""G03: a practitioner, a pharmacy and a group."""

import pytest

from services.detector.periods.g03_prescription_chain import RULE
from tests.detector.periods import on_duckdb, on_postgres, screening, visit
from tests.detector.test_periods_g01 import DAYS, together
from tests.support.entries import EMPTY


def filled(persons=3, days=DAYS, doctor="D1", pharmacy="P7", keys="g", number="RX", **given):
    """Prescriptions written at a clinic in the morning and filled in the afternoon, each an hour later."""
    told, minute = [], 30 * (keys != "g")
    for day in days:
        for person in range(persons):
            shared = {"key": f"{keys}{person}", "prescription_id": f"{number}{day}{person}", **given}
            told.append(visit(f"{day} {8 + person:02}:{minute:02}", "C1", practitioner=doctor, **shared))
            told.append(screening(f"{day} {14 + person}:{minute:02}", pharmacy, **shared))
    return told


def found(*told):
    return on_duckdb([RULE], [*together(), *(one for each in told for one in each)], EMPTY)


def test_prescriptions_of_one_practitioner_that_go_to_one_pharmacy():
    (alert,) = found(filled())
    assert (alert.subject.kind, alert.subject.id, alert.severity) == ("practitioner", "D1", 2)
    assert (alert.institutions, alert.happened_at) == (["C1", "P7"], "2026-05-16")
    assert (alert.amount, len(alert.settlements)) == ("360.00", 12)
    assert (alert.evidence["persons"], alert.evidence["prescriptions"], alert.evidence["share"]) == (3, 12, 1)


@pytest.mark.parametrize(("there", "elsewhere", "count"), [(6, 4, 1), (5, 4, 0)])
def test_three_fifths_of_the_group_s_prescriptions(there, elsewhere, count):
    days = [f"05-{day:02}" for day in range(1, 20)]
    other = filled(1, days[:elsewhere], "D2", "P8", number="RY")
    one = filled(3, days[: there // 3]) + filled(1, days[10 : 10 + there % 3])
    assert len(found(one, other)) == count


def test_fewer_than_five_or_of_two_members_are_too_few():
    assert found(filled(4, DAYS[:1])) == []
    assert found(filled(2)) == []
    assert len(found(filled(5, DAYS[:1]))) == 0, "the fifth is no member"
    assert len(found(filled(3, DAYS[:2]))) == 1


def test_a_purchase_without_the_prescription_s_visit_is_no_chain():
    only_sales = [one for one in filled() if one.care == "pharmacy"]
    assert found(only_sales) == []
    assert found(filled(doctor="")) == []


def test_where_the_other_patients_go_too_it_is_the_usual_way():
    assert found(filled(), filled(2, keys="q", number="Q")) == []
    (elsewhere,) = found(filled(), filled(2, keys="q", number="Q", pharmacy="P8"))
    assert elsewhere.checked == ["usual_way"]
    (few,) = found(filled(), filled(1, keys="q", number="Q"))
    assert few.checked == []


def test_persons_who_are_no_group_are_not_judged():
    assert on_duckdb([RULE], filled(keys="q"), EMPTY) == []


def test_a_chain_without_a_prescription_in_the_month_is_not_said_again():
    assert found(filled(days=("04-10", "04-14"))) == []
    assert len(found(filled(days=("04-10", "05-14")))) == 1


def test_both_engines_agree(database_url):
    told = [*together(5), *filled(5), *filled(2, keys="q", number="Q"), *filled(1, doctor="D2", number="RZ")]
    told = [one for one in told if not one.key.startswith("q") or one.care == "visit"]
    here = on_duckdb([RULE], told, EMPTY)
    assert len(here) == 1
    assert here == on_postgres(database_url, [RULE], told, EMPTY)
