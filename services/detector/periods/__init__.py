"""Period rules: institutions, practitioners and groups over a month of screened settlements.

A stream rule sees one person or terminal within a second. A period rule is one SQL text over what was
screened, run again when a fact of its month changed; what it finds and found before become opened, changed,
withdrawn, through the same intake as everything else. Run after every change or once at the end, the same
findings stand: they are a function of the screenings and the registry.

To add one:

1. `<id>_<name>.py` here: its page as docstring (what it looks for, what speaks against it), its parameters,
   and `RULE = PeriodRule(…)` with its words in both languages, basis and checks.
2. `<id>_<name>.sql` here: one statement, a row a finding. `relations` says what it may read and in which
   dialect, `rule` which columns have a meaning. It must give the same rows on PostgreSQL and DuckDB, in
   whatever order facts came: every ORDER BY ends in something unique, every figure is a function of the rows.
3. Its module in the list below, in order of the ids.
4. `tests/detector/test_periods_<id>.py`: found, just not found, each innocent explanation, silent without
   data. `tests/detector/test_periods_laws.py` takes it up by itself: both engines, any order, words.

A rule that reads days before its month says so by `lookback_days`; stays over half a year or a year by
`stays_days`, which costs far less. It sees no day more. What goes on past the end of a month (a night, a
stay) is judged with the month in which it ends, or counts up to the month's last day.
"""

from services.detector.periods import (
    b02_night_swipes,
    b03_equal_amounts,
    b05_taken_back,
    c01b_empty_bed_compared,
    c02_overfull_beds,
    c04_one_community,
    c05_check_up_stays,
    c06_stays_for_drugs,
    c07_cared_for_in_a_ward,
    c08_minor_illness,
    c09_days_off,
    c11_people_on_assistance,
    d11_exchanged_goods,
    d12_fixed_baskets,
    d16_borrowed_terminal,
    e05_herbal_prescription,
    e08_precious_drugs,
    f02_stock_does_not_cover,
    f03_too_many_patients,
    f05_cost_outlier,
    f06_sudden_growth,
    f07_wave_from_elsewhere,
    f08b_below_the_threshold,
    f11_too_many_examinations,
    g01_together,
    g02_admitted_together,
    g03_prescription_chain,
)
from services.detector.periods.rule import PeriodRule

RULES: tuple[PeriodRule, ...] = (
    b02_night_swipes.RULE,
    b03_equal_amounts.RULE,
    b05_taken_back.RULE,
    c01b_empty_bed_compared.RULE,
    c02_overfull_beds.RULE,
    c04_one_community.RULE,
    c05_check_up_stays.RULE,
    c06_stays_for_drugs.RULE,
    c07_cared_for_in_a_ward.RULE,
    c08_minor_illness.RULE,
    c09_days_off.RULE,
    c11_people_on_assistance.RULE,
    d11_exchanged_goods.RULE,
    d12_fixed_baskets.RULE,
    d16_borrowed_terminal.RULE,
    e05_herbal_prescription.RULE,
    e08_precious_drugs.RULE,
    f02_stock_does_not_cover.RULE,
    f03_too_many_patients.RULE,
    f05_cost_outlier.RULE,
    f06_sudden_growth.RULE,
    f07_wave_from_elsewhere.RULE,
    f08b_below_the_threshold.RULE,
    f11_too_many_examinations.RULE,
    g01_together.RULE,
    g02_admitted_together.RULE,
    g03_prescription_chain.RULE,
)
