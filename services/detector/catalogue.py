"""The whole catalogue: the rules of both judges."""

import sys

from services.detector import periods
from services.detector.periods.rule import PeriodRule
from services.detector.rule import Rule
from services.detector.rules import RULES

AnyRule = Rule | PeriodRule

CATALOGUE: tuple[AnyRule, ...] = tuple(sorted((*RULES, *periods.RULES), key=lambda rule: rule.id))


def page_of(rule: AnyRule) -> str:
    """The rule's page: the docstring of its file."""
    if isinstance(rule, PeriodRule):
        return rule.page
    return sys.modules[type(rule).__module__].__doc__ or ""


def days_of(rule: AnyRule) -> int:
    """How far apart, in days, two facts of one finding may lie; for a period rule how far before its month it
    looks."""
    return max(rule.lookback_days, rule.stays_days) if isinstance(rule, PeriodRule) else rule.window_days
