"""Words about what went wrong and how the system fares: (zh, en)."""

Pair = tuple[str, str]

WORDS: dict[str, Pair] = {
    "defects": ("数据问题", "Data defects"),
    "defects_why": (
        "机构上传的数据自相矛盾或缺项。这是数据质量问题，不是违规证据；请把对应一行转给该机构的信息科更正。",
        "What institutions sent contradicts itself. It is a matter of data quality, never evidence: pass "
        "each row on to whoever runs that institution's feed.",
    ),
    "defects_none": ("没有符合条件的数据问题。", "No data defects match."),
    "defect": ("问题", "Defect"),
    "data_field": ("字段", "Field"),
    "count_open": ("未更正", "Standing"),
    "count_mended": ("已更正", "Mended"),
    "last_at": ("最近", "Last"),
    "example": ("示例事件", "Example"),
    "show_events": ("逐条查看", "One by one"),
    "all_institutions": ("多家机构", "several institutions"),
    "event": ("事件编号", "Event"),
    "what_to_do": ("怎么办", "What to do"),
    "kind": ("种类", "Kind"),
    "standing": ("未更正", "Standing"),
    "mended": ("已更正", "Mended"),
    "back_to_defects": ("返回数据问题", "Back to the data defects"),
    "code_amounts_do_not_add_up": ("费用合计不符", "sums that do not add up"),
    "code_negative_line": ("负数明细", "negative lines"),
    "code_line_does_not_multiply": ("单价数量金额不符", "price times quantity"),
    "code_lines_after_settlement": ("结算后补传明细", "lines after settlement"),
    "code_end_before_begin": ("结束早于开始", "end before begin"),
    "code_discharge_before_admission": ("出院早于入院", "discharge before admission"),
    "code_clock_ahead": ("上传系统时钟不准", "sender's clock"),
    "code_placeholder_person": ("疑似占位编号", "placeholder ids"),
    "field_/amounts/total": ("费用总额", "total"),
    "field_/lines": ("费用明细", "lines"),
    "field_/recorded_at": ("记录时间", "time of recording"),
    "field_/end_at": ("结束时间", "end"),
    "field_/occurred_at": ("发生时间", "time of the event"),
    "field_/person_id": ("人员编号", "person id"),
    "suspended": ("占位编号", "Suspended ids"),
    "suspended_why": (
        "这些人员编号下的记录太多，疑似多人共用（如散客、默认卡），已暂停判断，避免误报。",
        "Too much goes under these person ids: probably many people share one (a walk-in or default card). "
        "They are not judged, so that nobody is accused by mistake.",
    ),
    "suspended_none": ("没有暂停判断的编号。", "No ids are suspended."),
    "pseudonym": ("编号（化名）", "Id (pseudonym)"),
    "since_when": ("暂停时间", "Since"),
    "facts_by": ("记录来源", "Who sent its records"),
    "records": ("条", "records"),
    "last_event": ("最近事件", "last event"),
    "judge_again": ("重新判断", "Judge again"),
    "judge_all_again": ("全部重新判断", "Judge all again"),
    "dead_letters": ("未判断记录", "Not judged"),
    "dead_letters_why": (
        "这些记录使系统自身出错，已整条搁置，没有丢失。通常是程序缺陷：先请维护人员修好，再重试。",
        "These made the system itself fail and were set aside whole; nothing is lost. As a rule it is a "
        "fault of the program: have it mended, then retry.",
    ),
    "dead_letters_none": ("没有未判断的记录，无需处理。", "Nothing waits here; nothing is to be done."),
    "happened_what": ("发生了什么", "What happened"),
    "where_failed": ("出错位置", "Where it failed"),
    "choose": ("选择", "Choose"),
    "with_retried": ("也显示已重试的", "Show those that were retried too"),
    "only_waiting": ("只显示待处理的", "Only those that wait"),
    "retry_chosen": ("重试所选", "Retry the chosen"),
    "retry_all": ("全部重试", "Retry all"),
    "retried_at": ("已重试", "Retried"),
    "number": ("编号", "No."),
    "received": ("接收时间", "Received"),
    "older_items": ("更早的", "Older ones"),
    "next_items": ("下一页", "Next page"),
    "from_start": ("回到第一页", "Back to the first page"),
    "system": ("系统状态", "System status"),
    "system_all_well": ("一切正常，无需处理。", "All is well; nothing is to be done."),
    "system_watch": ("有事项需要留意。", "There is something to keep an eye on."),
    "system_act": ("有事项需要处理，见下面标为“需处理”的各项。", "Somebody has to act: see what is marked."),
    "state_well": ("正常", "well"),
    "state_watch": ("留意", "watch"),
    "state_act": ("需处理", "act"),
    "go": ("去处理", "Go there"),
    "trouble_503": (
        "系统暂时不可用，请过一分钟再试。已接收的数据不会丢。",
        "The system is not available just now. Try again in a minute; nothing that was accepted is lost.",
    ),
    "trouble_403": (
        "这个操作来自别的网站，已拒绝。请回到控制台再操作。",
        "This came from another site and was refused. Go back to the console and do it there.",
    ),
    "trouble_other": (
        "出了差错，这一步没有完成。请重试；仍不行的，把下面这一行告知系统维护人员。",
        "Something went wrong and this was not done. Try again; if it stays, tell whoever maintains the "
        "system the line below.",
    ),
    "try_again": ("再试一次", "Try again"),
    "not_now": ("现在不能这样做。", "This cannot be done now."),
    "menu": ("主菜单", "Main menu"),
    "minute": ("分钟", "min"),
    "hour": ("小时", "h"),
}
DONE: dict[str, Pair] = {
    "judged_again": (
        "已交回判断。仍超过上限的编号会继续暂停。",
        "On their way to be judged again. Ids that still have too much stay suspended.",
    ),
    "sent_back": (
        "已交回判断。仍然出错的会再次出现在这里。",
        "Sent back to be judged. What fails again comes back here.",
    ),
    "none_chosen": ("请先勾选要重试的记录。", "Choose first what to retry."),
}

