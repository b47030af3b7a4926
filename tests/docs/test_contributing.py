"""The rule that CONTRIBUTING.md adds step by step is a real one: it finds, it is silent, it keeps the law."""

import importlib.util
import sys
from pathlib import Path
from random import Random

import pytest

from schemas.registry import Registry
from services.detector import stages
from services.detector.rule import Rule
from tests.detector.running import Run
from tests.detector.test_rules_conformance import placeholders
from tests.docs.pages import ROOT, blocks
from tests.support.entries import cancellation, entries, settlement, swipe

PAGE = ROOT / "CONTRIBUTING.md"
NAME = "services.detector.rules.z01_many_institutions"


@pytest.fixture
def rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rule:
    """The example, as the only rule of the catalogue."""
    (block,) = blocks(PAGE, "python z01_many_institutions")
    path = tmp_path / "z01_many_institutions.py"
    path.write_text(block.code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(NAME, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, NAME, module)
    spec.loader.exec_module(module)
    made = module.ManyInstitutions()
    monkeypatch.setattr(stages, "RULES", (made,))
    return made


def run(*events: dict) -> Run:
    """These events, judged one after another."""
    done = Run(Registry())
    for entry in entries(*events):
        done.feed(entry)
    return done


def test_three_institutions_on_a_day_are_found(rule: Rule) -> None:
    (alert,) = run(
        settlement("03-05 09:00", "H1"), settlement("03-05 11:00", "H2"), swipe("03-05 12:00", "P1")
    ).open
    assert (alert.rule, alert.institutions, alert.amount) == ("Z01", ["H1", "H2", "P1"], "180.00")
    assert alert.checked == []
    assert "2026-03-05" in alert.message.zh


def test_two_are_not_and_three_over_two_days_neither(rule: Rule) -> None:
    assert run(settlement("03-05 09:00", "H1"), settlement("03-05 11:00", "H2")).open == []
    assert run(*(settlement(f"03-0{day} 23:30", f"H{day}") for day in (5, 6, 7))).open == []


def test_one_prescription_passed_on_is_innocent(rule: Rule) -> None:
    passed = [settlement("03-05 09:00", name, prescription_id="R1") for name in ("H1", "H2", "P1")]
    assert run(*passed).open == []
    passed[2]["prescription_id"] = "R2"
    (alert,) = run(*passed).open
    assert alert.checked == ["one_prescription"]


def test_one_of_four_cancelled_leaves_a_finding_of_three_and_another_none(rule: Rule) -> None:
    visits = [settlement(f"03-05 1{index}:00", f"H{index}") for index in range(4)]
    done = run(*visits, cancellation("03-06 09:00", visits[0]))
    assert [alert.institutions for alert in done.open] == [["H1", "H2", "H3"]]
    assert run(*visits, *(cancellation("03-06 09:00", visits[index]) for index in (0, 1))).open == []


@pytest.mark.parametrize("seed", range(20))
def test_judging_what_a_change_reaches_equals_judging_the_whole(rule: Rule, seed: int) -> None:
    chance = Random(seed)
    story: list[dict] = []
    for _ in range(30):
        if story and chance.random() < 0.3:
            story.append(cancellation("03-09 09:00", chance.choice(story)))
        else:
            at = f"03-0{chance.randint(5, 7)} {chance.randint(10, 20)}:00"
            story.append(settlement(at, f"H{chance.randint(1, 4)}", f"S{chance.randint(1, 12)}"))
    chance.shuffle(story)
    done = Run(Registry())
    for entry in entries(*story):
        done.feed(entry)
        assert all(said == whole for _, said, whole in done.said_and_whole())


def test_its_face_is_whole(rule: Rule) -> None:
    assert placeholders(rule.message.zh) == placeholders(rule.message.en)
    assert rule.checks
    assert all(
        item["unit"] and item["meaning"].zh and item["meaning"].en for item in rule.parameters.explain()
    )
