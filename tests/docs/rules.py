"""The page of the rules, written from their code: docs/rules.md.

`python -m tests.docs.rules` writes the page and keeps its examples; with `--examples` these are made anew,
by judging a small demo county.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from schemas.finding import Words
from services import replaying
from services.alerts.console.texts import Texts
from services.commands import read_registry
from services.demo import county, score
from services.detector import facts
from services.detector.catalogue import CATALOGUE, AnyRule, days_of, page_of
from services.detector.commands import WORDS
from services.detector.facts import Kind
from services.detector.periods.relations import RELATIONS
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Rule
from services.settings import Settings
from tests.docs import asked
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "rules.md"
COUNTY = {"seed": 1, "days": 45, "persons": 4_000, "until": datetime(2026, 11, 20, 10, tzinfo=UTC)}
NO_EXAMPLE = "**示例 · Example** 无 · none"
_EXAMPLE = re.compile(r"^\*\*示例 · Example\*\* .*$", re.MULTILINE)
_PART = re.compile(r"^### (\w+)$", re.MULTILINE)

HEAD = """# 规则 · The rules

本页由代码生成，勿手改：`python -m tests.docs.rules`（加 `--examples` 重做示例）。命令行中 `qingfeng rules show A05` 显示同样内容及现行参数；参数如何改见 [parameters.md](parameters.md)。预警一律为“疑似”，须经核实。

Written from the code by `python -m tests.docs.rules` (`--examples` makes the examples anew). `qingfeng rules show A05` prints a rule with the parameters in force; how to change these: [parameters.md](parameters.md). Every alert is a suspicion that somebody has to check.

