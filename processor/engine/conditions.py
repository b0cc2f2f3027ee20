"""What `where` asks of an event's data, compiled once. A missing field or another type never matches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from herun.rules import Scalar

Data = Mapping[str, Any]
Test = Callable[[Data], bool]

_NUMBERS: Final = frozenset({int, float})


def equals(field: str, value: Scalar) -> Test:
    """The test that a field has this value; true is not 1, and 1 is 1.0."""
    types = _types_of(value)

    def test(data: Data) -> bool:
        found = data.get(field)
        return found == value and type(found) in types

    return test


def _types_of(value: Scalar) -> frozenset[type]:
    return _NUMBERS if type(value) in _NUMBERS else frozenset({type(value)})


def number(data: Data, field: str) -> float | int | None:
    """The field's value if it is a number."""
    found = data.get(field)
    return found if type(found) in _NUMBERS else None