LOOKS: dict[str, tuple[Pair, dict[str, tuple[Pair, Pair]]]] = {
    "judging": (
        ("数据判断进度", "Judging what is posted"),
        {
            "well": (
                (
                    "待判断 {events:,} 条，新数据一分钟内得到判断。",
                    "Waiting: {events:,}. New data is judged within a minute.",
                ),
                ("无需处理。", "Nothing is to be done."),
            ),
            "watch": (
                (
                    "待判断 {events:,} 条，最早的已等 {seconds}。",
                    "Waiting: {events:,}, the oldest for {seconds}.",
                ),
                (
                    "多因机构集中补传或导入历史，一般会自行赶上；数据不会丢。",
                    "Mostly a hospital resends much, or history is imported; it catches up by itself. "
                    "Nothing is lost.",
                ),
            ),
            "act": (
                (
                    "待判断 {events:,} 条，最早的已等 {seconds}，预警会来得晚。",
                    "Waiting: {events:,}, the oldest for {seconds}. Alerts come late.",
                ),
                (
                    "数据不会丢。十分钟后条数没有减少的，请联系系统维护人员：检查判断服务（detector）和数据库是否运行。",
                    "Nothing is lost. If the number has not gone down in ten minutes, call whoever runs the "
                    "system: are the detector and the database up?",
                ),
            ),
        },
    ),
    "workers": (
        ("判断服务", "Workers that judge"),
        {
            "well": (
                (
                    "{partitions} 个分区都有人处理，{behind} 个正在追赶。",
                    "Partitions that are served: {partitions}; of these catching up: {behind}.",
                ),
                ("无需处理。", "Nothing is to be done."),
            ),
            "act": (
                (
                    "{partitions} 个分区中有 {behind} 个超过五分钟没有跟上。",
                    "Partitions that have been behind for more than five minutes: {behind} of {partitions}.",
                ),
                (
                    "请系统维护人员检查判断服务（detector）是否在运行、个数是否足够。",
                    "Have the detectors checked: do they run, and are there enough?",
                ),
            ),
        },
    ),
    "rejudging": (
        ("按新名录重新判断", "Judging the past anew"),
        {
            "watch": (
                (
                    "机构、人员名录或参数已更新，已完成 {share:.0%}。",
                    "Registry or parameters changed; {share:.0%} is done.",
                ),
                (
                    "会自行完成。完成前，个别预警可能还是按旧名录得出的。",
                    "It ends by itself. Until then some alerts still rest on what was known before.",
                ),
            )
        },
    ),
    "months": (
        ("按月规则", "Rules over months"),
        {
            "well": (
                ("{months} 个月份等待重新计算。", "Months that wait to be judged again: {months}."),
                (
                    "每小时内自动计算，无需处理。",
                    "Done by itself, within the hour. Nothing is to be done.",
                ),
            )
        },
    ),
    "dead_letters": (
        ("未判断记录", "Records not judged"),
        {
            "well": (("没有。", "There are none."), ("无需处理。", "Nothing is to be done.")),
            "act": (
                (
                    "{count:,} 条记录使系统出错，已搁置，没有丢失。",
                    "Records that made the system fail and were set aside: {count:,}. Nothing is lost.",
                ),
                (
                    "把出错位置告知系统维护人员；修好后在“未判断记录”中重试。",
                    "Tell whoever maintains the system where it failed; retry them once that is mended.",
                ),
            ),
        },
    ),
    "deliveries": (
        ("预警推送", "Deliveries to other systems"),
        {
            "well": (
                ("{endpoints} 个端点，推送正常。", "Endpoints: {endpoints}. All hear in time."),
                ("无需处理。", "Nothing is to be done."),
            ),
            "watch": (
                (
                    "{endpoints} 个端点中 {ill} 个推送不畅，最早一条到时未送的已等 {waited}。",
                    "Endpoints with trouble: {ill} of {endpoints}. The oldest delivery that is due waited "
                    "for {waited}.",
                ),
                (
                    "系统会自动重试。持续一小时以上的，请联系对方系统的负责人。",
                    "It is tried again by itself. After an hour, call the owners of these systems.",
                ),
            ),
            "act": (
                (
                    "{off} 个端点因推送失败已停用，对方收不到预警。",
                    "Endpoints switched off after failures: {off}. They hear of nothing.",
                ),
                (
                    "请主管或管理员在“推送端点”中按提示处理，并另行通知对方。",
                    "A supervisor or admin sees to it under Endpoints, and tells the owner by another way.",
                ),
            ),
        },
    ),
    "feeds": (
        ("机构数据质量", "Quality of what is sent"),
        {
            "well": (
                ("未更正的数据问题 {defects} 项。", "Data defects that stand: {defects}."),
                (
                    "按机构汇总在“数据问题”中，请定期转给机构信息科。",
                    "They are summed up by institution under Data defects: pass them on now and then.",
                ),
            ),
            "watch": (
                (
                    "未更正的数据问题 {defects} 项；{suspended} 个人员编号疑似多人共用，已暂停判断。",
                    "Data defects that stand: {defects}. Person ids that seem to be shared and are not "
                    "judged: {suspended}.",
                ),
                (
                    "请相关机构改传就诊人本人的编号，见“占位编号”。",
                    "Ask the institutions to send each person's own id: see Suspended ids.",
                ),
            ),
        },
    ),
    "too_late": (
        ("过期上传", "Sent too late"),
        {
            "well": (
                (
                    "累计 {count:,} 条因发生时间过早未参与判断。",
                    "Records that were too old on arrival and are not judged: {count:,}.",
                ),
                (
                    "历史数据请系统管理员用导入命令上传。",
                    "Have history loaded by the import command instead.",
                ),
            )
        },
    ),
}
"""What the page of the system says of each look: its title, and by state how it stands and what to do."""
