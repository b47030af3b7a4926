"""What the county's authority says of each item: packs, limits, prices, pairs, bundles, indications.

Rows of the registry's reference tables over the invented price list. A figure stands here once; everyday
life keeps to it and the planted cases break it.
"""

from typing import NamedTuple

from services.demo import catalogue as c
from services.demo.almanac import day_text
from services.demo.billing import yuan
from services.demo.catalogue import Item

Row = dict[str, str]


class Pack(NamedTuple):
    """A drug's pack: ingredient, ATC code, units in a pack and units a day; flags as in packs.csv."""

    ingredient: str
    atc: str = ""
    units: int = 0
    daily: int = 0
    high_value: int = 0
    resale_prone: int = 0
    antibiotic_grade: int = 0
    injection: int = 0


def _injection(ingredient: str, atc: str, grade: int = 0, high_value: int = 0) -> Pack:
    return Pack(ingredient, atc, 1, 0, high_value, 0, grade, 1)


_ACUTE_PACKS = (
    Pack("amoxicillin", "J01CA04", 9, 3, antibiotic_grade=1),
    Pack("ibuprofen", "M01AE01", 6, 2),
    Pack("paracetamol", "N02BE01", 9, 3),
    Pack("omeprazole", "A02BC01", 3, 1),
    Pack("loratadine", "R06AX13", 3, 1),
    Pack("smectite", "A07BC05", 9, 3),
    Pack("diclofenac gel", "M02AA15", 3, 1),
    *(
        Pack(name, "", 9, 3)
        for name in (
            "lianhua qingwen",
            "pudilan",
            "banlangen",
            "liuwei dihuang",
            "danshen dripping pill",
            "huoxiang zhengqi",
            "yangxue qingnao",
        )
    ),
)
PACKS: dict[Item, Pack] = {
    **dict(zip(c.ACUTE_DRUGS, _ACUTE_PACKS, strict=True)),
    **dict(
        zip(
            c.WARD_DRUGS,
            (
                _injection("cefuroxime", "J01DC02", 1),
                _injection("sodium chloride", "B05XA03"),
                _injection("metoclopramide", "A03FA01"),
                _injection("ambroxol", "R05CB06"),
                _injection("glucose", "B05BA03"),
                _injection("ascorbic acid", "A11GA01"),
            ),
            strict=True,
        )
    ),
    c.OMEPRAZOLE_TABLETS: Pack("omeprazole", "A02BC01", 3, 1),
    c.AMLODIPINE: Pack("amlodipine", "C08CA01", 28, 1),
    c.VALSARTAN: Pack("valsartan", "C09CA03", 28, 1),
    c.METFORMIN: Pack("metformin", "A10BA02", 30, 1),
    c.CHRONIC_DRUGS["diabetes"][1]: Pack("acarbose", "A10BF01", 30, 1),
    c.ATORVASTATIN: Pack("atorvastatin", "C10AA05", 28, 1),
    c.CHRONIC_DRUGS["coronary"][1]: Pack("aspirin", "B01AC06", 30, 1),
    c.TIOTROPIUM: Pack("tiotropium", "R03BB04", 30, 1),
    c.PACLITAXEL: _injection("paclitaxel", "L01CD01", high_value=1),
    c.CHEMOTHERAPY_DRUGS[1]: _injection("carboplatin", "L01XA02"),
    c.CHEMOTHERAPY_DRUGS[2]: _injection("ondansetron", "A04AA01"),
    c.ALBUMIN: _injection("albumin", "B05AA01", high_value=1),
    c.CLOPIDOGREL: Pack("clopidogrel", "B01AD99", 30, 1, high_value=1, resale_prone=1),
    c.SEMAGLUTIDE: Pack("semaglutide", "A10BJ06", 28, 1, high_value=1, resale_prone=1),
    c.MEROPENEM: _injection("meropenem", "J01DH02", 3),
    c.PAEDIATRIC_COLD: Pack("paediatric cold remedy", "R05XX99", 9, 3),
    c.EMERGENCY_ONLY: _injection("urokinase", "B01AD04"),
    c.LEVEL_TWO_ONLY: Pack("voriconazole", "J02AC03", 14, 2),
    c.CONTRAST_AGENT: _injection("iohexol", "V08AB02"),
    c.WOMENS_HERBAL: Pack("yimucao", "", 9, 3),
    c.HERBAL_INJECTION: _injection("xueshuantong", ""),
    c.MATERNITY_ONLY: _injection("oxytocin", "H01BB02"),
}
INJECTIONS = tuple(item for item, pack in PACKS.items() if pack.injection)