- **消息 message**：预警正文，花括号内由事实填写 · what an alert says; facts fill the braces.
- **需要 needs**：事实、名录表（“+”表示至少有其一，否则不判断）、关系 · facts, registry tables (one of those marked + must be there, or the rule is silent) and, for rules over months, relations (`services/detector/periods/relations.py`).
- **范围 reach**：同一预警所涉事实最多相隔的天数；按月规则为向前回看的天数 · days that facts of one finding may lie apart; for rules over months, days before the month that are read.
- **先排除 looked for first**：任一成立则不预警 · innocent explanations: if one holds, nothing is said.
- **示例 example**：演示县（种子 1，45 天，4000 人）中第一个植入案例的预警；“无”表示该县没有 · the alert of the first planted case of the demo county (seed 1, 45 days, 4,000 persons); none where that county has none.
"""  # noqa: E501 - a paragraph is one line

KINDS = {
    Kind.ADMISSION: Words("入院", "admission"),
    Kind.DISCHARGE: Words("出院", "discharge"),
    Kind.INPATIENT: Words("住院结算", "in-patient settlement"),
    Kind.VISIT: Words("门诊结算", "out-patient settlement"),
    Kind.PHARMACY: Words("药店结算", "pharmacy settlement"),
    Kind.OTHER_SETTLEMENT: Words("其他结算", "other settlement"),
    Kind.FEE_LINES: Words("费用明细", "fee lines"),
    Kind.IDENTITY_CHECK: Words("实人核验", "identity check"),
    Kind.INSPECTION: Words("查房、夜查", "inspection"),
    Kind.CANCELLATION: Words("撤销", "cancellation"),
    Kind.PERSON: Words("参保人名录", "records of the person"),
}
CONTENTS = {
    facts.LINED: Words("有明细", "with lines"),
    facts.DRUGGED: Words("有药品", "with medicines"),
    facts.OPERATED: Words("有手术操作", "with procedures"),
    facts.ATTENDED: Words("有医师", "with a practitioner"),
    facts.TRACED: Words("有追溯码", "with trace codes"),
    facts.INVOICED: Words("有发票", "with an invoice"),
    facts.DIAGNOSED: Words("有诊断", "with diagnoses"),
    facts.CARDED: Words("有凭证号", "with the card's number"),
    facts.DISEASED: Words("有病种", "with the disease it is settled under"),
}
SUBJECTS = {
    "institution": Words("机构", "institution"),
    "practitioner": Words("医师", "practitioner"),
    "group": Words("人群", "group of persons"),
}
MADE = {"screened", "items", "categories", "taken_back", "ward_stays", "gatherings", "stock_gaps"}
RELATED = MADE | {relation.name for relation in RELATIONS[1:]}


def page(examples: Mapping[str, str]) -> str:
    """The whole page. examples: by rule id, as they stand on it."""
    rows = [
        f"| [{rule.id}](#{rule.id.lower()}) | {rule.title.zh} | {rule.title.en} | {_over(rule)} |"
        for rule in CATALOGUE
    ]
    index = ["| 规则 rule | 名称 | title | 对象 over |", "|---|---|---|---|", *rows]
    parts = ["\n".join(part(rule, examples.get(rule.id, NO_EXAMPLE))) for rule in CATALOGUE]
    return "\n".join((HEAD, *index, "", "\n".join(parts)))


def part(rule: AnyRule, example: str) -> Iterator[str]:
    """The lines about one rule."""
    yield from (f"### {rule.id}", "", f"**{rule.title.zh} · {rule.title.en}**", "")
    yield from ("```text", page_of(rule).strip(), "```", "")
    yield from _messages(rule)
    yield f"- 对象 over: {_over(rule)}；环节 phase: {_word(rule.phase)}；版本 version: {rule.version}"
    if isinstance(rule, PeriodRule):
        usual = f"{_grade(rule.severity)} {Texts('en').grade(rule.severity)}"
        yield f"- 程度 severity: {usual}（个案可另定 unless a finding is given its own）"
    yield f"- 需要 needs: {'；'.join(_needs(rule))}"
    yield f"- 范围 reach: {days_of(rule)} 天 days"
    yield f"- 依据 basis: {'；'.join(rule.basis)}"
    yield from ("", "**先排除 · Looked for first**" + ("" if rule.checks else " 无 · nothing"), "")
    if rule.checks:
        yield from (f"- `{name}` {told.zh} · {told.en}" for name, told in rule.checks.items())
        yield ""
    yield from _parameters(rule)
    yield from (example, "")


def kept(text: str) -> dict[str, str]:
    """The examples that stand on a page, by rule id."""
    begins = [*_PART.finditer(text)]
    ends = [*(after.start() for _, after in pairwise(begins)), len(text)]
    parts = {begin[1]: text[begin.end() : end] for begin, end in zip(begins, ends, strict=True)}
    return {rule: found[0] for rule, body in parts.items() if (found := _EXAMPLE.search(body))}


def made() -> dict[str, str]:
    """The examples, by rule id: the demo county is judged, and of each rule the alert of its first planted
    case is told."""
    played = county.generate(**COUNTY)  # type: ignore[arg-type]
    events = [(str(place), json.dumps(event).encode()) for place, event in enumerate(played.events)]
    with TemporaryDirectory() as folder:
        county.write_registry(Path(folder), played)
        done = replaying.run(Settings(data_dir=Path(folder)), events, read_registry(Path(folder)))
    alerts = [msgspec.to_builtins(done.open[name]) for name in sorted(done.open)]
    found = {}
    for rule in CATALOGUE:
        own = [alert for alert in alerts if alert["rule"] == rule.id]
        planted = [label for label in played.labels if label.kind == "fraud" and rule.id in label.rules]
        told = (alert for label in planted for alert in own if score.matches(rule.id, label, alert))
        found[rule.id] = next(map(_example, told), NO_EXAMPLE)
    return found


def _example(alert: dict[str, Any]) -> str:
    message = " ".join(alert["message"]["zh"].split())
    return f"**示例 · Example** {_grade(alert['severity'])}，{alert['happened_at'][:10]}：{message}"


def _messages(rule: AnyRule) -> Iterator[str]:
    variants = rule.variants if isinstance(rule, PeriodRule) else {}
    for message in (rule.message, *variants.values()):
        yield from (f"> {message.zh}", ">", f"> {message.en}", "")


def _needs(rule: AnyRule) -> Iterator[str]:
    if isinstance(rule, PeriodRule):
        yield "关系 relations " + "、".join(f"`{name}`" for name in relations(rule))
        return
    if rule.key == "person":
        yield "事实 facts " + "、".join(_both(KINDS[kind]) for kind in sorted(rule.watches))
    else:
        yield f"同一{WORDS[rule.key][0]}的各条记录 what is told of one {WORDS[rule.key][1]}"
    contents = [_both(words) for flag, words in CONTENTS.items() if rule.needs & flag]
    if contents:
        yield "其中 of these " + "、".join(contents)
    yield from _registry(rule)


def _registry(rule: Rule) -> Iterator[str]:
    needed = rule.tables or ({"persons"} if rule.about_person else set())
    tables = [f"`{table}`{'+' if table in needed else ''}" for table in asked.tables(rule)]
    if tables:
        yield "名录 registry " + "、".join(tables)


def relations(rule: PeriodRule) -> list[str]:
    """The relations that a period rule's SQL reads."""
    text = re.sub(r"--.*", "", rule.text)
    own = set(re.findall(r"(\w+) (?:\([^()]*\) )?AS (?:MATERIALIZED )?\(", text))
    return sorted((set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", text)) & RELATED) - own)


def _parameters(rule: AnyRule) -> Iterator[str]:
    items = rule.parameters.explain()
    if not items:
        yield from ("**参数 · Parameters** 无 · none", "")
        return
    yield from ("| 参数 parameter | 默认 default | 单位 unit | 含义 meaning |", "|---|---|---|---|")
    for item in items:
        unit = "" if item["unit"] == "1" else item["unit"]
        yield f"| `{item['name']}` | {_value(item['value'])} | {unit} | {_both(item['meaning'])} |"
    yield ""


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value(item) for item in value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _both(words: Words) -> str:
    return f"{words.zh} {words.en}"


def _over(rule: AnyRule) -> str:
    """Over whom it looks: of a period rule the subject of its findings, month by month."""
    if isinstance(rule, PeriodRule):
        return f"{_both(SUBJECTS[rule.subject])}（{_word(rule.key)}）"
    return _word(rule.key)


def _word(name: str) -> str:
    return " ".join(WORDS[name])


def _grade(severity: int) -> str:
    return Texts("zh").grade(severity)


if __name__ == "__main__":
    is_there = PAGE.exists()
    examples = made() if "--examples" in sys.argv[1:] else kept(PAGE.read_text("utf-8")) if is_there else {}
    PAGE.write_text(page(examples), encoding="utf-8")
