"""Dispatch rules: a condition on the order in CEL, whom it wants, and how they get it. Pure: no I/O, no clock.

A condition sees `order` with the FIELDS; what an order does not have is missing, and a condition that looks at it says
nothing, which is not a match. Of the rules in their order the first match holds; the last of all is DEFAULT.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, StrictBool, StrictInt, model_validator

from api.schema import Body, Name, distinct
from herun.cel import MAX_CHARS, ConditionFailedError, Variables, compile_expression
from herun.errors import InvalidInputError

MAX_RULES: Final = 200  # of a site: what a person can still keep in order
DEFAULT_NAME: Final = "default"
FIELDS: Final = frozenset(
    {
        "category", "top", "handled_by", "severity", "building", "zone", "grid", "unit", "text", "channel", "origin",
        "hour", "weekday", "workday",
    }
)  # fmt: skip
_VARIABLES: Final[Variables] = (("order", FIELDS),)
_TEXTS: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_LOOKS_AT: Final = re.compile(r"\border\s*\.\s*([A-Za-z_]\w*)")


class Mode(StrEnum):
    """How an order finds one of those who fit."""

    ASSIGN = "assign"  # whoever has least to do; of equals the nearest
    ROUND_ROBIN = "round_robin"  # whose turn is longest ago
    GRAB = "grab"  # whoever takes it first; after a time it is assigned


def _compiles(text: str) -> str:
    try:
        compile_expression(text, _VARIABLES)
    except InvalidInputError as error:
        raise ValueError(error.detail) from error
    unknown = sorted(set(_LOOKS_AT.findall(_TEXTS.sub("''", text))) - FIELDS)
    if unknown:
        raise ValueError(f"unknown order.{unknown[0]}; known are {sorted(FIELDS)}")
    return text


class Target(Body):
    """Whom a rule wants; all that is named has to hold.

    With `unit`, `own_unit` (the order's) or `worker`, neither grid nor skill is asked for unless it is named. Without
    them it is the grid workers of `grid`, or of the order's place, who have `skill`, or know the order's category.
    Where nothing is named, property staff who know it come before them, if the category is handled by the property.
    """

    unit: Name | None = None
    own_unit: StrictBool = False
    grid: Name | None = None
    skill: Name | None = None
    worker: Name | None = None

    @model_validator(mode="after")
    def _names_one_unit(self) -> Target:
        if self.unit is not None and self.own_unit:
            raise ValueError("unit and own_unit exclude each other")
        return self

    @property
    def is_of_people(self) -> bool:
        """True if it names whose people, or who; then the place decides nothing."""
        return self.worker is not None or self.unit is not None or self.own_unit


ANYBODY: Final = Target()


class Rule(Body):
    """One rule. `claim_within_s` is how long an order that may be grabbed waits before it is assigned."""

    name: Name
    when: Annotated[str, Field(min_length=1, max_length=MAX_CHARS), AfterValidator(_compiles)]
    to: Target = ANYBODY
    mode: Mode = Mode.ASSIGN
    claim_within_s: Annotated[StrictInt, Field(ge=30, le=86_400)] = 300

    @model_validator(mode="after")
    def _leaves_the_default(self) -> Rule:
        if self.name == DEFAULT_NAME:
            raise ValueError("default is the name of the rule that holds where no other does")
        return self


# Whoever has least to do of those who know the order's category and look after its kind, or its place.
DEFAULT: Final = Rule.model_construct(name=DEFAULT_NAME, when="true", to=ANYBODY, mode=Mode.ASSIGN, claim_within_s=300)

Rules = Annotated[list[Rule], Field(max_length=MAX_RULES), distinct("name")]


@dataclass(frozen=True, slots=True)
class Match:
    """The rule that holds, and why others before it could not be evaluated, by name."""

    rule: Rule
    failed: dict[str, str]


def first_match(rules: Sequence[Rule], facts: Mapping[str, Any]) -> Match:
    """The first rule whose condition is true of an order; DEFAULT if there is none. What fails does not match."""
    known = {"order": {name: value for name, value in facts.items() if value is not None}}
    failed: dict[str, str] = {}
    for rule in rules:
        try:
            if compile_expression(rule.when, _VARIABLES).is_true({}, known):
                return Match(rule, failed)
        except ConditionFailedError as error:
            failed[rule.name] = str(error)
    return Match(DEFAULT, failed)
