"""Commands that need more than one service: `replay` and `demo`."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from schemas.finding import Alert
from schemas.registry import Record
from services import replaying
from services.demo import county, play, score
from services.demo.writing import read_labels
from services.detector.catalogue import CATALOGUE
from services.detector.commands import find_rule
from services.detector.parameter_files import known_records
from services.detector.profiling import Costs
from services.histories import read_history
from services.ingest.registry_files import parse_folder
from services.runtime.collector import calm_the_collector
from services.runtime.crew import cores
from services.runtime.errors import UserError
from services.settings import read_settings

FAULTS_SHOWN = 10


def replay(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files or folders.")],
    out: Annotated[Path, typer.Option(help="Where the open alerts go, one a line.")],
    form: Annotated[str, typer.Option("--format", help="qingfeng or desynpuf.")] = "qingfeng",
    rules: Annotated[str, typer.Option(help="Only these rules: A01,A05.")] = "",
    registry: Annotated[Path | None, typer.Option(help="Folder of registry files.")] = None,
    parameters: Annotated[
        list[Path] | None, typer.Option(help="Files or folders of rules' parameters, such as rules.toml.")
    ] = None,
    one_by_one: Annotated[
        bool, typer.Option("--one-by-one", help="Judge after each event, as a running system does: slower.")
    ] = False,
    shuffle: Annotated[int | None, typer.Option(help="Seed: judge one by one, in another order.")] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="At most so many (as there are cores).")
    ] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Show what each rule costs.")] = False,
) -> None:
    """History through the very same judgement, with no server and no database."""
    settings = read_settings()
    chosen = frozenset(find_rule(rule.strip()).id for rule in rules.split(",")) if rules else None
    known: list[Record] = read_registry(registry) if registry else []
    known += known_records(parameters, CATALOGUE) if parameters else []
    costs = Costs() if profile else None
    began = time.perf_counter()
    events, own_persons = read_history(paths, form)
    known += own_persons
    calm_the_collector()
    with _shown() as watch:
        done = replaying.run(
            settings,
            events,
            known,
            rules=chosen,
            one_by_one=one_by_one,
            shuffle=shuffle,
            processes=processes or cores(),
            watch=watch,
            costs=costs,
        )
    write_alerts(out, done.open.values(), settings.timezone)
    taken = time.perf_counter() - began
    _summarise(done, chosen, taken)
    if costs is not None:
        _show_costs(costs, taken)


@contextmanager
def _shown() -> Iterator[replaying.Watch]:
    """A bar that shows how far a replay has come."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # It is drawn when it is told of something: other processes may begin while it is shown, and do so safely
    # only where no thread runs.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        bar = progress.add_task("", total=None)

        def watch(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total, refresh=True)

        yield watch


def demo(
    out: Annotated[Path | None, typer.Option(help="Folder to write the county to.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another county.")] = 1,
    days: Annotated[int, typer.Option(min=1)] = play.DEMO_DAYS,
    persons: Annotated[int, typer.Option(min=1)] = play.DEMO_PERSONS,
    score_it: Annotated[bool, typer.Option("--score", help="Judge it; count found, missed, false.")] = False,
) -> None:
    """Write the demo county: events, registry files, labels; or score the judge on it."""
    if out is None and not score_it:
        raise UserError("demo: --out FOLDER to write the county, --score to judge it, or both")
    if out is not None:
        _write_county(out, seed, days, persons, score_it)
        return
    with TemporaryDirectory() as folder:
        _write_county(Path(folder), seed, days, persons, score_it)


def read_registry(folder: Path) -> list[Record]:
    """All rows of a folder of registry files. Raises UserError with the first faults."""
    records: list[Record] = []
    for file in parse_folder(folder):
        if file.faults:
            shown = "; ".join(str(fault) for fault in file.faults[:FAULTS_SHOWN])
            raise UserError(f"{file.name}: {len(file.faults)} faults: {shown}")
        records += file.records
    return records


