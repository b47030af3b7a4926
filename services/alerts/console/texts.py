"""The console's words, Chinese first, English beside it. `Texts` picks one language."""

from collections.abc import Mapping
from typing import Any, Literal

from services.alerts.console import texts_evidence, texts_system, texts_webhooks
from services.alerts.console.advice import steps

Language = Literal["zh", "en"]

WORDS: dict[str, tuple[str, str]] = {
    "name": ("清风", "Qingfeng"),
    "tagline": ("医保结算预警", "Medical-insurance warnings"),
    "login": ("登录", "Log in"),
    "logout": ("退出", "Log out"),
    "user_name": ("用户名", "User name"),
    "password": ("口令（创建用户时显示的令牌）", "Password (the token shown when the user was created)"),
    "wrong": ("用户名或口令不对，请再试。", "User name or password is wrong. Please try again."),
    "no_access": (
        "您的角色不能查看或操作这一页。经办、主管、审计可以看预警；推送端点和未判断记录由主管、管理员处理。"
        "需要时请用相应账号登录。",
        "Your role may not see or do this. Handlers, supervisors and auditors read alerts; supervisors and "
        "admins look after endpoints and records not judged. Log in as one of them if you need to.",
    ),
    "alerts": ("预警", "Alerts"),
    "status": ("状态", "Status"),
    "open": ("待核查", "Open"),
    "withdrawn": ("已撤回", "Withdrawn"),
    "all": ("全部", "All"),
    "rule": ("规则", "Rule"),
    "severity_name": ("程度", "Severity"),
    "institution": ("机构", "Institution"),
    "institution_id": ("机构代码", "Institution code"),
    "region": ("区划", "Region"),
    "region_wrong": (
        "区划请填 2、4 或 6 位数字，如 43、4306、430602。下面没有按区划筛选。",
        "A region is 2, 4 or 6 digits, such as 43, 4306 or 430602. The list below is not filtered by it.",
    ),
    "filter": ("筛选", "Filter"),
    "clear": ("清除筛选", "Clear filters"),
    "amount": ("涉及金额", "Amount"),
    "yuan": ("元", "yuan"),
    "happened": ("发生时间", "Happened"),
    "detected": ("发现时间", "Detected"),
    "what": ("事项", "What"),
    "older": ("更早的预警", "Older alerts"),
    "newest": ("回到最新", "Back to the newest"),
    "none": ("没有符合条件的预警。", "No alerts match."),
    "none_yet": (
        "还没有预警。结算数据上传并判断后，预警会自动出现在这里。",
        "No alerts yet. They appear here by themselves once settlements are posted and judged.",
    ),
    "live": ("自动更新", "updates by itself"),
    "live_off": ("自动更新已断开，正在重连", "not updated just now, connecting again"),
    "fresh_one": ("1 条新预警，点击显示", "1 new alert: show it"),
    "fresh_many": ("{n} 条新预警，点击显示", "{n} new alerts: show them"),
    "just_changed": ("刚有变化", "just changed"),
    "changed_since": ("此后有变化", "Changed since"),
    "refresh": ("刷新列表", "Load the list again"),
    "keys": (
        "键盘：j / k 或 ↓ / ↑ 上下移动，回车打开，n 显示新预警。",
        "Keys: j / k or ↓ / ↑ to move, Enter to open, n for new alerts.",
    ),
    "offline": (
        "与系统的连接中断，正在重试；所见内容可能已过时。",
        "Connection lost, trying again; what you see may be out of date.",
    ),
    "accepted": ("已接收", "Accepted"),
    "judged": ("已判断", "Judged"),
    "lag": ("待判断", "Waiting"),
    "judged_anew": ("按新名录重新判断", "Judged anew"),
    "caught_up": ("已全部判断", "all judged"),
    "oldest": ("最早等待", "oldest"),
    "seconds": ("秒", "s"),
    "events": ("条", "events"),
    "as_of": ("数据截至", "Data up to"),
    "back": ("返回预警列表", "Back to the alerts"),
    "next": ("下一步", "What to do next"),
    "lead": (
        "这是线索，不是结论：系统只指出记录中的疑点，由人核查后认定。",
        "This is a lead, not a conclusion: the system shows what is odd in the records; a person decides.",
    ),
    "task": (
        "这是付款前的审查任务，不表示存在违规。",
        "This is a review before payment, not a suspicion.",
    ),
    "was_withdrawn": (
        "引起预警的记录已被撤销或更正，预警已撤回，无需处理。",
        "The records behind this were cancelled or corrected. The alert is withdrawn; nothing is to be done.",
    ),
    "renewed": ("此预警已更新。", "This alert has changed."),
    "renewed_withdrawn": (
        "此预警已撤回：引起预警的记录已被撤销或更正。",
        "This alert was withdrawn: the records behind it were cancelled or corrected.",
    ),
    "renew": ("查看最新内容", "Show it as it is now"),
    "timeline": ("时间轴", "Timeline"),
    "overlap": ("重叠", "overlap"),
    "not_discharged": ("未见出院登记", "no discharge registered"),
    "death": ("死亡登记", "Registered death"),
    "evidence": ("证据", "Evidence"),
    "stay": ("住院", "Stay"),
    "visit": ("就诊结算", "Visit"),
    "encounter": ("就诊号", "Encounter"),
    "settlement": ("结算号", "Settlement"),
    "begin": ("开始", "Begin"),
    "end": ("结束", "End"),
    "time": ("时间", "Time"),
    "fund": ("基金支付", "Fund paid"),
    "total": ("总费用", "Total"),
    "card": ("凭证", "Credential"),
    "device": ("终端", "Terminal"),
    "diagnoses": ("诊断", "Diagnoses"),
    "discharge_way": ("离院方式", "Way of discharge"),
    "person": ("参保人（化名）", "Person (pseudonym)"),
    "overlap_hours": ("重叠时长（小时）", "Overlap (hours)"),
    "overlap_nights": ("重叠夜数", "Overlapping nights"),
    "distance_km": ("两地距离（公里）", "Distance (km)"),
    "minutes": ("间隔（分钟）", "Minutes between"),
    "speed_kmh": ("所需速度（公里/小时）", "Speed needed (km/h)"),
    "death_date": ("死亡登记日期", "Registered date of death"),
    "window_minutes": ("观察窗口（分钟）", "Window (minutes)"),
    "persons": ("参保人数", "Persons"),
    "usual_persons": ("该时段平时人数", "Persons usual at that hour"),
    "median_gap_seconds": ("刷卡间隔中位数（秒）", "Median gap (s)"),
    "same_amount_share": ("同额占比", "Share with one amount"),
    "checked": ("已排除的正常情形", "Innocent explanations ruled out"),
    "checked_why": (
        "系统逐项查找过下列正常情形，均不成立：",
        "The system looked for each of these and did not find it:",
    ),
    "checked_none": ("没有可查的正常情形。", "There was none to look for."),
    "basis": ("依据", "Legal basis"),
    "basis_note": ("依据名称为法规原文，不译。", "Names of laws are given in the original."),
    "history": ("变更记录", "History"),
    "version": ("版本", "Version"),
    "changed": ("变更时间", "Changed"),
    "ids": ("原始编号", "Identifiers"),
    "ids_why": ("在业务系统中查找原始记录时使用。", "To find the original records in the billing systems."),
    "alert_id": ("预警编号", "Alert id"),
    "terminal": ("终端", "Terminal"),
    "practitioner": ("医师", "Practitioner"),
    "group": ("一组参保人（化名）", "Group of persons (pseudonym)"),
    "trace_code": ("药品追溯码", "Trace code of a pack"),
    "invoice": ("发票", "Invoice"),
    "rule_version": ("规则版本", "Rule version"),
    "parameters": ("判断参数", "Parameters in force"),
    "historical": ("历史数据", "From history"),
    "shadow": ("试运行规则", "Rules on trial"),
    "on_trial": ("试运行，不下发", "On trial, sent to nobody"),
    "on_trial_why": (
        "此规则正在试运行：预警只保存在这里供比对，不推送，无需处理。",
        "This rule is on trial: its alerts are kept for comparison and sent to nobody: no work for you.",
    ),
    "in_use": ("正式规则", "Rules in use"),
    "rules_shown": ("规则状态", "In use or on trial"),
    "no_alert": ("没有这条预警。", "There is no such alert."),
    "back_home": ("返回首页", "Back to the beginning"),
    "skip": ("跳到正文", "Skip to content"),
    "other_language": ("English", "中文"),
    "more": ("等", "more"),
    "card_e_voucher": ("电子凭证", "e-voucher"),
    "card_id_card": ("身份证", "identity card"),
    "card_social_card": ("社保卡", "social card"),
    "card_face": ("刷脸", "face"),
    "way_1": ("医嘱离院", "as ordered"),
    "way_2": ("医嘱转院", "transferred to a hospital"),
    "way_3": ("转社区或乡镇卫生院", "transferred to community or township"),
    "way_4": ("非医嘱离院", "against orders"),
    "way_5": ("死亡", "died"),
    "way_9": ("其他", "other"),
    **texts_evidence.WORDS,
    **texts_webhooks.WORDS,
    **texts_system.WORDS,
}
DONE = {**texts_webhooks.DONE, **texts_system.DONE}
SEVERITIES = {1: ("严重", "grave"), 2: ("较重", "serious"), 3: ("一般", "minor")}


