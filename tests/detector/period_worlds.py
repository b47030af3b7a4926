"""A month in which every rule over months has something to say, with parameters loose enough for it."""

import random
from dataclasses import dataclass, replace

from schemas.finding import Words
from schemas.records import Pack, Status
from schemas.registry import Registry
from schemas.screening import Item
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters
from tests.detector.periods import MAY, moved, screening, stay, visit
from tests.support.entries import registry

INSTITUTIONS = registry(
    {"institution_id": "H1", "kind": "hospital", "level": 2, "region": "430102", "beds": 6, "group_id": "G"},
    {"institution_id": "H2", "kind": "hospital", "level": 3, "region": "430103", "beds": 3},
    {"institution_id": "H2", "kind": "hospital", "level": 2, "beds": 4, "effective_from": "2026-05-11"},
    *({"institution_id": f"T{n}", "kind": "township", "level": 1, "region": "430102"} for n in range(6)),
    {"institution_id": "P1", "kind": "pharmacy", "level": 0, "region": "430102", "chain_id": "C"},
    {"institution_id": "P2", "kind": "pharmacy", "level": 0, "region": "430103", "open_24h": True},
).records("institutions")
PLACES = Registry(
    {
        "institutions": INSTITUTIONS,
        "packs": [Pack("X", high_value=True)],
        "status": [Status("institution", "P2", "suspended", "2026-05-03")],
    },
    1,
)
LOOSE = {
    "B02": {"persons": 1, "shifted_share": 2.0},
    "B03": {"swipes": 2, "share": 0.1},
    "B05": {
        "rate": 0.0,
        "peer_ratio": 0.0,
        "least": 1,
        "least_under_alert": 1,
        "peer_settlements": 1,
        "entered_again": 2.0,
    },
    "C02": {"days": 1},
    "C04": {
        "persons": 2,
        "persons_level_3": 2,
        "baseline_ratio": 0.0,
        "alike": 0.1,
        "nights": 40,
        "test_share": 0.0,
        "cost_variation": 9.0,
    },
    "C05": {
        "test_share": 0.0,
        "class_stays": 1,
        "test_quantile": 0.0,
        "drug_quantile": 1.0,
        "nights_quantile": 1.0,
        "apart_days": 1,
        "stays": 1,
        "stays_person": 2,
    },
    "C06": {"drug_share": 0.1, "class_stays": 1, "drug_quantile": 0.0, "nights_quantile": 1.0},
    "C07": {
        "admissions": 1,
        "daily_cost": 1_000_000.0,
        "often_quantile": 0.0,
        "daily_quantile": 1.0,
        "class_persons": 1,
        "explained": 2.0,
    },
    "C08": {
        "diagnoses": ("Z", "I", "J"),
        "treatments": 100.0,
        "nights_from": 0,
        "nights_to": 60,
        "cost_share": 100.0,
        "class_stays": 1,
        "complications": 9,
        "institutions": 1,
        "stays_grave": 1,
        "institutions_quantile": 0.0,
    },
    "C09": {"known_days": 1, "deviations": 0.0, "admissions": 1},
    "C11": {"z": 0.0, "ratio": 1.0, "admissions": 1, "assisted": 1, "class_admissions": 1},
    "D11": {"low": 0.99, "high": 1.01, "lines": 1, "own_lines": 1},
    "D12": {
        "times": 1,
        "support": 0.0,
        "sales": 0.0,
        "confidence": 0.0,
        "round_fen": 500,
        "round_share": 0.1,
    },
    "D16": {"swipes": 1, "jump": 0.0, "came_share": 0.0},
    "E05": {"doses": 1, "herbs": 1, "share": 0.1, "least": 1},
    "E08": {"percentile": 0.0, "peers": 1, "share": 0.0, "persons": 1, "once_share": 0.0},
    "F02": {"units": 0.5, "share": 0.0},
    "F03": {
        "visits": 2,
        "visits_below": 2,
        "visits_hour": 1,
        "inpatients": 2,
        "span_minutes": 300,
        "span_days": 2,
    },
    "F05": {"robust_z": 0.5, "ratio": 1.1, "ratio_alone": 1.1, "admissions": 1},
    "F06": {"deviations": 0.0, "times": 0.1, "admissions": 1, "fund": 1},
    "F07": {"admissions": 0, "deviations": 0.0, "least_days": 2, "one_region": 1},
    "F08b": {"stays": 1, "near": 0.0, "below": 0.0, "level_two": 1_000_000_000, "fixed_share": 2.0},
    "F11": {
        "share": 0.01,
        "bills": 1,
        "expensive": 0,
        "again_days": 40,
        "package_share": 0.1,
        "patients": 1,
        "package_items": 1,
    },
    "G01": {"days": 2},
    "G02": {"members": 2},
    "G03": {"members": 1, "prescriptions": 2},
}
"""Figures by which a small world has something to find, and must."""


def loosened(rule):
    return replace(rule, parameters=replace(rule.parameters, **LOOSE.get(rule.id, {})))


