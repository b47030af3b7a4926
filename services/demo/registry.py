"""Rows of the registry files (contract, section 7) as the county's own authority would send them."""

from services.demo import catalogue, formulary
from services.demo.almanac import day_text, holidays_of
from services.demo.geography import REGION, Geography
from services.demo.people import Person
from services.demo.standing import Standing

Row = dict[str, str]
_REGISTERED_DAYS_BEFORE = 900
_PAST_SUSPENSION = (700, 640)
_MOVED_DEGREES = 0.006
_TITLES = (1, 2, 2, 3, 2, 4)
_SPECIAL_CARE = ("M07800", "M00500")
_CHRONIC_CARE = ("M03900", "M01600", "M04600", "M05300")


def tables(
    geography: Geography, people: list[Person], standing: Standing, first_day: int, last_day: int
) -> dict[str, list[Row]]:
    """All registry files by their name without the ending."""
    return {
        "institutions": institution_rows(geography, standing),
        "persons": person_rows(people),
        "practitioners": practitioner_rows(geography, people, first_day),
        "status": status_rows(geography, standing, first_day) + suspended_person_rows(people),
        "limits": formulary.limit_rows(),
        "prices": formulary.price_rows((first_day + last_day) // 2),
        "exclusive_pairs": formulary.pair_rows(),
        "bundles": formulary.bundle_rows(),
        "indications": formulary.indication_rows(),
        "packs": formulary.pack_rows(),
        "approvals": approval_rows(people, first_day),
        "scopes": scope_rows(geography, first_day),
        "holidays": holiday_rows(first_day, last_day),
        "face_check": face_check_rows(geography, standing, first_day),
    }


def institution_rows(geography: Geography, standing: Standing) -> list[Row]:
    """Every institution; the one that moves has a second row from the day on."""
    rows = [
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
            "effective_from": "",
        }
        for place in geography.institutions
    ]
    moved, day = standing.moved
    latitude = f"{geography.institutions[moved].latitude + _MOVED_DEGREES:.6f}"
    rows.append({**rows[moved], "latitude": latitude, "effective_from": day_text(day)})
    return rows


def person_rows(people: list[Person]) -> list[Row]:
    return [
        {
            "person_id": person.person_id,
            "sex": str(person.sex),
            "birth_date": day_text(person.birth_day),
            "death_date": person.death_text,
            "insured_from": person.insured_from,
            "insured_to": person.insured_to,
            "household_id": f"F{person.household:06d}",
            "assistance": "1" if person.assisted else "",
            "community_id": person.community,
            "effective_from": "",
        }
        for person in people
    ]


def practitioner_rows(geography: Geography, people: list[Person], first_day: int) -> list[Row]:
    """Everybody's registration; doctors who are insured here carry their own number. Some practise twice."""
    since = day_text(first_day - _REGISTERED_DAYS_BEFORE)
    numbers = doctors_of(geography, people)
    rows = []
    for place in geography.institutions:
        for order, practitioner in enumerate(place.practitioners):
            person = numbers.get(practitioner)
            reserve = place.kind == "hospital" and order >= len(place.practitioners) - 2
            title = (1, 4)[order % 2] if reserve else _TITLES[order % len(_TITLES)]
            rows.append(
                {
                    "practitioner_id": practitioner,
                    "institution_id": place.institution_id,
                    "from": since,
                    "to": "",
                    "person_id": person.person_id if person else "",
                    "title": str(title),
                }
            )
    main, branch = geography.hospitals[:2]
    second = next(row for row in rows if row["practitioner_id"] == main.practitioners[-1])
    rows.append({**second, "institution_id": branch.institution_id})
    return rows


def doctors_of(geography: Geography, people: list[Person]) -> dict[str, Person]:
    """Practitioner → the person, hospitals first; the last of each hospital before the others."""
    persons = [person for person in people if person.role == "doctor"]
    hospitals = geography.of_kind("hospital")
    most = max(len(place.practitioners) for place in hospitals)
    staff = [
        place.practitioners[-order]
        for order in range(1, most + 1)
        for place in hospitals
        if order <= len(place.practitioners)
    ]
    return dict(zip(staff, persons, strict=False))


def status_rows(geography: Geography, standing: Standing, first_day: int) -> list[Row]:
    """Most in good standing; who is suspended meanwhile; two pharmacies were suspended long before."""
    since = day_text(first_day - _REGISTERED_DAYS_BEFORE)
    begin, end = (day_text(first_day - days) for days in _PAST_SUSPENSION)
    rows = [
        _status("institution", place.institution_id, "normal", since, "")
        for place in geography.institutions
        if place.index not in standing.suspended
    ]
    for place in geography.of_kind("pharmacy")[5:40:30]:
        rows.append(_status("institution", place.institution_id, "suspended", begin, end, "进销存台账不全"))
    for index, (first, last) in standing.suspended.items():
        number = geography.institutions[index].institution_id
        rows.append(
            _status("institution", number, "suspended", day_text(first), day_text(last), "违反服务协议")
        )
    doctor, first, last = standing.suspended_doctor
    rows.append(_status("practitioner", doctor, "suspended", day_text(first), day_text(last), "记分满九分"))
    return rows


def suspended_person_rows(people: list[Person]) -> list[Row]:
    return [
        _status("person", person.person_id, "suspended", *map(day_text, person.suspended), "待遇暂停")
        for person in people
        if person.suspended
    ]


def _status(kind: str, number: str, status: str, begin: str, end: str, reason: str = "") -> Row:
    return {"kind": kind, "id": number, "status": status, "from": begin, "to": end, "reason": reason}


def approval_rows(people: list[Person], first_day: int) -> list[Row]:
    """Who is approved for which out-patient chronic or special disease."""
    since = day_text(first_day - _REGISTERED_DAYS_BEFORE)
    return [
        {
            "person_id": person.person_id,
            "disease_code": catalogue.CHRONIC_DISEASES[condition],
            "from": since,
            "to": "",
        }
        for person in people
        for condition in person.conditions
    ]


def scope_rows(geography: Geography, first_day: int) -> list[Row]:
    """Chronic care is offered by all but the special hospitals and shops, special care by hospitals alone."""
    since = day_text(first_day - _REGISTERED_DAYS_BEFORE)
    rows = []
    for place in geography.institutions:
        if place.kind == "pharmacy" or place.specialty in ("maternity", "psychiatric"):
            continue
        services = [*_CHRONIC_CARE, "140104"]
        if place.kind == "hospital":
            services += [*_SPECIAL_CARE, "140201"]
        rows += [
            {"institution_id": place.institution_id, "service": service, "from": since, "to": ""}
            for service in services
        ]
    return rows


def holiday_rows(first_day: int, last_day: int) -> list[Row]:
    years = range(int(day_text(first_day)[:4]), int(day_text(last_day)[:4]) + 1)
    return [
        {"day": day_text(day), "name": name, "kind": "holiday"}
        for year in years
        for day, name in sorted(holidays_of(year).items())
    ]


def face_check_rows(geography: Geography, standing: Standing, first_day: int) -> list[Row]:
    since = day_text(first_day - _REGISTERED_DAYS_BEFORE)
    return [
        {"institution_id": place.institution_id, "from": since, "to": ""}
        for place in geography.institutions
        if place.index in standing.face_check
    ]
