"""Words about endpoints and what is delivered to them: (zh, en)."""

WORDS: dict[str, tuple[str, str]] = {
    "webhooks": ("推送端点", "Endpoints"),
    "webhooks_why": (
        "预警自动推送到这些外部系统。端点出错或停用后，对方收不到预警，请按“怎么办”处理。",
        "Alerts are sent to these outside systems. One that fails or is off hears of nothing: see what "
        "to do.",
    ),
    "webhooks_none": (
        "还没有推送端点。新建一个，预警就会自动发到对方系统。",
        "There are no endpoints yet. Make one, and alerts go to that system by themselves.",
    ),
    "webhook_new": ("新建端点", "New endpoint"),
    "webhook_edit": ("修改端点", "Change the endpoint"),
    "endpoint": ("端点", "Endpoint"),
    "no_webhook": ("没有这个推送端点。", "There is no such endpoint."),
    "no_delivery": ("没有这次推送，或已过保存期。", "There is no such delivery, or it was kept no longer."),
    "health": ("状况", "Health"),
    "health_well": ("正常", "well"),
    "health_slowed": ("对方要求放慢", "slowed down"),
    "health_failing": ("推送失败", "failing"),
    "health_disabled": ("已停用", "switched off"),
    "do_slowed": (
        "对方应答“请求过多”或“暂不可用”，系统已自动放慢，恢复后会补齐，一般无需处理。",
        "It answered that it has too much to do. It is left alone for a while and caught up with later; "
        "nothing is to be done as a rule.",
    ),
    "do_failing": (
        "系统会继续重试。请看下面最近一次推送的原因，联系对方系统的负责人；连续 5 天无一送达将自动停用。",
        "It is tried again. See below why the last delivery failed and call whoever runs that system; after "
        "five days without one success it is switched off.",
    ),
    "do_disabled_gone": (
        "对方应答“不再接收”（410），系统已停用。请确认对方是否换了地址：换了就修改网址，再点“补发并启用”。",
        "It answered that it is gone (410) and was switched off. Did it move? Change the URL, then switch it "
        "on and send what was missed.",
    ),
    "do_disabled_failing": (
        "连续 5 天无一送达，系统已停用。请联系对方修好后点“补发并启用”，期间的预警会补发。",
        "Nothing got through for five days, so it was switched off. Once that system is mended, switch it on "
        "and send what was missed.",
    ),
    "do_disabled_by_hand": (
        "由人工停用。需要恢复时点“补发并启用”补上期间的预警，或点“启用”只发送以后的。",
        "Somebody switched it off. Switch it on and send what was missed, or only what comes from now on.",
    ),
    "off_gone": ("已停用：对方应答不再接收", "was switched off: it answered that it is gone"),
    "off_failing": ("已停用：连续 5 天无一送达", "was switched off: nothing got through for five days"),
    "off_act": ("去处理", "see what to do"),
    "disabled_by": ("停用人", "Switched off by"),
    "disabled_at": ("停用时间", "Switched off at"),
    "failing_since": ("首次失败", "Failing since"),
    "throttled_until": ("暂缓至", "Left alone until"),
    "by_system": ("系统自动", "the system"),
    "waiting": ("待发送", "Waiting"),
    "more_than": ("超过", "more than"),
    "last_delivery": ("最近一次", "Last delivery"),
    "never": ("尚无", "none yet"),
    "hears": ("推送内容", "Is told of"),
    "everything": ("全部", "everything"),
    "event_alert.opened": ("新预警", "new alerts"),
    "event_alert.changed": ("预警变更", "changed alerts"),
    "event_alert.withdrawn": ("预警撤回", "withdrawn alerts"),
    "event_endpoint.disabled": ("其他端点停用", "other endpoints switched off"),
    "event_webhook.test": ("测试", "test"),
    "description": ("名称", "Name"),
    "description_hint": ("例如：市医保中心稽核系统，负责人电话。", "Whose system it is, and whom to call."),
    "url": ("接收网址", "URL"),
    "url_hint": (
        "以 https:// 开头，须能解析到公网地址。医院或政务内网地址，先请系统管理员在 "
        "QINGFENG_WEBHOOK_ALLOW_CIDRS 中开放。",
        "Begins with https:// and names a public host. A network of your own is opened first, by "
        "QINGFENG_WEBHOOK_ALLOW_CIDRS.",
    ),
    "events_hint": ("至少选一项。", "Tick one at least."),
    "payload": ("推送详略", "How much is sent"),
    "payload_thin": (
        "只发编号和链接：对方凭用户令牌回来查看详情（推荐）",
        "Ids and a link: the system reads the rest here with a user's token (recommended)",
    ),
    "payload_full": (
        "发送完整预警：含就诊号、金额和证据，对方须有权查看",
        "The whole alert, with encounters, amounts and evidence: its owner must be entitled to see them",
    ),
    "payload_supervisor": (
        "是否发送完整预警，由有权查看预警的主管设置。",
        "Whether whole alerts are sent is for a supervisor, who may read them.",
    ),
    "payload_kept": (
        "该端点接收完整预警：网址、内容和筛选条件由主管修改；管理员可改名称、请求头和速度，或改为只发编号和链接。",
        "It hears whole alerts: URL, what it is told and the filter are for a supervisor to change. You may "
        "change name, headers and speed, or send ids and a link only.",
    ),
    "payload_short_thin": ("编号和链接", "ids and a link"),
    "payload_short_full": ("完整预警", "the whole alert"),
    "only": ("只推送符合下列条件的预警（留空表示全部）", "Only alerts that fit (empty: all)"),
    "min_severity": ("程度", "Severity"),
    "severity_up_to_1": ("只要 1级 严重", "only 1 grave"),
    "severity_up_to_2": ("1级 严重 和 2级 较重", "1 grave and 2 serious"),
    "severity_up_to_3": ("全部", "all"),
    "rules": ("规则", "Rules"),
    "rules_hint": ("规则编号，如 A01 B01，以空格或逗号分开。", "Such as A01 B01, blanks or commas between."),
    "institutions": ("机构代码", "Institution codes"),
    "institutions_hint": (
        "一行一个，或以逗号分开，最多 1000 个。",
        "One a line, or commas between; 1,000 at most.",
    ),
    "regions": ("区划", "Regions"),
    "regions_hint": (
        "2、4 或 6 位区划代码：43 全省，4306 全市，430602 一个县区。",
        "2, 4 or 6 digits: 43 a province, 4306 a city, 430602 a county.",
    ),
    "advanced": ("高级：请求头与速度", "More: headers and speed"),
    "headers": ("附加请求头", "Headers of its own"),
    "headers_hint": (
        "每行一个“名称: 值”，最多 10 个。口令类的值保存后只显示为圆点，保持不动即不修改，删去整行即删除。",
        "One `Name: value` a line, ten at most. Credentials show as dots once saved: leave the dots to keep "
        "one, take the line out to remove it.",
    ),
    "rate": ("每秒最多推送", "Deliveries a second, at most"),
    "rate_hint": ("1 至 1000 的整数；留空不限。", "1 to 1,000; empty: no limit."),
    "concurrency": ("同时推送", "Deliveries at once"),
    "concurrency_hint": ("1 至 5 的整数。", "1 to 5."),
    "no_limit": ("不限", "no limit"),
    "min_severity_hint": ("请从列表中选择。", "Choose from the list."),
    "payload_hint": ("请选择一项。", "Choose one."),
    "form_wrong": ("还没有保存，请改正标出的各项。", "Nothing is saved yet. Please mend what is marked."),
    "save": ("保存", "Save"),
    "cancel": ("取消", "Cancel"),
    "edit": ("修改", "Change"),
    "secret_new": ("签名密钥", "Signing secret"),
    "secret_once": (
        "密钥只显示这一次。请现在复制，通过安全的方式交给对方系统的负责人，用来核对推送确实来自本系统。",
        "The secret is shown this once. Copy it now and hand it safely to whoever runs that system: it "
        "proves that deliveries come from here.",
    ),
    "secret_until": (
        "旧密钥与新密钥同时有效，旧密钥到期时间：",
        "The old secret signs beside the new one until",
    ),
    "secret_done": ("已复制，继续", "Copied, go on"),
    "created": ("创建", "Made"),
    "actions": ("操作", "What can be done"),
    "send_test": ("发送测试", "Send a test"),
    "send_test_why": (
        "立即发一条测试消息，看对方能否收到。",
        "A test message goes out now: see whether it arrives.",
    ),
    "switch_on": ("启用", "Switch on"),
    "switch_on_why": (
        "只发送排队中的和以后的，停用期间的不补发。",
        "What waits and what comes is sent; what was missed meanwhile is not.",
    ),
    "switch_off": ("停用", "Switch off"),
    "switch_off_why": (
        "停用后对方收不到任何预警，直到重新启用。",
        "It hears of nothing until it is switched on again.",
    ),
    "reason": ("原因", "Reason"),
    "reason_example": ("例如：对方系统升级", "Such as: their system is being upgraded"),
    "recover": ("补发", "Send what was missed"),
    "recover_on": ("补发并启用", "Switch on and send what was missed"),
    "recover_why": (
        "把自这一天零时起没有送达的预警重新推送。已送达的不会重复。",
        "What was not delivered since the beginning of this day is sent again; what was, is not.",
    ),
    "since_day": ("自", "Since"),
    "rotate": ("更换密钥", "New secret"),
    "rotate_why": (
        "生成新密钥；24 小时内新旧密钥同时签名，对方在此期间换上新密钥即可。期间再换一次，最早的密钥即失效。",
        "For 24 hours both secrets sign, so that the other side can change over. A second rotation within "
        "them ends the oldest secret at once.",
    ),
    "delete": ("删除", "Delete"),
    "delete_why": (
        "连同推送记录一并删除，不能恢复。只是暂时不用的，请停用。",
        "With all its deliveries, for good. To pause it, switch it off.",
    ),
    "delete_sure": ("确认删除", "Yes, delete it"),
    "deliveries": ("推送记录", "Deliveries"),
    "delivery": ("推送", "Delivery"),
    "deliveries_none": ("没有符合条件的推送。", "No deliveries match."),
    "type": ("类型", "Type"),
    "made_at": ("产生时间", "Made at"),
    "result": ("结果", "Result"),
    "tries": ("尝试", "Tries"),
    "times": ("次", "times"),
    "state_pending": ("等待发送", "waiting"),
    "state_again": ("等待重试", "to be tried again"),
    "state_delivered": ("已送达", "delivered"),
    "state_failed": ("未送达", "not delivered"),
    "next_try": ("下次尝试", "Next try"),
    "older_deliveries": ("更早的推送", "Older deliveries"),
    "back_to_webhooks": ("返回推送端点", "Back to the endpoints"),
    "back_to_webhook": ("返回端点", "Back to the endpoint"),
    "redeliver": ("重新推送", "Send again"),
    "redeliver_why": (
        "以原编号再推送一次，对方据此可识别重复。",
        "It keeps its id, by which the other side tells repeats.",
    ),
    "try_no": ("第几次", "Try"),
    "took": ("用时", "Took"),
    "answer": ("对方应答", "Answer"),
    "answer_text": ("应答内容（最多 20 kB）", "What it said (20 kB at most)"),
    "answer_hidden": (
        "该端点接收完整预警，应答内容可能含有病案信息，由主管查看。",
        "This endpoint hears whole alerts, which its answer may repeat: a supervisor can see it.",
    ),
    "answer_empty": ("（空）", "(nothing)"),
    "no_answer": ("无应答", "no answer"),
    "no_tries": (
        "还没有尝试。几秒后刷新本页查看结果。",
        "Not tried yet. Load this page again in a few seconds.",
    ),
    "meaning": ("说明与怎么办", "What it means, what to do"),
    "about_alert": ("关于预警", "About alert"),
    "reload": ("刷新", "Load again"),
}
DONE: dict[str, tuple[str, str]] = {
    "saved": ("已保存。", "Saved."),
    "switched_off": ("已停用。", "Switched off."),
    "switched_on": ("已启用，排队中的推送正在发送。", "Switched on; what waits is being sent."),
    "recovered": (
        "已启用，没有送达的正在补发，可在推送记录中查看。",
        "Switched on; what was missed is being sent: see the deliveries.",
    ),
    "recovered_more": (
        "已启用，先补发 10,000 条；还有更多，请稍后再点一次“补发”。",
        "Switched on; the first 10,000 are being sent. There is more: do it again in a while.",
    ),
    "no_day": ("请先选择日期。", "Please choose a day first."),
    "tested": ("测试已发出，结果稍后显示在下面。", "The test is on its way; see below what comes of it."),
    "redelivered": ("已重新排队，结果稍后显示在下面。", "Queued again; see below what comes of it."),
    "deleted": ("端点已删除。", "The endpoint is deleted."),
}

