"""What a handler does next about the alerts of each rule, else of its family: (zh, en)."""

from services.alerts.console import advice_care, advice_persons, advice_places

Steps = tuple[tuple[str, ...], tuple[str, ...]]

STEPS: dict[str, Steps] = {**advice_persons.STEPS, **advice_care.STEPS, **advice_places.STEPS}
FAMILIES: dict[str, Steps] = {
    "A": (
        (
            "核对就诊人身份：向机构调取挂号、刷卡凭证和监控，并联系参保人确认是否本人。",
            "查登记和上传有无差错：时间、编号、参保状态；属差错的请机构更正，预警会自动重新判断。",
            "确认非本人或无法说明的，按冒用、出借凭证线索移交。",
        ),
        (
            "Who was it? Ask the institution for registration, slip and camera, and the person whether it "
            "was theirs.",
            "Is an entry wrong (time, number, insurance)? Have it corrected; it is judged again by itself.",
            "Somebody else, or nobody can explain it: pass it on as a lent or misused card.",
        ),
    ),
    "B": (
        (
            "调取该终端、药店相应时段的结算清单和监控，看持卡人是否在场。",
            "抽几名参保人电话核实：是否本人购药、就诊，卡是否留存在机构。",
            "核对进销存：所售药品是否真实出库；有集市、义诊、补录等情形的，请机构说明。",
        ),
        (
            "Take the terminal's or pharmacy's list of that time and the camera: were the holders there?",
            "Call some of the persons: was it theirs, and is the card kept at the institution?",
            "Does stock agree with what was sold? A market day, a free clinic, an outage: have it explained.",
        ),
    ),
    "C": (
        (
            "调取病历：入院指征、医嘱、护理和查房记录是否完整、与费用一致。",
            "到病区或电话核实：参保人是否真实住院、住了几天。",
            "属季节、专科特点或集中转诊的，请机构说明；没有真实诊疗的，按挂床、低标准入院线索移交。",
        ),
        (
            "Read the records: reason for admission, orders, nursing, rounds; do they fit the bill?",
            "Go to the ward or call: was the person really there, and for how long?",
            "A season, a speciality, referrals: have it explained. No treatment: pass it on as an empty bed "
            "or needless admission.",
        ),
    ),
    "D": (
        (
            "对照证据中的明细，核对收费项目、数量、单价与医嘱、报告、执行记录。",
            "属录入或接口差错的，请机构撤销、更正后重新上传，预警会自动重新判断。",
            "确认多收、重复收的，按明细核减并追回。",
        ),
        (
            "Compare items, quantities and prices in the evidence with orders, reports and what was done.",
            "Typed or transmitted wrongly: have it cancelled or corrected; it is judged again by itself.",
            "Charged too much or twice: deduct it line by line and recover it.",
        ),
    ),
    "E": (
        (
            "调取处方，核对诊断、用法用量、开方医师与实际发药。",
            "联系参保人：药是否本人取、本人用，家中是否还有存药。",
            "查药品追溯码和出库记录；疑似倒卖或超量开药的，移交并提醒医师。",
        ),
        (
            "Read the prescription: diagnosis, dose, who prescribed, and what was handed out.",
            "Ask the person: was the drug fetched and taken by them, and how much is left at home?",
            "Look at trace codes and stock; resale or excess: pass it on, and tell the practitioner.",
        ),
    ),
    "G": (
        (
            "先看是否一家人、同村、同单位或同一透析、慢病班次，这些属正常同行。",
            "核对这些人的就诊、购药是否本人，卡是否由同一人保管。",
            "有共同经手的医师、药店或中间人的，合并为一案核查。",
        ),
        (
            "One family, village, employer, or one dialysis or clinic day? Then it is innocent.",
            "Were the visits and purchases their own, or does one person keep the cards?",
            "A practitioner, pharmacy or go-between in common: look into all of it as one case.",
        ),
    ),
}
"""By the first letter of the rule, for rules without steps of their own: A who it was, B terminals, C stays,
D bills, E drugs, G groups. What F looks at has no more in common than its letter."""


def steps(rule: str) -> Steps:
    """What to do about a rule's alerts."""
    return STEPS.get(rule) or FAMILIES.get(rule[:1], FAMILIES["D"])
