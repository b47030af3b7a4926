"""`qingfeng rules`: the catalogue as it is in force, for people and for programs."""

import json
import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from services.detector.rule import Rule
from services.detector.rules import RULES
from services.runtime.errors import UserError

Language = Annotated[str, typer.Option("--lang", help="zh or en")]
AsJson = Annotated[bool, typer.Option("--json", help="for programs")]


def find_rule(rule_id: str) -> Rule:
    """The rule of an id. Raises UserError when there is none."""
    for rule in RULES:
        if rule.id == rule_id.upper():
            return rule
    known = ", ".join(rule.id for rule in RULES)
    raise UserError(f"no rule {rule_id!r}; there are {known}")


def face(rule: Rule) -> dict:
    """Everything a rule says of itself, ready for JSON."""
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
            "window_days": rule.window_days,
            "parameters": rule.parameters.explain(),
        }
    )


def rules_commands() -> typer.Typer:
    """`qingfeng rules list` and `rules show`."""
    commands = typer.Typer(help="The catalogue of rules.", no_args_is_help=True)
    commands.command("list")(list_rules)
    commands.command("show")(show_rule)
    return commands


def list_rules(lang: Language = "zh", as_json: AsJson = False) -> None:
    """All rules, a line each."""
    _check_language(lang)
    if as_json:
        typer.echo(json.dumps([face(rule) for rule in RULES], ensure_ascii=False, indent=1))
        return
    table = Table("rule", "title", "phase", "watches", "basis")
    for rule in RULES:
        table.add_row(rule.id, getattr(rule.title, lang), rule.phase, rule.key, "；".join(rule.basis))
    Console().print(table)


def show_rule(rule_id: str, lang: Language = "zh", as_json: AsJson = False) -> None:
    """One rule: what it looks for, its figures, what speaks against it, its basis."""
    _check_language(lang)
    rule = find_rule(rule_id)
    if as_json:
        typer.echo(json.dumps(face(rule), ensure_ascii=False, indent=1))
        return
    console = Console()
    console.print(f"[bold]{rule.id} {getattr(rule.title, lang)}[/bold]  v{rule.version}  {rule.phase}")
    console.print(_page(rule).strip() + "\n", markup=False)
    table = Table("parameter", "value", "unit", "meaning")
    for item in rule.parameters.explain():
        table.add_row(item["name"], str(item["value"]), item["unit"], getattr(item["meaning"], lang))
    console.print(table)
    for name, words in rule.checks.items():
        console.print(f"  checked: {name} — {getattr(words, lang)}", markup=False)
    console.print("  basis: " + "；".join(rule.basis), markup=False)


def _page(rule: Rule) -> str:
    """The rule's page: the docstring of its file."""
    return sys.modules[type(rule).__module__].__doc__ or ""


def _check_language(lang: str) -> None:
    if lang not in ("zh", "en"):
        raise UserError("--lang: zh or en")