LIMITS: dict[Item, dict[str, str]] = {
    c.BLOOD_COUNT: {"day_max": "3", "nature": "clinical"},
    c.GLUCOSE: {"day_max": "8", "nature": "clinical"},
    c.INFUSION: {"day_max": "4", "nature": "clinical"},
    c.CHEST_CT: {"day_max": "1", "nature": "clinical"},
    c.ECG: {"encounter_max": "10", "nature": "clinical"},
    c.CATARACT_OPERATION: {"day_max": "2", "nature": "anatomical"},
    c.APPENDECTOMY: {"day_max": "1", "lifetime_max": "1", "nature": "anatomical"},
    c.CHOLECYSTECTOMY: {"day_max": "1", "lifetime_max": "1", "nature": "anatomical"},
    c.OXYGEN: {"hourly": "1"},
    c.MONITORING: {"hourly": "1"},
    c.ACUPUNCTURE: {"minutes": "30"},
    c.TUINA: {"minutes": "40"},
    c.REHABILITATION: {"minutes": "45"},
    c.GYNAECOLOGICAL_EXAM: {"sex": "2"},
    c.WOMENS_HERBAL: {"sex": "2"},
    c.CHILD_ASSESSMENT: {"max_age": "14"},
    c.PAEDIATRIC_COLD: {"max_age": "18"},
    c.EMERGENCY_ONLY: {"settings": "inpatient|emergency"},
    c.LEVEL_TWO_ONLY: {"min_level": "2"},
    c.REMOTE_ONLY_AT_COUNTER: {"settings": "inpatient|emergency|outpatient"},
    c.MATERNITY_ONLY: {"insurance_types": "510"},
    c.SLICES[20]: {"alone_not_paid": "1"},
    c.SLICES[0]: {"alone_not_paid": "1"},
    c.MEROPENEM: {"min_title": "3"},
}
_LIMIT_COLUMNS = (
    "sex",
    "min_age",
    "max_age",
    "min_level",
    "settings",
    "day_max",
    "encounter_max",
    "lifetime_max",
    "course_days",
    "nature",
    "min_title",
    "insurance_types",
    "alone_not_paid",
    "hourly",
    "minutes",
)
SECOND_OPERATION_PERCENT = {c.APPENDECTOMY: 50, c.CHOLECYSTECTOMY: 50, c.HERNIA_REPAIR: 50}
_MARKUP_ON_SLICES = 25
# The three levels' caps of a service stand in these per cents over the price that the county really charges.
_LEVEL_CAPS = {"3": 120, "2": 110, "1": 105, "0": 100}
_PAIRS = (
    (c.BLOOD_COUNT, c.SIMPLE_BLOOD_COUNT, "day"),
    (c.ULTRASOUND, c.PLAIN_ULTRASOUND, "day"),
    (c.WARD_ROUND, c.CONSULTATION, "encounter"),
)
_ANAESTHESIA = (c.ANAESTHESIA, c.LOCAL_ANAESTHESIA)
_BUNDLES = (
    (c.LIVER_PANEL, "contains", (c.ALT, c.AST)),
    (c.CONTRAST_CT, "requires", (c.CONTRAST_AGENT,)),
    (c.CATARACT_OPERATION, "requires", _ANAESTHESIA),
    (c.APPENDECTOMY, "requires", _ANAESTHESIA),
    (c.CHOLECYSTECTOMY, "requires", _ANAESTHESIA),
    (c.HERNIA_REPAIR, "requires", _ANAESTHESIA),
    (
        c.ANAESTHESIA,
        "requires",
        (c.CATARACT_OPERATION, c.APPENDECTOMY, c.CHOLECYSTECTOMY, c.HERNIA_REPAIR),
    ),
    (c.INFUSION, "requires", INJECTIONS),
)
INDICATIONS = {
    c.PACLITAXEL: "C|Z51",
    c.TIOTROPIUM: "J44|J43",
    c.ALBUMIN: "K74|E88|R57|T31",
    c.CLOPIDOGREL: "I20|I21|I24|I25|I63",
    c.SEMAGLUTIDE: "E11",
}


def pack_rows() -> list[Row]:
    return [
        {
            "code": item.code,
            "ingredient": pack.ingredient,
            "atc": pack.atc,
            "units_per_pack": _number(pack.units),
            "daily_units": _number(pack.daily),
            "high_value": _number(pack.high_value),
            "resale_prone": _number(pack.resale_prone),
            "antibiotic_grade": str(pack.antibiotic_grade),
            "injection": _number(pack.injection),
            "effective_from": "",
        }
        for item, pack in PACKS.items()
    ]


def _number(value: int) -> str:
    return str(value) if value else ""


def limit_rows() -> list[Row]:
    return [
        {
            "code": item.code,
            **{column: limits.get(column, "") for column in _LIMIT_COLUMNS},
            "effective_from": "",
        }
        for item, limits in LIMITS.items()
    ]


def price_rows(middle_day: int) -> list[Row]:
    """Caps by level for services, one cap for drugs; one price rises in the middle of the county's time."""
    rows = [_price(item, level, share) for item in _services() for level, share in _LEVEL_CAPS.items()]
    rows += [_price(item, "", 100) for item in (*PACKS, *c.LOOSE_GOODS, c.DIALYSIS_MATERIAL, c.HAEMOSTATIC)]
    rows += [{**_price(item, "", 100), "markup_percent": str(_MARKUP_ON_SLICES)} for item in c.SLICES]
    for level in _LEVEL_CAPS:
        rows.append({**_price(c.CHEST_CT, level, 130), "effective_from": day_text(middle_day)})
    return rows


def _services() -> list[Item]:
    return [item for item in vars(c).values() if isinstance(item, Item) and item.code[0] == "0"] + [
        item for item in c.LABORATORY if item not in (c.BLOOD_COUNT, c.LIVER_PANEL, c.GLUCOSE)
    ]


def _price(item: Item, level: str, share: int) -> Row:
    return {
        "code": item.code,
        "level": level,
        "max_price": yuan(item.price * share // 100),
        "markup_percent": "",
        "second_operation_percent": str(SECOND_OPERATION_PERCENT.get(item, "")),
        "effective_from": "",
    }


def pair_rows() -> list[Row]:
    return [
        {"code": one.code, "other_code": other.code, "scope": scope, "effective_from": ""}
        for one, other, scope in _PAIRS
    ]


def bundle_rows() -> list[Row]:
    return [
        {"code": item.code, "component_code": part.code, "relation": relation, "effective_from": ""}
        for item, relation, parts in _BUNDLES
        for part in parts
    ]


def indication_rows() -> list[Row]:
    return [
        {"code": item.code, "icd_prefixes": prefixes, "effective_from": ""}
        for item, prefixes in INDICATIONS.items()
    ]
