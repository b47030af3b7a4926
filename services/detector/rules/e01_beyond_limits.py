"""E01 超限定支付: what the catalogue pays for only elsewhere, otherwise or not alone.

Predicate: the registry limits an item (limits), and the encounter that bills it stands outside: at another
place of care (限住院、急诊, 超互联网医院), at an institution below the level (限二级以上), under another
insurance (限工伤, 限生育), a herb that is not paid for by itself (单方不予支付), or for more days than a
course (限支付疗程). All of it is decided by a field: severity 1.

Limits by sex and age are A10's, by the practitioner's title E07's, maxima D03's; that a drug is of second
line cannot be seen in what is sent. A pharmacy fills prescriptions from elsewhere: with one, its own level
says nothing. What lies wholly outside the policy was not asked for from the fund.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from schemas.finding import Words
from schemas.registry import Limit, Registry
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base, part
from services.detector.drugs import supply_days
from services.detector.encounters import Encounter
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

HERBS = "10"
"""Charge type of herbal medicines (中药饮片)."""
SETTINGS = {
    "inpatient": Words("住院", "in-patient care"),
    "emergency": Words("急诊", "emergencies"),
    "outpatient": Words("门诊", "out-patient care"),
    "pharmacy": Words("定点药店", "pharmacies"),
    "internet": Words("互联网诊疗", "internet care"),
}
LEVELS = ("未定级", "一级", "二级", "三级")
INSURANCES = {
    "310": Words("职工医保", "employees'"),
    "390": Words("居民医保", "residents'"),
    "410": Words("长期护理保险", "long-term care"),
    "510": Words("生育保险", "maternity"),
}


@dataclass(frozen=True)
class BeyondLimitsParameters(Parameters):
    """The limits themselves stand in the registry (limits)."""

    course_tolerance_days: int = parameter(0, "d", "允许超出疗程的天数", "days that may lie beyond a course")


class Broken(NamedTuple):
    """A limit that does not hold: what it says, and how much of the charges lies outside, fen."""

    words: Words
    amount: int


class BeyondLimits(BillRule):
    """What the catalogue pays for only elsewhere, otherwise or not alone."""

    id = "E01"
    title = Words("超限定支付范围", "Paid for only elsewhere or otherwise")
    message = Words(
        "{institution}就诊{encounter}中，项目{code}纳入医保结算，但该项目{limits_zh}；涉及{amount}元。"
        "请核对是否超出支付限定。",
        "In encounter {encounter} at {institution} item {code} was settled as covered, though {limits_en}; "
        "{amount} yuan are concerned. Is it payable here?",
    )
    basis = ("条例 38(六)", "两库 限就医方式、限级别、限险种、限支付疗程")
    checks = {
        "approved": Words("已按规定审批", "its use was approved"),
        "external_prescription": Words("外配处方", "a prescription from elsewhere"),
        "self_paid": Words("未纳入医保支付", "not claimed from the fund"),
    }
    tables = frozenset(("limits",))
    parameters: BeyondLimitsParameters = BeyondLimitsParameters()

    def may_find(self, news: News) -> bool:
        return not _limited(news.view.registry).isdisjoint(news.codes)

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        limited = sorted(_limited(view.registry).intersection(bill.by_code))
        if not limited:
            return
        encounter = Encounter(view, bill.ref)
        if encounter.anchor is None:
            return
        for code in limited:
            limit = view.registry.limit(code, encounter.date)
            charges = [
                charge for charge in bill.by_code[code] if charge.base > 0 and not charge.line.more.approved
            ]
            if limit is None or not charges:
                continue
            broken = list(self._broken(bill, encounter, limit, charges))
            if broken:
                yield self._suspect(code, broken, charges)

    def _broken(
        self, bill: Bill, encounter: Encounter, limit: Limit, charges: list[Charge]
    ) -> Iterator[Broken]:
        whole = base(charges)
        if limit.settings and encounter.settings and encounter.settings.isdisjoint(limit.settings):
            yield Broken(_settings_words(limit), whole)
        least, level = limit.min_level, encounter.level
        if least is not None and level is not None and level < least:
            own = [charge for charge in charges if not _is_from_elsewhere(encounter, charge)]
            if own:
                yield Broken(_level_words(least, level), base(own))
        insured = encounter.insurance_types
        if limit.insurance_types and insured and insured.isdisjoint(limit.insurance_types):
            yield Broken(_insurance_words(limit), whole)
        if limit.alone_not_paid:
            alone = _alone(encounter.view, bill, charges)
            if alone:
                yield Broken(Words("单味使用不予支付", "it is not paid for by itself"), base(alone))
        if limit.course_days:
            yield from self._beyond_course(bill, encounter, limit, charges)

    def _beyond_course(
        self, bill: Bill, encounter: Encounter, limit: Limit, charges: list[Charge]
    ) -> Iterator[Broken]:
        days = _days(bill, encounter, charges)
        allowed: int = limit.course_days  # type: ignore[assignment]
        if days is not None and days > allowed + self.parameters.course_tolerance_days:
            amount = part(base(charges), round((days - allowed) * 100), round(days * 100))
            yield Broken(
                Words(
                    f"限支付疗程{allowed}天，本次共{days:.0f}天",
                    f"a course of {allowed} days is paid for and it was given for {days:.0f}",
                ),
                amount,
            )

    def _suspect(self, code: str, broken: list[Broken], charges: list[Charge]) -> Suspect:
        told = [charge.line.more.approved for charge in charges]
        elsewhere = [charge.line.more.external_prescription for charge in charges]
        return Suspect(
            about=(code,),
            severity=1,
            amount=max(one.amount for one in broken),
            values={
                "code": code,
                "limits_zh": "，且".join(one.words.zh for one in broken),
                "limits_en": " and ".join(one.words.en for one in broken),
            },
            charges=charges,
            explanations=[
                Explanation("approved", None if None in told else False),
                Explanation("external_prescription", None if None in elsewhere else False),
                Explanation("self_paid", False),
            ],
            evidence={"limits": [one.words.zh for one in broken]},
        )


@lru_cache(maxsize=2)
def _limited(registry: Registry) -> frozenset[str]:
    """Codes that any of these limits speaks of, on whatever day."""
    limits: tuple[Limit, ...] = registry.records(Limit.TABLE)
    return frozenset(
        limit.code
        for limit in limits
        if limit.settings
        or limit.min_level
        or limit.insurance_types
        or limit.alone_not_paid
        or limit.course_days
    )


def _is_from_elsewhere(encounter: Encounter, charge: Charge) -> bool:
    return "pharmacy" in encounter.settings and bool(charge.line.more.external_prescription)


def _alone(view: PersonView, bill: Bill, charges: list[Charge]) -> list[Charge]:
    """Those of some herbs' charges that no other herb stands beside: in a visit at all, in a stay on the day.
    A line without a charge type may be one: then nothing is said."""
    code = charges[0].line.code
    others = [charge for charge in bill.charges if charge.line.code != code]
    if any(not charge.line.category for charge in others):
        return []
    herbs = [charge for charge in others if charge.line.category == HERBS]
    if bill.stay is None or any(not charge.at for charge in (*herbs, *charges)):
        return [] if herbs else charges
    days = {view.calendar.day(charge.at) for charge in herbs}
    return [charge for charge in charges if view.calendar.day(charge.at) not in days]


def _days(bill: Bill, encounter: Encounter, charges: list[Charge]) -> float | None:
    """For how many days charges were given: days of a stay, else of supply; None where that is not known."""
    if bill.stay is not None:
        days = {encounter.view.calendar.day(charge.at) for charge in charges}
        return float(len(days)) if all(charge.at for charge in charges) else None
    pack = encounter.view.registry.pack(charges[0].line.code, encounter.date)
    supply = [supply_days(charge, pack) for charge in charges]
    return sum(supply) if all(supply) else None


def _settings_words(limit: Limit) -> Words:
    zh = "、".join(SETTINGS[setting].zh for setting in limit.settings)
    en = ", ".join(SETTINGS[setting].en for setting in limit.settings)
    return Words(f"限{zh}支付", f"it is paid for only in: {en}")


def _level_words(least: int, level: int) -> Words:
    return Words(
        f"限{LEVELS[least]}及以上医疗机构支付（本机构为{LEVELS[level]}）",
        f"it is paid for only from level {least} on (this is level {level})",
    )


def _insurance_words(limit: Limit) -> Words:
    named = [INSURANCES.get(code, Words(f"险种{code}", code)) for code in limit.insurance_types]
    zh, en = "、".join(words.zh for words in named), ", ".join(words.en for words in named)
    return Words(f"限{zh}支付", f"it is paid for only by this insurance: {en}")
