"""What a handler does next about institutions, practitioners and tasks, F: (zh, en)."""

STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "F01": (
        (
            "先核对状态登记的起止日期；录错的更正，预警会自动重新判断。",
            "查该次就诊是否急诊抢救，或中止前已经入院。",
            "状态属实的，追回基金支付，停用其结算权限，查为何仍能结算。",
        ),
        (
            "First the dates of the status record; wrong ones: correct them, and it is judged again by "
            "itself.",
            "Was it an emergency, or a stay from before the suspension?",
            "The status is right: recover what was paid, block it from settling, and ask why it still could.",
        ),
    ),
    "F02": (
        (
            "先看数据：进货单是否漏传、迟传，拆零和计量单位是否换算；漏传的请机构补传，预警会自动重新判断。",
            "现场盘点该药品，核对进货票据、随货单和台账。",
            "账实不符的，查结算的药品去向，按串换、虚开线索移交。",
        ),
        (
            "The data first: purchases not sent or late, packs against single units? Have them sent; it is "
            "judged again by itself.",
            "Count the drug there, and compare purchase papers, delivery notes and the book.",
            "They do not agree: where did the drugs settled come from? Pass it on as exchanged or invented "
            "sales.",
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
    "F04": (
        (
            "查多点执业备案和排班，是否可在这些机构出诊，编码是否科室公用。",
            "对照证据中的时间，调取各机构的签名和登录记录，看哪一处是本人。",
            "冒用编码或挂证的，查实际开单人的资质，按线索移交。",
        ),
        (
            "Is the practitioner registered and on the roster at these places; is the code a department's?",
            "Compare signatures and logins with the times in the evidence: where was the practitioner?",
            "The code or the licence was lent: check who ordered, and pass it on.",
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
    "F06": (
        (
            "先核对数据：是否集中补传、重复上传，机构编码有无差错。",
            "看增加的是哪些病种、科室和来源，有无季节、新设科室、转诊等原因，请机构说明。",
            "抽查几份病历，电话核实患者是否真实住院、因何住院，有无组织、诱导。",
        ),
        (
            "The data first: sent late or twice, a wrong code of the institution?",
            "Which illnesses, wards and places grew? A season, a new department, referrals: have it "
            "explained.",
            "Read some records and call the patients: were they there, why, and did anybody bring them?",
        ),
    ),
    "F07": (
        (
            "请机构说明患者来源：有无转诊、专科特色、旅游团体等原因。",
            "抽查病历，电话核实患者是否本人住院、如何来院，有无接送、减免费用。",
            "会同参保地经办机构核对；属组织、诱导住院的，按线索移交。",
        ),
        (
            "Have it explained where the patients come from: referrals, a speciality, a travelling group?",
            "Read some records and call: were they there themselves, how did they come, were they spared "
            "costs?",
            "Compare with the office of the place where they are insured; organised stays: pass it on.",
        ),
    ),
    "F08": (
        (
            "调取病案、医嘱和费用清单，按前置审查要求审核。",
            "看费用与病情、住院天数是否相称，有无重复、超限或与治疗无关的项目。",
            "审核无误的，准予支付；有不合理费用的，核减后支付，并告知机构。",
        ),
        (
            "Take the record, the orders and the bill, and review them before payment.",
            "Do the costs fit the illness and the nights? Anything twice, above a limit, or without need?",
            "In order: release the payment. Not in order: deduct, pay the rest, and tell the institution.",
        ),
    ),
    "F08b": (
        (
            "调取证据中这些住院的病历和费用清单，看有无临近出院停止计费、分次结算。",
            "查有无把费用转到门诊、外购药或另一次住院。",
            "属按定额、病种付费的，请机构说明；有意避开审查的，按分解费用线索核查。",
        ),
        (
            "Take records and bills of the stays in the evidence: did billing stop before discharge, or in "
            "parts?",
            "Were costs moved to out-patient visits, drugs bought outside, or another stay?",
            "Paid by a fixed sum: have it explained. Meant to stay below the review: look into split bills.",
        ),
    ),
    "F09": (
        (
            "调取证据中几次结算的处方，看医师、诊断和时间，是否同一次就诊。",
            "属不同科室、不同病种或上下午复诊的，请机构说明。",
            "为避开单次限额而拆分的，按一次就诊核减多付部分，提醒医师。",
        ),
        (
            "Compare the prescriptions of the settlements in the evidence (who, for what, when): one visit?",
            "Another department, another illness, a second visit that day: have it explained.",
            "Split to stay below the limit: deduct what was paid too much, and tell the practitioner.",
        ),
    ),
    "F10": (
        (
            "联系参保人：各次就诊是否本人，为何多次就诊。",
            "看各次的诊断和项目：有无疗程治疗、重复检查、重复开药。",
            "不是本人的，按冒用凭证线索移交；没有必要的，核减并提醒机构。",
        ),
        (
            "Ask the person: were all these visits theirs, and why so many?",
            "Look at diagnoses and items: a course of treatment, the same examination or drug again?",
            "Somebody else: pass it on as a misused card. No need: deduct, and tell the institution.",
        ),
    ),
    "F11": (
        (
            "调取这些就诊的病历和检查报告，看检查有无指征，结果是否用于诊疗。",
            "重复检查的，看两次之间病情有无变化，前次结果能否互认。",
            "无指征或按固定套餐检查的，逐项核减，提醒科室整改。",
        ),
        (
            "Read records and reports of these visits: was there a reason to examine, and was the result "
            "used?",
            "Examined again: had anything changed, and could the first result have served?",
            "No reason, or the same set for everybody: deduct it item by item, and tell the department.",
        ),
    ),
    "F12": (
        (
            "调取入院记录，看受伤的原因、时间和地点：交通事故、他人伤害、工伤还是自己受伤。",
            "联系参保人或家属核实，必要时向交警、人社部门核对。",
            "应由第三方或工伤保险支付的，追回基金支付；自己受伤的，请机构补报外伤登记，预警会自动重新判断。",
        ),
        (
            "Read the admission record: a road accident, another's fault, work, or the person's own mishap?",
            "Ask the person or the family; where needed the traffic police or the labour office.",
            "A third party or work insurance must pay: recover it. Their own mishap: have the injury "
            "registered; it is judged again by itself.",
        ),
    ),
}
