"""The catalogue: every rule, listed by hand."""

from services.detector.rule import Rule
from services.detector.rules.a01_overlapping_stays import OverlappingStays
from services.detector.rules.a02_two_stays_at_once import TwoStaysAtOnce
from services.detector.rules.a03_visit_inside_stay import VisitInsideStay
from services.detector.rules.a04_pharmacy_swipe_inside_stay import PharmacySwipeInsideStay
from services.detector.rules.a05_impossible_travel import ImpossibleTravel
from services.detector.rules.a06_many_institutions import ManyInstitutions
from services.detector.rules.a07_repeated_swipe import RepeatedSwipe
from services.detector.rules.a07b_three_swipes import ThreeSwipes
from services.detector.rules.a08_settlement_after_death import SettlementAfterDeath
from services.detector.rules.a09_not_insured import NotInsured
from services.detector.rules.a13_identity_mismatch import IdentityMismatch
from services.detector.rules.a14_without_approval import WithoutApproval
from services.detector.rules.b01_kept_cards import KeptCards
from services.detector.rules.d14_duplicate_settlement import DuplicateSettlement
from services.detector.rules.e02_over_supply import OverSupply

RULES: tuple[Rule, ...] = (
    OverlappingStays(),
    TwoStaysAtOnce(),
    VisitInsideStay(),
    PharmacySwipeInsideStay(),
    ImpossibleTravel(),
    ManyInstitutions(),
    RepeatedSwipe(),
    ThreeSwipes(),
    SettlementAfterDeath(),
    NotInsured(),
    IdentityMismatch(),
    WithoutApproval(),
    KeptCards(),
    DuplicateSettlement(),
    OverSupply(),
)
