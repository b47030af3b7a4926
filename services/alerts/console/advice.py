"""What a handler does next about the alerts of each rule, else of its family: (zh, en)."""

Steps = tuple[tuple[str, ...], tuple[str, ...]]

STEPS: dict[str, Steps] = {
    "A01": (
        (
            "向两家机构调取入院、出院登记，先查前一次住院是否漏登或迟登出院。",
            "查是否转院：有转院记录的，请机构补报离院方式和转入机构，预警会自动撤回。",
            "比对两份病历重叠日期的医嘱和护理记录，确认参保人当时在哪一家。",
            "若一家没有真实诊疗，按挂床或冒用线索移交，核减该段基金支付。",
        ),
        (
            "Ask both institutions for their admission and discharge records; first: was a discharge not "
            "registered, or late?",
            "Was it a transfer? Then have the way of discharge and the receiving institution reported; the "
            "alert withdraws by itself.",
            "Compare orders and nursing notes of the overlapping days: where was the person?",
            "If one of them treated nobody, pass it on as a hanging bed or misuse of the card, and deduct.",
        ),
    ),
    "A02": (
        (
            "核对两个就诊号是否为转科后重新登记，或重复登记。",
            "重复登记的，请机构撤销其中一个，预警会自动撤回。",
            "转科另立住院的，核对两次结算是否分解住院。",
        ),
        (
            "Are the two encounters one patient who changed wards, or registered twice?",
            "Registered twice: have one cancelled; the alert withdraws by itself.",
            "A new stay for another ward: check both settlements for a split stay.",
        ),
    ),
    "A03": (
        (
            "核对门诊就诊人身份：持卡人是否为住院患者本人。",
            "查住院期间是否请假外出，有无外检或会诊医嘱。",
            "同一机构的，查住院费用是否分解到门诊；不同机构的，查是否他人持卡。",
        ),
        (
            "Who was the visitor: the in-patient, or somebody else with the card?",
            "Was the patient on leave, or sent out for an examination or consultation?",
            "Same institution: was the stay's cost moved to out-patient? Another: was the card lent?",
        ),
    ),
    "A04": (
        (
            "调取药店刷卡记录和监控，确认购药人；家属代购的补登代购关系。",
            "查住院医嘱，参保人当日是否在院，所购药品是否为住院用药。",
            "无法说明的，按冒用或挂床线索核查。",
        ),
        (
            "Ask the pharmacy who bought (record, camera); a relative: have it registered as theirs.",
            "From the hospital's orders: was the person there that day, and is the drug part of the stay?",
            "If nobody can explain it, look into a lent card or a hanging bed.",
        ),
    ),
    "A05": (
        (
            "联系参保人，确认两笔是否均为本人，卡是否借出或遗留在机构。",
            "调取两处的刷卡凭证和监控。",
            "机构时钟不准或事后补录的，请机构更正时间，预警会自动重新判断。",
        ),
        (
            "Ask the person whether both were theirs, and whether the card was lent or left somewhere.",
            "Ask both places for the receipt and the camera's record.",
            "A wrong clock or a late entry: have the time corrected; the alert is judged again by itself.",
        ),
    ),
    "A07": (
        (
            "核对两笔结算明细是否相同。",
            "重复刷卡的，请机构撤销一笔，预警会自动撤回。",
            "两笔均真实的，查是否拆分结算。",
        ),
        (
            "Are the lines of both settlements the same?",
            "Swiped twice: have one cancelled; the alert withdraws by itself.",
            "Both real: was one purchase split?",
        ),
    ),
    "A08": (
        (
            "先核对死亡登记是否有误；有误的更正登记，预警会自动撤回。",
            "死亡属实的，查持卡使用人和经办机构的身份核验记录。",
            "追回基金支付，并停用该参保人的医保凭证。",
        ),
        (
            "First check the death record; if it is wrong, correct it and the alert withdraws by itself.",
            "If it is right: who used the card, and how did the institution verify the identity?",
            "Recover what the fund paid and block the person's credentials.",
        ),
    ),
    "B01": (
        (
            "查看该终端当日监控：持卡人是否到场。",
            "抽查数名参保人，是否本人购药，卡是否留存在机构。",
            "现场检查是否存放他人医保卡；有体检、会员日等活动的，取得说明材料。",
        ),
        (
            "Watch the camera of that terminal: were the card holders there?",
            "Ask several of the persons: did they buy, and is their card kept at the institution?",
            "Visit and look for other people's cards; for a check-up day or promotion ask for papers.",
        ),
    ),
    "B02": (
        (
            "核对该机构当晚是否营业：值班表、监控、开票记录。",
            "抽查数名参保人，是否本人到店、所购何药。",
            "机构确有夜间服务的，登记为24小时营业，预警会自动撤回；时钟不准的，请机构更正时间。",
        ),
        (
            "Was the place open that night: duty roster, camera, receipts?",
            "Ask several of the persons: were they there, and what did they buy?",
            "If it serves at night, have it registered as open 24 hours; the alert withdraws by itself. "
            "A wrong clock: have the times corrected.",
        ),
    ),
    "B03": (
        (
            "调取这些结算的明细和小票，看品种、数量是否合理。",
            "核对进销存：所售药品是否有相应库存。",
            "抽查数名参保人，是否拿到药品，有无返现或换购其他商品。",
        ),
        (
            "Ask for the lines and receipts of these settlements: do goods and quantities make sense?",
            "Compare with the stock book: was there so much to sell?",
            "Ask several of the persons: did they get the medicine, or cash, or other goods?",
        ),
    ),
    "C02": (
        (
            "调取当日在院名单和床位图，到病区清点人数。",
            "加床经批准的，补登核定床位，预警会自动重新判断；换床未登记的，请机构更正。",
            "在院而不见人的，按挂床线索核查。",
        ),
        (
            "Ask for the list of in-patients and the plan of beds of that day; count on the ward.",
            "Beds added with permission: have them registered, the alert is judged again by itself. "
            "A change of beds not registered: have it corrected.",
            "Registered and not there: look into a hanging bed.",
        ),
    ),
    "F03": (
        (
            "向机构核实该工号是个人使用还是科室公用。",
            "调取当日排班、叫号和处方签名，核对是否本人接诊。",
            "非本人接诊的，查实际接诊人的资质，并核对相关结算。",
        ),
        (
            "Ask the institution whether the account is one person's or a department's.",
            "Compare the duty roster, the queue and the signatures of that day.",
            "Somebody else saw the patients: check their qualification and the settlements.",
        ),
    ),
    "F05": (
        (
            "先核对数据：金额小数点、机构编码、是否把累计数当作当月。",
            "数据无误的，对照证据中同类机构的人次和均次费用，看收治病种有无特殊。",
            "抽查费用最高的病历，核对收费明细与医嘱、检查结果。",
        ),
        (
            "The data first: a decimal point, the institution's code, a year's sum instead of the month's.",
            "If it is right: compare the peers in the evidence; are the cases treated special?",
            "Take the dearest records: do the items billed agree with orders and results?",
        ),
    ),
    "D14": (
        (
            "核对两个结算号的明细、时间和金额是否为同一次就诊。",
            "属重复上传的，请机构撤销其中一笔，预警会自动撤回。",
            "已重复支付的，追回多付部分。",
        ),
        (
            "Are both settlements one and the same visit (lines, time, amount)?",
            "Sent twice: have one cancelled; the alert withdraws by itself.",
            "Paid twice: recover the second payment.",
        ),
    ),
}
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
    "F": (
        (
            "先核对数据：机构、医师编码，金额小数点，是否有集中补传。",
            "对照证据中的同类机构或往期，看收治人群、季节、新开科室等有无说明。",
            "抽查证据中金额最高的几笔，核对病历、明细与检查结果。",
        ),
        (
            "The data first: codes of institution and practitioner, a decimal point, records sent late.",
            "Compare peers or earlier months in the evidence: other patients, a season, a new department?",
            "Take the dearest cases in the evidence: do records, items and results agree?",
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
D bills, E drugs, F institutions and practitioners, G groups."""


def steps(rule: str) -> Steps:
    """What to do about a rule's alerts."""
    return STEPS.get(rule) or FAMILIES.get(rule[:1], FAMILIES["D"])