def _show_costs(costs: Costs, seconds: float) -> None:
    table = Table(title=f"Cost by rule, of {seconds:.1f} s in all")
    for heading in ("rule", "asked", "seconds", "share", "us a time", "found"):
        table.add_column(heading, justify="left" if heading == "rule" else "right")
    for rule, cost in sorted(costs.items(), key=lambda item: -item[1].seconds):
        each = cost.seconds / cost.asked * 1e6 if cost.asked else 0.0
        table.add_row(
            rule, f"{cost.asked:,}", f"{cost.seconds:.2f}", f"{cost.seconds / seconds:.1%}", f"{each:.1f}",
            f"{cost.found:,}",
        )  # fmt: skip
    Console().print(table)


def write_alerts(out: Path, alerts: Iterable[Alert], timezone: str) -> None:
    """Open alerts, one JSON object a line, by rule and id; the file is whole or not there."""
    now = datetime.now(UTC).isoformat()
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            for alert in sorted(alerts, key=lambda alert: (alert.rule, alert.alert_id)):
                body = {**msgspec.to_builtins(alert), "version": 1, "detected_at": now}
                file.write(json.dumps(body, ensure_ascii=False) + "\n")
        draft.replace(out)
    except OSError as error:
        raise UserError(f"--out {out}: {error.strerror}") from error


def _summarise(done: replaying.Outcome, chosen: frozenset[str] | None, seconds: float) -> None:
    table = Table("rule", "title", "open alerts", "yuan", "on trial", title="Replay")
    counts: Counter = Counter()
    amounts: Counter = Counter()
    trial: Counter = Counter()
    for alert in done.open.values():
        if alert.shadow:
            trial[alert.rule] += 1
            continue
        counts[alert.rule] += 1
        amounts[alert.rule] += float(alert.amount)
    for rule in (rule for rule in CATALOGUE if chosen is None or rule.id in chosen):
        tried = f"{trial[rule.id]:,}" if trial[rule.id] else ""
        table.add_row(rule.id, rule.title.zh, f"{counts[rule.id]:,}", f"{amounts[rule.id]:,.2f}", tried)
    console = Console()
    console.print(table)
    console.print(
        f"{done.entries:,} entries in {seconds:.1f} s; {done.duplicates:,} duplicates, "
        f"{done.conflicts:,} conflicts, {len(done.refused):,} refused, {len(done.failed):,} not judged, "
        f"{len(done.defects):,} data defects",
        markup=False,
    )
    first = [(place, why.errors[0]) for place, why in done.refused[:FAULTS_SHOWN]]
    _show_faults([f"{place}: {why.code} {why.path} {why.message}" for place, why in first], done.refused)
    names = [f"{one.institution} {one.event}: not judged, {one.why}" for one in done.failed[:FAULTS_SHOWN]]
    _show_faults(names, done.failed)


def _show_faults(shown: list[str], everything: Sized) -> None:
    errors = Console(stderr=True)
    for line in shown:
        errors.print(line, markup=False)
    if len(everything) > len(shown):
        errors.print(f"({len(everything) - len(shown):,} more)", markup=False)


def _write_county(folder: Path, seed: int, days: int, persons: int, score_it: bool) -> None:
    until = datetime.now(UTC)
    try:
        summary = county.write_county(folder, seed=seed, days=days, persons=persons, until=until)
    except OSError as error:
        raise UserError(f"--out {folder}: {error.strerror}") from error
    typer.echo(
        f"{summary.events:,} events of {summary.persons:,} persons at {summary.institutions:,} institutions, "
        f"{sum(summary.planted.values()):,} planted cases, {summary.lookalikes:,} look-alikes"
    )
    if score_it:
        _score(folder)


def _score(folder: Path) -> None:
    known = read_registry(folder)
    events, _ = read_history([folder])
    calm_the_collector()
    done = replaying.run(read_settings(), events, known, processes=cores())
    alerts = [msgspec.to_builtins(alert) for alert in done.open.values()]
    judged = {rule.id for rule in CATALOGUE}
    scores = score.score(read_labels(folder / "labels.jsonl"), alerts, known=judged)
    Console().print(score.render(scores))
