"""Parameters in force: which file gives which value, where, since when, and what the judge makes of it."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import ClassVar

from schemas.finding import Subject, Words
from schemas.registry import Institution, Registry
from schemas.rules import RuleParameters
from services.detector.facts import OUTPATIENT
from services.detector.judge import Bench, PersonJudge
from services.detector.memory import PersonMemory
from services.detector.parameters import parameters_hash
from services.detector.reading import read_entry
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.rulebook import Varied, given, make_rules
from services.detector.rules import RULES
from services.detector.view import PersonView
from tests.support.entries import CALENDAR, EMPTY, PERSON, cancellation, entries, settlement

TWO_HOURS = 7_200_000_000


@dataclass(frozen=True)
class QuickVisitsParameters(Parameters):
    """Figures of the tests' own rule."""

    minutes: float = parameter(10.0, "min", "间隔上限", "longest gap between two visits of a run")
    visits: int = parameter(2, "1", "次数下限", "visits in a run")
    types: tuple = parameter(("11",), "1", "就诊类型", "types of visits")
    strict: bool = parameter(False, "1", "从严", "strictly")


class QuickVisits(Rule):
    """The first run of visits, each soon after the other: what it is about never changes, where and when it
    ends depends on the figures."""

    id = "T01"
    title = Words("短时多次就诊", "Visits in quick succession")
    message = Words("{amount}", "{amount}")
    basis = ("条例 41(一)",)
    checks = {"none": Words("无", "none")}  # noqa: RUF012
    watches = OUTPATIENT
    window_days = 1
    parameters = QuickVisitsParameters()

    def judge(self, view: PersonView, refs) -> Iterator[Finding]:
        run: list = []
        for fact in [one for one in view.history.facts if view.is_visit(one)]:
            if run and fact.at - run[-1].at > self.parameters.minutes * 60_000_000:
                if len(run) >= self.parameters.visits:
                    break
                run = []
            run.append(fact)
        if len(run) < self.parameters.visits:
            return
        members = sorted({(fact.institution, fact.encounter) for fact in run})
        if refs is not None and not set(refs) & set(members):
            return
        yield Finding(
            rule=self,
            about=(view.history.key,),
            members=members,
            severity=2,
            subject=Subject("person", view.history.key),
            institutions=sorted({fact.institution for fact in run}),
            encounters=[ref[1] for ref in members],
            settlements=[],
            happened=view.calendar.text(run[-1].at),
            amount=0,
            values={},
            evidence={},
            explanations=[Explanation("none", False)],
            place=run[-1].institution,
        )

    def reach(self, view: PersonView, change) -> Iterable:
        """Who may be in one run with what changed, and all that comes later: it may be first now."""
        changed = min(fact.at for fact in (*change.before, *change.after))
        return {
            (fact.institution, fact.encounter)
            for fact in view.history.facts
            if fact.at >= changed - TWO_HOURS
        }


RULE = QuickVisits()


@dataclass(frozen=True)
class SharedFigures(Parameters):
    """Figures that stand in the table of T01."""

    table: ClassVar[str] = "T01"

    visits: int = parameter(2, "1", "次数下限", "visits in a run")


@dataclass(frozen=True)
class QuickReaderParameters(SharedFigures):
    """Those, and figures of its own."""

    minutes: float = parameter(10.0, "min", "间隔上限", "longest gap between two visits of a run")


class QuickReader(QuickVisits):
    """A rule that reads a figure of T01's."""

    id = "T02"
    parameters = QuickReaderParameters()  # type: ignore[assignment]


def registry(*records: RuleParameters) -> Registry:
    """H1 in 岳阳楼区, H2 in 桂东县, H3 in 岳阳楼区 from July on and nowhere before."""
    institutions = [
        Institution("H1", region="430602"),
        Institution("H2", region="431027"),
        Institution("H3", region="430602", effective_from="2026-07-01"),
    ]
    return Registry({"institutions": institutions, "rules": list(records)}, 1)


def setting(region: str = "", since: str = "", **values) -> RuleParameters:
    """What a file says of the tests' rule."""
    switches = {name: values.pop(name) for name in ("enabled", "shadow", "severity") if name in values}
    return RuleParameters("T01", region, since, source=f"{region or 'rules'}.toml", values=values, **switches)


def history_of(*story) -> PersonMemory:
    """A person of these events."""
    history = PersonMemory(PERSON)
    for one in entries(*story):
        history.add(read_entry(one, CALENDAR))
    return history


def found(known: Registry, *story) -> list[Finding]:
    """What the rule finds in a story under the parameters of a registry."""
    view = PersonView(history_of(*story), known, CALENDAR)
    return [finding for rule in make_rules([RULE], known) for finding in rule.judge(view, None)]


