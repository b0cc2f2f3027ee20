"""Dispatch rules: what they see, what is refused, and which of them holds; and who works when."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from pydantic import ValidationError

from api.dispatch.rules import DEFAULT, FIELDS, Mode, Rule, first_match
from api.dispatch.schemas import NewBook
from api.dispatch.shifts import Otherwise, works
from herun.clock import parse_time, to_datetime

FACTS: Final[dict[str, Any]] = {
    "category": "water", "top": "utilities", "handled_by": "property", "severity": "warning", "building": "b1",
    "zone": None, "grid": "g1", "unit": None, "text": "电梯困人", "channel": "account", "origin": "report", "hour": 22,
    "weekday": "mon", "workday": True,
}  # fmt: skip


def rule(when: str, name: str = "r", **more: Any) -> Rule:
    return Rule(name=name, when=when, **more)


def holds(when: str) -> bool:
    return first_match([rule(when)], FACTS).rule.name == "r"


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ('order.category == "water"', True),
        ('order.category == "fire"', False),
        ('order.category in ["fire", "water"] && order.hour >= 22', True),
        ("order.hour >= 22 || order.hour < 6", True),
        ('order.text.contains("电梯")', True),
        ('order.text.contains("order.unknown")', False),
        ("order.workday && !has(order.zone)", True),
        ('order.zone == "z1"', False),
        ('order.zone != "z1"', False),
        ('order.weekday in ["sat", "sun"]', False),
        ('order.top == "utilities"', True),
        ("order.handled_by == 'property'", True),
        ("true", True),
        ("false", False),
    ],
)
def test_a_condition_sees_the_order_and_what_it_lacks_matches_nothing(when: str, expected: bool) -> None:
    assert holds(when) is expected


def test_the_facts_are_the_fields() -> None:
    assert FACTS.keys() == FIELDS


def test_the_first_match_holds_and_without_one_the_default() -> None:
    several = [rule('order.category == "fire"', "a"), rule("order.hour > 20", "b"), rule("true", "c")]
    assert first_match(several, FACTS).rule.name == "b"
    assert first_match(several[:1], FACTS).rule is DEFAULT
    assert first_match([], FACTS).rule is DEFAULT


def test_a_rule_that_cannot_be_evaluated_is_told_and_the_next_holds() -> None:
    match = first_match([rule("1 / (order.hour - 22) > 0", "broken"), rule("true", "next")], FACTS)
    assert match.rule.name == "next"
    assert match.failed.keys() == {"broken"}


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ("", "at least 1 character"),
        ("order.category ==", ""),
        ('order.categry == "water"', "unknown order.categry"),
        ('order.txt.contains("x")', "unknown order.txt"),
        ('order . txt.contains("x")', "unknown order.txt"),
        ("device.zone == 'z'", "unknown ['device']"),
        ("data.x == 1", "unknown ['data']"),
        ("now() > 3", "unknown functions"),
        ("x" * 2001, "at most 2000"),
    ],
)
def test_what_no_condition_can_be_is_refused_with_where_and_what(when: str, said: str) -> None:
    good = {"name": "good", "when": "true"}
    with pytest.raises(ValidationError) as caught:
        NewBook.model_validate({"rules": [good, {"name": "bad", "when": when}]})
    (error,) = caught.value.errors()
    assert error["loc"] == ("rules", 1, "when")
    assert said in error["msg"]


@pytest.mark.parametrize(
    "body",
    [
        {"name": "default", "when": "true"},
        {"name": "a", "when": "true", "to": {"unit": "u", "own_unit": True}},
        {"name": "a", "when": "true", "mode": "lottery"},
        {"name": "a", "when": "true", "to": {"team": "x"}},
        {"name": "a", "when": "true", "claim_within_s": 29},
    ],
)
def test_a_rule_that_means_nothing_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(body)


def test_two_rules_of_one_name_are_refused() -> None:
    with pytest.raises(ValidationError, match="same name"):
        NewBook.model_validate({"rules": [{"name": "a", "when": "true"}] * 2})


def test_a_stored_rule_comes_back_as_it_was() -> None:
    made = rule('order.unit == "u"', mode=Mode.GRAB, claim_within_s=60)
    assert Rule.model_validate(json.loads(made.model_dump_json())) == made


PLAN: Final = json.dumps({"windows": [{"days": ["workday"], "from": "08:00", "to": "18:00"}]})


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-06-01T08:00:00+08:00", True),  # a Monday
        ("2026-06-01T07:59:59+08:00", False),
        ("2026-06-01T18:00:00+08:00", False),
        ("2026-06-06T12:00:00+08:00", False),  # a Saturday
        ("2026-10-01T12:00:00+08:00", False),  # a holiday
        ("2026-02-14T12:00:00+08:00", True),  # a Saturday that is worked for the Spring Festival
    ],
)
def test_shifts_know_holidays_and_make_up_workdays(at: str, expected: bool) -> None:
    moment = to_datetime(parse_time(at))
    assert works(PLAN, [], moment, zone="Asia/Shanghai", decrees=()) is expected


def test_a_decree_changes_who_works() -> None:
    decree = json.dumps({"year": 2026, "holidays": {"端午节": ["2026-06-01"]}})
    moment = to_datetime(parse_time("2026-06-01T12:00:00+08:00"))
    assert not works(PLAN, [], moment, zone="Asia/Shanghai", decrees=(decree,))


def test_of_several_exceptions_the_last_that_covers_the_time_holds() -> None:
    def otherwise(begin: str, end: str, *, does: bool) -> Otherwise:
        day = "2026-06-01T{}:00+08:00"
        return Otherwise.model_validate({"begins_at": day.format(begin), "ends_at": day.format(end), "works": does})

    said = [otherwise("09:00", "17:00", does=False), otherwise("12:00", "13:00", does=True)]
    at = {hour: to_datetime(parse_time(f"2026-06-01T{hour}:00+08:00")) for hour in ("08:30", "09:00", "12:59", "13:00")}
    found = {hour: works(PLAN, said, moment, zone="Asia/Shanghai", decrees=()) for hour, moment in at.items()}
    assert found == {"08:30": True, "09:00": False, "12:59": True, "13:00": False}
    assert works(None, said, at["12:59"], zone="Asia/Shanghai", decrees=())


def test_an_exception_ends_after_it_begins() -> None:
    with pytest.raises(ValidationError, match="ends after"):
        Otherwise.model_validate({"begins_at": "2026-06-01T09:00:00Z", "ends_at": "2026-06-01T09:00:00Z"})
