"""What a handler does next about stays, C, bills, D, and drugs, E: (zh, en)."""

STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
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
    "C03": (
        (
            "调取前后几份病历：出院时是否已达出院标准，再次入院是否同一疾病。",
            "询问参保人：是否自己要求出院，有无被要求先出院再入院。",
            "属计划再住院、转科的，请机构补报，预警会自动重新判断；无理由拆分的，按分解住院线索移交并核减。",
        ),
        (
            "Read the records of these stays: was the person fit to leave, and came back with the same "
            "illness?",
            "Ask the person: did they want to leave, or were they told to leave and come back?",
            "A planned return or another ward: have it reported; it is judged again by itself. No reason: "
            "pass it on as a split stay, and deduct.",
        ),
    ),
    "C10": (
        (
            "核对该医师住院当日是否在病房：护理记录、请假记录、监控。",
            "查当日谁用其编码开单：登录记录、签名、排班；编码为科室公用的，请机构更正。",
            "他人冒用编码的，查开单人资质并核对费用；医师并未真实住院的，按挂床线索核查。",
        ),
        (
            "Was the practitioner on the ward that day: nursing notes, leave, camera?",
            "Who ordered under the code: logins, signatures, roster? A code shared by a department: have "
            "it corrected.",
            "Somebody else used it: check their qualification and the bills. No real stay: look into an "
            "empty bed.",
        ),
    ),
    "C11": (
        (
            "先看该机构所在乡镇困难人口是否本来较多，有无集中救治、定点帮扶任务。",
            "抽查几名患者：病情是否需要住院，有无接送、减免费用等方式组织住院。",
            "只查机构行为，不影响困难群众正常就医和报销。",
        ),
        (
            "First: are there many people on assistance in that town, or a programme for them there?",
            "Look at some patients: did they need the stay, were they fetched or spared their share?",
            "It is about the institution alone; nobody on assistance is to be kept from care.",
        ),
    ),
    "C12": (
        (
            "对照证据中的明细，查这些项目的医嘱和执行记录，实际是哪一天做的。",
            "日期录错的，请机构更正后重新上传，预警会自动重新判断；入院前检查并入住院的，请机构说明。",
            "没有提供的服务，核减费用，按虚记线索移交。",
        ),
        (
            "Compare the items in the evidence with orders and what was done: on which day was it?",
            "A wrong date: have it corrected and sent again; it is judged again by itself. Examined before "
            "admission: have it explained.",
            "Never done: deduct it, and pass it on as a lead on invented services.",
        ),
    ),
    "D10": (
        (
            "核对该工号是个人使用还是科室公用；公用的，请机构按人分开。",
            "调取当日的治疗记录、患者签到和治疗师排班，对照证据中的时间。",
            "抽几名患者核实做没做、做了多久；没有做的核减，按虚记线索移交。",
        ),
        (
            "Is the code one person's or a department's? A department's: have it told apart by persons.",
            "Compare treatment records, patients' signatures and the roster with the times in the evidence.",
            "Ask some patients whether and how long they were treated. Not treated: deduct it, and pass it "
            "on.",
        ),
    ),
    "D11": (
        (
            "调取该编码的进货票据、包装和销售小票，看实际售出的商品和规格。",
            "规格、单位或名称录错的，请机构更正后重新上传，预警会自动重新判断。",
            "以该编码销售其他商品的，核减这些结算，按串换线索移交。",
        ),
        (
            "Look at purchase papers, packs and receipts of this code: what was sold, in which size?",
            "A wrong size, unit or name: have it corrected and sent again; it is judged again by itself.",
            "Other goods under this code: deduct these settlements, and pass it on as a lead on exchanged "
            "goods.",
        ),
    ),
    "D12": (
        (
            "调取这些结算的小票和监控，看实际售出的商品与上传的是否一致。",
            "核对组合中各药品的进货和库存，够不够卖出这么多。",
            "抽几名参保人：买到的是什么，有无换成保健品、日用品或现金。",
        ),
        (
            "Look at the receipts and the camera of these settlements: were these goods sold?",
            "Compare purchases and stock of each drug in the basket: was there so much to sell?",
            "Ask some of the persons what they got: other goods, or cash?",
        ),
    ),
    "D13": (
        (
            "请相关机构出示该码药品的进货单和实物，看是否扫错码或重复上传。",
            "扫码差错、漏传退货的，请机构更正、补传，预警会自动重新判断。",
            "同一盒药确被卖出两次或来路不明的，按回流药、串换线索移交。",
        ),
        (
            "Have the institutions show purchase papers and the pack: was a code misread or sent twice?",
            "A misread code, a return not sent: have it corrected; it is judged again by itself.",
            "One pack was sold twice, or nobody knows where it came from: pass it on as a lead on resold "
            "drugs.",
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
    "D16": (
        (
            "现场检查两家机构：被中止的是否仍在营业、刷医保，终端在谁手里。",
            "抽几名参保人：在哪家刷卡，药从哪里拿的。",
            "属合并、迁址等正常变更的，请机构说明；出借终端、代为结算的，按线索移交。",
        ),
        (
            "Visit both: is the suspended one still open and taking cards, and who has the terminal?",
            "Ask some of the persons where they swiped, and where they got the goods.",
            "A merger or a move: have it explained. A lent terminal or settling for another: pass it on.",
        ),
    ),
    "D17": (
        (
            "调取票据原件或查验电子票据，看号码、金额、姓名与各笔结算是否相符。",
            "号码录错或一次收费分次报销的，请经办机构更正，预警会自动重新判断。",
            "同一票据确已重复报销的，追回重复支付的部分。",
        ),
        (
            "Take the invoice, or verify the electronic one: do number, sum and name fit each settlement?",
            "A wrong number, or one bill in parts: have it corrected; it is judged again by itself.",
            "Paid twice for one invoice: recover the second payment.",
        ),
    ),
    "E01": (
        (
            "对照上面说明中的限定条件，看参保人和机构是否符合。",
            "有审批或录入有误的，请机构补传、更正，预警会自动重新判断。",
            "不符合的，核减该项目的基金支付，提醒机构改为自费并事先告知患者。",
        ),
        (
            "Compare person and institution with the limits named above: do they fit?",
            "Approved, or typed wrongly: have it sent or corrected; it is judged again by itself.",
            "They do not: deduct the item; it is the patient's to pay, who must be told before.",
        ),
    ),
    "E03": (
        (
            "调取病历，看有无限定适应症对应的诊断和检查依据。",
            "诊断漏传的，请机构补传，预警会自动重新判断。",
            "确无相应诊断的，核减该药品的基金支付，提醒开方医师。",
        ),
        (
            "Read the record: is there a diagnosis, with findings, for which the drug is paid?",
            "A diagnosis not sent: have it sent; it is judged again by itself.",
            "None: deduct the drug, and tell the practitioner.",
        ),
    ),
    "E07": (
        (
            "核对开方医师的职称和处方权限、机构级别，能否使用该药。",
            "查会诊、审批或抢救记录；有记录的，请机构补传或说明。",
            "确属越权的，核减该药品的基金支付，提醒医师和机构。",
        ),
        (
            "May a practitioner of that title, at an institution of that level, use this drug?",
            "Look for a consultation, an approval, an emergency; if there was one, have it sent or "
            "explained.",
            "They may not: deduct the drug, and tell practitioner and institution.",
        ),
    ),
}
