"""`qingfeng rules`: the catalogue as it is in force, for people and for programs.

What records of the system say, and how files become records, is handed in: both need the database.
"""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from schemas.rules import EVERYWHERE, SWITCHES, RuleParameters, region_prefix
from services.detector.catalogue import CATALOGUE, AnyRule, days_of, page_of
from services.detector.parameter_files import known_records, read_files, written
from services.detector.parameters import parameters_hash
from services.detector.rulebook import Given, given, in_force
from services.runtime.errors import UserError
from services.settings import read_settings

FAULTS_SHOWN = 20
DEFAULT = "default"
"""Where a value comes from that no file gives."""
WORDS = {
    "rule": ("规则", "rule"), "title": ("名称", "title"), "phase": ("环节", "phase"),
    "watches": ("对象", "watches"), "parameter": ("参数", "parameter"), "value": ("值", "value"),
    "unit": ("单位", "unit"), "meaning": ("含义", "meaning"), "from": ("来自", "from"),
    "default": ("默认", "default"), "since": ("起", "since"), "checked": ("先排除", "checked"),
    "basis": ("依据", "basis"), "no": ("否", "no"), "yes": ("是", "yes"), "on": ("启用", "on"),
    "trial": ("试运行", "on trial"), "enabled": ("是否启用", "judged at all"),
    "shadow": ("试运行（不下发）", "on trial: never delivered"),
    "severity": ("程度（代替规则自定的）", "instead of the rule's own severity"),
    "pre": ("事前", "before"), "in_process": ("事中", "in process"), "post": ("事后", "afterwards"),
    "person": ("参保人", "person"), "terminal": ("终端", "terminal"), "period": ("按月", "month"),
    "card": ("凭证", "card"), "practitioner": ("医师", "practitioner"), "trace_code": ("追溯码", "pack"),
    "invoice": ("发票", "invoice"),
}  # fmt: skip

