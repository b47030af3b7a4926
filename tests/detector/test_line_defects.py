"""What contradicts itself on a bill is a data defect of the institution (D08, C12), and no evidence."""

import pytest

from tests.support.entries import (
    cancellation,
    corrected,
    entries,
    fee_lines,
    inpatient,
    line,
    replay_of,
    settlement,
    stay,
)

STAY = stay("03-01 09:00", "03-05 09:00")
SETTLED = inpatient("03-01 09:00", "03-05 09:00", at="03-05 10:00")


def defects(*story) -> list[tuple[str, str]]:
    """(code, event) of the data defects that stand."""
    return sorted((message.code, message.event_id) for message in replay_of(entries(*story)).defects.values())


@pytest.mark.parametrize(
    ("quantity", "price", "amount", "is_defect"),
    [
        ("2", "1.00", "2.05", False),
        ("2", "1.00", "2.06", True),
        ("2", "1.00", "1.94", True),
        ("1", "1000.00", "1005.00", False),
        ("1", "1000.00", "1005.01", True),
        ("3", "3.333333", "10.00", False),
        ("0.5", "10.00", "10.00", True),
        ("3", None, "99.00", False),
    ],
)
@pytest.mark.parametrize("sent", ["uploaded", "settled"])
def test_d08_an_amount_that_is_not_quantity_times_price_is_a_defect(quantity, price, amount, is_defect, sent):
    billed = line("1", "03-02 10:00", amount, quantity=quantity, unit_price=price)
    billed = {name: value for name, value in billed.items() if value is not None}
    event = (
        fee_lines("03-02 12:00", billed) if sent == "uploaded" else settlement("03-02 12:00", lines=[billed])
    )
    assert defects(event) == ([("line_does_not_multiply", event["event_id"])] if is_defect else [])


def test_d08_a_refund_is_written_with_either_sign():
    back = line("2", "03-02 10:00", "-30.00", quantity="3", unit_price="10.00", refunds_line_id="1")
    assert defects(fee_lines("03-02 12:00", back)) == []
    assert defects(fee_lines("03-02 12:00", {**back, "quantity": "-3"})) == []


def test_d08_is_gone_once_it_is_corrected_or_cancelled():
    wrong = settlement("03-02 12:00", lines=[line("1", amount="10.00", unit_price="5.00")])
    assert len(defects(wrong)) == 1
    assert defects(wrong, corrected(wrong, "03-03 08:00", lines=[line("1", unit_price="10.00")])) == []
    assert defects(wrong, cancellation("03-03 08:00", wrong)) == []


def test_c12_lines_uploaded_after_the_stay_was_settled_are_a_defect_in_any_order():
    late = fee_lines("03-06 10:00", line("1", "03-04 10:00"))
    found = [("lines_after_settlement", late["event_id"])]
    assert defects(STAY, SETTLED, late) == found
    assert defects(late, SETTLED, STAY) == found
    assert defects(STAY, late, SETTLED, cancellation("03-07 10:00", late)) == []
    assert defects(STAY, late, SETTLED, cancellation("03-07 10:00", SETTLED)) == []


def test_c12_lines_in_time_after_a_settlement_in_mid_stay_and_refunds_are_none():
    assert defects(STAY, SETTLED, fee_lines("03-05 10:05", line("1", "03-04 10:00"))) == []
    middle = inpatient("03-01 09:00", "03-03 09:00", mid_stay=True)
    assert defects(STAY, middle, fee_lines("03-04 10:00", line("1", "03-04 10:00"))) == []
    back = line("2", "03-04 10:00", "-10.00", quantity="-1", refunds_line_id="1")
    assert defects(STAY, SETTLED, fee_lines("03-08 10:00", back)) == []


def test_c12_once_settled_again_the_lines_were_in_time():
    late = fee_lines("03-06 10:00", line("1", "03-04 10:00"))
    back = inpatient(
        "03-01 09:00", "03-05 09:00", settlement_id="S2", at="03-06 09:00", total="-9000.00", fund="-6000.00"
    )
    assert defects(STAY, SETTLED, back, late) == []
    again = inpatient("03-01 09:00", "03-05 09:00", settlement_id="S3", at="03-07 09:00")
    assert defects(STAY, SETTLED, back, late, again) == []
