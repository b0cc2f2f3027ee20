"""What a condition can see: fields, what each of them can be, and what it can never be."""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final, NamedTuple

Types = frozenset[str]
Where = Mapping[str, frozenset[int]]  # values of fields, by path, where something is true; unknown of others

DATA: Final = "data"  # whose fields a catalogue knows, or does not
_COMPARES: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Values(NamedTuple):
    """The only texts that a field can be. `told` says something helpful of one that it is never.

    `is_strict`: it is wrong to name any other, in a list or after `!=` too, and to ask for an order of them (`<`),
    which would be the alphabet's; else only what never comes true is wrong.
    """

    known: frozenset[str]
    told: Callable[[str], str]
    is_strict: bool = False


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

    def where(self, path: str, sign: str, numbers: Collection[float]) -> Where:
        """The values of a field where it is so to any of the numbers; nothing if there are none, or not known."""
        among = self.numbers.get(path, ())
        found = frozenset(each for each in among if any(_COMPARES[sign](each, number) for number in numbers))
        return {path: found} if found else {}


def both(one: Where, other: Where) -> Where:
    """Where two conditions are true."""
    return {**one, **{path: values & one.get(path, values) for path, values in other.items()}}


def either(one: Where, other: Where) -> Where:
    """Where one of two conditions is true."""
    return {path: values | other[path] for path, values in one.items() if path in other}
