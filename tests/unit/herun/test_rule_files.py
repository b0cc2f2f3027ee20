"""What is wrong with a rule file is told with its line and what was expected, all of it at once."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from herun.errors import InvalidInputError
from herun.marked_yaml import MAX_DEPTH, read_marked
from herun.rule_files import KINDS, MAX_COMPLAINTS, read_rules, rule_of, told
from herun.rules import KindName

GOOD = """\
kind: threshold
uid: high
title: {zh: 水位, en: Water}
text: {zh: 水位, en: Water}
category: water
match:
  event_types: [reading.reported]
  where: {metric: level}
raise_above: 30
"""
NAMED = """\
uid: x
title: {zh: 水位, en: Water}
text: {zh: 水位, en: Water}
category: water
"""
AGGREGATE = "kind: aggregate\n" + GOOD.partition("\n")[2] + "window: sliding\nfunction: avg\nsize_s: 60\n"
PLATE_LIST = (
    NAMED
    + """\
kind: plate_list
plate_list: watched
match: {event_types: [reading.reported]}
"""
)
PASSAGE = (
    NAMED
    + """\
kind: event
match:
  event_types: [vehicle.passed]
"""
)
SEQUENCE = (
    NAMED
    + """\
kind: sequence
match: {event_types: [door.opened]}
steps: [{event_types: [door.opened]},
  {event_types: [door.closed]}]
within_s: 5
"""
)
DISTINCT = (
    NAMED
    + """\
