"""What differs between two versions of a rule, field by field, and what a rule asks for that nothing has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from herun import rule_sense
from herun.marked_yaml import Path
from herun.rule_identity import decides_otherwise
from herun.rules import RULE, Rule

LANGUAGES: Final = ("zh", "en")
_BRACES: Final = re.compile(r"\{[^{}]*\}?|\}")

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


def doubts(rule: Rule) -> list[tuple[Path, str]]:
    """What is not wrong, but hardly meant, and where: braces that nothing fills in, a language without a text ..."""
    filled = rule_sense.placeholders(rule)
    found: list[tuple[Path, str]] = [
        ((name, language), f"{what} is filled in by nothing; known are {', '.join(sorted(filled))}")
        for name, texts in (("title", rule.title), ("text", rule.text))
        for language, text in texts.items()
        for what in _BRACES.findall(text)
        if what[1:-1] not in filled
    ]
    found += [
        ((name,), f"there is none in {language}")
        for name, texts in (("title", rule.title), ("text", rule.text))
        for language in LANGUAGES
        if language not in texts
    ]
    return found + rule_sense.doubts(rule)


def _fields(body: Body, base: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if isinstance(value, Mapping) and value:
            yield from _fields(value, f"{base}{name}.")
        else:
            yield base + name, None if value in ({}, []) else value
