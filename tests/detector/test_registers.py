"""The way from persons to the keys they share: what bears on a swipe, an order or a sale reaches its key,
whatever the order."""

import json
from collections import Counter

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from schemas.entry import Entry
from schemas.registry import Limit, Practitioner, Registry
from services.detector.rules import RULES
from tests.detector.running import Run
from tests.detector.test_laws import CALM
from tests.detector.worlds import REGISTRIES, worlds
from tests.support.entries import (
    cancellation,
    compared,
    corrected,
    entries,
    entry,
    judge_all,
    line,
    person,
    registry,
    replay_of,
    settlement,
    stock,
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


def test_a_cancelled_movement_is_gone_from_its_pack_whoever_the_cancellation_names():
    code = "81234567890123456789"
    sold = swipe("03-05 10:00", "P1", "S1", lines=[line("1", trace_codes=[code])])
    for_cash = stock("03-02 10:00", "sale", [code], "P2")
    void = entry({**cancellation("03-03 10:00", for_cash), "person_id": "p1"})
    at_the_institution = msgspec.structs.replace(void, key="P2")
    assert [alert.rule for alert in judge_all([for_cash, sold])] == ["D13"]
    assert judge_all([for_cash, sold, at_the_institution]) == []
    assert judge_all([at_the_institution, sold, for_cash]) == []


def test_one_settlement_id_under_two_persons_is_one_settlement():
    death = {"death_date": "2026-02-01"}
    people = [person("p1", **death), person("p2", **death)]
    one, other = (settlement("03-05 10:00", "H1", "S1", person=who) for who in ("p1", "p2"))
    story = [*people, one, other]
    (alert,) = judge_all(story)
    assert compared([alert]) == compared(judge_all(story[::-1]))
    assert judge_all([*story, cancellation("03-05 11:00", other)]) == []
    assert judge_all([*story, cancellation("03-05 11:00", one)]) == []


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


# -- all kinds of shared keys ----------------------------------------------------------------------------

SHARED = frozenset(rule.id for rule in RULES if rule.key != "person")
DOCTORS = ("D1", "D1", "D2", None)
CODES = ("81234567890123456789", "81234567890123456780", "81234567890123456788")
KNOWN = Registry(
    {
        "institutions": REGISTRIES[0].records("institutions"),
        "practitioners": [
            Practitioner(practitioner_id="D1", institution_id="H1", person_id="p0"),
            Practitioner(practitioner_id="D2", institution_id="H2", person_id="p1"),
        ],
        "limits": [Limit(code="tuina", minutes=500)],
    }
)
LESS_KNOWN = Registry({"institutions": REGISTRIES[4].records("institutions")})


def sharing(story: list[Entry]) -> list[Entry]:
    """A world in which cards, practitioners, invoices and trace codes are few, so that all meet."""
    return [_sharing(one) for one in story]


def _sharing(one: Entry) -> Entry:
    if one.kind != "event":
        return one
    event = json.loads(one.body)
    mark = sum(event["event_id"].encode())
    if event["type"] != "cancellation":
        doctor = DOCTORS[mark % 4]
        event |= {"practitioner_id": doctor} if doctor else {}
    if event["type"] == "settlement":
        event |= {"invoice_no": f"V100{mark % 3}", "card": {"kind": "id_card", "number": f"c{mark % 3}"}}
    for number, billed in enumerate(event.get("lines", ())):
        billed |= {"code": "tuina", "quantity": "2", "trace_codes": [CODES[(mark + number) % 3]]}
        if mark % 5 == number:
            billed["practitioner_id"] = "D2"
    return msgspec.structs.replace(one, body=json.dumps(event).encode())


shared_worlds = worlds(least=10, most=24).map(sharing)
some = settings(max_examples=80, phases=[Phase.generate], **CALM)


@some
@given(shared_worlds, st.randoms(use_true_random=False))
def test_at_every_shared_key_what_stands_is_what_judging_the_whole_says(story, random):
    run = Run(KNOWN, rules=SHARED)
    for one in random.sample(story, len(story)):
        run.feed(one)
        for key, said, whole in run.said_and_whole():
            assert said == whole, key
        if random.random() < 0.2:
            run.persons.repack()
            run.shared.repack()
    assert compared(run.open) == compared(replay_of(story, KNOWN, SHARED).open.values())


@some
@given(shared_worlds, st.randoms(use_true_random=False))
def test_crashes_and_other_registries_leave_no_trace_at_shared_keys(story, random):
    run = Run(KNOWN, rules=SHARED)
    for one in story:
        run.feed(one)
        chance = random.random()
        if chance < 0.3:
            random.choice((run.persons, run.shared)).put()
        elif chance < 0.5:
            random.choice((run.persons, run.shared)).crash()
        elif chance < 0.55:
            run.persons.put()
            run.shared.put()
            run.use(random.choice((KNOWN, LESS_KNOWN)))
        run.work()
    run.use(KNOWN)
    assert compared(run.open) == compared(replay_of(story, KNOWN, SHARED).open.values())


def test_the_worlds_let_every_shared_rule_speak():
    seen: Counter[str] = Counter()

    @settings(max_examples=200, phases=[Phase.generate], **CALM)
    @given(shared_worlds)
    def look(story):
        seen.update({alert.rule for alert in replay_of(story, KNOWN, SHARED).open.values()})

    look()
    assert all(seen[rule] >= 5 for rule in SHARED), seen