class Texts:
    """The words of one language: `texts.login`, `texts.grade(2)`."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._index = 0 if language == "zh" else 1

    def __getattr__(self, name: str) -> str:
        try:
            return WORDS[name][self._index]
        except KeyError as error:
            raise AttributeError(name) from error

    def get(self, name: str) -> str | None:
        """The word, or None where there is none."""
        words = WORDS.get(name)
        return words[self._index] if words else None

    def grade(self, level: int) -> str:
        """A severity in words that need no colour."""
        word = SEVERITIES.get(level, ("", ""))[self._index]
        return f"{level}级 {word}" if self._index == 0 else f"{level} {word}"

    def steps(self, rule: str) -> tuple[str, ...]:
        """What a handler does next."""
        return steps(rule)[self._index]

    def done(self, what: str) -> str:
        """What was done by the form that led to this page; "" for anything else in the address."""
        return DONE.get(what, ("", ""))[self._index]

    def answered(self, status: int | None, error: str | None) -> str:
        """What the outcome of a delivery's try means and what to do."""
        return texts_webhooks.ANSWERS[texts_webhooks.answer_kind(status, error)][self._index]

    def fault(self, code: str, values: Mapping[str, Any]) -> str:
        """What is wrong with a field of a form; "" where there are no words for it."""
        return texts_webhooks.FAULTS.get(code, ("", ""))[self._index].format(**values)

    def look(self, name: str, state: str, values: dict[str, Any]) -> tuple[str, str, str]:
        """(title, how it stands, what to do) of one look at the system; `seconds` and `waited` are times."""
        title, told = texts_system.LOOKS[name]
        stands, act = told[state]
        said = {
            key: self.lasting(value) if key in ("seconds", "waited") else value
            for key, value in values.items()
        }
        return title[self._index], stands[self._index].format(**said), act[self._index]

    def lasting(self, seconds: float) -> str:
        """A time in the unit that one would say it in."""
        for size, unit in ((3_600, self.hour), (60, self.minute)):
            if seconds >= size:
                return f"{seconds / size:.1f}".removesuffix(".0") + f" {unit}"
        return f"{seconds:.0f} {self.seconds}"

    def of(self, words: Any) -> str:
        """The right one of a pair of texts, given as an object or as JSON."""
        if isinstance(words, dict):
            return str(words.get(self.language) or words.get("zh") or "")
        return str(getattr(words, self.language, ""))
