"""E07 抗菌药分级/越权处方: what its prescriber, or its place, has no right to prescribe.

Predicate: an antibiotic of a grade (packs: 2 限制使用级, 3 特殊使用级) or an item with a least title (limits)
is ordered by a practitioner whose registered title lies below; or a herbal injection (charge type 11) is
given at an institution below the second level.

Whoever the line names ordered it, else whom its event names; a pharmacy's prescribers are elsewhere. No
practitioner, no title or no level known: no judgement. Amount: what of the lines lies within the policy.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from schemas.finding import Words
from schemas.records import Limit, Pack
from schemas.registry import Registry
from services.detector.bill_rule import BillRule, Suspect
from services.detector.billing import Bill, Charge, base
from services.detector.encounters import Encounter
from services.detector.news import News
from services.detector.rule import Explanation, Parameters, parameter
from services.detector.view import PersonView

RESTRICTED, SPECIAL = 2, 3
"""Grades of antibiotics: 限制使用级, 特殊使用级."""
CHINESE_MEDICINE = "11"
"""Charge type of proprietary Chinese medicines."""
TITLES = {
    1: Words("住院医师", "resident"),
    2: Words("主治医师", "attending"),
    3: Words("副主任医师", "associate chief"),
    4: Words("主任医师", "chief"),
}


@dataclass(frozen=True)
class BeyondRightsParameters(Parameters):
    """Figures of rules.md E07; least titles of single items stand in the registry (limits)."""

    restricted_title: int = parameter(
        2, "1", "限制使用级抗菌药的最低职称", "least title (1–4) for restricted antibiotics"
    )
    special_title: int = parameter(
        3, "1", "特殊使用级抗菌药的最低职称", "least title (1–4) for special antibiotics"
    )
    injection_level: int = parameter(
        2, "1", "可用中药注射剂的最低机构级别", "least level of an institution for herbal injections"
    )


class BeyondRights(BillRule):
    """What its prescriber, or its place, has no right to prescribe."""

    id = "E07"
    title = Words("疑似越权使用抗菌药、中药注射剂", "Suspected: prescribed beyond one's rights")
    message = Words(
        "{institution}就诊{encounter}使用{code}：{what_zh}，涉及{amount}元。请核对处方权限和会诊、审批记录。",
        "In encounter {encounter} at {institution} {code} was given: {what_en}; {amount} yuan are concerned. "
        "Is there a consultation or an approval on record?",
    )
    basis = ("条例 38(二)",)
    checks = {
        "emergency": Words("紧急情况越级使用", "an emergency, in which titles do not bind"),
        "approved": Words("会诊或审批同意", "approved by consultation"),
    }
    tables = frozenset(("packs", "limits"))
    parameters: BeyondRightsParameters = BeyondRightsParameters()

    def may_find(self, news: News) -> bool:
        return not _reserved(news.view.registry).isdisjoint(news.codes)

    def suspects(self, view: PersonView, bill: Bill) -> Iterator[Suspect]:
        known = sorted(_reserved(view.registry).intersection(bill.by_code))
        encounter = Encounter(view, bill.ref) if known else None
        if encounter is None or encounter.anchor is None or "pharmacy" in encounter.settings:
            return
        for code in known:
            charges = [
                charge for charge in bill.by_code[code] if charge.base > 0 and not charge.line.more.approved
            ]
            pack = view.registry.pack(code, encounter.date)
            yield from self._by_title(encounter, code, pack, charges)
            yield from self._by_level(encounter, code, pack, charges)

    def _by_title(
        self, encounter: Encounter, code: str, pack: Pack | None, charges: list[Charge]
    ) -> Iterator[Suspect]:
        registry = encounter.view.registry
        limit = registry.limit(code, encounter.date)
        figures = self.parameters
        of_grade = {RESTRICTED: figures.restricted_title, SPECIAL: figures.special_title}
        least = max(of_grade.get(pack.antibiotic_grade, 0) if pack else 0, (limit and limit.min_title) or 0)
        found: dict[int, list[Charge]] = {}
        for charge in charges if least else ():
            title = registry.title(encounter.orderers.get(charge.line.id, ""), encounter.date)
            if title is not None and title < least:
                found.setdefault(title, []).append(charge)
        if found:
            title, needed = TITLES[min(found)], TITLES[min(least, max(TITLES))]
            words = Words(
                f"开具者为{title.zh}，须{needed.zh}及以上",
                f"ordered by a practitioner of title {title.en}, where at least {needed.en} is asked for",
            )
            emergency = Explanation("emergency", encounter.is_emergency)
            yield _suspect(
                (code, "title"), words, [one for ones in found.values() for one in ones], emergency
            )

    def _by_level(
        self, encounter: Encounter, code: str, pack: Pack | None, charges: list[Charge]
    ) -> Iterator[Suspect]:
        injected = [charge for charge in charges if charge.line.category == CHINESE_MEDICINE]
        level = encounter.level
        if pack is None or not pack.injection or not injected or level is None:
            return
        least = self.parameters.injection_level
        if level < least:
            words = Words(
                f"中药注射剂限{least}级及以上医疗机构使用，本机构为{level}级",
                f"a herbal injection, which is for institutions from level {least} on; this is level {level}",
            )
            yield _suspect((code, "level"), words, injected)


@lru_cache(maxsize=2)
def _reserved(registry: Registry) -> frozenset[str]:
    """Codes that are not for everybody to order, or not for every place, on whatever day."""
    packs: tuple[Pack, ...] = registry.records(Pack.TABLE)
    limits: tuple[Limit, ...] = registry.records(Limit.TABLE)
    found = {pack.code for pack in packs if pack.antibiotic_grade >= RESTRICTED or pack.injection}
    return frozenset(found | {limit.code for limit in limits if limit.min_title})


def _suspect(about: tuple, words: Words, charges: list[Charge], *reasons: Explanation) -> Suspect:
    told = [charge.line.more.approved for charge in charges]
    return Suspect(
        about=about,
        severity=2,
        amount=base(charges),
        values={"code": about[0], "what_zh": words.zh, "what_en": words.en},
        charges=charges,
        explanations=[*reasons, Explanation("approved", None if None in told else False)],
    )
