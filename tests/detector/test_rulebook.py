"""Parameters in force: which file gives which value, where, since when, and what the judge makes of it."""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from schemas.finding import Subject, Words
from schemas.registry import Institution, Registry
from schemas.rules import SWITCHES, RuleParameters, region_prefix
from services.detector.catalogue import CATALOGUE
from services.detector.facts import OUTPATIENT
from services.detector.judge import Bench, PersonJudge
from services.detector.memory import PersonMemory
from services.detector.parameter_files import known_records, read_files, written
from services.detector.parameters import UNITS, convert, parameters_hash
from services.detector.reading import read_entry
from services.detector.rule import Explanation, Finding, Parameters, Rule, parameter
from services.detector.rulebook import Varied, given, make_rules
from services.detector.rules import RULES
from services.detector.view import PersonView
from services.runtime.errors import UserError
from tests.docs.pages import ROOT, blocks, prose
from tests.support.entries import CALENDAR, EMPTY, PERSON, cancellation, entries, settlement

SHIPPED = ROOT / "deploy" / "rules.toml"
TWO_HOURS = 7_200_000_000
PAGES = (ROOT / "docs" / "parameters.md", ROOT / "deploy" / "rules" / "README.md")


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
    (rule,) = make_rules([RULE], known)
    return list(rule.judge(PersonView(history_of(*story), known, CALENDAR), None))


def two_visits(institution: str = "H1", day: str = "03-05", gap: int = 8) -> list:
    """Two visits, `gap` minutes apart."""
    return [settlement(f"{day} 10:00", institution), settlement(f"{day} 10:{gap:02}", institution)]


# -- files ------------------------------------------------------------------------------------------------


def test_the_shipped_file_says_what_the_code_says():
    assert SHIPPED.read_text(encoding="utf-8") == written(CATALOGUE), (
        "write it with: .venv/bin/qingfeng rules export > deploy/rules.toml"
    )
    records = known_records([SHIPPED], CATALOGUE)
    assert {record.rule for record in records} == {rule.id for rule in CATALOGUE}
    assert make_rules(RULES, Registry({"rules": records})) == RULES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_the_pages_show_can_be_loaded(page, tmp_path):
    for number, block in enumerate(blocks(page, "toml")):
        path = tmp_path / f"page{number}.toml"
        path.write_text(block.code, encoding="utf-8")
        assert known_records([path], RULES)
    assert number == 0


def test_the_page_names_every_unit_and_key_and_what_a_fault_looks_like(tmp_path):
    page = prose(PAGES[0])
    assert {f"`{name}`" for name in (*UNITS, *SWITCHES, "effective_from")} - set(
        re.findall("`[^`]+`", page)
    ) == {"`1`"}
    (tmp_path / "430600.toml").write_text("[A05]\n\nspeed_kmh = '80 min'\n")
    (fault,) = read_files([tmp_path], RULES).faults
    assert str(fault) in PAGES[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "unit", "like", "meant"),
    [
        (5, "min", 1.0, 5.0),
        ("5", "min", 1.0, 5.0),
        ("300 s", "min", 1.0, 5.0),
        ("12h", "d", 1.0, 0.5),
        ("2 d", "h", 24, 48),
        ("120 km/h", "km/h", 1.0, 120.0),
        ("25 m/s", "km/h", 1.0, 90.0),
        ("1500 m", "km", 1.0, 1.5),
        ("0.1 yuan", "fen", 1, 10),
        ("250 fen", "yuan", 1.0, 2.5),
        ("50 %", "1", 0.1, 0.5),
        (0.7, "1", 0.1, 0.7),
        (1e-5, "1", 0.1, 1e-5),
        (3, "times", 2, 3),
        (True, "1", False, True),
        (["11", "12"], "1", ("13",), ("11", "12")),
        (["1 h", 30], "min", (5,), (60, 30)),
        ("words", "1", "", "words"),
    ],
)
def test_a_value_is_brought_into_the_declared_unit(value, unit, like, meant):
    converted = convert(value, unit, like)
    assert converted == meant
    assert type(converted) is type(meant)


