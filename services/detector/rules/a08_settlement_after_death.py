"""A08 死亡后结算: the card of a dead person.

Predicate: the visit's local date is later than the day of death plus one day; where only the month of
death is known, later than the month's last day. Nothing known of the death: no judgement. Of
records that tell two deaths the later one counts, and a data defect says so.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from schemas.finding import Subject, Words
from services.detector.facts import SETTLEMENTS, Fact, Kind
from services.detector.history import Ref
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical

DIED = 5
"""离院方式 5: death."""


@dataclass(frozen=True)
class SettlementAfterDeathParameters(Parameters):
    """Figures of rules.md A08."""

    grace_days: int = parameter(1, "d", "死亡日后的宽限天数", "days of grace after the day of death")


class SettlementAfterDeath(Rule):
    """A settlement of a visit after the person's death."""

    id = "A08"
    title = Words("死亡后结算", "Settled after death")
    message = Words(
        "参保人登记死亡日期为 {death}，但 {institution} 在 {visited} 仍有就诊结算，基金支付{amount}元。"
        "请核对死亡登记，并追查持卡使用人。",
        "The insured person is registered as having died on {death}, yet {institution} settled a visit of "
        "{visited}; the fund paid {amount} yuan. Check the death record, then who used the card.",
    )
    basis = ("条例 40(一)",)
    checks = {
        "begun_before_death": Words("就诊在死亡之前开始", "the encounter began before the death"),
        "died_in_hospital_later": Words(
            "机构登记的死亡离院晚于死亡登记", "the hospital registered the death later"
        ),
        "account_clearing": Words("个人账户清退", "the personal account was cleared"),
    }
    watches = SETTLEMENTS | {Kind.ADMISSION, Kind.DISCHARGE}
    window_days = 30
    about_person = True
    parameters = SettlementAfterDeathParameters()

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        death = view.insured.died
        if death is None:
            return
        last_day = self._last_day(death)
        for fact in view.facts_of(refs):
            if fact.kind not in SETTLEMENTS or not view.is_settlement(fact):
                continue
            if view.calendar.day(fact.at) > last_day:
                yield from self._suspect(view, fact, death, last_day)

    def _last_day(self, death: str) -> int:
        """The last local day on which a visit is no contradiction."""
        if len(death) == 7:
            year, month = int(death[:4]), int(death[5:])
            return date(year, month, monthrange(year, month)[1]).toordinal()
        return date.fromisoformat(death).toordinal() + self.parameters.grace_days

    def _suspect(self, view: PersonView, fact: Fact, death: str, last_day: int) -> Iterator[Finding]:
        ref = (fact.institution, fact.encounter)
        facts = view.history.encounter(ref)
        explanations = [
            Explanation(
                "begun_before_death", any(view.calendar.day(other.at) <= last_day for other in facts)
            ),
            Explanation(
                "died_in_hospital_later",
                any(other.detail.discharge_way == DIED for other in facts),
            ),
            Explanation("account_clearing", _is_account_clearing(fact)),
        ]
        if cleared(explanations):
            return
        yield Finding(
            rule=self,
            about=((fact.institution, fact.id),),
            members=[ref],
            severity=1,
            subject=Subject("person", view.history.key),
            institutions=[fact.institution],
            encounters=[fact.encounter],
            settlements=[fact.id],
            happened=view.calendar.text(fact.at),
            amount=max(0, fact.fund),
            values={
                "death": death,
                "institution": fact.institution,
                "visited": view.calendar.date_text(view.calendar.day(fact.at)),
            },
            evidence={"death_date": death, "visit": view.visit_evidence(fact)},
            explanations=explanations,
            historical=is_historical([fact]),
        )


def _is_account_clearing(fact: Fact) -> bool:
    """41 with nothing bought: heirs clear the account (rules.md A08)."""
    return (
        fact.kind == Kind.PHARMACY
        and fact.fund == 0
        and not fact.detail.lines_digest
        and fact.detail.account == fact.total > 0
    )
