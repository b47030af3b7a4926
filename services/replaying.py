"""History through the door and the judge with no server and no database: what `replay`, `demo --score` and
the bench share.

This is wiring: admission is ingest's, judgement the detector's, and only here do they meet.
"""

import random
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas.entry import Entry
from schemas.finding import Alert, DefectMessage
from schemas.registry import Record, person_of
from services.detector.parts import judge_months, judge_parts
from services.detector.profiling import Costs
from services.detector.replay import Replay
from services.detector.standing import NotJudged, Standing
from services.histories import Events
from services.ingest.refusals import Refused
from services.replay_parts import WATCHED, Door, Ended, Part, Watch
from services.runtime.crew import Crew
from services.settings import Settings

EVENTS_A_PROCESS = 2_500
"""Fewer are judged sooner than another process has begun."""


@dataclass
class Outcome:
    """What stands, and what was not judged. refused: (place for messages, why)."""

    open: dict[str, Alert]
    defects: dict[str, DefectMessage]
    failed: list[NotJudged]
    entries: int
    refused: list[tuple[str, Refused]]
    duplicates: int
    conflicts: int


def run(
    settings: Settings,
    events: Events,
    known: Collection[Record] = (),
    *,
    rules: frozenset[str] | None = None,
    one_by_one: bool = False,
    shuffle: int | None = None,
    processes: int = 1,
    watch: Watch | None = None,
    costs: Costs | None = None,
) -> Outcome:
    """Judge a history by registry rows: in bulk, by at most so many processes; or event by event, in one.
    shuffle: a seed for the order of events, which only the second way sees."""
    registry = Door.of(settings).registry(known)
    persons = [record for record in known if person_of(record) is not None]
    if one_by_one or shuffle is not None:
        replay = Replay(settings, registry, rules, costs)
        return _event_by_event(replay, Door.of(settings), events, persons, shuffle, watch)
    size = max(1, min(processes, len(events) // EVENTS_A_PROCESS))
    with TemporaryDirectory(prefix="qingfeng-") as folder:
        make = partial(
            Part,
            settings=settings,
            registry=registry,
            rules=rules,
            events=events,
            persons=persons,
            parts=size,
            folder=Path(folder),
            profiled=costs is not None,
        )
        with Crew(make, size) as crew:
            crew.first.watch = watch
            _settle_names(crew)
            standing = judge_parts(crew)
            judge_months(crew, standing, registry, rules, Path(folder))
            ends: list[Ended] = crew.ask("end")
    if costs is not None:
        for ended in ends:
            costs.add(ended.costs)
    return _outcome(standing, ends)


def _settle_names(crew: Crew[Part]) -> None:
    """Have each part read, and the first of several persons' events with one name stand."""
    seen: set[int] = set()
    repeated: set[int] = set()
    for names in crew.ask("read"):
        repeated.update(name for name in names if name in seen)
        seen.update(names if len(crew) > 1 else ())
    if not repeated:
        return
    numbers = crew.ask("numbers_of", repeated)
    first = {
        name: min(known[name] for known in numbers if name in known)
        for name in {name for known in numbers for name in known}
    }
    lost = [({name for name, number in known.items() if number > first[name]},) for known in numbers]
    crew.ask_each("lose", lost)


def _outcome(standing: Standing, ends: list[Ended]) -> Outcome:
    refused = sorted((one for ended in ends for one in ended.refused), key=lambda one: one[0])
    return Outcome(
        standing.open,
        standing.defects,
        [one for ended in ends for one in ended.failed],
        sum(ended.entries for ended in ends),
        [(place, why) for _, place, why in refused],
        sum(ended.duplicates for ended in ends),
        sum(ended.conflicts for ended in ends),
    )


def _event_by_event(
    replay: Replay,
    door: Door,
    events: Events,
    persons: list[Record],
    shuffle: int | None,
    watch: Watch | None,
) -> Outcome:
    entries = [*door.persons(persons)]
    story: Iterable[Entry] = chain(entries, (entry for entry, _ in door.admit(enumerate(events))))
    total = len(entries) + len(events)
    if shuffle is not None:
        mixed = list(story)
        random.Random(shuffle).shuffle(mixed)
        story = mixed
    replay.feed(_watched(story, watch, total) if watch else story)
    replay.finish()
    ended = Ended(replay.entries, replay.failed, door.refused, door.duplicates, door.conflicts, {})
    return _outcome(replay, [ended])


def _watched(entries: Iterable[Entry], watch: Watch, total: int) -> Iterator[Entry]:
    for number, entry in enumerate(entries, 1):
        if number % WATCHED == 0:
            watch("judging", number, total)
        yield entry
