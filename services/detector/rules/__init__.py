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
from services.detector.rules.a10_sex_and_age import SexAndAge
from services.detector.rules.a11_once_in_a_lifetime import OnceInALifetime
from services.detector.rules.a12_shared_card import SharedCard
from services.detector.rules.a13_identity_mismatch import IdentityMismatch
from services.detector.rules.a14_without_approval import WithoutApproval
from services.detector.rules.b01_kept_cards import KeptCards
from services.detector.rules.b04_day_after_day import DayAfterDay
from services.detector.rules.c01_empty_bed import EmptyBed
from services.detector.rules.c03_stay_in_parts import StayInParts
from services.detector.rules.c10_doctor_in_bed import DoctorInBed
from services.detector.rules.c12_lines_outside_the_stay import LinesOutsideTheStay
from services.detector.rules.d01_more_days_than_stayed import MoreDaysThanStayed
from services.detector.rules.d02_more_hours_than_a_day import MoreHoursThanADay
from services.detector.rules.d03_more_than_the_maximum import MoreThanTheMaximum
from services.detector.rules.d04_exclusive_items import ExclusiveItems
from services.detector.rules.d05_split_bundle import SplitBundle
from services.detector.rules.d06_second_operation import SecondOperation
from services.detector.rules.d07_above_the_price import AboveThePrice
from services.detector.rules.d09_lone_service import LoneService
from services.detector.rules.d10_more_than_a_working_day import MoreThanAWorkingDay
from services.detector.rules.d13_trace_code_twice import TraceCodeTwice
from services.detector.rules.d14_duplicate_settlement import DuplicateSettlement
from services.detector.rules.d15_not_medical import NotMedical
from services.detector.rules.d17_invoice_twice import InvoiceTwice
from services.detector.rules.e01_beyond_limits import BeyondLimits
from services.detector.rules.e02_over_supply import OverSupply
from services.detector.rules.e03_without_indication import WithoutIndication
from services.detector.rules.e04_taken_home import TakenHome
from services.detector.rules.e06_given_twice import GivenTwice
from services.detector.rules.e07_beyond_rights import BeyondRights
from services.detector.rules.f01_not_in_standing import NotInStanding
from services.detector.rules.f04_two_places_at_once import TwoPlacesAtOnce
from services.detector.rules.f08_large_bill import LargeBill
from services.detector.rules.f09_cut_visits import CutVisits
from services.detector.rules.f10_too_many_visits import TooManyVisits
from services.detector.rules.f12_third_party import ThirdParty

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
    SexAndAge(),
    OnceInALifetime(),
    SharedCard(),
    IdentityMismatch(),
    WithoutApproval(),
    KeptCards(),
    DayAfterDay(),
    EmptyBed(),
    StayInParts(),
    DoctorInBed(),
    LinesOutsideTheStay(),
    MoreDaysThanStayed(),
    MoreHoursThanADay(),
    MoreThanTheMaximum(),
    ExclusiveItems(),
    SplitBundle(),
    SecondOperation(),
    AboveThePrice(),
    LoneService(),
    MoreThanAWorkingDay(),
    TraceCodeTwice(),
    DuplicateSettlement(),
    NotMedical(),
    InvoiceTwice(),
    BeyondLimits(),
    OverSupply(),
    WithoutIndication(),
    TakenHome(),
    GivenTwice(),
    BeyondRights(),
    NotInStanding(),
    TwoPlacesAtOnce(),
    LargeBill(),
    CutVisits(),
    TooManyVisits(),
    ThirdParty(),
)
