"""The contract's field table (section 2), written down once more and independently of the generator."""

from datetime import datetime
from decimal import Decimal
from typing import Any

_ALL = {"type", "event_id", "institution_id", "occurred_at"}
_ALL_OPTIONAL = {"recorded_at", "region", "device_id", "operator_id"}
_PERSON_OPTIONAL = {"insured_region", "card", "practitioner_id", "department"}
REQUIRED = {
    "admission": {"encounter_id", "med_type"},
    "discharge": {"encounter_id"},
    "fee_lines": {"encounter_id", "lines"},
    "settlement": {"settlement_id", "encounter_id", "med_type", "amounts"},
    "cancellation": {"cancels"},
    "identity_check": {"encounter_id", "method", "result"},
    "inspection": {"encounter_id", "kind", "result"},
    "stock": {"product_code", "movement", "quantity"},
}
OPTIONAL = {
    "admission": {"diagnoses", "bed"},
    "discharge": {"discharge_way", "transfer_to", "planned_return", "diagnoses"},
    "fee_lines": set(),
    "settlement": {
        "begin_at",
        "end_at",
        "diagnoses",
        "lines",
        "procedures",
        "emergency",
        "mid_stay",
        "insurance_type",
        "channel",
        "online",
        "external_institution",
        "prescription_id",
        "invoice_no",
        "disease_code",
        "drg_code",
    },
    "cancellation": set(),
    "identity_check": set(),
    "inspection": set(),
    "stock": {"trace_codes", "document_id"},
}
LINE_REQUIRED = {"line_id", "code", "quantity", "amount"}
LINE_OPTIONAL = {
    "occurred_at",
    "name",
    "category",
    "unit",
    "unit_price",
    "covered_amount",
    "days_supply",
    "doses",
    "practitioner_id",
    "department",
    "trace_codes",
    "split_pack",
    "discharge_drug",
    "external_prescription",
    "approved",
    "refunds_line_id",
}
CHOICES = {
    "channel": {"counter", "internet", "delivery", "agent"},
    "movement": {"count", "adjust", "purchase", "purchase_return", "sale", "sale_return"},
    "method": {"face", "id_card", "social_card", "e_voucher"},
}
COLUMNS = {
    "institutions.csv": [
        "institution_id",
        "name",
        "kind",
        "level",
        "region",
        "latitude",
        "longitude",
        "beds",
        "group_id",
        "chain_id",
        "open_24h",
        "internet",
        "effective_from",
    ],
    "persons.csv": [
        "person_id",
        "sex",
        "birth_date",
        "death_date",
        "insured_from",
        "insured_to",
        "household_id",
        "assistance",
        "community_id",
        "effective_from",
    ],
    "practitioners.csv": ["practitioner_id", "institution_id", "from", "to", "person_id", "title"],
    "status.csv": ["kind", "id", "status", "from", "to", "reason"],
    "limits.csv": [
        "code",
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
        "effective_from",
    ],
    "prices.csv": [
        "code",
        "level",
        "max_price",
        "markup_percent",
        "second_operation_percent",
        "effective_from",
    ],
    "exclusive_pairs.csv": ["code", "other_code", "scope", "effective_from"],
    "bundles.csv": ["code", "component_code", "relation", "effective_from"],
    "indications.csv": ["code", "icd_prefixes", "effective_from"],
    "packs.csv": [
        "code",
        "ingredient",
        "atc",
        "units_per_pack",
        "daily_units",
        "high_value",
        "resale_prone",
        "antibiotic_grade",
        "injection",
        "effective_from",
    ],
    "approvals.csv": ["person_id", "disease_code", "from", "to"],
    "scopes.csv": ["institution_id", "service", "from", "to"],
    "holidays.csv": ["day", "name", "kind"],
    "face_check.csv": ["institution_id", "from", "to"],
}


def faults(event: dict[str, Any]) -> list[str]:
    """What the contract would find wrong with an event."""
    kind = event["type"]
    required = _ALL | REQUIRED[kind] | (set() if kind == "stock" else {"person_id"})
    allowed = required | _ALL_OPTIONAL | OPTIONAL[kind] | (set() if kind == "stock" else _PERSON_OPTIONAL)
    found = [f"required {name}" for name in required - event.keys()]
    found += [f"unknown {name}" for name in event.keys() - allowed]
    found += [
        f"choice {name}" for name, values in CHOICES.items() if name in event and event[name] not in values
    ]
    for line in event.get("lines", ()):
        found += [f"required line {name}" for name in LINE_REQUIRED - line.keys()]
        found += [f"unknown line {name}" for name in line.keys() - LINE_REQUIRED - LINE_OPTIONAL]
        found += [] if "01" <= line.get("category", "01") <= "14" else ["category"]
    if "card" in event and (
        event["card"].keys() != {"kind", "number"}
        or event["card"]["kind"] not in {"e_voucher", "id_card", "social_card", "face"}
    ):
        found.append("card")
    if "cancels" in event and event["cancels"].keys() - {"line_id", "event_id"} != {"type", "id"}:
        found.append("cancels")
    if "amounts" in event:
        found += _amount_faults(event["amounts"])
    return found + _time_faults(event)


def _amount_faults(amounts: dict[str, str]) -> list[str]:
    found = [f"amount {name}" for name in {"total", "fund"} - amounts.keys()]
    known = {"total", "fund", "account", "cash", "family", "balance"}
    found += [f"unknown amount {name}" for name in amounts.keys() - known]
    return found + [
        f"decimals of {name}" for name, text in amounts.items() if -Decimal(text).as_tuple().exponent != 2
    ]


def _time_faults(event: dict[str, Any]) -> list[str]:
    occurred, recorded = (datetime.fromisoformat(event[name]) for name in ("occurred_at", "recorded_at"))
    found = [] if event["occurred_at"].endswith("+08:00") and recorded >= occurred else ["times"]
    begun = event.get("begin_at")
    if begun and len(begun) > 10 and datetime.fromisoformat(begun) > occurred:
        found.append("begin_at")
    return found
