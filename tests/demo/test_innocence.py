"""Read by hand, the rules find exactly what is planted; each look-alike owes its silence to its excuse."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.demo.county import County
from tests.demo.plain_rules import JUDGED, judge

Event = dict[str, Any]


def _planted(county: County) -> set[tuple[str, frozenset[tuple[str, str]]]]:
    return {
        (label.rules[0], frozenset(label.encounters + label.settlements))
        for label in county.labels
        if label.kind == "fraud" and label.rule in JUDGED
    }


def _is_tolerated(county: County, rule: str, members: frozenset[tuple[str, str]]) -> bool:
    """Whether a story that the rule may speak of names all of these."""
    return any(
        rule in label.tolerates and members <= {*label.encounters, *label.settlements}
        for label in county.labels
    )


def test_every_planted_fraud_is_found_by_its_rule(county: County) -> None:
    assert _planted(county) - judge(county) == set()


def test_normal_life_and_lookalikes_trigger_no_rule(county: County) -> None:
    found = judge(county) - _planted(county)
    assert {one for one in found if not _is_tolerated(county, *one)} == set()


def _without(*names: str) -> Callable[[Event], Event]:
    return lambda event: {name: value for name, value in event.items() if name not in names}


def _as_type(med_type: str) -> Callable[[Event], Event]:
    return lambda event: {**event, "med_type": med_type} if "med_type" in event else event


def _to_cash(event: Event) -> Event:
    return {**event, "amounts": {**event["amounts"], "family": "0.00"}} if "amounts" in event else event


def _visited_when_settled(event: Event) -> Event:
    return {**event, "begin_at": event["occurred_at"]} if "begin_at" in event else event


def _visited_when_recorded(event: Event) -> Event:
    return {**event, "begin_at": event["recorded_at"]} if "begin_at" in event else event


EXCUSES = [
    ("transfer_to_another_hospital", "A01", _without("transfer_to")),
    ("admitted_as_a_transfer", "A01", _as_type("21")),
    ("day_surgery_during_a_stay", "A01", _as_type("21")),
    ("newborn_in_another_hospital", "A01", _as_type("21")),
    ("newborn_beside_the_mother", "A02", _as_type("21")),
    ("preoperative_check_elsewhere", "A03", _without("emergency")),
    ("examination_in_another_house", "A03", _without("external_institution")),
    ("online_consultation_in_bed", "A03", _without("channel")),
    ("dialysis_during_a_stay", "A03", _as_type("11")),
    ("relative_buys_as_agent", "A04", _without("channel")),
    ("relative_pays_from_family_account", "A04", _to_cash),
    ("internet_visit_after_the_clinic", "A05", _without("channel")),
    ("drugs_by_delivery", "A05", _without("channel")),
    ("stay_settled_after_death", "A08", _visited_when_settled),
    ("reimbursed_after_death", "A08", _visited_when_settled),
    ("network_outage", "B01", _visited_when_recorded),
]


@pytest.mark.parametrize(("story", "rule", "strip"), EXCUSES, ids=[story for story, _, _ in EXCUSES])
def test_a_lookalike_would_be_accused_without_its_excuse(
    county: County, story: str, rule: str, strip: Callable[[Event], Event]
) -> None:
    labels = [label for label in county.labels if label.story == story]
    named = {pair for label in labels for pair in label.settlements + label.encounters}
    stripped = [strip(event) if _is_named(event, named) else event for event in county.events]
    accused = {
        pair for found, pairs in judge(replace(county, events=stripped)) if found == rule for pair in pairs
    }
    assert labels
    assert all(accused.intersection(label.settlements or label.encounters) for label in labels)


def _is_named(event: Event, named: set[tuple[str, str]]) -> bool:
    place = event["institution_id"]
    return (place, event.get("settlement_id")) in named or (place, event.get("encounter_id")) in named


@pytest.mark.parametrize(
    ("story", "rule"), [("entered_again_after_cancelling", "A07"), ("registration_taken_back", "A02")]
)
def test_a_mistake_would_be_accused_if_nobody_had_cancelled_it(county: County, story: str, rule: str) -> None:
    uncancelled = [event for event in county.events if event["type"] != "cancellation"]
    accused = {pairs for found, pairs in judge(replace(county, events=uncancelled)) if found == rule}
    labels = [label for label in county.labels if label.story == story]
    assert labels
    assert all(frozenset(label.settlements or label.encounters) in accused for label in labels)


def test_a_late_discharge_looks_like_an_overlap_until_it_arrives(county: County) -> None:
    for label in county.labels:
        if label.story == "discharge_registered_late":
            late = next(
                e
                for e in county.events
                if e["type"] == "discharge"
                and (e["institution_id"], e["encounter_id"]) == label.encounters[0]
            )
            before = [
                event
                for event in county.events
                if event["recorded_at"] < late["recorded_at"]
                and not (event["type"] == "settlement" and event["encounter_id"] == late["encounter_id"])
            ]
            assert ("A01", frozenset(label.encounters)) in judge(replace(county, events=before))
