"""What never comes true is said before a rule is put, and nothing that could come true is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.cel import ConditionFailedError, by_library
from herun.cel_types import judge
from herun.rule_sense import faults, seen_of
from herun.rules import RULE

READING = seen_of(frozenset({"reading.reported"}))
STATE = seen_of(frozenset({"state.reported"}))
SUBJECT = {"device": {"name": "d1", "kind": "sensor", "zone": "z"}, "event": {"type": "reading.reported"}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data.valeu > 3", "reading.reported has no field valeu; did you mean value?"),
        ("data.colour == 'red'", "reading.reported has no field colour; known are metric, unit, value"),
        ("data.valeu == null", "reading.reported has no field valeu"),
        ("has(data.valeu)", "reading.reported has no field valeu"),
        ("data['valeu'] == 3", "reading.reported has no field valeu"),
        ("device.colour == null", "unknown device.colour; known are building, kind, name, zone"),
        ("1 + 1", "expected true or false: 1 + 1 is a whole number"),
        ("data.value", "expected true or false: data.value is a number"),
        ("data.value > 3 ? 'yes' : 'no'", "expected true or false: "),
        ("event.type == 3", "event.type == 3: they are never equal: event.type is a text, 3 is a whole number"),
        ("data.value != 'x'", "data.value is a number, 'x' is a text"),
        ("data.value == null", "a field that is missing: !has(data.value)"),
        ("data.metric < 3", "they cannot be compared"),
        ("data.metric in [1, 2.5]", "nothing of it is ever equal"),
        ("data.metric in 'level'", "in asks for a list or a map: 'level' is a text"),
        ("event.type == 'reading.report'", 'event.type is never "reading.report": the rule looks at reading.reported'),
        ("event.type in ['door.opened']", 'event.type is never "door.opened"'),
        ("!data.value", "! asks for true or false"),
        ("data.metric && data.value > 3", "&& asks for true or false: data.metric is a text"),
        ("data.value.startsWith('3')", "startsWith asks for a text: data.value is a number"),
        ("data.metric.startsWith(3)", "startsWith asks for a text: 3 is a whole number"),
        ("data.metric.startsWith()", "startsWith takes one argument"),
        ("data.metric.matches('[a')", "matches asks for a regular expression: '[a': unclosed character class"),
        ("data.value / 0 > 1", "data.value / 0 divides by zero"),
        ("data.metric + 1 == 'level1'", "data.metric + 1 is nothing"),
        ("1 + 2.5 > data.value", "1 + 2.5 is nothing: 1 is a whole number, 2.5 is a number with a point"),
        ("max(data.value, 3) > 4", "unknown function max; known are contains"),
        ("type(data.value) == type(1)", "unknown function type; known are contains"),
        ("false", "it is never true: expected a comparison"),
        ("device.kind == 'sensors'", 'device.kind is never "sensors": did you mean sensor?'),
        ("startsWith(data.metric, 'a')", "startsWith is asked of something"),
        ("data.value.x == 1", ".x asks for a map"),
        ("-data.metric == 'a'", "- asks for a number"),
    ],
)
def test_what_never_comes_true_is_said_with_what_was_expected(text: str, said: str) -> None:
    found = judge(text, READING).faults
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        "data.value > 30.5 && data.metric == 'level'",
        "!(device.zone in ['a', \"b\"]) || has(data.unit)",
        "(data.value > 3) == true // why",
        "double(data.value) * 2.0 >= 1e3",
        "data.metric.size() > 3 && size(data.metric) < 0x10",
        "[1, 2].exists(value, value == data.value)",
        "data.metric == r'a\\d' || data.metric == '''x'''",
        "{'a': 1}[data.metric] == data.value",
        "data.value == (data.metric == 'a' ? 1 : 2)",
        "'level' in {'level': true}",
        "data.metric + 'x' == 'levelx'",
        "event.type in ['reading.reported', 'door.opened']",
        "true",
    ],
)
def test_what_may_come_true_is_not_refused(text: str) -> None:
    found = judge(text, READING)
    assert (found.faults, found.doubts) == ([], [])


@pytest.mark.parametrize("text", ["data.value == 'open'", "data.value > 3", "data.value", "data.value.startsWith('a')"])
def test_a_state_may_be_of_any_type(text: str) -> None:
    assert judge(text, STATE).faults == []


@pytest.mark.parametrize(
    ("text", "event_type", "said"),
    [
        ("data.value * 2 > 3", "reading.reported", "data.value * 2 says nothing where only one of both is whole"),
        ("data[data.metric] == 1", "reading.reported", "data[data.metric] cannot be checked"),
        ("data.colour > 0", "passage.flagged", "data.colour is not in the catalogue of passage.flagged"),
    ],
)
def test_what_the_catalogue_cannot_know_is_doubted_and_not_refused(text: str, event_type: str, said: str) -> None:
    found = judge(text, seen_of(frozenset({event_type})))
    assert found.faults == []
    assert [each for each in found.doubts if each.startswith(said)]


_PATHS = st.sampled_from(["data.value", "data.metric", "event.type", "device.zone"])
_LITERALS = st.sampled_from(["3", "-1", "2.5", '"level"', '"reading.reported"', "true", "null", "[1]", '["level"]'])
_SIGNS = st.sampled_from(["==", "<", ">=", "in"])
_DATA = st.fixed_dictionaries(
    {}, optional={"value": st.sampled_from([3, -1, 2.5, 0]), "metric": st.sampled_from(["level", "a"])}
)


@settings(deadline=None, max_examples=600)
@given(_PATHS, _SIGNS, _LITERALS, _DATA)
def test_what_is_refused_is_true_of_no_event(path: str, sign: str, literal: str, data: dict[str, Any]) -> None:
    text = f"{path} {sign} {literal}"
    if judge(text, READING).faults:
        try:
            assert not by_library(text)[0](data, SUBJECT)
        except ConditionFailedError:
            return


@given(st.text("data.value()[]{}'\"\\ +-*/%?:!<>=&|,0123rbx\n", max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    judge(text, READING)


def test_each_condition_of_a_rule_is_judged_by_what_it_is_asked_of() -> None:
    base = {"uid": "r", "title": {"zh": "a"}, "text": {"zh": "a"}, "category": "c", "within_s": 5}
    match = {"event_types": ["door.opened", "object.detected"]}
    door = {"event_types": ["door.opened"], "condition": "data.label == 'person'"}
    person = {"event_types": ["object.detected"], "condition": "data.label == 'person'"}
    sequence = RULE.validate_python({**base, "kind": "sequence", "match": match, "steps": [person, door]})
    negation = RULE.validate_python(
        {**base, "kind": "negation", "match": match, "first": person, "then": door, "condition": "data.labl == 'a'"}
    )
    assert [path for path, _ in faults(sequence)] == [("steps", 1, "condition")]
    assert [path for path, _ in faults(negation)] == [("condition",), ("then", "condition")]
