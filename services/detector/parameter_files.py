"""Parameter files (`deploy/rules.toml` and region files): read, held to the rules' own declarations, each
fault with its line.

`rules.toml`, or any name that is no number, holds everywhere; `43.toml`, `4306.toml`, `430602.toml` (or
`430600.toml`) for a region. A table is a rule; `[[A05]]` several times gives it values from several days on.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from schemas.moments import SECOND
from schemas.rules import EVERYWHERE, SWITCHES, RuleParameters, region_prefix
from services.detector.parameters import UNITS, convert, seconds, spelled
from services.detector.rule import Rule
from services.detector.rulebook import Parametric, table_of
from services.runtime.errors import UserError

HEADER = re.compile(r"""\s*\[\[?\s*["']?([^\]"']+?)["']?\s*\]""")
KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")
DAY_SECONDS = 86_400


class Fault(NamedTuple):
    """What is wrong with a file, and where."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass
class ParameterFiles:
    """What the files say. regions: which file speaks for which; of each it is the whole."""

    records: list[RuleParameters] = field(default_factory=list)
    regions: dict[str, Path] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_files(paths: Iterable[Path], rules: Sequence[Parametric]) -> ParameterFiles:
    """All files named, and those of folders named (and of a `rules` folder in them). Raises UserError when
    there is none."""
    files = ParameterFiles()
    for path in _files(paths):
        _File(path, {rule.id: rule for rule in rules}, files).read()
    return files


def known_records(paths: Iterable[Path], rules: Sequence[Parametric]) -> list[RuleParameters]:
    """The same, for whom faults are the end: raises UserError with the first of them."""
    files = read_files(paths, rules)
    if files.faults:
        more = f" ({len(files.faults) - 1} more)" if len(files.faults) > 1 else ""
        raise UserError(f"{files.faults[0]}{more}")
    return files.records


def written(rules: Sequence[Parametric]) -> str:
    """The file that says what the code says: every rule with its parameters, units and meanings."""
    lines = [
        "# 规则参数：每条规则一张表。改动后用 qingfeng rules load 装入，运行中生效，无须重启。",
        "# Parameters of the rules, a table a rule. `qingfeng rules load` takes changes in while all runs.",
        "# enabled = 是否启用 · judged at all",
        "# shadow = 试运行：判断并保存，单列显示，不下发 · judged, stored, shown apart, never delivered",
        "# severity = 1、2、3 代替规则自定的程度 · instead of the rule's own",
        '# effective_from = "2026-07-01" 生效日 · in force from that day',
        f"# 单位可换算 · units that are converted: {', '.join(name for name in UNITS if name != '1')}",
    ]
    for rule in rules:
        lines += ["", f"# {rule.title.zh} · {rule.title.en}", f"[{rule.id}]"]
        lines += ["enabled = true", "shadow = false"]
        for item in rule.parameters.explain():
            if table_of(rule, item["name"]) != rule.id:
                continue
            meaning = item["meaning"]
            lines.append(f"# {meaning.zh} · {meaning.en}")
            lines.append(f"{item['name']} = {spelled(item['value'], item['unit'])}")
    return "\n".join(lines) + "\n"


class _File:
    """One file on its way in."""

    def __init__(self, path: Path, rules: dict[str, Parametric], into: ParameterFiles) -> None:
        self._path = path
        self._rules = rules
        self._into = into
        self._region = EVERYWHERE
        self._lines = _Lines("")

    def read(self) -> None:
        """Its records and faults, into the rest."""
        try:
            text = self._path.read_bytes().decode("utf-8-sig")
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self._fault(_line_of(error, text), str(error).split(" (at ")[0])
            return
        except UnicodeDecodeError:
            self._fault(1, "not UTF-8")
            return
        except OSError as error:
            raise UserError(f"{self._path}: {error.strerror}") from error
        self._lines = _Lines(text)
        if not self._place():
            return
        for name, body in document.items():
            self._rule(name, body)

    def _place(self) -> bool:
        """Find the region in the name."""
        stem = self._path.stem
        if stem.isdigit():
            try:
                self._region = region_prefix(stem)
            except ValueError as error:
                self._fault(1, f"the file's name: {error}")
                return False
        other = self._into.regions.setdefault(self._region, self._path)
        if other != self._path:
            self._fault(1, f"{other} speaks for the same region")
            return False
        return True

    def _rule(self, name: str, body: Any) -> None:
        rule = self._rules.get(name)
        entries = body if isinstance(body, list) else [body]
        if rule is None:
            self._fault(self._lines.of(name, 0), f"there is no rule {name!r}")
            return
        seen: set[str] = set()
        for number, entry in enumerate(entries):
            if not isinstance(entry, dict):
                self._fault(self._lines.of(name, number), f"{name} must be a table")
                continue
            record = self._entry(rule, number, entry)
            if record.effective_from in seen:
                since = record.effective_from or "ever"
                self._fault(self._lines.of(name, number), f"{name} stands twice with values since {since}")
            seen.add(record.effective_from)
            if record.given:
                self._into.records.append(record)

    def _entry(self, rule: Parametric, number: int, entry: dict[str, Any]) -> RuleParameters:
        record = RuleParameters(rule.id, self._region, source=self._path.name)
        for name, value in entry.items():
            try:
                _set(record, rule, name, value)
            except ValueError as error:
                self._fault(self._lines.of(rule.id, number, name), f"{rule.id} {name}: {error}")
        # The order of the lines is no news.
        record.values = dict(sorted(record.values.items()))
        return record

    def _fault(self, line: int, message: str) -> None:
        self._into.faults.append(Fault(self._path.name, line, message))


class _Lines:
    """Where tables and keys stand. A guess where values span lines, and good enough to look there."""

    def __init__(self, text: str) -> None:
        self._known: dict[tuple[str, int, str], int] = {}
        table, number = "", 0
        counts: Counter[str] = Counter()
        for line, content in enumerate(text.split("\n"), 1):
            if header := HEADER.match(content):
                table = header[1]
                number = counts[table]
                counts[table] += 1
                self._known[table, number, ""] = line
            elif key := KEY.match(content):
                self._known.setdefault((table, number, key[1]), line)

    def of(self, table: str, number: int, key: str = "") -> int:
        """The line of a key, else of its table, else 1."""
        places = ((table, number, key), (table, number, ""), ("", 0, table))
        return next((self._known[place] for place in places if place in self._known), 1)


def _set(record: RuleParameters, rule: Parametric, name: str, value: Any) -> None:
    """Write one line of a table into its record. Raises ValueError with what was expected."""
    if name == "effective_from":
        record.effective_from = _day(value)
    elif name == "severity":
        if type(value) is not int or value not in (1, 2, 3):
            raise ValueError("expected 1, 2 or 3")
        record.severity = value
    elif name in SWITCHES:
        setattr(record, name, convert(value, "", False))
    else:
        record.values[name] = _parameter(rule, name, value)


def _parameter(rule: Parametric, name: str, value: Any) -> Any:
    known = {item.name: item.metadata["unit"] for item in fields(rule.parameters)}
    if name not in known:
        names = ", ".join([*known, *SWITCHES, "effective_from"])
        raise ValueError(f"there is no such parameter; there are {names}")
    if (table := table_of(rule, name)) != rule.id:
        raise ValueError(f"this is set for {table}, and holds for both")
    unit, default = known[name], getattr(rule.parameters, name)
    converted = convert(value, unit, default)
    if isinstance(rule, Rule):
        check_reach(rule, converted, unit, default)
    return list(converted) if isinstance(converted, tuple) else converted


def check_reach(rule: Rule, value: Any, unit: str, default: Any) -> None:
    """A rule that looks further than facts are shown to it would find less than its parameters say."""
    if not isinstance(value, int | float) or seconds(value, unit) is None:
        return
    reach = rule.window_days * DAY_SECONDS
    if rule.within is not None:
        reach = min(reach, rule.within / SECOND)
    if seconds(default, unit) <= reach < seconds(value, unit):
        raise ValueError(f"this rule sees {reach / 3_600:g} h at most")


def _day(value: Any) -> str:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        if not isinstance(value, str) or len(value) != 10:
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("expected a date, YYYY-MM-DD") from None


def _line_of(error: tomllib.TOMLDecodeError, text: str) -> int:
    found = re.search(r"at line (\d+)", str(error))
    return int(found[1]) if found else text.count("\n") + 1


def _files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(path.glob("*.toml")) + sorted(path.glob("rules/*.toml"))
            if not found:
                raise UserError(f"{path}: no .toml file in it")
            files += found
        elif path.is_file():
            files.append(path)
        else:
            raise UserError(f"{path}: no such file or folder")
    return list(dict.fromkeys(files))