def two_visits(institution: str = "H1", day: str = "03-05", gap: int = 8) -> list:
    """Two visits, `gap` minutes apart."""
    return [settlement(f"{day} 10:00", institution), settlement(f"{day} 10:{gap:02}", institution)]


def test_the_most_specific_region_wins_value_by_value_and_there_the_latest_day():
    records = [
        setting(minutes=20.0, visits=3),
        setting(since="2026-07-01", minutes=30.0),
        setting("43", minutes=5.0),
        setting("4306", since="2026-06-01", visits=4),
        setting("430602", severity=1),
        setting("44", minutes=99.0),
    ]
    expected = {
        ("", "2026-05-01"): (20.0, 3, None),
        ("", "2026-07-01"): (30.0, 3, None),
        ("43", "2026-07-01"): (5.0, 3, None),
        ("4306", "2026-05-31"): (5.0, 3, None),
        ("4306", "2026-06-01"): (5.0, 4, None),
        ("430602", "2026-06-01"): (5.0, 4, 1),
        ("430611", "2026-06-01"): (5.0, 4, None),
        ("4401", "2026-08-01"): (99.0, 3, None),
    }
    for seed in range(5):
        random.Random(seed).shuffle(records)
        for (region, day), values in expected.items():
            held = given(RULE, records, region, day)
            assert tuple(held[name].value for name in ("minutes", "visits", "severity")) == values
    held = given(RULE, records, "430602", "2026-06-01")
    sources = {name: one.record.source for name, one in held.items() if one.record}
    assert sources == {"minutes": "43.toml", "visits": "4306.toml", "severity": "430602.toml"}


def test_a_rule_that_nothing_is_set_for_is_itself():
    assert make_rules(RULES, EMPTY) == RULES
    plain = setting(minutes=10.0, enabled=True)
    assert make_rules([RULE], registry(plain)) == (RULE,)
    assert isinstance(make_rules([RULE], registry(setting("4306", minutes=5.0)))[0], Varied)


def test_a_rule_that_is_switched_off_everywhere_is_not_asked():
    assert make_rules([RULE], registry(setting(enabled=False))) == ()
    assert len(make_rules([RULE], registry(setting(enabled=False), setting("4306", enabled=True)))) == 1
    assert len(make_rules([RULE], registry(setting(since="2026-07-01", enabled=False)))) == 1


def test_what_stands_in_another_rules_table_holds_for_each_rule_that_reads_it(capfd):
    reader = QuickReader()
    rules = make_rules([RULE, reader], registry(setting(visits=3, minutes=20.0, enabled=False)))
    assert [rule.id for rule in rules] == ["T02"], "a switch is for the rule of its own table"
    view = PersonView(history_of(*two_visits()), EMPTY, CALENDAR)
    assert list(reader.judge(view, None))
    assert not list(rules[0].judge(view, None))
    assert "rule_parameter_left_out" not in capfd.readouterr().err


def test_what_no_longer_fits_the_rule_is_left_out():
    gone = setting(minutes="soon", parsecs=4, visits=1.5, types=["11", "12"])
    (rule,) = make_rules([RULE], registry(gone))
    assert {name: one.value for name, one in given(RULE, [gone], "", "2026-01-01").items()} == {
        "enabled": True, "shadow": False, "severity": None,
        "minutes": 10.0, "visits": 2, "types": ("11", "12"), "strict": False,
    }  # fmt: skip
    assert isinstance(rule, Varied)


def test_a_finding_is_judged_by_the_region_of_its_place():
    known = registry(setting("4306", minutes=5.0))
    assert found(known, two_visits("H1")) == []
    assert len(found(known, two_visits("H2"))) == 1
    assert len(found(known, two_visits("H9"))) == 1, "no region known: what holds everywhere"


def test_a_finding_is_judged_by_its_day():
    known = registry(setting(since="2026-07-01", minutes=5.0))
    assert len(found(known, two_visits(day="06-30"))) == 1
    assert found(known, two_visits(day="07-01")) == []


def test_an_institution_that_moves_is_judged_by_where_it_stood():
    known = registry(setting("4306", minutes=5.0))
    assert len(found(known, two_visits("H3", "06-30"))) == 1
    assert found(known, two_visits("H3", "07-01")) == []


def test_a_rule_is_switched_off_on_trial_or_graver_where_a_file_says_so():
    known = registry(
        setting(since="2026-07-01", enabled=False), setting("4306", shadow=True), setting("4310", severity=1)
    )
    assert [(one.shadow, one.severity) for one in found(known, two_visits("H1"))] == [(True, 2)]
    assert [(one.shadow, one.severity) for one in found(known, two_visits("H2"))] == [(False, 1)]
    assert found(known, two_visits("H2", "07-01")) == []
    assert found(registry(setting(enabled=False)), two_visits()) == []
    back = registry(setting(enabled=False), setting("431027", enabled=True))
    assert len(found(back, two_visits("H2"))) == 1
    assert found(back, two_visits("H1")) == []


