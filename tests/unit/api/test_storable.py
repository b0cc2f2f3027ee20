"""What no database takes is found wherever it hides."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.storable import _unstorable

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
FINITE = st.floats(allow_nan=False, allow_infinity=False)
GOOD = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | FINITE | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)
BAD = st.sampled_from(
    ["\0", "a\0b", "\ud800", "x\udfff", float("nan"), float("inf"), -float("inf"), 2**63, -(2**63) - 1]
)


def found(value: Any) -> list[Any]:
    return list(_unstorable([(("body",), value)]))


@given(GOOD)
def test_what_can_be_stored_is_let_be(value: Any) -> None:
    assert found(value) == []


@given(BAD, GOOD, st.lists(st.sampled_from(["list", "dict", "deep"]), max_size=5))
def test_what_cannot_be_stored_is_found_wherever_it_is(bad: Any, good: Any, way: list[str]) -> None:
    value = bad
    for step in way:
        value = [good, value] if step == "list" else {"a": good, "b": value}
    assert len(found(value)) == 1


@pytest.mark.parametrize("key", ["\0", "a\ud800"])
def test_keys_are_looked_at_too(key: str) -> None:
    assert len(found({"a": {key: 1}})) == 1


def test_depth_is_no_danger() -> None:
    value: Any = "\0"
    for _ in range(5000):
        value = [value]
    assert len(found(value)) == 1