kind: distinct
match: {event_types: [vehicle.passed]}
field: plate
count: 2
window_s: 60
"""
)


def complaints(text: str) -> list[str]:
    return told("f", read_rules(text).complaints)


def listed(*texts: str) -> str:
    """The rules as a list; each begins in the line of its dash."""
    return "".join("- " + text.rstrip("\n").replace("\n", "\n  ") + "\n" for text in texts)


def test_one_rule_a_list_and_a_book_are_read_alike() -> None:
    body = yaml.safe_load(GOOD)
    texts = [
        GOOD,
        listed(GOOD),
        "rules:\n" + listed(GOOD),
        json.dumps(body),
        json.dumps({"rules": [body]}, indent="\t"),
    ]
    bodies = [[placed.body for placed in read_rules(text).rules] for text in texts]
    assert all(each == bodies[0] for each in bodies)
    assert [read_rules(text).is_single for text in texts] == [True, False, False, True, False]


def test_a_rule_knows_the_line_where_it_begins() -> None:
    found = read_rules(listed(GOOD, GOOD.replace("high", "low")))
    assert [(placed.rule.uid, placed.line) for placed in found.rules] == [("high", 1), ("low", 10)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD.replace("30", "much"), "f:9: raise_above: expected a number"),
        (GOOD.replace("[reading.reported]", "[door.opened, x.y]"), "f:7: match.event_types.1: unknown event type x.y"),
        (GOOD + "colour: red\n", "f:10: colour: unknown field; a threshold rule knows raise_above, clear_below"),
        (GOOD + "raise_abvoe: 3\n", "f:10: raise_abvoe: unknown field; did you mean raise_above?"),
        (GOOD.replace("category: water\n", ""), "f:1: category: is missing"),
        (GOOD.replace("where:", "were:"), "f:8: match.were: unknown field"),
        (GOOD.replace("level}", "[1]}"), "f:8: match.where.metric: expected true or false; or "),
        (GOOD.replace("threshold", "treshold"), "f:1: kind: expected one of event, threshold"),
        (GOOD.replace("kind: threshold\n", ""), "f:1: kind: expected one of event, threshold"),
        (GOOD + "clear_below: 40\n", "f:10: clear_below: raise_above goes with clear_below, which is not higher"),
        (GOOD + "clear_above: 40\n", "f:10: clear_above: raise_above goes with clear_below"),
        (GOOD + "raise_below: 3\n", "f:10: raise_below: give either raise_above or raise_below"),
        (GOOD.replace("raise_above: 30\n", ""), "f:1: give either raise_above or raise_below"),
        (GOOD.replace("30", "true"), "f:9: raise_above: expected a number"),
        (GOOD + "cooldown_s: true\n", "f:10: cooldown_s: expected a number"),
        (
            GOOD.replace("reading.reported", "vehicle.passed") + 'condition: data.plate == "a"\n',
            "f:10: condition: ['plate']",
        ),
        (
            GOOD.replace("reading.reported", "vehicle.passed").replace("level", "a").replace("metric", "plate"),
            "f:8: match.where.plate: ['plate']",
        ),
        (GOOD.replace("30", '"30"'), "f:9: raise_above: expected a number"),
        (GOOD + 'cooldown_s: "60"\n', "f:10: cooldown_s: expected a number"),
        (GOOD + 'opens_order: "yes"\n', "f:10: opens_order: expected true or false"),
        (DISTINCT.replace("field: plate", "field: lane").replace("2", '"2"'), "f:8: count: expected a number"),
        (
            PLATE_LIST,
            "f:7: match.event_types.0: a plate_list looks at plates, and reading.reported has none: expected v",
        ),
        (AGGREGATE + "every_s: 600\n", "f:13: every_s: every_s is at most size_s"),
        (AGGREGATE.replace("sliding", "tumbling") + "every_s: 5\n", "f:13: every_s: every_s goes with sliding windows"),
        (AGGREGATE.replace("avg", "duration"), "f:11: function: duration is measured of sessions"),
        (SEQUENCE, "f:8: steps.1.event_types: the step asks for ['door.closed']"),
        (GOOD.replace("uid: high", "uid: herun-storm"), "f:2: uid: names that begin with herun- are"),
        (GOOD + "schedule: {windows: []}\n", "f:10: schedule.windows: without a window it never raises"),
        (GOOD + "field: metric\n", "f:10: field: metric of reading.reported is never a number"),
        (GOOD.replace("level", "3"), "f:8: match.where.metric: metric of reading.reported is never a number"),
        (GOOD + "field: valeu\n", "f:10: field: reading.reported has no field valeu; did you mean value?"),
        (
            GOOD.replace("metric", "metrik"),
            "f:8: match.where.metrik: reading.reported has no field metrik; did you mean",
        ),
        (
            PASSAGE + "  where: {direction: inward}\n",
            'f:8: match.where.direction: direction is never "inward": it is one of in, out',
        ),
        (
            PASSAGE + 'condition: data.direction == "IN"\n',
            'f:8: condition: data.direction is never "IN": did you mean in',
        ),
        (
            PASSAGE.replace("vehicle.passed", "passage.flagged") + "  where: {finding: tailgate}\n",
            'f:8: match.where.finding: finding is never "tailgate": did you mean tailgating?',
        ),
        (GOOD + "condition: data.value > 1e999\n", "f:10: condition: column 14: this number is beyond what"),
        (GOOD + "key: plate\n", "f:10: key: reading.reported has no field plate_hash"),
        (DISTINCT, "f:7: field: ['plate'] are personal values, which rules never see"),
        (GOOD + "condition: data.value >\n", "f:10: condition: column 13: it ends too early"),
        (GOOD + "condition: |\n  value > 3\n", "f:10: condition: unknown ['value']; a condition sees data, device"),
        (
            GOOD + "condition: data.valeu > 3\n",
            "f:10: condition: reading.reported has no field valeu; did you mean value",
        ),
        (GOOD + "condition: 1 + 1\n", "f:10: condition: expected true or false: 1 + 1 is a whole number"),
        (GOOD.replace("high", "A b"), "f:2: uid: expected 1 to 64 letters, digits, - and _"),
        (GOOD + "severity: urgent\n", "f:10: severity: expected 'info', 'warning' or 'critical'"),
        (GOOD + "lateness_s: 1e9\n", "f:10: lateness_s: expected at most 3600"),
        (GOOD + "schedule: {windows: [{days: [mon], from: 25:00, to: 24:00}]}\n", "f:10: schedule.windows.0.from"),
        (GOOD.replace("match:", "match: ["), "f:8: this is no YAML: did not find expected ',' or ']', while parsing"),
        (GOOD + "\tx: 1\n", "f:10: this is no YAML: "),
        (GOOD + "uid: low\n", "f:10: uid: uid stands here twice"),
        (GOOD + "x: *there\n", "f:10: x: aliases are not taken"),
        (GOOD.replace("uid: high", "uid: !!str high"), "f:2: uid: tags are not taken"),
        (GOOD.replace("uid: high", 'uid: "a\\0"'), "f:2: uid: a text without NUL"),
        (GOOD + "---\n" + GOOD, "f:10: one document only"),
        ("rules: 3\n", "f:1: rules: expected a rule, or a list of rules"),
        ("rules: []\nlists: {}\n", "f:2: lists: unknown; beside rules there are rules, plate_lists"),
        ("rules:\n- a\n", "f:2: rules.0: expected one rule, as names and values"),
        (
            "plate_lists:\n  watched:\n  - 京A00001\n  - 京\n",
            "f:4: plate_lists.watched.1: expected at least 2",
        ),
        ("", "f:1: expected a rule, or a list of rules"),
        ("3", "f:1: expected a rule, or a list of rules"),
        ("[" * (MAX_DEPTH + 2), f"f:1: this is no YAML: more than {MAX_DEPTH} levels"),
        ("a\x01", "f:1: this is no YAML: "),
    ],
)
def test_what_is_wrong_is_told_with_its_line_and_what_was_expected(text: str, expected: str) -> None:
    found = complaints(text)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_lines() -> None:
    broken = GOOD.replace("30", "much").replace("category: water", "category: a b") + "colour: red\n"
    found = complaints(listed(broken, "just a text", GOOD, GOOD))
    assert [each.partition(": ")[0] for each in found] == ["f:5", "f:9", "f:10", "f:11", "f:22"]
    assert found[-1] == "f:22: 3.uid: high is the rule of line 13 already"


def test_there_is_an_end_to_what_is_told() -> None:
    found = complaints(listed(*["no rule"] * 1000))
    assert len(found) == MAX_COMPLAINTS + 1
    assert found[-1] == f"f:{MAX_COMPLAINTS + 1}: and {1000 - MAX_COMPLAINTS} more from here"


def test_what_looks_like_a_switch_or_a_time_of_day_is_a_text() -> None:
    text = GOOD + "mode: off\nschedule: {windows: [{days: [mon], from: 22:00, to: 06:00}]}\n"
    (placed,) = read_rules(text).rules
    assert placed.rule.mode == "off"
    assert placed.body["schedule"]["windows"] == [{"days": ["mon"], "from": "22:00", "to": "06:00"}]


def test_a_body_that_was_read_elsewhere_is_refused_with_the_same_words() -> None:
    with pytest.raises(InvalidInputError, match="raise_abvoe: unknown field; did you mean raise_above") as refused:
        rule_of(yaml.safe_load(GOOD + "raise_abvoe: 3\n"))
    assert refused.value.reason == "bad_rule"
    assert rule_of(yaml.safe_load(GOOD)).uid == "high"


def test_every_kind_can_be_asked_for_by_its_name() -> None:
    assert get_args(KindName) == tuple(KINDS)


def test_a_rule_knows_the_lines_of_its_parts() -> None:
    _, placed = read_rules("rules:\n" + listed(GOOD, GOOD.replace("high", "low"))).rules
    lines = [placed.line_of(path) for path in ((), ("match", "where", "metric"), ("text", "zh"), ("cooldown_s",))]
    assert lines == [11, 18, 14, 11]


SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff"))
)  # fmt: skip
NAMES = st.text("abc_", min_size=1, max_size=5)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_json_means_what_it_means_to_json(value: Any) -> None:
    marked = read_marked(json.dumps(value, ensure_ascii=False))
    assert marked.complaints == []
    assert marked.value == value
    assert type(marked.value) is type(value)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_rules(text)
    assert found.complaints or found.rules == ()
    assert all(1 <= each.line <= text.count("\n") + text.count("\r") + 2 for each in found.complaints)
