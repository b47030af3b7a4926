"""The catalogue's acceptance example of medicines (rules.md, section J, number 9)."""

from tests.detector.stories.e02 import FIRST, pack
from tests.support.entries import judge_all


def test_example_9_a_pack_while_eight_days_are_held_is_found_and_with_six_it_is_not():
    (alert,) = judge_all([FIRST, pack("03-23 09:00", "S2")], rules=["E02"])
    assert (alert.severity, alert.settlements, alert.evidence["held"]) == (3, ["S1", "S2"], 8)
    assert "8 days of earlier supply" in alert.message.en
    assert judge_all([FIRST, pack("03-25 09:00", "S2")], rules=["E02"]) == []
