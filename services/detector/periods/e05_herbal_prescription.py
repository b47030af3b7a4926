"""E05 中药处方过大: a prescription of Chinese herbs beyond what one needs.

Predicate, of herbal medicines (charge type 10) that one encounter over a counter was given:

- more than 7 doses (15 for chronic diseases, 30 for special ones, by med_type and disease_code), or
- more than 20 different herbs, or
- a dose that costs more than 60 yuan, or more than 1.5 times what all but one in twenty of the doses at
  institutions of its kind and level cost in the month, where these are 20 prescriptions or more.

Of a settled stay of 1,000 yuan or more in a department that is not of Chinese medicine: herbs and proprietary
Chinese medicines make up half of the bill or more.

Severity 3; 2 where two of the first three hold or a figure is exceeded twice over. Amount: what of the
herbs' covered amount lies above the figure, the greatest of them. A prescription whose doses are not told is
judged by its number of herbs alone; a stay whose department is not told is not judged.

Silent: a stay in a hospital of Chinese medicine.
"""

from dataclasses import dataclass

from schemas.finding import Words
from services.detector.periods.needs import Need
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Parameters, parameter


@dataclass(frozen=True)
class HerbalPrescriptionParameters(Parameters):
    """Figures of rules.md E05."""

    doses: int = parameter(7, "1", "中药饮片剂数上限", "most doses of a prescription")
    doses_chronic: int = parameter(15, "1", "慢性病剂数上限", "… for chronic diseases")
    doses_special: int = parameter(30, "1", "特殊病种剂数上限", "… for special diseases")
    herbs: int = parameter(20, "1", "饮片味数上限", "most different herbs")
    dose_price: int = parameter(6_000, "fen", "每剂价格上限", "most that a dose may cost")
    class_factor: float = parameter(1.5, "1", "同类P95倍数上限", "most times its class's 95th percentile")
    class_size: int = parameter(20, "1", "计算同类P95所需处方数", "prescriptions that a percentile needs")
    share: float = parameter(0.5, "1", "住院中药费用占比上限", "share of Chinese medicine in a stay")
    least: int = parameter(100_000, "fen", "判断占比的住院费用下限", "least bill of a stay that is judged")
    twice: float = parameter(2.0, "1", "超限倍数达到此值加重", "times the figure that makes it graver")


RULE = PeriodRule(
    id="E05",
    title=Words("中药处方过大", "Too large a prescription of Chinese medicine"),
    message=Words(
        "{institution_id}在{happened_on}为一名参保人开具中药饮片{herbs}味{doses}剂，每剂{dose_price}元"
        "（参考上限：{herbs_allowed}味、{doses_allowed}剂、每剂{price_allowed}元），疑似超出部分{amount}元。"
        "请核对辨证依据和实际给药。",
        "On {happened_on} {institution_id} prescribed {herbs} herbs in {doses} doses at {dose_price} yuan a "
        "dose (usual at most: {herbs_allowed} herbs, {doses_allowed} doses, {price_allowed} yuan a dose); "
        "{amount} yuan lie above it. What were they for, and were they all handed out?",
    ),
    variants={
        "undosed": Words(
            "{institution_id}在{happened_on}为一名参保人开具中药饮片{herbs}味（参考上限{herbs_allowed}味），"
            "疑似超出部分{amount}元。请核对辨证依据和实际给药。",
            "On {happened_on} {institution_id} prescribed {herbs} different herbs at once (usual at most "
            "{herbs_allowed}); {amount} yuan lie above it. What were they for?",
        ),
        "stay": Words(
            "{institution_id}的{department}一次住院（{happened_on}入院）中药费用占{share:.0%}，"
            "超出半数部分{amount}元。请核对是否以中药代替必要治疗或重复使用中药。",
            "Of a stay in {department} of {institution_id} (admitted {happened_on}) {share:.0%} of the bill "
            "are Chinese medicines; {amount} yuan lie above the usual limit. What were they given for?",
        ),
    },
    basis=("条例 38(二)",),
    checks={"chinese_medicine_hospital": Words("中医医院", "a hospital of Chinese medicine")},
    parameters=HerbalPrescriptionParameters(),
    sql="e05_herbal_prescription.sql",
    needs=(Need.BILLED,),
    subject="institution",
    identity=("institution_id", "encounter_id"),
    severity=3,
)
