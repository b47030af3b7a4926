"""Stays that are soon followed by another, and what may explain it (rules.md C03)."""

from typing import NamedTuple

from schemas.moments import DAY
from services.detector.history import Ref
from services.detector.rule import Explanation
from services.detector.stays import Stay

BY_THE_DAY = "2105"
EMERGENCY_ADMISSION = "24"
COURSES = ("Z510", "Z511", "Z512", "Z515", "Z49")
"""Chemotherapy, radiotherapy, palliative care, dialysis: admitted again as planned."""
LONG_DISEASES = ("O", "F", *(f"A{n}" for n in range(15, 20)), *(f"T{n}" for n in range(20, 33)))
"""Pregnancy, psychiatry, tuberculosis, burns: treated in several stays."""
TO_HOSPITAL, TO_COMMUNITY, DEATH = 2, 3, 5
CHAIN_STAYS = 3


class Return(NamedTuple):
    """A stay and a later one that may be its continuation."""

    first: Stay
    second: Stay
    severity: int
    same_day: bool
    explanations: list[Explanation]


def chains(returns: list[Return], days: int) -> list[list[Return]]:
    """Returns one after another, from each stay the longest run whose last begins at most so many days after
    the first ended, none that is part of a longer one."""
    links: dict[Ref, Return] = {}
    for one in sorted(returns, key=lambda one: (one.second.begin, one.second.ref), reverse=True):
        links[one.first.ref] = one
    runs = []
    for start in links.values():
        latest = start.first.end + days * DAY
        chain, link = [], links.get(start.first.ref)
        while link is not None and link.second.begin <= latest:
            chain.append(link)
            link = links.get(link.second.ref)
        if len(chain) + 1 >= CHAIN_STAYS:
            runs.append(chain)
    # All follow the same links: a run that is part of a longer one ends where that one does.
    by_last: dict[Ref, list[list[Return]]] = {}
    for chain in runs:
        by_last.setdefault(chain[-1].second.ref, []).append(chain)
    return [
        chain
        for chain in runs
        if not any(
            chain[0].first.ref in {one.second.ref for one in other} for other in by_last[chain[-1].second.ref]
        )
    ]


def innocent(first: Stay, second: Stay) -> list[Explanation]:
    """What may explain that a stay is followed by another."""
    way = first.discharge_way
    on_or_back = way == TO_HOSPITAL or (way == TO_COMMUNITY and first.transfer_to == second.ref[0])
    codes = [code.replace(".", "") for fact in second.facts for code in fact.detail.diagnoses.split()]
    main = second.main_diagnosis
    return [
        Explanation("planned_return", first.planned_return),
        Explanation("planned_course", any(code.startswith(COURSES) for code in codes) if codes else None),
        Explanation("long_disease", main.startswith(LONG_DISEASES) if main else None),
        Explanation("emergency", second.med_type.startswith(EMERGENCY_ADMISSION)),
        Explanation("paid_by_the_day", any(stay.med_type.startswith(BY_THE_DAY) for stay in (first, second))),
        Explanation("transfer", on_or_back if way else None),
        Explanation("death", way == DEATH if way else None),
        Explanation("newborn_on_mothers_card", first.is_newborn or second.is_newborn),
    ]
