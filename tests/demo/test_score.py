"""The score on hand-made labels and alerts."""

from typing import Any

from services.demo.labels import Label
from services.demo.score import RuleScore, render, score

H1, H2, P1 = "H00000000001", "H00000000002", "P00000000001"
NOTE = {"zh": "", "en": ""}


def fraud(rule: str, **more: Any) -> Label:
    return Label(
        **{
            "label_id": f"{rule}-1",
            "kind": "fraud",
            "story": "made_by_hand",
            "rule": rule,
            "day": "2026-03-02",
            "note": NOTE,
        }
        | more
    )


def lookalike(*rules: str, **more: Any) -> Label:
    return Label(
        label_id="OK-1",
        kind="lookalike",
        story="made_by_hand",
        rule=list(rules),
        day="2026-03-02",
        note=NOTE,
        **more,
    )


def alert(rule: str, institutions: list[str], **more: Any) -> dict[str, Any]:
    return {
        "alert_id": "a1",
        "status": "open",
        "rule": rule,
        "institutions": institutions,
        "encounters": [],
        "settlements": [],
        "happened_at": "2026-03-02T10:00:00+08:00",
    } | more


def only(scores: list[RuleScore]) -> RuleScore:
    assert len(scores) == 1
    return scores[0]


OVERLAP = fraud("A01", encounters=[(H1, "M1"), (H2, "M2")])


def test_an_alert_about_both_encounters_finds_the_overlap() -> None:
    result = only(score([OVERLAP], [alert("A01", [H1, H2], encounters=["M1", "M2"])]))
    assert (result.planted, result.found, result.missed, result.false) == (1, 1, [], [])


def test_a_label_without_an_alert_is_missed() -> None:
    assert only(score([OVERLAP], [])).missed == ["A01-1"]


def test_an_alert_about_other_encounters_is_false_and_finds_nothing() -> None:
    result = only(score([OVERLAP], [alert("A01", [H1, H2], encounters=["M1", "M9"])]))
    assert (result.found, result.false) == (0, ["a1"])


def test_the_same_numbers_at_another_institution_are_another_finding() -> None:
    assert only(score([OVERLAP], [alert("A01", [H1, P1], encounters=["M1", "M2"])])).found == 0


def test_another_rule_does_not_find_the_label() -> None:
    results = score([OVERLAP], [alert("A02", [H1, H2], encounters=["M1", "M2"])])
    assert [(r.rule, r.found, r.false) for r in results] == [("A01", 0, []), ("A02", 0, ["a1"])]


def test_a_withdrawn_alert_is_silence() -> None:
    result = only(score([OVERLAP], [alert("A01", [H1, H2], encounters=["M1", "M2"], status="withdrawn")]))
    assert (result.found, result.false) == (0, [])


def test_a_visit_inside_a_stay_needs_encounter_and_settlement() -> None:
    label = fraud("A03", encounters=[(H1, "M1")], settlements=[(H2, "S7")])
    right = alert("A03", [H1, H2], encounters=["M1", "M8"], settlements=["S7"])
    assert only(score([label], [right])).found == 1
    assert only(score([label], [right | {"settlements": ["S8"]}])).found == 0


def test_a_false_alert_on_a_lookalike_accuses_it() -> None:
    innocent = lookalike("A05", settlements=[(H1, "S1"), (H2, "S2")])
    result = only(score([innocent], [alert("A05", [H1, H2], settlements=["S1", "S2"])]))
    assert (result.lookalikes, result.accused, result.false) == (1, ["OK-1"], ["a1"])


def test_a_false_alert_about_other_facts_accuses_no_lookalike() -> None:
    innocent = lookalike("A07", "D14", settlements=[(P1, "S1")])
    results = {r.rule: r for r in score([innocent], [alert("A07", [P1], settlements=["S4", "S5"])])}
    assert (results["A07"].false, results["A07"].accused, results["D14"].accused) == (["a1"], [], [])


def test_a_tolerated_rule_is_neither_missed_nor_false() -> None:
    label = fraud("D14", settlements=[(P1, "S1"), (P1, "S2")], tolerates=["A07"])
    spoken = {r.rule: r for r in score([label], [alert("A07", [P1], settlements=["S1", "S2"])])}
    assert spoken["A07"].false == []
    assert [r.rule for r in score([label], [])] == ["D14"]


def test_a_burst_is_found_by_a_part_or_a_whole_of_its_swipes() -> None:
    label = fraud("B01", settlements=[(P1, f"S{n}") for n in range(6)], device="T1")
    for named in ([f"S{n}" for n in range(5)], [f"S{n}" for n in range(8)]):
        assert only(score([label], [alert("B01", [P1], settlements=named)])).found == 1
    assert only(score([label], [alert("B01", [H1], settlements=["S1"])])).found == 0


def test_a_burst_alert_without_settlements_is_matched_by_its_day() -> None:
    label = fraud("B01", settlements=[(P1, "S1")], device="T1")
    assert only(score([label], [alert("B01", [P1])])).found == 1
    assert only(score([label], [alert("B01", [P1], happened_at="2026-03-03T10:00:00+08:00")])).found == 0


def test_two_alerts_on_one_label_are_one_find_and_no_false() -> None:
    right = alert("A01", [H1, H2], encounters=["M1", "M2"])
    result = only(score([OVERLAP], [right, right | {"alert_id": "a2"}]))
    assert (result.found, result.false) == (1, [])


def test_a_rule_that_the_judge_lacks_is_not_judged() -> None:
    result = only(score([OVERLAP], [], known={"A02"}))
    assert (result.judged, result.planted, result.missed, result.false) == (False, 1, [], [])


def test_a_rule_that_the_judge_has_is_judged_as_ever() -> None:
    assert only(score([OVERLAP], [], known={"A01"})).missed == ["A01-1"]


MONTH = fraud("B02", institutions=[P1], settlements=[(P1, "S1"), (P1, "S2")], day="2026-03-20")


def test_a_finding_about_a_month_is_matched_by_one_of_its_settlements() -> None:
    assert only(score([MONTH], [alert("B02", [P1], settlements=["S2", "S9"])])).found == 1
    assert only(score([MONTH], [alert("B02", [P1], settlements=["S9"])])).found == 0


def test_a_finding_without_facts_is_matched_by_its_institution_and_month() -> None:
    assert only(score([MONTH], [alert("B02", [P1])])).found == 1
    assert only(score([MONTH], [alert("B02", [H1])])).found == 0
    assert only(score([MONTH], [alert("B02", [P1], happened_at="2026-04-01T00:00:00+08:00")])).found == 0


def test_a_finding_about_a_doctor_is_matched_by_the_doctor() -> None:
    label = fraud("F03", institutions=[H1], practitioner="D7")
    about = alert("F03", [H1], subject={"kind": "practitioner", "id": "D7"})
    assert only(score([label], [about])).found == 1
    assert only(score([label], [about | {"subject": {"kind": "practitioner", "id": "D8"}}])).found == 0


def test_a_mild_lookalike_may_be_named_at_severity_three_only() -> None:
    mild = lookalike("D02", encounters=[(H1, "M1")], mild=True)
    named = alert("D02", [H1], encounters=["M1"], severity=3)
    assert only(score([mild], [named])).false == []
    assert only(score([mild], [named | {"severity": 2}])).accused == ["OK-1"]


def test_the_table_has_a_row_for_each_rule() -> None:
    labels = [OVERLAP, fraud("B01", settlements=[(P1, "S1")])]
    assert render(score(labels, [])).row_count == 2
    assert render(score(labels, [], known={"B01"})).row_count == 2
