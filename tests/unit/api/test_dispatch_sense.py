"""Conditions of dispatch rules that never hold."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.dispatch.rules import FIELDS, Rule
from api.dispatch.sense import HOURS, faults, seen_of
from herun.schedule import WEEK

NAMES = {"weekday": WEEK, "category": ["water", "fire"], "grid": [], "unit": [f"u{n}" for n in range(20)]}
SEEN = seen_of(NAMES)


def said(when: str) -> list[str]:
    return [what for _, what in faults([Rule(name="r", when=when)], SEEN)]


@pytest.mark.parametrize(
    ("when", "what"),
    [
        ("order.hour", "expected true or false: order.hour is a whole number"),
        ("order.workday == 1", "they are never equal"),
        ("order.zone == null", "a field that is missing: !has(order.zone)"),
        ("'watre' == order.category", 'order.category is never "watre": did you mean water?'),
        ("order.category in ['water', 'x']", 'order.category is never "x": known are fire, water'),
        ("order.grid == 'g1'", 'order.grid is never "g1": known are none'),
        ("order.unit == 'police'", "u14, u15, u16, u17, ..."),
        ("order.hour == 25", "order.hour == 25 is never so: order.hour is from 0 to 23"),
        ("24 <= order.hour", "24 <= order.hour is never so: order.hour is from 0 to 23"),
        ("order.hour < 0", "is from 0 to 23"), ("order.hour > 0x17", "is from 0 to 23"),
        ("order.hour == -1", "is from 0 to 23"), ("order.hour == 7.5", "is from 0 to 23"),
        ("order.hour in [7, 24]", "order.hour in [7, 24] is never so"), ("order['hour'] == 24", "is from 0 to 23"),
        ("order.weekday == 9", "they are never equal"), ("order.weekday == 'monday'", "did you mean mon?"),
        ("order.weekday >= 'sat'", "order.weekday has no order: >= would go by the alphabet; write "),
        ("'fire' < order.category", "order.category has no order"), ("order.top > order.category", "has no order"),
        ("order.category != 'watre'", 'order.category is never "watre": did you mean water?'),
        ("order.hour >= 22 && order.hour < 6", "order.hour is never all of that; for one or the other write ||"),
        ("6 > order.hour && order.workday && (order.hour in [22, 23])", "is never all of that"),
        ("(order.hour > 22 || order.hour < 2) && order.hour == 12", "is never all of that"),
        ("order.hour % 0 == 1", "divides by zero"),
        ("order.text.matches('[a')", "asks for a regular expression"),
    ],
)  # fmt: skip
def test_what_never_holds_is_said(when: str, what: str) -> None:
    found = said(when)
    assert any(what in each for each in found), found


@pytest.mark.parametrize(
    "when",
    [
        "order.text.contains('电梯') && (order.hour >= 22 || order.hour < 6)",
        "order.category in ['water', 'fire'] && !has(order.zone)",
        "order.category != 'water' && order.text != 'anything' && order.text > 'a'",
        "order.hour >= 22 || order.hour < 6", "(order.hour >= 22 && order.workday) || order.hour < 6",
        "order.hour >= 8 && order.hour < 18 && order.hour != 12",
        "(order.hour > 22 || order.workday) && order.hour == 12", "!(order.hour < 22) && order.hour >= 22",
        "order.hour in [22, size(order.text)] && order.hour == 3",
        "order.hour == 23 || order.hour in [0, 5] || 12.5 < order.hour",
        "order.hour != 25 && order.hour <= 24 && -1 < order.hour",
        "order['category'] == 'water'",
        "1 / (order.hour - 22) > 0",
        "['a', 'b'].exists(x, order.text.startsWith(x))",
        "order.workday ? order.hour > 8 : order.weekday == 'sat'",
    ],
)  # fmt: skip
def test_what_may_hold_is_not_refused(when: str) -> None:
    assert said(when) == []


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_is_known(field: str) -> None:
    assert said(f"has(order.{field})") == []


_SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}
_BOUNDS = st.lists(st.tuples(st.sampled_from(sorted(_SIGNS)), st.integers(-1, 25)), min_size=1, max_size=4)


@settings(deadline=None, max_examples=200)
@given(_BOUNDS)
def test_bounds_of_hours_are_refused_where_no_hour_is_within_all_of_them(bounds: list[tuple[str, int]]) -> None:
    there_is_one = any(all(_SIGNS[sign](hour, number) for sign, number in bounds) for hour in HOURS)
    assert (said(" && ".join(f"order.hour {sign} {number}" for sign, number in bounds)) == []) is there_is_one
