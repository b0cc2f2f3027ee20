"""What differs between two versions of a rule, field by field, and what a rule asks for that nothing has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from herun import rule_sense
from herun.catalogue import CATALOGUE, PersonalClass
from herun.rule_identity import decides_otherwise
from herun.rules import RULE, Rule

TEXT_NAMES: Final = frozenset({"device", "zone", "building", "value", "count", "duration", "finding"})
_TEMPLATE: Final = re.compile(r"\{(\w+)\}")
_OF_DEVICE: Final = "device"  # as the field of a distinct rule: which devices spoke

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field by its dotted name; None where it is not there, or empty."""

    field: str
    old: Any
    new: Any


def changes(old: Body | None, new: Body | None) -> list[FieldChange]:
    """All fields that differ, in the rule's order; `version` is none of them. None: there is no rule."""
    was, now = dict(_fields(old or {})), dict(_fields(new or {}))
    names = [*now, *(name for name in was if name not in now)]
    found = (FieldChange(name, was.get(name), now.get(name)) for name in names if name != "version")
    return [each for each in found if each.old != each.new or type(each.old) is not type(each.new)]


def begins_anew(old: Body | None, new: Body | None) -> bool:
    """True if the engine forgets what it knows of the rule: what is pending begins again, what is raised is cleared."""
    if old is None or new is None:
        return old is not new
    return decides_otherwise(RULE.validate_python(old), RULE.validate_python(new))


def doubts(rule: Rule) -> list[str]:
    """What is not wrong, but hardly meant: names in texts that nothing fills in, fields that no such event has."""
    found = [
        f"text.{language}: {{{name}}} is filled in by nothing; known are {', '.join(sorted(TEXT_NAMES))}"
        for language, text in rule.text.items()
        for name in _TEMPLATE.findall(text)
        if name not in TEXT_NAMES
    ]
    known = _fields_of(rule.match.event_types)
    asked = [("match.where", name) for name in rule.match.where]
    asked += [("field", name) for name in _measured(rule)]
    found += [
        f"{where}: {', '.join(rule.match.event_types)} has no field {name}; known are {', '.join(sorted(known))}"
        for where, name in asked
        if name not in known
    ]
    return found + rule_sense.doubts(rule)


def _measured(rule: Rule) -> list[str]:
    """The field that a rule cannot do without."""
    match rule.kind:
        case "threshold" | "change":
            return [rule.field]
        case "aggregate":
            return [] if rule.function in {"count", "duration"} else [rule.field]
        case "anomaly":
            return [] if rule.detector in {"count", "rhythm"} else [rule.field]
        case "distinct":
            return [] if rule.field == _OF_DEVICE else [rule.field]
        case _:
            return []


def _fields_of(event_types: list[str]) -> frozenset[str]:
    """What the engine sees of these: personal values as keyed hashes only."""
    return frozenset(
        name if field.personal is PersonalClass.NONE else f"{name}_hash"
        for event_type in event_types
        for name, field in CATALOGUE[event_type].fields.items()
    )


def _fields(body: Body, base: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{base}{name}.")
        else:
            yield base + name, None if value in ({}, []) else value