@pytest.mark.parametrize(
    ("value", "unit", "like"),
    [
        ("5 km", "min", 1.0),
        ("5 parsec", "km", 1.0),
        ("5 h", "times", 1),
        ("fast", "km/h", 1.0),
        ("", "min", 1.0),
        (True, "min", 1),
        (1, "1", True),
        (2.5, "1", 2),
        ("90 s", "min", 1),
        (-1, "min", 1.0),
        (float("inf"), "min", 1.0),
        (float("nan"), "min", 1.0),
        ([5], "min", 1.0),
        ("11", "1", ("11",)),
        (5, "1", "text"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(value, unit, like):
    with pytest.raises(ValueError, match=r"expected|fit|negative"):
        convert(value, unit, like)


FAULTS = [
    ("rules.toml", "[A05]\nspeed = 1\n", 2, "speed_kmh"),
    ("rules.toml", "[A05]\n\n# so fast\nspeed_kmh = '90 min'\n", 4, "m/s or km/h"),
    ("rules.toml", "[A05]\nspeed_kmh = 'fast'\n", 2, "number"),
    ("rules.toml", "[A05]\nspeed_kmh = [1,\n 2]\n", 2, "number"),
    ("rules.toml", "[Z99]\nenabled = true\n", 1, "Z99"),
    ("rules.toml", "A05 = 3\n", 1, "table"),
    ("rules.toml", "[A05]\nenabled = 'yes'\n", 2, "true or false"),
    ("rules.toml", "[A05]\nshadow = 1\n", 2, "true or false"),
    ("rules.toml", "[A05]\nseverity = 4\n", 2, "1, 2 or 3"),
    ("rules.toml", "[A05]\nseverity = true\n", 2, "1, 2 or 3"),
    ("rules.toml", "[A05]\neffective_from = '2026-13-01'\n", 2, "YYYY-MM-DD"),
    ("rules.toml", "[A05]\neffective_from = 2026-07-01T08:00:00\n", 2, "YYYY-MM-DD"),
    ("rules.toml", "[A05]\nspeed_kmh = 1\n[A05]\n", 3, "A05"),
    ("rules.toml", "[[A05]]\nspeed_kmh = 1\n[[A05]]\nspeed_kmh = 2\n", 3, "twice"),
    (
        "rules.toml",
        "[[A05]]\nspeed_kmh = 1\n[[A05]]\neffective_from = 2026-07-01\nnear_km = 'x'\n",
        5,
        "number",
    ),
    ("rules.toml", "[A05]\nlongest_hours = '72 h'\n", 2, "24 h at most"),
    ("rules.toml", "[A05\n", 1, ""),
    ("rules.toml", "[A05]\nspeed_kmh = 100\nnear_km", 3, ""),
    ("rules.toml", b"[A05]\n# \xff\n", 1, "UTF-8"),
    ("43060.toml", "[A05]\nspeed_kmh = 100\n", 1, "2, 4 or 6 digits"),
    ("000000.toml", "[A05]\nspeed_kmh = 100\n", 1, "2, 4 or 6 digits"),
]


@pytest.mark.parametrize(("name", "content", "line", "word"), FAULTS)
def test_a_fault_names_its_file_its_line_and_what_was_expected(tmp_path, name, content, line, word):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (fault,) = read_files([path], RULES).faults
    assert (fault.file, fault.line) == (name, line), fault
    assert word in fault.message
    with pytest.raises(UserError, match=f"{name}:{line}:"):
        known_records([path], RULES)


def test_what_two_rules_read_is_set_for_one_of_them(tmp_path):
    path = tmp_path / "rules.toml"
    path.write_text("[C01b]\ncost_share = '10 %'\nuntreated_days = 3\n[C01]\nuntreated_days = 3\n")
    files = read_files([path], CATALOGUE)
    assert [str(fault) for fault in files.faults] == [
        "rules.toml:3: C01b untreated_days: this is set for C01, and holds for both"
    ]
    assert [record.values for record in files.records] == [{"cost_share": 0.1}, {"untreated_days": 3}]


def test_every_fault_of_every_file_is_told(tmp_path):
    (tmp_path / "rules.toml").write_text("[A05]\nspeed = 1\nnear_km = 'x'\n[Z9]\n")
    (tmp_path / "43.toml").write_text("[A01]\nseverity = 0\n")
    told = [str(fault).split(": ")[0] for fault in read_files([tmp_path], RULES).faults]
    assert told == ["43.toml:2", "rules.toml:2", "rules.toml:3", "rules.toml:4"]


def test_two_files_for_one_region_are_refused(tmp_path):
    for name in ("4306.toml", "430600.toml"):
        (tmp_path / name).write_text("[A05]\nspeed_kmh = 100\n")
    (fault,) = read_files([tmp_path], RULES).faults
    assert "same region" in fault.message


def test_a_folder_is_read_with_the_region_files_in_it_and_each_file_once(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules.toml").write_text("[A05]\nspeed_kmh = 100\n")
    (tmp_path / "rules" / "430600.toml").write_text(
        "[A05]\neffective_from = 2026-07-01\nnear_km = '9000 m'\n"
    )
    files = read_files([tmp_path, tmp_path / "rules", tmp_path / "rules.toml"], RULES)
    assert files.faults == []
    assert files.records == [
        RuleParameters("A05", "", "", "rules.toml", values={"speed_kmh": 100.0}),
        RuleParameters("A05", "4306", "2026-07-01", "430600.toml", values={"near_km": 9.0}),
    ]
    assert set(files.regions) == {"", "4306"}


def test_a_folder_without_files_is_a_users_mistake(tmp_path):
    for path in (tmp_path, tmp_path / "nowhere", tmp_path / "no.toml"):
        with pytest.raises(UserError):
            read_files([path], RULES)


def test_a_region_is_known_by_the_digits_that_all_within_it_share():
    codes = ("43", "430000", "4306", "430600", "430602", "4310", "431000")
    assert [region_prefix(code) for code in codes] == ["43", "43", "4306", "4306", "430602", "4310", "4310"]
    for code in ("", "4", "430", "43060", "4306021", "４３", "hunan", "000000"):
        with pytest.raises(ValueError, match="digits"):
            region_prefix(code)


# -- what is in force -------------------------------------------------------------------------------------


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
