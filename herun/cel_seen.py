"""What a condition can see: fields, what each of them can be, and what it can never be."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, NamedTuple

Types = frozenset[str]

DATA: Final = "data"  # whose fields a catalogue knows, or does not
_COMPARES: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Values(NamedTuple):
    """The only texts that a field can be. `told` says something helpful of one that it is never.

    `every`: a list that it may be in is wrong with each of its texts that it is never; else only if it is in none.
    """

    known: frozenset[str]
    told: Callable[[str], str]
    every: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a condition can see: by name, the fields of each with what they can be.

    `values` of some of them, by their path (`event.type`), and `numbers` of others. `of_what`: whose fields `data` has;
    `is_all`: it has no others.
    """

    roots: Mapping[str, Mapping[str, Types]]
    values: Mapping[str, Values] = field(default_factory=dict)
    numbers: Mapping[str, range] = field(default_factory=dict)
    of_what: str = ""
    is_all: bool = True

    def has_no(self, name: str) -> str:
        """That `data` has no such field, and which one may be meant."""
        close = get_close_matches(name, self.roots[DATA], 1)
        known = ", ".join(sorted(self.roots[DATA])) or "none"
        hint = f"did you mean {close[0]}?" if close else f"known are {known}"
        return f"{self.of_what} has no field {name}; {hint}"

    def never(self, path: str, sign: str, number: float) -> str:
        """Why the field is never so to a number; empty if it may be."""
        among = self.numbers.get(path)
        if among is None or any(_COMPARES[sign](each, number) for each in among):
            return ""
        return f"{path} is from {among[0]} to {among[-1]}"
