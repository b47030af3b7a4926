"""Compares alerts with labels: what was found, what was missed, who was accused wrongly.

Alerts are plain dicts as the contract's section 3 shows them. They are matched by rule and by what they are
about: business ids, a terminal's day, a practitioner's or an institution's month. Withdrawn alerts count as
silence, and rules that the judge does not know are not judged.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from services.demo.labels import Label

Alert = dict[str, Any]
# The stay rules are about encounters, the counter rules about settlements, A03 and A04 about one of each.
_BY_ENCOUNTERS = ("A01", "A02")
_BY_BOTH = ("A03", "A04")
_BY_SETTLEMENTS = ("A05", "A07", "A07b", "A08", "D14")
_BY_TERMINAL = ("B01",)
_MILD = 3


@dataclass(slots=True)
class RuleScore:
    """One rule's result. `missed` and `accused` are label ids, `false` the ids of alerts without a label.

    `accused` are the look-alikes that false alerts point at; `lookalikes` is how many had to stay silent.
    `judged` False: the judge has no such rule, so that nothing was found and nothing missed.
    """

    rule: str
    planted: int = 0
    found: int = 0
    missed: list[str] = field(default_factory=list)
    false: list[str] = field(default_factory=list)
    lookalikes: int = 0
    accused: list[str] = field(default_factory=list)
    judged: bool = True


def score(
    labels: Iterable[Label], alerts: Iterable[Alert], known: Collection[str] | None = None
) -> list[RuleScore]:
    """A score for every rule that a label or an alert names, in order of the rules' ids.

    `known`: ids of the rules that the judge has; None = all that are named.
    """
    scores: dict[str, RuleScore] = {}
    planted: dict[str, list[Label]] = defaultdict(list)
    excused: dict[str, list[Label]] = defaultdict(list)
    innocent: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        for rule in label.rules:
            (planted if label.kind == "fraud" else innocent)[rule].append(label)
        for rule in label.tolerates:
            excused[rule].append(label)
    by_rule: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert["status"] == "open":
            by_rule[alert["rule"]].append(alert)
    for rule in sorted({*planted, *innocent, *by_rule}):
        if known is not None and rule not in known:
            scores[rule] = RuleScore(rule, len(planted[rule]), lookalikes=len(innocent[rule]), judged=False)
            continue
        scores[rule] = _score_rule(rule, planted[rule], excused[rule], innocent[rule], by_rule[rule])
    return list(scores.values())


def _score_rule(
    rule: str, planted: list[Label], excused: list[Label], innocent: list[Label], alerts: list[Alert]
) -> RuleScore:
    result = RuleScore(rule, planted=len(planted), lookalikes=len(innocent))
    found: set[str] = set()
    accused: set[str] = set()
    for alert in alerts:
        matching = [label.label_id for label in planted if matches(rule, label, alert)]
        found.update(matching)
        if matching or any(matches(rule, label, alert) for label in excused):
            continue
        if alert.get("severity") == _MILD and any(
            label.mild and matches(rule, label, alert) for label in innocent
        ):
            continue
        result.false.append(_name(alert))
        accused.update(label.label_id for label in innocent if matches(rule, label, alert))
    result.found = len(found)
    result.missed = [label.label_id for label in planted if label.label_id not in found]
    result.accused = sorted(accused)
    return result


def matches(rule: str, label: Label, alert: Alert) -> bool:
    """Whether an alert of a rule is about the facts of a label."""
    if rule in _BY_TERMINAL:
        return _matches_terminal(label, alert)
    if rule in _BY_ENCOUNTERS:
        return _within(label.encounters, alert, "encounters")
    if rule in _BY_BOTH:
        return _within(label.encounters, alert, "encounters") and _within(
            label.settlements, alert, "settlements"
        )
    if rule in _BY_SETTLEMENTS and label.kind == "fraud":
        return _within(label.settlements, alert, "settlements")
    return _touches(label, alert)


def _touches(label: Label, alert: Alert) -> bool:
    """Whether the alert names a fact of the label or, where it names none, its doctor's or place's month."""
    if alert["settlements"] or alert["encounters"]:
        return _shares(label.settlements, alert) or any(
            _within([pair], alert, "encounters") for pair in label.encounters
        )
    if alert["happened_at"][:7] != label.month:
        return False
    if label.practitioner and alert.get("subject", {}).get("kind") == "practitioner":
        return label.practitioner in alert["subject"]["id"]
    places = {*label.institutions, *(pair[0] for pair in label.settlements + label.encounters)}
    return not places.isdisjoint(alert["institutions"])


def _within(pairs: list[tuple[str, str]], alert: Alert, ids: str) -> bool:
    """Whether the alert names every institution and every id of the label."""
    return bool(pairs) and all(
        institution in alert["institutions"] and number in alert[ids] for institution, number in pairs
    )


def _shares(pairs: list[tuple[str, str]], alert: Alert) -> bool:
    """Whether the alert names at least one of the label's settlements."""
    return any(_within([pair], alert, "settlements") for pair in pairs)


def _matches_terminal(label: Label, alert: Alert) -> bool:
    """The same institution and one burst within the other; without settlements, the same day."""
    named = set(alert["settlements"])
    if not named:
        return label.settlements[0][0] in alert["institutions"] and alert["happened_at"][:10] == label.day
    if label.kind == "lookalike":
        return _shares(label.settlements, alert)
    numbers = {number for institution, number in label.settlements if institution in alert["institutions"]}
    return bool(numbers) and (numbers <= named or named <= numbers)


def _name(alert: Alert) -> str:
    """The alert's id, or what it is about where a file has no ids."""
    return alert.get("alert_id") or "/".join(
        [*alert["institutions"], *alert["encounters"], *alert["settlements"]]
    )


def render(scores: list[RuleScore]) -> Any:
    """The scores as a rich table."""
    from rich.table import Table  # only whoever prints needs rich

    table = Table(title="Demo county")
    for heading in ("rule", "planted", "found", "missed", "look-alikes", "accused", "false"):
        table.add_column(heading, justify="left" if heading in ("rule", "missed") else "right")
    for row in scores:
        if not row.judged:
            table.add_row(row.rule, str(row.planted), "–", "not judged", str(row.lookalikes), "–", "–")
            continue
        table.add_row(
            row.rule,
            str(row.planted),
            str(row.found),
            ", ".join(row.missed) or "–",
            str(row.lookalikes),
            str(len(row.accused)),
            str(len(row.false)),
        )
    return table
