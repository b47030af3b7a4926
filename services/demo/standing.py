"""What the county's authority has ordered: who is suspended, who must check faces, who reports its stock.

Everyday life obeys; only stories do not.
"""

from dataclasses import dataclass

from services.demo.geography import SEAT, Geography, Institution

_SUSPENDED_SHARE = 6
_FACE_CHECKED = (3, 27, 61)
_SUSPENDED_WARD = 7
_MOVED_PHARMACY = 33
_REPORTING_EVERY = 5
_RESERVE_FROM, _APART = 22, 21
_EARLY, _LATE = (18, 19), (20,)
_DAY_DOCTORS = 18


@dataclass(frozen=True, slots=True)
class Standing:
    """Orders in force. Days are day numbers, both ends inclusive; places are institution indexes."""

    suspended: dict[int, tuple[int, int]]
    suspended_doctor: tuple[str, int, int]
    suspended_doctor_at: Institution
    face_check: frozenset[int]
    reporting: frozenset[int]
    moved: tuple[int, int]

    def is_suspended(self, place: Institution, day: int) -> bool:
        begin, end = self.suspended.get(place.index, (1, 0))
        return begin <= day <= end


def order(geography: Geography, first_day: int, last_day: int) -> Standing:
    """A pharmacy and a township ward are suspended in the middle of the time; another shop moves."""
    days = last_day - first_day
    begin = first_day + days * 2 // 5
    end = begin + max(2, days // _SUSPENDED_SHARE)
    pharmacies = geography.of_kind("pharmacy")
    # A busy one of the county seat, so that there are customers to go elsewhere.
    closed = next(place for place in geography.pharmacies[SEAT][2:] if place.terminals[0].device_id)
    ward = geography.of_kind("township")[_SUSPENDED_WARD]
    return Standing(
        suspended={closed.index: (begin, end), ward.index: (begin, end)},
        suspended_doctor=(geography.hospitals[2].practitioners[_APART], begin, end),
        suspended_doctor_at=geography.hospitals[2],
        face_check=frozenset(pharmacies[number].index for number in _FACE_CHECKED),
        reporting=frozenset(place.index for place in pharmacies[::_REPORTING_EVERY] if place is not closed),
        moved=(pharmacies[_MOVED_PHARMACY].index, first_day + days // 2),
    )


def doctors_on_duty(place: Institution, hour: int) -> tuple[str, ...]:
    """Hospitals work in shifts; their last doctors are kept free for the stories."""
    staff = place.practitioners
    if place.kind != "hospital":
        return staff
    if hour < 8:
        return tuple(staff[number] for number in _EARLY)
    return tuple(staff[number] for number in _LATE) if hour >= 18 else staff[:_DAY_DOCTORS]


def reserve_doctors(place: Institution) -> tuple[str, ...]:
    """A hospital's two doctors without everyday work: a resident and a chief (titles 1 and 4)."""
    return place.practitioners[_RESERVE_FROM:]


def sick_doctor(place: Institution) -> str:
    """The hospital's doctor who orders nothing but in stories of doctors who lie in hospital themselves."""
    return place.practitioners[_APART]
