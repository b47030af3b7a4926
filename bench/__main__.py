"""`make bench`: every figure in one run, as a table. `ARGS="--only judgement,embedded --quick"` for parts."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import deliveries, door, judgement, kafka, peers, periods, stream, watching
from bench.table import Figure, show
from services.detector.rules import RULES
from services.runtime.crew import cores
from tests.support.kafka import BrokerUnavailable

COUNTY_PERSONS = 13_000
DESYNPUF = Path(__file__).parents[2] / "shared" / "data" / "desynpuf"


def main() -> None:
    """Measure what was asked for and print the table."""
    arguments = _arguments()
    figures: list[Figure] = []
    for name, measure in _parts(arguments.quick).items():
        if arguments.only and name not in arguments.only.split(","):
            continue
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        done = measure()
        show(done)
        figures += done
    if len({figure.part for figure in figures}) > 1:
        show(figures)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument(
        "--only",
        default="",
        help="judgement,periods,replay,posting,sustained,watching,warnings,deliveries,stream,kafka",
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of everything: a look, not a figure")
    return parser.parse_args()


def _parts(quick: bool) -> dict:
    scale = 0.1 if quick else 1.0
    return {
        "judgement": lambda: _judgement(scale),
        "periods": lambda: periods.figures(scale),
        "replay": _replay,
        "posting": lambda: door.posting(scale),
        "sustained": lambda: door.sustained(300 * scale),
        "watching": lambda: watching.figures(scale),
        "warnings": lambda: door.warnings(60 * scale),
        "deliveries": lambda: deliveries.figures(scale),
        "stream": lambda: stream.figures(scale),
        "kafka": lambda: _kafka(scale),
    }


def _kafka(scale: float) -> list[Figure]:
    try:
        return kafka.all_figures(scale)
    except BrokerUnavailable as reason:
        print(f"kafka: left out, {reason}", file=sys.stderr)
        return []


def _judgement(scale: float) -> list[Figure]:
    part = "judgement, one core"
    ceiling = peers.decoding(50_000)
    rates = [judgement.measure(persons, int(100_000 * scale)) for persons in (10_000, 100_000, 1_000_000)]
    screened = judgement.measure(100_000, int(100_000 * scale), screens=True)
    figures = [
        Figure(part, f"nine rules of place and time, {rate.persons:,} persons of 20 facts", rate.per_second,
               "events/s", 30_000)
        for rate in rates
    ]  # fmt: skip
    cost = rates[0].per_second / rates[-1].per_second
    figures += [
        Figure(part, "cost per event, 1,000,000 : 10,000 persons", cost, "×", 1.2, False),
        Figure(part, "… with a screening of each settlement", screened.per_second, "events/s"),
        Figure(part, "state of ten facts", judgement.size_of_ten(), "bytes", 2_500, False),
        Figure(part, "share of decoding alone", rates[0].per_second / ceiling, "×"),
    ]
    return figures + _whole_catalogue(part, scale)


def _whole_catalogue(part: str, scale: float) -> list[Figure]:
    """All stream rules, over a county's registry."""
    knobs = {"facts": 40, "rules": None, "registry": judgement.registry_of_all()}
    full = judgement.measure(50_000, int(40_000 * scale), lined=20, **knobs)
    bare = judgement.measure(50_000, int(40_000 * scale), **knobs)
    place = judgement.measure(50_000, int(40_000 * scale), **{**knobs, "rules": judgement.FIRST_RULES})
    return [
        Figure(
            part,
            "all stream rules, 40 facts, 20 of them with three lines",
            full.per_second,
            "events/s",
            8_000,
        ),
        Figure(part, "… state of such a person", full.bytes_of_state, "bytes", 12_000, False),
        Figure(
            part,
            "all stream rules, fields of the others absent : nine rules",
            bare.per_second / place.per_second,
            "×",
        ),
    ]


def _replay() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        return [*_replayed_stays(Path(folder)), *_replayed_county(Path(folder))]


def _replayed_stays(folder: Path) -> list[Figure]:
    if not DESYNPUF.exists():
        print("replay: no DE-SynPUF folder beside the checkout, left out", file=sys.stderr)
        return []
    stays = ("--format", "desynpuf", str(DESYNPUF))
    nine = _replayed(folder, *stays, "--rules", ",".join(sorted(judgement.FIRST_RULES)))
    whole = _replayed(folder, *stays)
    told = "DE-SynPUF, 51,727 stays"
    return [
        Figure("replay", f"{told}, nine rules", nine[0], "s", 10, False, f"{nine[2]:,} alerts"),
        Figure("replay", "… memory", nine[1], "MiB", 600, False),
        Figure("replay", f"{told}, whole catalogue and months", whole[0], "s", note=f"{whole[2]:,} alerts"),
        Figure("replay", "… memory", whole[1], "MiB", 600, False),
    ]


def _replayed_county(folder: Path) -> list[Figure]:
    """The demo county by the stream rules, the start of the command included."""
    county = folder / "county"
    _qingfeng("demo", "--persons", str(COUNTY_PERSONS), "--out", str(county)).wait()
    events = county / "events.ndjson"
    count = sum(1 for _ in events.open())
    rules = ",".join(sorted(rule.id for rule in RULES))
    seconds, _, alerts = _replayed(folder, str(events), "--registry", str(county), "--rules", rules)
    note = f"{count:,} events, {alerts:,} alerts, {cores()} cores"
    return [Figure("replay", "demo county, all stream rules", count / seconds, "events/s", 8_000, note=note)]


def _replayed(folder: Path, *arguments: str) -> tuple[float, float, int]:
    """(seconds, mebibytes, alerts) of the command. What its processes share is weighed with each of them."""
    out = folder / "alerts.jsonl"
    began = time.perf_counter()
    process = _qingfeng("replay", "--out", str(out), *arguments)
    peaks: dict[int, float] = {}
    while process.poll() is None:
        for pid in (process.pid, *_begun_by(process.pid)):
            peaks[pid] = max(peaks.get(pid, 0.0), _peak_mebibytes(pid))
        time.sleep(0.02)
    return time.perf_counter() - began, sum(peaks.values()), sum(1 for _ in out.open())


def _qingfeng(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "services", *arguments], stdout=subprocess.DEVNULL)


def _begun_by(pid: int) -> list[int]:
    """The processes that a process began."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak_mebibytes(pid: int) -> float:
    """Greatest resident memory so far of a process; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1_024 for line in lines if line.startswith("VmHWM")), 0.0)


if __name__ == "__main__":
    main()
