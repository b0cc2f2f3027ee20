"""What a condition costs is bounded by its text, and what is too dear is refused, or fails without being begun."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.dispatch import sense
from api.dispatch.rules import Rule as DispatchRule
from herun.cel import ConditionFailedError, compile_expression
from herun.cel_cost import FIELD_ITEMS, MAX_STEPS, cost_of, pattern_steps
from herun.cel_types import judge
from herun.rule_sense import seen_of

PASSED = seen_of(frozenset({"vehicle.passed"}))
FORTY = f"[{','.join(str(n % 10) for n in range(40))}]"


def nested(depth: int) -> str:
    """Every value of a list held against every value of a list, and so on: forty times as long with each."""
    text = f"{FORTY}.all(v0, v0 >= 0)"
    for n in range(1, depth):
        text = f"{FORTY}.all(v{n}, {text})"
    return text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (nested(5), "too dear: about 655,384,612 steps for an event, at most 10,000; most are those of column 1, [0,1"),
        (nested(2), "too dear: about 10,237 steps"),
        ("[1].all(a, [1].all(b, [1].all(c, c > 0)))", "column 23, [1].all(: macros (all) stand in one another at most"),
        ("['ab']" + ".map(x, x + x)" * 40 + ".size() > 1", "too dear: no end of steps"),
        (f"[{','.join('1' * 400)}].map(x, x).size() > 1", "too dear: "),
        (
            "data.direction.matches(data.trigger)",
            "column 1, data.direction.matches(data.trigger): the pattern of matches",
        ),
        (
            "1 == 1 && data.trigger.matches(r'\\w{200}')",
            "most are those of column 11, data.trigger.matches(r'\\w{200}')",
        ),
    ],
)
def test_what_is_too_dear_is_refused_with_its_place_and_why(text: str, said: str) -> None:
    found = judge(text, PASSED).faults
    assert any(said in each for each in found), found


@pytest.mark.parametrize(
    "text",
    [
        "data.plate_near.exists(near, near in ['a', 'b'])",
        "[1, 2, 3].exists(a, [1, 2, 3].all(b, a + b > data.confidence))",
        "data.trigger.matches('^[京津沪][A-Z][0-9A-Z]{5}$')",
        r"data.trigger.matches('^\\d{4}-\\d{2}-\\d{2}$') || data.trigger.matches('\\w+@\\w+')",
        "[1, 2].map(x, x * 2).filter(x, x > 2).size() == 1",
        "!" * 1_900 + "true",
        "(" * 90 + "data.confidence > 3" + ")" * 90,
    ],
)
def test_what_people_write_is_not_too_dear(text: str) -> None:
    assert cost_of(text).steps < MAX_STEPS
    assert judge(text, PASSED).faults == []


def test_what_is_too_dear_and_was_put_before_fails_without_being_begun() -> None:
    compiled = compile_expression(nested(5))
    for answer in (compiled.is_true, compiled.is_false):
        with pytest.raises(ConditionFailedError, match="too dear"):
            answer({}, {})


def test_a_list_beyond_what_was_reckoned_with_is_not_gone_over() -> None:
    compiled = compile_expression("data.near.exists(each, each == 'x')")
    assert compiled.is_true({"near": ["x"] * FIELD_ITEMS}, {})
    for near in (["x"] * (FIELD_ITEMS + 1), [["x"]], {"a": ["x"] * (FIELD_ITEMS + 1)}):
        with pytest.raises(ConditionFailedError, match="more than 32 items"):
            compiled.is_true({"near": near}, {})


def test_a_condition_of_a_dispatch_rule_is_held_to_the_same() -> None:
    rule = DispatchRule.model_validate({"name": "r", "when": nested(4)})  # what was put before still loads
    assert next((n, "too dear" in what) for n, what in sense.faults([rule], sense.seen_of({}))) == (0, True)


@pytest.mark.parametrize(
    "pattern",
    [
        r"\w{200}",
        r"[]\w]{200}",
        r"[\w(]{200}",
        r"\p{L}{200}",
        r"\w*{200}",
        r"(\w{15}){15}",
        r"(?x)\w {200}",
        r"\W" * 50,
    ],
)
def test_a_pattern_that_repeats_large_classes_is_too_dear(pattern: str) -> None:
    assert pattern_steps(pattern) > MAX_STEPS


@pytest.mark.parametrize("text", ["[1].all(", "a.?b.all(x, true)", "(" * 500 + "[1].all(x, true"])
def test_what_is_not_understood_and_goes_over_lists_counts_as_too_dear(text: str) -> None:
    assert cost_of(text).steps > MAX_STEPS


# A number or list of an expression, and how many of its parts are evaluated: what the bound is held to.
Values = Mapping[str, object]
Made = tuple[str, Callable[[Values], tuple[object, int]]]


def _numbers() -> st.SearchStrategy[Made]:
    return st.integers(0, 9).map(lambda n: (str(n), lambda _: (n, 1)))


def _lists(inner: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    def made(parts: list[Made]) -> Made:
        def evaluated(values: Values) -> tuple[object, int]:
            found = [part(values) for _, part in parts]
            return [value for value, _ in found], 1 + sum(steps for _, steps in found)

        return f"[{', '.join(text for text, _ in parts)}]", evaluated

    return st.lists(inner, min_size=1, max_size=6).map(made)


def _mapped(inner: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    def made(both: tuple[Made, Made, bool]) -> Made:
        (text, over), (body_text, body), is_joined = both
        name = f"v{len(text) + len(body_text)}"
        shown = f"{body_text} + {name}" if is_joined else f"[{name}, {body_text}]"

        def evaluated(values: Values) -> tuple[object, int]:
            listed, steps = over(values)
            made_of = []
            for each in listed if isinstance(listed, list) else []:
                value, more = body({**values, name: each})
                steps += more + 3
                made_of.append([*(value if isinstance(value, list) else [value]), each])
            return made_of, steps + 1

        return f"{text}.map({name}, {shown})", evaluated

    return st.tuples(_lists(inner), inner, st.booleans()).map(made)


@settings(max_examples=300, deadline=None)
@given(st.recursive(_numbers(), lambda inner: _lists(inner) | _mapped(inner), max_leaves=20))
def test_no_evaluation_takes_more_parts_than_its_bound(made: Made) -> None:
    text, evaluated = made
    assert evaluated({})[1] <= cost_of(text).steps


@given(st.text("data.value()[]{}'\"\\ +-*/%?:!<>=&|,0123rbx\nall(x,map", max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    assert cost_of(text).steps >= 0


@given(st.text("\\wdpLb{}()[]*+?1290,|^x-", max_size=30))
def test_no_pattern_breaks_it(pattern: str) -> None:
    assert pattern_steps(pattern) >= len(pattern.rstrip("{}0123456789,|()[]")) / len(pattern or "x")
