"""Conditions that a rule can be put with and that never come true: told before the rule is put, with what was expected.

A rule that is in force already is not asked again: what was put once still loads.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from herun.catalogue import CATALOGUE, Field, FieldType, PersonalClass
from herun.cel import VARIABLES
from herun.cel_types import BOOL, LIST, NULL, NUMBER, TEXT, Findings, Seen, Types, Values, judge
from herun.marked_yaml import Path
from herun.rules import NegationRule, Rule, SequenceRule, Step

MAX_KEPT: Final = 1_000  # sets of event types whose fields are remembered

_TYPES: Final[dict[FieldType, Types]] = {
    FieldType.NUMBER: NUMBER,
    FieldType.STRING: TEXT,
    FieldType.BOOLEAN: BOOL,
    FieldType.SCALAR: NUMBER | TEXT | BOOL,
}


class PlacedCondition(NamedTuple):
    """A condition, where in its rule it stands, and of which events it is asked."""

    path: Path
    text: str
    event_types: tuple[str, ...]

    @property
    def findings(self) -> Findings:
        """What is wrong with it, or may be."""
        return judge(self.text, seen_of(frozenset(self.event_types)))


def faults(rule: Rule) -> list[tuple[Path, str]]:
    """What never comes true in a rule, and where: it is refused."""
    return [(each.path, what) for each in conditions_of(rule) for what in each.findings.faults]


def doubts(rule: Rule) -> list[str]:
    """What in a rule's conditions may not be meant so: it is told."""
    return [f"{'.'.join(map(str, each.path))}: {what}" for each in conditions_of(rule) for what in each.findings.doubts]


def conditions_of(rule: Rule) -> Iterator[PlacedCondition]:
    """Every condition of a rule with its place."""
    if rule.condition is not None:
        yield PlacedCondition(("condition",), rule.condition, tuple(rule.match.event_types))
    steps: dict[Path, Step] = {}
    if isinstance(rule, SequenceRule):
        steps = {("steps", n): step for n, step in enumerate(rule.steps)}
    elif isinstance(rule, NegationRule):
        steps = {("first",): rule.first, ("then",): rule.then}
    for path, step in steps.items():
        if step.condition is not None:
            yield PlacedCondition((*path, "condition"), step.condition, tuple(step.event_types))


@lru_cache(maxsize=MAX_KEPT)
def seen_of(event_types: frozenset[str]) -> Seen:
    """What a condition sees of events of these types; what the engine derives may hold more than the catalogue says."""
    fields: dict[str, Types] = {}
    for event_type in (CATALOGUE[name] for name in sorted(event_types)):
        for name, field in event_type.fields.items():
            for seen, types in _as_seen(name, field):
                may_be = types | NULL if event_type.derived else types
                fields[seen] = fields.get(seen, frozenset()) | may_be
    of_what = ", ".join(sorted(event_types))
    of_others = {root: dict.fromkeys(names, TEXT) for root, names in VARIABLES.items() if names is not None}
    return Seen(
        roots={"data": fields, **of_others},
        values={"event.type": Values(event_types, lambda _: f"the rule looks at {of_what}")},
        of_what=of_what,
        is_all=not any(CATALOGUE[name].derived for name in event_types),
    )


def _as_seen(name: str, field: Field) -> Iterator[tuple[str, Types]]:
    """What stands in an event's data for a field: hashes for what is personal."""
    if field.personal is PersonalClass.NONE:
        yield name, _TYPES[field.type]
        return
    yield f"{name}_hash", TEXT
    if field.personal is PersonalClass.PLATE:
        yield f"{name}_fold", TEXT
        yield f"{name}_near", LIST
