"""Whatever a rule lists in its evidence, a handler reads it in a table."""

from schemas.moments import Calendar
from services.alerts.console.evidence import tables
from services.alerts.console.texts import Texts

CALENDAR = Calendar("Asia/Shanghai")


def shown(evidence, language="zh"):
    return tables(evidence, CALENDAR, Texts(language))


def texts_of(row):
    return [cell.text for cell in row]


def test_billed_lines_are_listed_with_their_moments_and_amounts():
    lines = [
        {
            "line": f"L{n}",
            "code": "0011",
            "at": "2026-05-01T08:00:00+08:00",
            "quantity": "2",
            "covered": "9.00",
        }
        for n in range(5)
    ]
    (table,) = shown({"code": "0011", "lines": lines, "parameters_hash": "x"})
    assert (table.title, table.across) == ("费用明细", False)
    assert table.columns == ["时间", "明细号", "项目编码", "数量", "政策范围内"]
    assert texts_of(table.rows[0]) == ["2026-05-01 08:00", "L0", "0011", "2", "9.00"]
    assert [cell.number for cell in table.rows[0]] == [False, False, False, True, True]


def test_a_months_cases_tell_how_many_are_not_listed():
    cases = [{"person": "p" * 26, "at": "02:22", "drug_share": 0.9434, "mean": None} for _ in range(2)]
    (table,) = shown({"cases": cases, "cases_in_all": 50}, "en")
    assert (table.title, table.more) == ("Case by case", 48)
    assert table.columns == ["Time", "Person (pseudonym)", "Share of drugs"]
    assert [texts_of(row) for row in table.rows] == [["02:22"] * 2, ["pppppppp…"] * 2, ["94%"] * 2]


def test_visits_stand_in_one_table_and_other_lists_each_in_its_own():
    evidence = {
        "visit": {"institution": "H1", "at": "2026-05-01", "place": {"latitude": 1}},
        "stays": [
            {"institution": "H2", "begin": "2026-05-01", "end": None, "begin_is_date": True},
            {"institution": "H3", "begin": "2026-04-01", "end": "2026-05-02"},
        ],
        "limits": ["限住院"],
        "conflicts": [{"code": "X1", "limit": {"zh": "限18岁及以下", "en": "up to 18"}}],
        "checks": {"emergency": {"zh": "急诊", "en": "an emergency"}},
        "parameters": {"days": 3},
    }
    facts, conflicts = shown(evidence)
    assert facts.title == ""
    assert facts.columns == ["机构", "时间", "开始", "结束"]
    assert texts_of(facts.rows[3]) == ["未见出院登记", "2026-05-02", ""]
    assert (conflicts.title, texts_of(conflicts.rows[1])) == ("与目录限定不符", ["限18岁及以下"])


def test_evidence_without_lists_has_no_table():
    assert shown({"share": 0.9, "cases": [], "cases_in_all": 0}) == []
