"""A04 住院期间药店购药: a pharmacy swipe inside a stay.

Predicate as A03, on pharmacy settlements (2102, med_type 41). Relatives often buy on the personal
account, so a swipe without fund money is light, unless there are three in one stay or the pharmacy is
far away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from schemas.finding import Words
from services.detector.facts import OUTPATIENT, Fact, Kind
from services.detector.history import Change, Ref
from services.detector.rule import Explanation, parameter
from services.detector.rules.a03_visit_inside_stay import InsideStayParameters, VisitInsideStay
from services.detector.stays import Stay
from services.detector.view import PersonView

MARGIN = 8
"""Swipes beyond the threshold at which the others are not judged again: far above what one change moves."""
NOT_IN_PERSON = ("internet", "delivery", "agent")


@dataclass(frozen=True)
class PharmacySwipeParameters(InsideStayParameters):
    """Figures of rules.md A04."""

    many_swipes: int = parameter(3, "1", "一次住院内多次刷卡", "swipes in one stay that make it graver")
    far_km: float = parameter(100.0, "km", "药店距医院过远", "distance from the hospital that is too far")


class PharmacySwipeInsideStay(VisitInsideStay):
    """A pharmacy swipe inside a stay."""

    id = "A04"
    title = Words("住院期间药店购药", "Pharmacy swipe during a stay")
    message = Words(
        "参保人在{stay_institution}住院期间（{stay_begin}入院），{at}在药店{institution}刷卡购药，"
        "基金支付{amount}元。请核对是否家属代购、他人持卡或挂床住院。",
        "While in-patient at {stay_institution} (admitted {stay_begin}), the insured person's card was "
        "swiped at pharmacy {institution} on {at}; the fund paid {amount} yuan. A relative buying, somebody "
        "else with the card, or a bed that is empty?",
    )
    basis = ("条例 38(一)", "条例 41(一)")
    checks = {
        "family_account": Words("家庭共济账户支付", "paid from a relative's account"),
        "bought_by_agent": Words("登记为代购、配送或互联网购药", "bought by an agent, delivered or online"),
        "newborn_on_mothers_card": Words("新生儿随母住院", "a newborn on the mother's card"),
        "special_drugs": Words("特药", "special drugs"),
    }
    watches = frozenset((Kind.ADMISSION, Kind.DISCHARGE, Kind.INPATIENT, Kind.PHARMACY))
    parameters: PharmacySwipeParameters = PharmacySwipeParameters()
    visits = Kind.PHARMACY

    def reach(self, view: PersonView, change: Change) -> Iterable[Ref]:
        """A swipe counts for every swipe of the same stay, unless there are many anyway."""
        for fact in (*change.before, *change.after):
            if fact.kind in OUTPATIENT and view.may_be_inside(fact.at):
                for stay in view.stays:
                    margin = self.parameters.many_swipes + MARGIN
                    if stay.begin <= fact.at <= stay.end and not self._are_many(view, stay, margin):
                        yield stay.ref

    def _are_many(self, view: PersonView, stay: Stay, enough: int) -> bool:
        """Whether so many swipes of a stay, of all it has, are unexplained."""
        return sum(1 for _ in islice(self.suspects(view, stay, None), enough)) == enough

    def explanations(self, view: PersonView, stay: Stay, fact: Fact) -> list[Explanation]:
        detail = fact.detail
        return [
            Explanation("family_account", detail.family > 0),
            Explanation("bought_by_agent", detail.channel in NOT_IN_PERSON),
            Explanation("newborn_on_mothers_card", stay.is_newborn),
            Explanation("special_drugs", fact.med_type.startswith("15")),
        ]

    def severity(self, view: PersonView, stay: Stay, fact: Fact) -> int:
        """2 when the fund paid, on three unexplained swipes in one stay, or far away; else 3."""
        if fact.fund > 0:
            return 2
        distance = view.distance_km(stay.ref[0], fact.institution, fact.at)
        far = distance is not None and distance > self.parameters.far_km
        return 2 if far or self._are_many(view, stay, self.parameters.many_swipes) else 3
