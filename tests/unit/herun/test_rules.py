from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from herun.cel import compile_expression
from herun.rule_sense import faults
from herun.rules import RULE, Match, Rule, ThresholdRule


def threshold(**changes: Any) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "kind": "threshold",
        "uid": "underpass-flooded",
        "title": {"zh": "积水", "en": "Flooded"},
        "text": {"zh": "水位 {value}", "en": "Level {value}"},
        "category": "flooding",
        "match": {"event_types": ["reading.reported"], "where": {"metric": "water_level"}},
        "raise_above": 0.3,
        "clear_below": 0.1,
    }
    return rule | changes


def test_rule_of_each_kind_is_told_by_its_kind() -> None:
    assert isinstance(RULE.validate_python(threshold()), ThresholdRule)


@pytest.mark.parametrize(
    "changes",
    [
        {"raise_above": None},
        {"raise_below": 0.1},
        {"clear_below": 0.5},
        {"clear_above": 0.5},
        {"uid": "a.b"},
        {"surprise": 1},
        {"kind": "magic"},
        {"match": {"event_types": ["no.such"]}},
        {"match": {"event_types": []}},
    ],
)
def test_rule_that_cannot_work_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(threshold(**changes))


def test_limit_of_zero_still_has_a_clear_value_on_its_quiet_side() -> None:
    assert RULE.validate_python(threshold(raise_above=0, clear_below=-1)).kind == "threshold"
    with pytest.raises(ValidationError):
        RULE.validate_python(threshold(raise_above=0, clear_below=1))


def _leaves(annotation: Any) -> Iterator[Any]:
    inner = get_args(annotation)
    if not inner:
        yield annotation
    for each in inner:
        yield from _leaves(each)


KINDS = get_args(get_args(Rule)[0])
NUMBERS = [
    (kind, name)
    for kind in KINDS
    for name, field in kind.model_fields.items()
    if name != "match" and {float, int} & set(_leaves(field.annotation))
]
TOO_FAR = ["NaN", "Infinity", "-Infinity", math.nan, math.inf, 1e20, -1e20, 1e308, 2**63]


@pytest.mark.parametrize("value", TOO_FAR)
@pytest.mark.parametrize(("kind", "name"), NUMBERS)
def test_number_of_a_rule_is_finite_and_bounded(kind: type[BaseModel], name: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        kind.model_validate({name: value})
    assert any(error["loc"] == (name,) and error["type"] != "missing" for error in refused.value.errors())


def test_all_numbers_of_all_kinds_are_looked_at() -> None:
    names = {name for _, name in NUMBERS}
    assert names >= {"raise_above", "raise_below", "clear_above", "clear_below", "duration_s", "window_s", "cooldown_s"}


@pytest.mark.parametrize("value", [1e20, -1e20, math.inf, 2**63, "x" * 201])
def test_value_to_compare_with_is_bounded(value: object) -> None:
    with pytest.raises(ValidationError):
        Match.model_validate({"event_types": ["reading.reported"], "where": {"metric": value}})


@pytest.mark.parametrize("value", [True, 1, 1.5, "1", 'a "b"'])
def test_a_comparison_of_before_cel_means_the_same(value: object) -> None:
    rule = {key: value for key, value in threshold().items() if key not in {"raise_above", "clear_below"}}
    old = {"field": "x", "op": "==", "value": value}
    read = RULE.validate_python(rule | {"kind": "true_for", "duration_s": 1, "condition": old})
    assert read.condition is not None
    condition = compile_expression(read.condition)
    assert condition.is_true({"x": value}, {})
    assert condition.is_false({"x": "another"}, {})


@pytest.mark.parametrize(
    ("condition", "said"),
    [("data.value >", "column 13: it ends too early"), ("value > 1", "unknown ['value']"), ("", "at least 1")],
)
def test_a_condition_that_is_none_is_refused_with_what_is_wrong(condition: str, said: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(said)):
        RULE.validate_python(threshold() | {"condition": condition})


@pytest.mark.parametrize(
    "fields",
    [
        {"condition": 'data.plate == "京A00009"'},
        {"condition": 'data["plate"] == "京A00009"'},
        {"match": {"event_types": ["vehicle.passed"], "where": {"plate": "京A00009"}}},
    ],
)
def test_a_rule_asks_for_no_plate(fields: dict[str, object]) -> None:
    body = threshold() | {"kind": "event", "match": {"event_types": ["vehicle.passed"]}}
    body = {name: value for name, value in body.items() if name not in {"raise_above", "clear_below", "field"}}
    RULE.validate_python(body | {"condition": 'data.plate_hash == "0a"'})
    with pytest.raises(ValidationError, match="personal values"):
        RULE.validate_python(body | fields)


def test_a_text_of_which_nothing_can_be_seen_is_none() -> None:
    rule = RULE.validate_python(threshold(title={"zh": "\u202e", "en": "\u200b"}, text={"en": "\u200b{value}"}))
    assert [path for path, _ in faults(rule)] == [("title", "zh"), ("title", "en")]


def test_a_field_that_is_personal_is_told_so_and_not_that_there_is_none() -> None:
    body = threshold() | {"kind": "distinct", "field": "plate", "count": 2, "window_s": 60}
    body |= {"match": {"event_types": ["vehicle.passed"]}}
    rule = RULE.validate_python({name: body[name] for name in body if name not in {"raise_above", "clear_below"}})
    ((path, what),) = faults(rule)
    assert path == ("field",)
    assert what.startswith("['plate'] are personal values")


def test_a_name_that_is_personal_elsewhere_only_may_be_asked_for() -> None:
    match = {"event_types": ["state.reported"], "where": {"name": "pump"}}
    RULE.validate_python(threshold() | {"match": match, "condition": 'data.name == "pump"'})


@pytest.mark.parametrize("scope", ["devices", "device_kinds", "zones", "buildings"])
def test_scope_of_a_rule_is_bounded(scope: str) -> None:
    with pytest.raises(ValidationError):
        Match.model_validate({"event_types": ["reading.reported"], scope: ["x"] * 1001})


def test_duration_that_would_round_to_nothing_is_refused() -> None:
    rule = {key: value for key, value in threshold().items() if key not in {"raise_above", "clear_below"}}
    with pytest.raises(ValidationError):
        RULE.validate_python(rule | {"kind": "absence", "duration_s": 1e-9})
    assert RULE.validate_python(rule | {"kind": "absence", "duration_s": 0.5}).kind == "absence"