Language = Annotated[str, typer.Option("--lang", help="zh or en")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
Region = Annotated[str, typer.Option(help="In this region: 2, 4 or 6 digits, such as 430602.")]
Day = Annotated[str, typer.Option(help="On this day, YYYY-MM-DD (today).")]
Files = Annotated[
    list[Path] | None, typer.Option(help="As these files or folders say, instead of what the system holds.")
]
Known = Callable[[], Sequence[RuleParameters]]
Load = Callable[[Sequence[RuleParameters], Sequence[str]], str]
"""Takes records, and the regions of which they are the whole; returns what to tell."""


def find_rule(rule_id: str) -> AnyRule:
    """The rule of an id. Raises UserError when there is none."""
    for rule in CATALOGUE:
        if rule.id.upper() == rule_id.upper():
            return rule
    known = ", ".join(rule.id for rule in CATALOGUE)
    raise UserError(f"no rule {rule_id!r}; there are {known}")


def face(rule: AnyRule, values: dict[str, Given]) -> dict:
    """Everything a rule says of itself with values in force, ready for JSON."""
    held = in_force(rule, values)
    return msgspec.to_builtins(
        {
            "rule": rule.id,
            "version": rule.version,
            "phase": rule.phase,
            "key": rule.key,
            "title": rule.title,
            "message": rule.message,
            "basis": list(rule.basis),
            "checks": rule.checks,
            "window_days": days_of(rule),
            **{name: getattr(held, name) for name in SWITCHES},
            "switches": [_with_source({"name": name}, values[name]) for name in SWITCHES],
            "parameters": [_with_source(item, values[item["name"]]) for item in rule.parameters.explain()],
            "parameters_hash": parameters_hash(rule, held.parameters),
        }
    )


def rules_commands(known: Known, load: Load, rejudge: Callable[[], None]) -> typer.Typer:
    """`qingfeng rules list|show|export|load|rejudge`. known: what the system's registry says of parameters.
    rejudge: has all judged anew."""
    commands = typer.Typer(help="The catalogue of rules, and their parameters.", no_args_is_help=True)
    _add_reading(commands, known)
    _add_changing(commands, load, rejudge)
    return commands


def _add_reading(commands: typer.Typer, known: Known) -> None:
    """The commands that show the catalogue."""

    @commands.command("list")
    def list_rules(
        lang: Language = "zh",
        as_json: AsJson = False,
        region: Region = EVERYWHERE,
        day: Day = "",
        files: Files = None,
    ) -> None:
        """All rules, a line each."""
        _check_language(lang)
        where, when, records = _asked(region, day, files, known)
        valued = [(rule, given(rule, records, where, when)) for rule in CATALOGUE]
        if as_json:
            typer.echo(json.dumps([face(*one) for one in valued], ensure_ascii=False, indent=1))
            return
        _list(valued, lang)

    @commands.command("show")
    def show_rule(
        rule_id: str,
        lang: Language = "zh",
        as_json: AsJson = False,
        region: Region = EVERYWHERE,
        day: Day = "",
        files: Files = None,
    ) -> None:
        """One rule: what it looks for, its figures and who gave them, what speaks against it, its basis."""
        _check_language(lang)
        rule = find_rule(rule_id)
        where, when, records = _asked(region, day, files, known)
        values = given(rule, records, where, when)
        if as_json:
            told = {"region": where, "day": when, **face(rule, values)}
            typer.echo(json.dumps(told, ensure_ascii=False, indent=1))
        else:
            _show(rule, values, lang)

    @commands.command("export")
    def export() -> None:
        """The parameter file that says what the code says: a template for files of your own."""
        typer.echo(written(CATALOGUE), nl=False)


def _add_changing(commands: typer.Typer, load: Load, rejudge: Callable[[], None]) -> None:
    """The commands that change what is in force, or have all judged by it."""

    @commands.command("load")
    def load_files(
        paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files or folders.")],
    ) -> None:
        """Take parameter files in, all or, with any fault, nothing. Each is the whole of its region."""
        typer.echo(_loaded(paths, load))

    @commands.command("rejudge")
    def rejudge_all() -> None:
        """Judge all anew that is remembered, and every month: after an upgrade that changed rules."""
        rejudge()
        typer.echo("all is judged anew; see `rejudging` and `months_waiting` in /v1/status for how far")


def _loaded(paths: list[Path], load: Load) -> str:
    """What to tell of files that were taken in."""
    files = read_files(paths, CATALOGUE)
    for fault in files.faults[:FAULTS_SHOWN]:
        typer.echo(str(fault), err=True)
    if files.faults:
        raise UserError(f"nothing was loaded: {len(files.faults)} faults; what was in force stays")
    return load(files.records, list(files.regions))


def _asked(
    region: str, day: str, files: list[Path] | None, known: Known
) -> tuple[str, str, Sequence[RuleParameters]]:
    """(digits of the region, day, records to go by)."""
    try:
        where = region_prefix(region) if region else EVERYWHERE
    except ValueError as error:
        raise UserError(f"--region: {error}") from None
    try:
        when = date.fromisoformat(day) if day else datetime.now(UTC).astimezone(_zone()).date()
    except ValueError:
        raise UserError("--day: YYYY-MM-DD") from None
    return where, when.isoformat(), known_records(files, CATALOGUE) if files else known()


def _zone() -> ZoneInfo:
    return ZoneInfo(read_settings().timezone)


def _list(valued: Sequence[tuple[AnyRule, dict[str, Given]]], lang: str) -> None:
    heads = ("rule", "title", "phase", "watches", "on", "trial", "basis")
    table = Table(*(_in(lang, name) for name in heads))
    for rule, values in valued:
        switches = [_word(values[name].value, lang) for name in ("enabled", "shadow")]
        told = (getattr(rule.title, lang), _in(lang, rule.phase), _in(lang, rule.key))
        table.add_row(rule.id, *told, *switches, "；".join(rule.basis))
    Console().print(table)


def _show(rule: AnyRule, values: dict[str, Given], lang: str) -> None:
    console = Console()
    title = f"{rule.id} {getattr(rule.title, lang)}"
    console.print(f"[bold]{title}[/bold]  v{rule.version}  {_in(lang, rule.phase)}")
    console.print(page_of(rule).strip() + "\n", markup=False)
    table = Table(*(_in(lang, name) for name in ("parameter", "value", "unit", "meaning", "from")))
    for name in SWITCHES:
        table.add_row(name, _word(values[name].value, lang), "", _in(lang, name), _source(values[name], lang))
    for item in rule.parameters.explain():
        one = values[item["name"]]
        table.add_row(
            item["name"],
            _word(one.value, lang),
            item["unit"],
            getattr(item["meaning"], lang),
            _source(one, lang),
        )
    console.print(table)
    for name, told in rule.checks.items():
        console.print(f"  {_in(lang, 'checked')}: {name} — {getattr(told, lang)}", markup=False)
    console.print(f"  {_in(lang, 'basis')}: " + "；".join(rule.basis), markup=False)


def _with_source(item: dict[str, Any], one: Given) -> dict[str, Any]:
    record = one.record
    return {
        **item,
        "value": one.value,
        "source": record.source if record else DEFAULT,
        "region": record.region if record else EVERYWHERE,
        "effective_from": record.effective_from if record else "",
    }


def _source(one: Given, lang: str) -> str:
    """Which file gave a value, and since when."""
    record = one.record
    if record is None:
        return _in(lang, DEFAULT)
    if not record.effective_from:
        return record.source
    since = (record.effective_from, _in(lang, "since"))
    return f"{record.source} {''.join(since) if lang == 'zh' else ' '.join(reversed(since))}"


def _in(lang: str, name: str) -> str:
    """A word in the language asked for; what has none is its own."""
    return WORDS.get(name, (name, name))[lang == "en"]


def _word(value: Any, lang: str) -> str:
    if isinstance(value, bool):
        return _in(lang, "yes" if value else "no")
    if isinstance(value, tuple):
        return "、".join(map(str, value)) if lang == "zh" else ", ".join(map(str, value))
    return "" if value is None else str(value)


def _check_language(lang: str) -> None:
    if lang not in ("zh", "en"):
        raise UserError("--lang: zh or en")
