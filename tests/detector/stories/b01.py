"""B01 留存卡集中刷卡: its cases."""

from tests.detector.stories import Story
from tests.support.entries import cancellation, corrected, registry, settlement

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


FIVE = _burst()
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
]  # fmt: skip
