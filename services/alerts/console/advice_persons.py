"""What a handler does next about who it was, A, and about terminals, B: (zh, en)."""

STEPS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
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
    "A09": (
        (
            "查参保登记：就诊当日是否正常参保，何时因何暂停或终止。",
            "已补缴或已办转移接续的，更正参保记录，预警会自动重新判断。",
            "当日确无待遇的，追回基金支付，并查机构结算时为何没有拦下。",
        ),
        (
            "Look at the enrolment record: was the person insured that day, and if not, since when and why?",
            "Arrears paid or insurance transferred: have the record corrected; it is judged again by itself.",
            "No entitlement that day: recover what the fund paid; why did nothing stop the settlement?",
        ),
    ),
    "A11": (
        (
            "先查手术编码和两份记录：是否编码填错、翻修手术或另一侧手术；填错的请机构更正，预警会自动重新判断。",
            "调取两次的手术记录、麻醉记录和病理报告，核对哪一次是参保人本人。",
            "属他人冒名或没有做的，按冒名就医、虚记手术线索移交。",
        ),
        (
            "First the codes and both records: a wrong code, a revision, the other side? A wrong code: "
            "have it corrected; it is judged again by itself.",
            "Read both operation and anaesthesia records and the pathology: which one was this person's?",
            "Somebody else's, or never done: pass it on as a lead on impersonation or an invented operation.",
        ),
    ),
    "A13": (
        (
            "调取核验影像和当时的监控，看就诊、购药的是否参保人本人。",
            "没有核验的，问机构原因；家属代办的，补登代办关系。",
            "不是本人的，按冒用凭证线索移交；机构多次不核验的，督促整改。",
        ),
        (
            "Look at the picture taken for the check and at the camera: was it the insured person?",
            "No check was made: ask why. A relative came: have that registered.",
            "Somebody else: pass it on as a misused card. An institution that often checks nobody: have it "
            "mended.",
        ),
    ),
    "A14": (
        (
            "查待遇认定：参保人有无此病种的认定、起止日期；漏录或已续办的补录，预警会自动重新判断。",
            "查机构定点范围，能否结算该门诊慢特病或特药。",
            "确无资格的，追回多付的基金，提醒机构结算前核对。",
        ),
        (
            "Look at the approvals: has the person one for this disease, from when to when? One that is "
            "missing or was renewed: enter it; it is judged again by itself.",
            "Is the institution designated for this disease or drug?",
            "No entitlement: recover what was paid too much, and have the institution check before it "
            "settles.",
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
    "B05": (
        (
            "对照证据中的各笔，请机构逐笔说明撤销或冲红的原因、操作员和时间。",
            "标明“撤销前已触发预警”的，先看该参保人已撤回的预警，再问撤销是更正差错还是回避核查；自查更正的留存说明。",
            "查退款去向：原路退回、退现金还是充入会员卡；抽几名参保人核实。",
            "属系统切换、险种更正的，留存说明；无法说明的，按退货套现线索核查。",
        ),
        (
            "Ask about each settlement in the evidence: why was it taken back, by whom, when?",
            "Where one stood under an alert before: read that person's withdrawn alert first. Was an error "
            "mended, or a check avoided? Mended by themselves: keep the explanation.",
            "Where did the money go: back the way it came, cash, a member's card? Ask some of the persons.",
            "A change of system or insurance: keep the explanation. None given: look into cashing out by "
            "returns.",
        ),
    ),
}
