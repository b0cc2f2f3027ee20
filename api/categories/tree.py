"""The category tree: what a matter is called, who is responsible for it, and what an order of it needs. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Literal, get_args

from api.clocks.limits import Limits, Severity
from herun.characters import simplified

DESK: Final = "desk"  # the unit of whatever no category knows; every tree has it
REST: Final = "rest"  # the class of what belongs to no other; no bulletin ranks it
MAX_NEAREST: Final = 5  # names that are offered in place of an unknown one

_COMPANY: Final = "公司"
HandledBy = Literal["grid", "property"]
SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)  # the mildest first


class Need(StrEnum):
    """What an order of a category has to bring along: the report a place and a contact, its end the others."""

    PLACE = "place"
    CONTACT = "contact"
    PHOTO_BEFORE = "photo_before"
    PHOTO_AFTER = "photo_after"
    VERDICT = "verdict"


AT_ITS_END: Final = frozenset({Need.PHOTO_BEFORE, Need.PHOTO_AFTER, Need.VERDICT})


@dataclass(frozen=True, slots=True)
class Unit:
    """Who can be responsible: a department of the property company, a street office, a utility."""

    unit: str
    zh: str
    en: str
    kind: str


@dataclass(frozen=True, slots=True)
class Diversion:
    """Another unit, if the text of a report has one of these words: whoever dug the road up restores it."""

    unit: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One question that is asked with a report, in the terms of Open311: `values` are pairs of key, zh, en."""

    code: str
    datatype: str
    required: bool
    zh: str
    en: str
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Raise:
    """How severe a report is at least, if one of these values answers a question."""

    attribute: str
    values: frozenset[str]
    severity: Severity


@dataclass(frozen=True, slots=True)
class Category:
    """One leaf of the tree. `known` is false for a free name, which an alert's order may have: the desk's."""

    category: str
    top_class: str
    zh: str
    en: str
    unit: str
    handled_by: HandledBy
    limits: Mapping[str, Limits]  # by severity
    severity: Severity = "info"  # of its reports; an alert says its own
    required: tuple[Need, ...] = ()
    anonymous: bool = False
    confidential: bool = False
    advice: Mapping[str, str] | None = None  # what the reporter should do besides, by language
    keywords: tuple[str, ...] = ()
    unit_by_word: tuple[Diversion, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    raises: tuple[Raise, ...] = ()
    known: bool = True

    def unit_for(self, text: str | None) -> tuple[str, str | None]:
        """The responsible unit, and the word of the text because of which it is not the usual one.

        Of several words one of a company (自来水公司) comes first, else the one that stands first: who did it is told
        before what else lies there.
        """
        said, folded = text or "", simplified(text or "")
        words = [(simplified(word), each.unit) for each in self.unit_by_word for word in each.words]
        found = [(*place, unit, len(word)) for word, unit in words if (place := _place(folded, word))]
        if not found:
            return self.unit, None
        _, at, unit, length = min(found)
        return unit, said[at : at + length]

    def severity_for(self, answers: Mapping[str, Any] | None) -> Severity:
        """How severe a report is that answers the questions so: by code a value, or several."""
        said = {code: {given} if isinstance(given, str) else set(given) for code, given in (answers or {}).items()}
        raised = (each.severity for each in self.raises if each.values & said.get(each.attribute, set()))
        return max((self.severity, *raised), key=SEVERITIES.index)


@dataclass(frozen=True, eq=False)
class Tree:
    """A whole tree. `digest` is that of its body: trees of one digest are one object, for as long as it is in use."""

    digest: str
    units: Mapping[str, Unit]
    classes: Mapping[str, tuple[str, str]]  # Chinese and English name
    categories: Mapping[str, Category]
    keywords: Mapping[str, tuple[str, ...]] = field(init=False)  # of the categories that can be suggested

    def __post_init__(self) -> None:
        found = {name: (each.zh, *each.keywords) for name, each in self.categories.items() if each.keywords}
        object.__setattr__(self, "keywords", found)

    @property
    def is_a_choice(self) -> bool:
        """False with fewer than two categories that have keywords: between them nothing can be suggested."""
        return len(self.keywords) > 1

    def nearest(self, name: str) -> list[str]:
        """Names that look like an unknown one, or whose Chinese or English name does; the likest first."""
        return _nearest(name, ((each.category, each.en, each.zh) for each in self.categories.values()))

    def nearest_units(self, name: str) -> list[str]:
        """The same for units."""
        return _nearest(name, ((each.unit, each.en, each.zh) for each in self.units.values()))


def _nearest(name: str, known: Iterable[tuple[str, ...]]) -> list[str]:
    """Of each that is known the first spelling is its name."""
    spellings = {spelling.lower(): each[0] for each in known for spelling in each}
    close = difflib.get_close_matches(name.lower(), spellings, n=2 * MAX_NEAREST, cutoff=0.4)
    return list(dict.fromkeys(spellings[each] for each in close))[:MAX_NEAREST]


def _place(text: str, word: str) -> tuple[bool, int] | None:
    """Whether it is no company's word, and where it stands first as such; None if it does not stand there."""
    at = text.find(word if word.endswith(_COMPANY) else word + _COMPANY)
    if at >= 0:
        return False, at
    at = text.find(word)
    return (True, at) if at >= 0 else None


@dataclass(frozen=True, slots=True)
class InForce:
    """A version of a tree; version 0 is the one that Herun brings along. `lesson` is the last one that was taught."""

    version: int
    tree: Tree
    lesson: int = 0
    changed_by: str | None = None
    changed_at: datetime | None = None
    why: str | None = None
