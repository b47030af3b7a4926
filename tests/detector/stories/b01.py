"""B01 留存卡集中刷卡: its cases."""

from schemas.records import Baseline, Institution
from schemas.registry import Registry
from tests.detector.stories import Story
from tests.support.entries import cancellation, corrected, moment, registry, registry_of, settlement

SHOP = registry({"institution_id": "P1", "kind": "pharmacy"})
CLINIC = registry({"institution_id": "P1", "kind": "clinic"})
HOSPITAL = registry({"institution_id": "P1", "kind": "hospital", "level": 3})


def _burst(count: int = 5, seconds: int = 30, hour: int = 10, **given) -> list[dict]:
    """That many persons at one terminal, so many seconds apart, each for another amount."""
    usual = {"med_type": "41", "fund": "10.00", "device_id": "d1"}
    return [
        settlement(
            f"03-05 {hour}:{number * seconds // 60:02d}:{number * seconds % 60:02d}", "P1", f"S{number}",
            **{"person": f"p{number}", "total": f"{20 + number}.00", **usual, **given},
        )
        for number in range(count)
    ]  # fmt: skip


def _usual(persons: int, day: str = "2026-03-05", hour: int = 10, **more) -> Registry:
    """The shop, and what is usual at its terminals in one hour."""
    usual = tuple(persons if one == hour else 0 for one in range(24))
    return registry_of(Institution("P1", kind="pharmacy"), Baseline("P1", day, usual=usual, **more))


def _monthly(persons: int) -> tuple[int, ...]:
    return tuple(persons if hour == 10 else 0 for hour in range(24))


FIVE = _burst()
SLOW, LAST = _burst(seconds=120), (moment("03-05 10:08"),)
FOUND = [("B01", 2, "50.00")]

STORIES = [
    Story("five persons half a minute apart", FIVE, SHOP, FOUND),
    Story("four persons", _burst(4), SHOP),
    Story("one person five times", _burst(person="p0"), SHOP),
    Story("a minute apart in the median", _burst(seconds=60), SHOP, FOUND),
    Story("a second more than a minute apart", _burst(seconds=61), SHOP),
    Story("two minutes apart with one amount", _burst(seconds=120, total="20.00"), SHOP, FOUND),
    Story("over more than ten minutes", _burst(seconds=151, total="20.00"), SHOP),
    Story("ten persons", _burst(10), SHOP, [("B01", 1, "100.00")]),
    Story("by night", _burst(hour=22), SHOP, [("B01", 1, "50.00")]),
    Story("at a clinic", _burst(med_type="11"), CLINIC, FOUND),
    Story("at a hospital's counter", _burst(med_type="11"), HOSPITAL),
    Story("nothing is known but that all are purchases", FIVE, expects=FOUND),
    Story("nothing is known and they are visits", _burst(med_type="11")),
    Story("at two terminals", [*FIVE[:3], *_burst(5, device_id="d2")[3:]], SHOP),
    Story("no terminal is named", _burst(device_id=None), SHOP),
    Story("the operator stands for the terminal", _burst(device_id=None, operator_id="o1"), SHOP, FOUND),
    Story("entered two days later in a burst", _burst(recorded_at="03-07 12:00"), SHOP),
    Story("entered in a burst an hour later",
          [{**one, "recorded_at": "2026-03-05T12:00:00+08:00"} for one in _burst(seconds=600)], SHOP),
    Story("bare dates tell nothing of minutes", _burst(begin_at="03-05"), SHOP),
    Story("one was cancelled", [*FIVE, cancellation("03-05 12:00", FIVE[2])], SHOP),
    Story("one was at another terminal", [*FIVE, corrected(FIVE[2], "03-05 12:00", device_id="d2")], SHOP),
    Story("five where two are usual", FIVE, _usual(2), FOUND),
    Story("two minutes apart, and together before", SLOW, _usual(2, together=LAST), FOUND),
    Story("others of the day were together before", SLOW, _usual(2, together=(moment("03-05 10:06"),))),
    Story("the last crowded day's crowd was together before", SLOW,
          _usual(2, "2026-03-04", together=LAST)),
    Story("together before, and as usual", SLOW, _usual(4, together=LAST)),
    Story("nine where six are usual", _burst(9), _usual(6), [("B01", 2, "90.00")]),
    Story("eight where six are usual", _burst(8), _usual(6)),
    Story("eight where six are usual at another hour", _burst(8), _usual(6, hour=11), [("B01", 2, "80.00")]),
    Story("eight where six were usual on the last crowded day", _burst(8), _usual(6, "2026-02-20")),
    Story("eight where six will be usual from tomorrow", _burst(8), _usual(6, "2026-03-06"),
          [("B01", 2, "80.00")]),
    Story("what was usual was taken back, and three are again",
          _burst(8),
          registry_of(*_usual(3, "2026-02-01").records("institutions"),
                      *_usual(3, "2026-02-01").records("baselines"), Baseline("P1", "2026-03-05")),
          [("B01", 2, "80.00")]),
    Story("as many every month on this day", _burst(8), _usual(2, same_day=_monthly(6))),
    Story("nine, and six every month on this day", _burst(9), _usual(2, same_day=_monthly(6)),
          [("B01", 2, "90.00")]),
    Story("the last crowded day's months tell nothing of this one", _burst(8),
          _usual(2, "2026-03-04", same_day=_monthly(6)), [("B01", 2, "80.00")]),
    Story("three other shops of the chain were full that day", FIVE, _usual(2, chain_shops=3)),
    Story("two other shops of the chain were full that day", FIVE, _usual(2, chain_shops=2), FOUND),
    Story("the chain was full the day before", FIVE, _usual(2, "2026-03-04", chain_shops=3), FOUND),
]  # fmt: skip