ANSWERS: dict[str, tuple[str, str]] = {
    "2xx": ("对方已收到。", "It was taken."),
    "3xx": (
        "对方要求跳转到别的网址，系统不跟随。请把接收网址改为最终网址。",
        "It redirects, which is not followed. Change the URL to the final one.",
    ),
    "401": (
        "对方不认可凭证。请与对方核对签名密钥和附加请求头。",
        "It does not accept our credentials. Compare signing secret and headers with its owner.",
    ),
    "404": (
        "对方没有这个网址。请与对方核对接收网址。",
        "There is nothing at this URL. Check it with its owner.",
    ),
    "410": (
        "对方表示不再接收，端点已停用。请与对方核对新网址。",
        "It is gone, and was switched off. Ask its owner for the new URL.",
    ),
    "413": (
        "对方嫌内容太大。可改为只发编号和链接。",
        "It finds the message too large. Send ids and a link only.",
    ),
    "429": ("对方忙，系统已自动放慢，会再试。", "It is busy. We slow down and try again."),
    "4xx": (
        "对方拒收这条消息。请把应答内容交给对方系统的负责人。",
        "It refused the message. Give its answer to whoever runs that system.",
    ),
    "5xx": (
        "对方系统出错。系统会自动重试；持续出现请联系对方负责人。",
        "That system failed. It is tried again; if this lasts, call its owner.",
    ),
    "timeout": (
        "对方在限定时间内没有应答。请对方先应答、后处理。",
        "No answer in time. Its owner should answer first and work afterwards.",
    ),
    "refused": (
        "网址指向不允许的地址（内网、本机或本系统）。确需内网的，请系统管理员开放 "
        "QINGFENG_WEBHOOK_ALLOW_CIDRS。",
        "The URL leads to an address that is not allowed (private, local or this system). To open a network "
        "of your own: QINGFENG_WEBHOOK_ALLOW_CIDRS.",
    ),
    "tls": (
        "对方证书无效或已过期。请对方更换证书。",
        "Its certificate is not valid. Its owner has to renew it.",
    ),
    "unreadable": (
        "对方的应答不是有效的 HTTP。请与对方核对接收网址和端口。",
        "What it answers is not HTTP. Check URL and port with its owner.",
    ),
    "cut_off": (
        "对方没有应答就断开了连接。请对方负责人查看其系统和中间的代理。",
        "It hung up without an answer. Its owner should look at that system and at proxies before it.",
    ),
    "unreachable": (
        "连不上对方。请检查网址、网络和防火墙，并联系对方负责人。",
        "It cannot be reached. Check URL, network and firewall, and call its owner.",
    ),
}
"""What an answer means and what to do about it; `answer_kind` picks one."""

