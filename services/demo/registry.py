"""Rows of the registry files (contract, section 7) as the county's own authority would send them."""

from services.demo.almanac import day_text
from services.demo.geography import REGION, Geography
from services.demo.people import Person

Row = dict[str, str]
_REGISTERED_DAYS_BEFORE = 900
_PAST_SUSPENSION = (700, 640)


def institution_rows(geography: Geography) -> list[Row]:
    return [
        {
            "institution_id": place.institution_id,
            "name": place.name,
            "kind": place.kind,
            "level": str(place.level),
            "region": REGION,
            "latitude": f"{place.latitude:.6f}",
            "longitude": f"{place.longitude:.6f}",
            "beds": str(place.beds) if place.beds else "",
            "group_id": place.group_id,
            "chain_id": place.chain_id,
            "open_24h": "true" if place.open_24h else "false",
            "internet": "true" if place.internet else "false",
        }
        for place in geography.institutions
    ]


def person_rows(people: list[Person]) -> list[Row]:
    return [
        {
            "person_id": person.person_id,
            "sex": str(person.sex),
            "birth_date": day_text(person.birth_day),
            "death_date": person.death_text,
            "insured_from": person.insured_from,
            "insured_to": "",
            "household_id": f"F{person.household:06d}",
        }
        for person in people
    ]


def practitioner_rows(geography: Geography, first_day: int) -> list[Row]:
    since = day_text(first_day - _REGISTERED_DAYS_BEFORE)
    return [
        {"practitioner_id": practitioner, "institution_id": place.institution_id, "from": since, "to": ""}
        for place in geography.institutions
        for practitioner in place.practitioners
    ]


def status_rows(geography: Geography, first_day: int) -> list[Row]:
    """Everybody in good standing; two pharmacies were suspended long before the county's first day."""
    since = day_text(first_day - _REGISTERED_DAYS_BEFORE)
    begin, end = (day_text(first_day - days) for days in _PAST_SUSPENSION)
    rows = [
        {
            "kind": "institution",
            "id": place.institution_id,
            "status": "normal",
            "from": since,
            "to": "",
            "reason": "",
        }
        for place in geography.institutions
    ]
    for place in geography.of_kind("pharmacy")[5:40:30]:
        rows.append(
            {
                "kind": "institution",
                "id": place.institution_id,
                "status": "suspended",
                "from": begin,
                "to": end,
                "reason": "进销存台账不全",
            }
        )
    return rows