def world(seed: int) -> list:
    """A little of everything over April, May and June, so dense that all collides."""
    draw, more = random.Random(seed), random.Random(seed + 1_000)
    told = [visit("02-10 10:00", place) for place in ("H1", "T1", "P1")]
    for _ in range(260):
        day = draw.choice(("04-29", "04-30", "05-01", "05-02", "05-10", "05-11", "05-12", "05-31", "06-01"))
        clock = f" {draw.choice((0, 3, 9, 9, 10, 15, 22)):02}:{draw.choice((0, 5, 5, 40)):02}"
        given = {
            "key": f"p{draw.randrange(25)}",
            "total": draw.choice((0, 500, 3_000, 5_000, 5_000, 123_457, 2_000_000)),
            "fund": draw.choice((0, 333, 2_000, 100_001)),
            "practitioner": draw.choice(("D1", "D1", "D2", "")),
            "department": draw.choice(("内科", "外科", "")),
            "flags": draw.choice(
                (["present"], ["historical"], ["emergency"], ["backfilled"], ["mid_stay"], [])
            ),
            "main_diagnosis": draw.choice(("", "Z49.1", "I10")),
            "items": [
                Item(
                    draw.choice("XY"),
                    draw.choice(("11", "11", "10", "03", "04", "09")),
                    "1.5",
                    draw.randrange(900),
                    None,
                    draw.choice(("2.40", "2.40", "9.00", None)),
                    draw.choice(("D1", "D1", "D2")),
                    MAY.begin + draw.choice((0, 9, 31)),
                    draw.choice((None, 7)),
                    draw.choice((60, 900, None)),
                    name_mark=draw.choice(("ab", "abc", "xyz", "")),
                )
                for _ in range(draw.randrange(3))
            ],
            "by_category": {"11": (draw.randrange(900), 5), "03": (7, 7)} if draw.random() < 0.5 else {},
            "withdrawn": (is_gone := draw.random() < 0.05),
            "age": draw.choice((None, 3, 70)),
            "insured_region": draw.choice(("", "430102", "430702")),
            "region": draw.choice(("430102", "")),
            "device": draw.choice(("d1", "d2", "")),
            "community_id": more.choice(("V1", "V2", "")),
            "assistance": more.random() < 0.3,
        }
        if is_gone and more.random() < 0.5:
            given["flags"] = [*given["flags"], "under_alert"]
        care = draw.randrange(3)
        if care == 0:
            told.append(screening(day + draw.choice((clock, "")), draw.choice(("P1", "P2", "P9")), **given))
        elif care == 1:
            told.append(visit(day + clock, draw.choice(("H1", "T1")), **given))
        else:
            end = draw.choice((None, "05-13 10:00", "06-02 08:00", "05-12"))
            place = draw.choice(("H1", "H2", *(f"T{n}" for n in range(6)), "H9"))
            given |= {"bed": draw.choice(("1", "2", "")), "encounter_id": f"M{draw.randrange(60)}"}
            if end is None:
                given.update(total=0, fund=0)
            told.append(stay(day + draw.choice((clock, "")), end, place, **given))
    return [*told, *gang()]


def gang() -> list:
    """Four who come together to either pharmacy, lie in together, and fill one doctor's prescriptions."""
    occasions = (("04-30", "P1"), ("05-01", "P2"), ("05-10", "P1"), ("05-12", "P2"))
    told = [
        screening(f"{day} 11:0{number}", place, key=f"g{number}")
        for day, place in occasions
        for number in range(4)
    ]
    ward = [
        stay(f"05-{14 + n} 09:00", f"05-{18 + n} 09:00", "H1", key=f"g{n}", main_diagnosis="J18.9")
        for n in range(3)
    ]
    written = [
        make(f"{day} 16:00", place, key="g0", practitioner="D7", prescription_id=f"R{day}")
        for day in ("05-02", "05-20")
        for make, place in ((visit, "T5"), (screening, "P2"))
    ]
    return [*told, *ward, *written, *shelf()]


def shelf() -> list:
    """A stock-take, a delivery that is taken back, and more settled than there was; or sold by the books."""
    lines = [Item("X1", "11", "2.5", 500, 400, "2.00", split_pack=number == 0) for number in range(3)]
    sales = [screening(f"05-{5 + n:02} 10:00", "P2", key=f"s{n}", items=[lines[n]]) for n in range(3)]
    back = moved("05-04 09:00", "purchase", 9, "P2", event_id="R-back")
    gone = moved("05-06 09:00", "", 0, "P2", product_code="", cancels="R-back")
    books = [moved("05-03 08:00", "count", 1.5, "P2"), moved("05-04", "purchase", 1, "P2"), back, gone]
    return [*sales, *books, moved("05-03", "count", 2, "P1"), moved("05-05 09:00", "sale", 3, "P1")]


@dataclass(frozen=True, kw_only=True)
class Probe(PeriodRule):
    """A rule that only shows what stands in a relation."""

    query: str

    @property
    def text(self) -> str:
        return f"""
            SELECT 'x' AS institution_id, $begin_day AS happened, false AS historical,
                   array_agg(line ORDER BY line) AS each_line FROM ({self.query}) AS q (line)
        """  # noqa: S608 - names of columns only


def probe(query: str, **given) -> Probe:
    """A rule that shows the rows of a query."""
    face = {
        "id": "X01", "title": Words("x", "x"), "message": Words("x", "x"), "basis": ("x",), "checks": {},
        "parameters": Parameters(), "sql": "", "subject": "institution", "identity": ("institution_id",),
        "severity": 3,
    }  # fmt: skip
    return Probe(**(face | given), query=query)
