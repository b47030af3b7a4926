"""E08 高值药集中: one practitioner's dear medicines, for people who come once or from far away.

Predicate, by practitioner, institution and month, of visits: the share of dear medicines (packs, high_value)
in all that was prescribed lies above the 99th percentile of the practitioners at institutions of its kind and
level (5 or more of them), is three tenths or more and went to 5 persons or more; and of these persons four in
five have been with the practitioner on no other day of the month or the 60 days before, or half are insured
in another region (where somebody lives is not told).

Silent: a department of tumours, blood or rheumatic diseases, whose medicines are dear. No practitioner, no
packs, no kind of institution known: not judged.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class PreciousDrugsParameters(Parameters):
    """Figures of rules.md E08."""

    percentile: float = parameter(0.99, "1", "同类医师占比分位", "percentile of practitioners of its class")
    peers: int = parameter(5, "1", "同类医师人数下限", "practitioners of its class, itself among them")
    share: float = parameter(0.3, "1", "高值药费用占比下限", "share of dear medicines in what was prescribed")
    persons: int = parameter(5, "1", "用药人数下限", "persons who were given them")
    once_share: float = parameter(0.8, "1", "无复诊人数占比", "share of persons who came once")
    far_share: float = parameter(0.5, "1", "异地参保人数占比", "share of persons insured in another region")


RULE = PeriodRule(
    id="E08",
    title=Words("高值药品集中开具", "Dear medicines from one hand"),
    message=Words(
        "医师 {practitioner} 在 {institution_id} 于 {month} 开具的药品中高值药占"
        "{share:.0%}（{persons}人，{amount}元），其中{once}人无其他就诊记录、{far}人为异地参保。请核对患者本人是否就诊、药品去向。",
        "Of what practitioner {practitioner} prescribed at {institution_id} in {month}, {share:.0%} are dear "
        "medicines: {persons} persons, {amount} yuan. {once} of them have no other visit, {far} are insured "
        "elsewhere. Did they come themselves, and where did the medicines go?",
    ),
    basis=("条例 38(五)", "条例 40(一)"),
    checks={"specialty": Words("肿瘤、血液、风湿专科", "a department whose medicines are dear")},
    parameters=PreciousDrugsParameters(),
    sql="e08_precious_drugs.sql",
    needs=(Need.LINES_SOLD, Need.VISITS),
    subject="practitioner",
    identity=("practitioner", "institution_id", "month"),
    severity=3,
    lookback_days=60,
)
