"""Which registry tables a rule asks, read from its code: what it can call, followed to the registry."""

import dis
from collections.abc import Iterator
from functools import cache, cached_property
from types import CodeType, FunctionType
from typing import Any

from services.detector import insured
from services.detector.rule import Rule
from services.detector.shared.view import SharedView
from services.detector.view import PersonView

HOME = "services.detector"
OF_REGISTRY = {
    "baseline": "baselines", "institution": "institutions", "status": "status",
    "sites": "practitioners", "title": "practitioners",
    "is_practitioner": "practitioners", "practitioner_person": "practitioners",
    "practitioners_of": "practitioners", "scope": "scopes", "needs_face_check": "face_check",
    "limit": "limits", "price": "prices", "exclusive_pairs": "exclusive_pairs", "components": "bundles",
    "bundles_with": "bundles", "indication": "indications", "pack": "packs", "holiday": "holidays",
}  # fmt: skip
"""What `Registry` answers, and from which table."""
OF_INSURED = {
    "person": "persons", "latest": "persons", "is_newborn": "persons", "standing": "status",
    "approved": "approvals",
}  # fmt: skip
"""What `Insured` answers of the person's own records."""


ASKED_APART = (insured.Insured, PersonView, SharedView)


def tables(rule: Rule) -> list[str]:
    """Registry tables the rule asks, in the order of their names."""
    found = {*rule.tables, *(("persons",) if rule.about_person else ())}
    for function in _called(rule):
        found.update(_asked(function))
    return sorted(found)


def _asked(function: FunctionType) -> Iterator[str]:
    names = _names(function.__code__)
    if "registry" in names:
        yield from (table for name, table in OF_REGISTRY.items() if name in names)
    if "insured" in names:
        yield from (table for name, table in OF_INSURED.items() if name in names)


def _called(rule: Rule) -> set[FunctionType]:
    """The rule's own functions and those of the detector that these name, however far: globals, and members
    of the rule, of its view and of every class that is named on the way."""
    classes = {*type(rule).__mro__, PersonView if rule.key == "person" else SharedView} - {Rule, object}
    found = {function for name in vars(type(rule)) for function in _plain(getattr(type(rule), name))}
    before = (0, 0)
    while before != (len(found), len(classes)):
        before = (len(found), len(classes))
        for function in list(found):
            named = [function.__globals__.get(name) for name in _names(function.__code__)]
            classes.update(
                thing
                for thing in named
                if isinstance(thing, type) and thing.__module__.startswith(HOME) and thing not in ASKED_APART
            )
            found.update(one for thing in (*named, *_members(function, classes)) for one in _plain(thing))
    return found


def _members(function: FunctionType, classes: set[type]) -> Iterator[Any]:
    """Members of classes by the names that a function gives; a method only where it is called as one."""
    methods = _methods(function.__code__)
    for name in _names(function.__code__):
        for kind in classes:
            member = vars(kind).get(name)
            if name in methods or not isinstance(member, FunctionType):
                yield member


def _plain(thing: Any) -> Iterator[FunctionType]:
    """The function beneath a property, a cached property or a static method."""
    if isinstance(thing, property):
        thing = thing.fget
    elif isinstance(thing, cached_property):
        thing = thing.func
    elif isinstance(thing, staticmethod | classmethod):
        thing = thing.__func__
    if isinstance(thing, FunctionType) and thing.__module__.startswith(HOME):
        yield thing


@cache
def _methods(code: CodeType) -> frozenset[str]:
    """Names that are called as methods."""
    found = frozenset(step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_METHOD")
    return found.union(*(_methods(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


@cache
def _names(code: CodeType) -> frozenset[str]:
    """Names that a function speaks, with what is made inside it."""
    own = frozenset((*code.co_names, *code.co_varnames, *code.co_freevars))
    return own.union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))