def test_a_finding_tells_the_parameters_that_made_it():
    known = registry(setting("4306", minutes=9.0))
    (here,), (there,) = found(known, two_visits("H1")), found(known, two_visits("H2"))
    assert here.alert().evidence["parameters"]["minutes"] == 9.0
    assert there.alert().evidence["parameters"]["minutes"] == 10.0
    assert parameters_hash(here.rule) != parameters_hash(there.rule) == parameters_hash(RULE)
    assert len(parameters_hash(RULE)) == 12
    assert here.alert().evidence["parameters_hash"] == parameters_hash(here.rule)
    assert there.alert().evidence["parameters_hash"] == parameters_hash(RULE)
    assert here.alert().alert_id == there.alert().alert_id


def test_where_two_sets_speak_of_one_thing_each_by_right_the_later_moment_counts():
    """Under the figures of June the run ends in June, under those of July it ends in July."""
    known = registry(setting(since="2026-07-01", minutes=60.0))
    story = [settlement(at) for at in ("06-30 23:40", "06-30 23:45", "07-01 00:15")]
    (finding,) = found(known, *story)
    assert finding.happened[:10] == "2026-07-01"


def test_judging_what_a_change_reaches_is_judging_the_whole_under_any_parameters():
    """Orders, cancellations and all kinds of records; the rule's own findings move between sets."""
    chance = random.Random(7)
    records = [
        setting(since="2026-07-01", minutes=60.0),
        setting("4306", minutes=20.0, shadow=True),
        setting("4310", since="2026-07-01", visits=3),
        setting("4310", enabled=False),
        setting("43", severity=1),
        setting("431027", minutes=5.0),
    ]
    seen = set()
    for _ in range(400):
        known = registry(*chance.sample(records, chance.randint(1, 4)))
        times = [
            f"{day} {hour}" for day, hour in product(("06-30", "07-01"), ("00:05", "00:20", "23:45", "23:55"))
        ]
        story: list = [
            settlement(chance.choice(times), chance.choice(("H1", "H2", "H3")), f"S{number}")
            for number in range(chance.randint(2, 6))
        ]
        story += [cancellation("07-02 10:00", one) for one in story if chance.random() < 0.3]
        facts = [read_entry(one, CALENDAR) for one in entries(*story)]
        chance.shuffle(facts)
        judge = PersonJudge(Bench(make_rules([RULE], known), CALENDAR), known)
        history = PersonMemory(PERSON)
        for fact in facts:
            judge.take(history, fact)
        stood = {key: (said.members, said.digest) for key, said in history.said.items()}
        judge.whole(history)
        again = {key: (said.members, said.digest) for key, said in history.said.items()}
        assert stood == again, (story, known.records("rules"))
        seen.add(len(stood))
    assert seen == {0, 1}


def test_when_one_set_falls_silent_what_another_says_of_the_same_thing_stands_again():
    known = registry(setting("4310", minutes=5.0))
    times = (("10:00", "H1"), ("10:08", "H1"), ("15:00", "H2"), ("15:03", "H2"))
    story = [settlement(f"03-05 {at}", institution) for at, institution in times]
    judge = PersonJudge(Bench(make_rules([RULE], known), CALENDAR), known)
    history = PersonMemory(PERSON)
    places = []
    for one in entries(*story, cancellation("03-06 10:00", story[3])):
        judge.take(history, read_entry(one, CALENDAR))
        places.append([said.members[0][0] for said in history.said.values()])
    assert places == [[], ["H1"], ["H1"], ["H2"], ["H1"]]


def test_asked_about_one_encounter_it_says_of_a_finding_what_it_says_of_all():
    """In one county the first two visits make a run, in the other the last two; the later run counts."""
    known = registry(setting("4310", minutes=5.0))
    times = (("10:00", "H1"), ("10:08", "H1"), ("11:00", "H2"), ("11:03", "H2"))
    story = [settlement(f"03-05 {at}", institution) for at, institution in times]
    view = PersonView(history_of(*story), known, CALENDAR)
    (rule,) = make_rules([RULE], known)
    (whole,) = rule.judge(view, None)
    assert whole.place == "H2"
    for one in story:
        (asked,) = rule.judge(view, {(one["institution_id"], one["encounter_id"])})
        assert (asked.members, asked.happened) == (whole.members, whole.happened)
    assert list(rule.judge(view, {("H9", "none")})) == []


def test_the_hash_is_that_of_the_values_whoever_gave_them():
    (varied,) = make_rules([RULE], registry(setting("43", minutes=5.0), setting("44", minutes=5.0, visits=2)))
    marks = {parameters_hash(variant) for variant in varied._variants}
    assert len(marks) == 2
    assert parameters_hash(RULE) in marks