FAULTS: dict[str, tuple[str, str]] = {
    "url_unreadable": ("不是有效的网址。", "This is no URL."),
    "url_scheme": ("网址要以 https:// 开头并写明主机名。", "A URL begins with https:// and names a host."),
    "url_extras": (
        "网址里不能带用户名、口令，也不能带 # 及其后的内容。",
        "A URL here holds no user name, no password and nothing after #.",
    ),
    "url_ascii": (
        "网址里只能用英文字母、数字和符号，中文请写成百分号编码。",
        "A URL holds only printable ASCII; write other letters percent-encoded.",
    ),
    "url_unknown_host": ("查不到这个主机名，请核对拼写。", "This host is not known: check its spelling."),
    "url_own": ("这是本系统自己的地址，不能推送给自己。", "This is the system itself."),
    "url_not_allowed": (
        "这个地址不允许推送：是内网或本机地址，或不是 https，或端口未开放。",
        "This destination is not allowed: a private or local address, no https, or a closed port.",
    ),
    "header_name": (
        "请求头名称只能用英文字母、数字和连字符，最多 64 个字符。",
        "A header's name is letters and digits, joined by hyphens, 64 at most.",
    ),
    "header_reserved": (
        "请求头 {name} 由系统自己填写，不能设置。",
        "The header {name} is set by the system itself.",
    ),
    "header_value": (
        "请求头 {name} 的值要填 1 至 1000 个英文可见字符，首尾不留空格。",
        "The value of {name} is 1 to 1,000 printable ASCII characters, without blanks around them.",
    ),
    "header_twice": ("同一个请求头写了两次。", "A header stands there twice."),
    "too_many_headers": ("请求头最多 10 个。", "Ten headers at most."),
    "too_many_webhooks": (
        "端点已达上限 100 个，请先删除不用的。",
        "There are 100 endpoints already: delete one first.",
    ),
    "whole_alerts": (
        "只有能查看预警的主管可以让端点接收完整预警，或修改这类端点的网址、内容和筛选条件。",
        "Only a supervisor, who may read alerts, may have them sent in full, or change where such an "
        "endpoint leads and what it is told.",
    ),
    "one_line": ("只能填一行可见文字。", "One line of printable characters."),
    "item": ("“{item}”填写不对。", "“{item}” is not right."),
    "string_too_short": ("没有填写。", "This is missing."),
    "string_too_long": ("太长，最多 {max_length} 个字符。", "Too long: {max_length} characters at most."),
    "too_short": ("没有选择。", "Nothing is chosen."),
    "too_long": ("太多，最多 {max_length} 项。", "Too many: {max_length} at most."),
    "int_parsing": ("不是整数。", "This is no whole number."),
    "greater_than_equal": ("太小，最小 {ge}。", "Too small: {ge} at least."),
    "less_than_equal": ("太大，最大 {le}。", "Too large: {le} at most."),
    "literal_error": ("没有这个选项。", "There is no such choice."),
}
"""What is wrong with a field of a form, by the code that the API or pydantic gives it."""


def answer_kind(status: int | None, error: str | None) -> str:
    """Which of ANSWERS a try's outcome is. status: of HTTP, None without an answer; then `error` is one of
    the sender's words."""
    if status is None:
        return error if error in ANSWERS else "unreachable"
    if status in (401, 403):
        return "401"
    if status in (429, 502, 503, 504):
        return "429"
    kind = str(status) if str(status) in ANSWERS else f"{status // 100}xx"
    return kind if kind in ANSWERS else "4xx"
