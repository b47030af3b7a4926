"""A13 人脸/实人核验不符: settled although the face did not match, or nobody looked at it.

Predicate: a live settlement or admission whose encounter has a check with the result mismatch and no match
after it; or, where the registry requires a face check, a check that was skipped, or a social card that was
shown without any check. A card that is not named says nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.finding import Subject, Words
from services.detector.facts import SETTLEMENTS, Fact, Kind
from services.detector.history import Ref
from services.detector.news import News
from services.detector.rule import Explanation, Finding, Parameters, Rule, cleared, parameter
from services.detector.view import PersonView, is_historical

FORMS = {
    "mismatch": Words("实人核验结果不符", "the check of identity said mismatch"),
    "skipped": Words("应做人脸核验而跳过", "the face check that is required there was skipped"),
    "missing": Words("持社保卡未做应做的人脸核验", "a card was shown without the face check required there"),
}
AWAY = ("internet", "delivery")


@dataclass(frozen=True)
class IdentityMismatchParameters(Parameters):
    """Figures of rules.md A13."""

    cards: tuple[str, ...] = parameter(
        ("social_card",), "1", "须核验的凭证种类", "kinds of cards that need a check where one is required"
    )


class IdentityMismatch(Rule):
    """Who stood there was not, or not shown to be, the insured person."""

    id = "A13"
    title = Words("人脸/实人核验不符", "Identity check failed or missing")
    message = Words(
        "{institution} {day}的就诊购药{form_zh}，基金支付{amount}元。疑似冒用他人凭证，请调取核验影像核对。",
        "At {institution} on {day} {form_en}; the fund paid {amount} yuan. Somebody else with the card? Look "
        "at the pictures of the check.",
    )
    basis = ("条例 40(一)", "条例 41(一)")
    checks = {
        "matched": Words("另有核验相符的记录", "another check did match"),
        "agent": Words("已登记代办", "an agent who was declared"),
        "not_at_counter": Words("互联网诊疗或配送", "an internet consultation or a delivery"),
    }
    watches = SETTLEMENTS | {Kind.ADMISSION, Kind.IDENTITY_CHECK}
    window_days = 30
    parameters: IdentityMismatchParameters = IdentityMismatchParameters()

    def may_find(self, news: News) -> bool:
        """A check by itself is about nothing; a settlement by itself may lack one."""
        is_asked = news.fact.kind != Kind.IDENTITY_CHECK and news.view.registry.has("face_check")
        return is_asked and self._needs_check(news.view, news.fact)

    def judge(self, view: PersonView, refs: Iterable[Ref] | None) -> Iterator[Finding]:
        seen = set()
        for fact in view.facts_of(refs):
            ref = (fact.institution, fact.encounter)
            if ref not in seen and (fact.kind == Kind.IDENTITY_CHECK or self._needs_check(view, fact)):
                seen.add(ref)
                yield from self._encounter(view, ref)

    def _needs_check(self, view: PersonView, fact: Fact) -> bool:
        if fact.card not in self.parameters.cards or fact.kind == Kind.DISCHARGE:
            return False
        day = view.calendar.date_text(view.calendar.day(fact.at))
        return view.registry.needs_face_check(fact.institution, day)

    def _encounter(self, view: PersonView, ref: Ref) -> Iterator[Finding]:
        facts = view.history.encounter(ref)
        checks = [fact for fact in facts if fact.kind == Kind.IDENTITY_CHECK]
        settled = [fact for fact in facts if fact.kind in SETTLEMENTS and view.is_settlement(fact)]
        cared = [*(fact for fact in facts if fact.kind == Kind.ADMISSION), *settled]
        form, failed = self._form(view, checks, cared)
        if not form:
            return
        channels = {fact.detail.channel for fact in settled}
        explanations = [
            Explanation("matched", _matched(checks, failed)),
            Explanation("agent", "agent" in channels),
            Explanation("not_at_counter", not channels.isdisjoint(AWAY)),
        ]
        if cleared(explanations):
            return
        first = min(cared, key=lambda fact: fact.place)
        yield Finding(
            rule=self,
            about=(ref,),
            members=[ref],
            severity=2 if form == "mismatch" else 3,
            subject=Subject("person", view.history.key),
            institutions=[ref[0]],
            encounters=[ref[1]],
            settlements=sorted(fact.id for fact in settled),
            happened=view.calendar.text(first.at),
            amount=sum(max(0, fact.fund) for fact in settled),
            values={
                "institution": ref[0],
                "day": view.calendar.date_text(view.calendar.day(first.at)),
                "form_zh": FORMS[form].zh,
                "form_en": FORMS[form].en,
            },
            evidence={
                "form": form,
                "identity_checks": [_check_evidence(view, fact) for fact in checks],
                "visits": [view.visit_evidence(fact) for fact in cared],
            },
            explanations=explanations,
            historical=is_historical(cared),
        )

    def _form(self, view: PersonView, checks: list[Fact], cared: list[Fact]) -> tuple[str, Fact | None]:
        """(what is wrong, the check that says so)."""
        if not cared:
            return "", None
        for fact in reversed(checks):
            if fact.detail.more.result == "mismatch":
                return "mismatch", fact
        day = view.calendar.date_text(view.calendar.day(cared[0].at))
        if not view.registry.needs_face_check(cared[0].institution, day):
            return "", None
        if any(fact.detail.more.result == "skipped" for fact in checks):
            return "skipped", None
        if not checks and any(self._needs_check(view, fact) for fact in cared):
            return "missing", None
        return "", None


def _matched(checks: list[Fact], failed: Fact | None) -> bool:
    """Whether a check matched: after the one that failed, or at all where it was skipped."""
    return any(
        fact.detail.more.result == "match" and (failed is None or fact.place > failed.place)
        for fact in checks
    )


def _check_evidence(view: PersonView, fact: Fact) -> dict:
    more = fact.detail.more
    return {"at": view.calendar.text(fact.at), "method": more.method, "result": more.result}
