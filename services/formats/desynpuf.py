"""CMS 2008–2010 DE-SynPUF in-patient claims as settlements, beneficiaries as person records.

A claim may have two rows (segments): admission is the earliest, discharge the latest, the amount their
sum; institution and physician are those of the row with the earliest admission, first in the file.
Dates are whole days. A date of death is the first of its month and means the month.

Diagnoses are left out: they are ICD-9 codes, and rules read ICD-10. V0481 is a vaccination in the one and a
pedestrian's injury in the other.
"""

import csv
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

CLAIMS = "inpatient_claims.csv"
BENEFICIARIES = "beneficiary.csv"


def read_claims(folder: Path) -> list[dict]:
    """One settlement event a claim, in the order of first rows. Raises OSError, KeyError, ValueError."""
    claims: dict[tuple[str, str], dict] = {}
    for row in _rows(folder, CLAIMS):
        name = (row["DESYNPUF_ID"], row["CLM_ID"])
        known = claims.get(name)
        if known is None:
            claims[name] = dict(row, amount=Decimal(row["CLM_PMT_AMT"]))
        else:
            _join(known, row)
    return [_settlement(claim) for claim in claims.values()]


def read_persons(folder: Path) -> Iterator[dict]:
    """Person records (registry columns) of all beneficiaries."""
    for row in _rows(folder, BENEFICIARIES):
        record = {
            "person_id": row["DESYNPUF_ID"],
            "sex": row["BENE_SEX_IDENT_CD"],
            "birth_date": _date(row["BENE_BIRTH_DT"]),
        }
        if row["BENE_DEATH_DT"]:
            record["death_date"] = _date(row["BENE_DEATH_DT"])[:7]
        yield record


def _join(known: dict, row: dict) -> None:
    """Add a further segment to its claim."""
    known["amount"] += Decimal(row["CLM_PMT_AMT"])
    known["NCH_BENE_DSCHRG_DT"] = max(known["NCH_BENE_DSCHRG_DT"], row["NCH_BENE_DSCHRG_DT"])
    if row["CLM_ADMSN_DT"] < known["CLM_ADMSN_DT"]:
        for column in ("CLM_ADMSN_DT", "PRVDR_NUM", "AT_PHYSN_NPI"):
            known[column] = row[column]


def _settlement(claim: dict) -> dict:
    begin, end = _date(claim["CLM_ADMSN_DT"]), _date(claim["NCH_BENE_DSCHRG_DT"])
    amount = f"{claim['amount']:.2f}"
    event = {
        "type": "settlement",
        "event_id": claim["CLM_ID"],
        "institution_id": claim["PRVDR_NUM"],
        "person_id": claim["DESYNPUF_ID"],
        "settlement_id": claim["CLM_ID"],
        "encounter_id": claim["CLM_ID"],
        "med_type": "21",
        "occurred_at": end,
        "begin_at": begin,
        "end_at": end,
        "amounts": {"total": amount, "fund": amount},
    }
    if claim["AT_PHYSN_NPI"]:
        event["practitioner_id"] = claim["AT_PHYSN_NPI"]
    return event


def _rows(folder: Path, name: str) -> Iterator[dict]:
    plain, packed = folder / name, folder / (name + ".gz")
    if packed.exists():
        with gzip.open(packed, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    elif plain.exists():
        with plain.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    else:
        raise FileNotFoundError(2, "no such file", str(plain))


def _date(digits: str) -> str:
    if len(digits) != 8 or not digits.isdigit():
        raise ValueError(f"not a date (YYYYMMDD): {digits!r}")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
