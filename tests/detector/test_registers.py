"""The way from persons to terminals: what bears on a swipe reaches its terminal, whatever the order."""

from tests.detector.running import Run
from tests.support.entries import (
    cancellation,
    compared,
    corrected,
    entries,
    judge_all,
    person,
    registry,
    settlement,
    swipe,
)

SHOP = registry({"institution_id": "P1", "kind": "pharmacy"})


def burst(count: int = 5, device: str = "d1", **given) -> list[dict]:
    """That many persons at one pharmacy's terminal, half a minute apart."""
    return [
        swipe(
            f"03-05 10:{index // 2:02d}:{index % 2 * 30:02d}", "P1", f"B{index}", person=f"p{index}",
            total=f"{20 + index}.00", device_id=device, **given,
        )
        for index in range(count)
    ]  # fmt: skip


def test_a_swipe_comes_back_to_its_terminal_when_its_cancellation_is_cancelled():
    story = burst()
    void = cancellation("03-05 12:00", story[2])
    assert [alert.rule for alert in judge_all(story, SHOP)] == ["B01"]
    assert judge_all([*story, void], SHOP) == []
    assert [alert.rule for alert in judge_all([*story, void, cancellation("03-05 13:00", void)], SHOP)] == [
        "B01"
    ]


def test_a_swipe_comes_back_to_its_terminal_when_its_mirror_is_cancelled():
    story = burst()
    mirror = corrected(
        story[2], "03-05 11:00", settlement_id="N1", amounts={"total": "-22.00", "fund": "-60.00"}
    )
    assert judge_all([*story, mirror], SHOP) == []
    back = cancellation("03-05 12:00", mirror)
    assert [alert.rule for alert in judge_all([*story, mirror, back], SHOP)] == ["B01"]


def test_a_swipe_comes_back_when_its_mirror_is_corrected_to_another_encounter():
    story = burst()
    mirror = corrected(
        story[2], "03-05 11:00", settlement_id="N1", amounts={"total": "-22.00", "fund": "-60.00"}
    )
    moved = corrected(mirror, "03-05 12:00", encounter_id="E-other")
    assert judge_all([*story, mirror], SHOP) == []
    assert [alert.rule for alert in judge_all([*story, mirror, moved], SHOP)] == ["B01"]


def test_a_slow_swipe_that_a_correction_moves_away_lets_the_burst_be_seen():
    story = burst(4)
    late = swipe("03-05 10:10", "P1", "B9", person="p9", total="55.00", device_id="d1")
    moved = corrected(late, "03-05 12:00", occurred_at="03-05 10:02")
    assert [alert.rule for alert in judge_all([*story, late, moved], SHOP)] == ["B01"]
    run = Run(SHOP)
    for one in entries(*story, late, moved):
        run.feed(one)
        for _key, said, whole in run.said_and_whole():
            assert said == whole


def test_one_settlement_id_under_two_persons_does_not_hide_either():
    death = {"death_date": "2026-02-01"}
    people = [person("p1", **death), person("p2", **death)]
    one, other = (settlement("03-05 10:00", "H1", "S1", person=who) for who in ("p1", "p2"))
    story = [*people, one, other]
    (alert,) = judge_all(story)
    assert compared([alert]) == compared(judge_all(story[::-1]))
    assert len(judge_all([*story, cancellation("03-05 11:00", other)])) == 1


def test_when_a_clinic_was_a_clinic_its_terminals_are_followed_though_it_is_a_hospital_now():
    known = registry(
        {"institution_id": "P1", "kind": "clinic", "effective_from": "2026-01-01"},
        {"institution_id": "P1", "kind": "hospital", "effective_from": "2026-06-01"},
    )
    assert [alert.rule for alert in judge_all(burst(), known)] == ["B01"]


def test_a_swipe_cancelled_while_the_registry_was_wrong_does_not_stay_at_its_terminal():
    story = burst()
    run = Run(SHOP)
    for one in entries(*story):
        run.feed(one)
    run.use(registry({"institution_id": "P1", "kind": "hospital"}))
    run.feed(entries(cancellation("03-05 12:00", story[2]))[0])
    run.use(SHOP)
    assert run.open == []
