"""Conditions: what the quick way answers is what CEL answers, and what is wrong is said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.cel import MAX_CHARS, ConditionFailedError, by_library, compile_expression
from herun.errors import InvalidInputError

SUBJECT: dict[str, dict[str, Any]] = {
    "device": {"name": "d1", "kind": "sensor", "zone": "z"},
    "event": {"type": "reading.reported"},
}

_FIELDS = st.sampled_from(["a", "b", "c"])
_PATHS = st.one_of(
    _FIELDS.map(lambda name: f"data.{name}"), st.sampled_from(["device.zone", "device.building", "event.type"])
)
_LITERALS = st.one_of(
    st.integers(-3, 3).map(str),
    st.sampled_from(["0.0", "1.5", "2.0", "-0.5", "9007199254740991", "true", "false", '"x"', "'z'", '""', "'é中'"]),
)
_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([1.5, 2.0, -0.5, 1e300, 9007199254740992, 2**62]),
    st.sampled_from(["x", "z", "", "é中", "true", "1"]),
    st.just([1]),
)


def _leaves() -> st.SearchStrategy[str]:
    signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    return st.one_of(
        st.tuples(_PATHS, signs, _LITERALS).map(" ".join),
        st.tuples(_LITERALS, signs, _PATHS).map(" ".join),
        _PATHS,
        _PATHS.map(lambda path: f"has({path})"),
        _PATHS.map(lambda path: f"!{path}"),
        st.tuples(_PATHS, st.lists(_LITERALS, min_size=1, max_size=3)).map(
            lambda it: f"{it[0]} in [{', '.join(it[1])}]"
        ),
    )


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda it: f"{it[0]} {it[1]} {it[2]}"),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"!({text})"),
    )


@settings(max_examples=1500, deadline=None)
@given(st.recursive(_leaves(), _grown, max_leaves=6), st.dictionaries(_FIELDS, _VALUES))
def test_the_quick_way_answers_as_the_library_does(text: str, data: dict[str, Any]) -> None:
    compiled = compile_expression(text)
    is_true, is_false = by_library(text)
    assert compiled.is_quick
    assert (compiled.is_true(data, SUBJECT), compiled.is_false(data, SUBJECT)) == (
        is_true(data, SUBJECT),
        is_false(data, SUBJECT),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data.n / data.zero > 1", "division by zero"),
        ("data.n % data.zero == 1", "modulo by zero"),
        ("data.big + data.big > 0", "overflow"),
        ("data.s.matches('[')", "not a valid regex"),
        ("data.s.matches(data.pattern)", "the pattern of matches must stand in the condition itself"),
        ("int(data.s) > 1", "string parse error"),
        ("int(1e30) > data.n", "overflow"),
        ("max(data.n, 1) > 1", "Undefined variable or function: 'max'"),
        ("data.l.exists(each, each / 0 > 1)", "division by zero"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error_and_not_a_silence(text: str, said: str) -> None:
    data = {"n": 3, "zero": 0, "big": 2**62, "s": "abc", "pattern": "[", "l": [1]}
    compiled = compile_expression(text)
    for answer in (compiled.is_true, compiled.is_false):
        with pytest.raises(ConditionFailedError, match=re.escape(said)):
            answer(data, SUBJECT)


@pytest.mark.parametrize(
    "text",
    [
        "data.gone / 0 > 1", "data.s * 2 > 1", "data.n.startsWith('a')", "size(data.n) > 1", "data.l[7] == 1",
        "!(data.s + 1)", "data.n in data.gone", "device.zone / 1 > 1", "data.s.x == 1", "data.n + 2.5 > 1.0",
    ],
)  # fmt: skip
def test_a_field_that_is_missing_or_of_another_type_is_no_error_in_the_library_either(text: str) -> None:
    compiled = compile_expression(text)
    data = {"n": 3, "s": "abc", "l": [1]}
    assert not compiled.is_quick
    assert (compiled.is_true(data, SUBJECT), compiled.is_false(data, SUBJECT)) == (False, False)


@settings(max_examples=300, deadline=None)
@given(st.recursive(_leaves(), _grown, max_leaves=6), st.dictionaries(_FIELDS, _VALUES))
def test_what_an_index_may_use_holds_whenever_the_condition_does(text: str, data: dict[str, Any]) -> None:
    compiled = compile_expression(text)
    if compiled.is_true(data, SUBJECT):
        assert all(data.get(field) == value for field, value in compiled.equalities)


@pytest.mark.parametrize(
    "text",
    [
        "data.s.startsWith('a')",
        "data.a + 1 > 2",
        "data.a > 1 ? data.b : false",
        "data['a'] == 1",
        "size(data.s) > 2",
        "data.a == null",
        "data.a == 9007199254740993",
        "'a\\n' == data.a",
        "1 == 1.0",
        "data.a > data.b",
        "(data.a) == 1",
        "!data.a == true",
        "-data.a < 0",
        "data.m.x == 1",
        "data.a == 1u",
        "data.l.exists(each, each == 1)",
    ],
)
def test_what_is_beyond_the_quick_way_is_left_to_the_library(text: str) -> None:
    compiled = compile_expression(text)
    assert not compiled.is_quick
    for data in ({"a": 1, "b": True, "s": "abc", "m": {"x": 1}}, {"a": -2}, {}):
        is_true, is_false = by_library(text)
        assert compiled.is_true(data, SUBJECT) is is_true(data, SUBJECT)
        assert compiled.is_false(data, SUBJECT) is is_false(data, SUBJECT)


@pytest.mark.parametrize("text", ["data.a > 5", "data.a == 1 && data.b == 2", "!(data.a < 3)", "data.s.matches('x')"])
def test_what_is_not_there_or_cannot_be_compared_says_nothing(text: str) -> None:
    compiled = compile_expression(text)
    for data in ({}, {"a": "six", "b": [], "s": 3}):
        assert not compiled.is_true(data, SUBJECT)
        if data == {}:
            assert not compiled.is_false(data, SUBJECT)


def test_the_quick_way_covers_what_rules_usually_ask() -> None:
    compiled = compile_expression('data.metric == "co2" && data.value >= 1000 && !(device.zone in ["garage"])')
    assert compiled.is_quick
    assert compiled.equalities == (("metric", "co2"),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data.value >", "column 13: it ends too early"),
        ("data.value > 5 &&", "it ends too early"),
        ("value > 5", "unknown ['value']; a condition sees data, device, event"),
        ("device.colour == 'red'", "unknown device.colour"),
        ("foo(data.a) && data.b", "unknown functions ['foo']"),
        ('"', "is not understood"),
        ("data.a == 1 || " * 200 + "data.a == 1", f"at most {MAX_CHARS}"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        compile_expression(text)
    assert said in caught.value.detail


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=8), st.sampled_from(["水位", "é中", "👋", "e\u0301"])), st.booleans())
def test_the_size_of_a_text_is_how_many_characters_it_has(text: str, is_method: bool) -> None:
    size = "data.a.size()" if is_method else "size(data.a)"
    assert compile_expression(f"{size} == {len(text)}").is_true({"a": text}, SUBJECT)
    assert compile_expression(f"[data.a].exists(each, size(each) != {len(text)})").is_false({"a": text}, SUBJECT)


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ('size("水位") == 2', True),
        ('"水位".size() == 2 && "size(".size() == 5', True),
        ("size ( data.l ) == 2", True),
        ("size(data) == 2", True),
        ('{"size": 3}.size == 3', True),
        ('size(b"水位") == 6', True),
        ("size(data.n) == 1", None),
        ("data.n.size() == 1", None),
        ("size(data.missing) == 1", None),
    ],
)
def test_size_is_what_cel_says(condition: str, holds: bool | None) -> None:
    compiled = compile_expression(condition)
    data = {"l": [1, 2], "n": 1}
    assert (compiled.is_true(data, SUBJECT), compiled.is_false(data, SUBJECT)) == (holds is True, holds is False)
