"""Threshold rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_rule, rule

HIGH = rule("high", "threshold", raise_above=10, clear_below=5)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


@given(st.lists(st.integers(0, 15), max_size=30))
def test_it_is_raised_above_and_cleared_below_and_nothing_between(values: list[int]) -> None:
    driver = Driver(put_rule(HIGH))
    for n, value in enumerate(values):
        driver.events(event(f"e{n}", at(n), value))
    expected, raised = [], False
    for n, value in enumerate(values):
        if (not raised and value > 10) or (raised and value < 5):
            raised = not raised
            expected.append(("raised" if raised else "cleared", n))
    assert driver.story == expected


def test_below_works_the_other_way_round() -> None:
    driver = Driver(put_rule(rule("low", "threshold", raise_below=2, clear_above=4)))
    for n, value in enumerate([3, 1, 3, 5]):
        driver.events(event(f"e{n}", at(n), value))
    assert driver.story == [("raised", 1), ("cleared", 3)]


def test_without_a_clear_value_it_is_cleared_as_soon_as_it_is_not_crossed() -> None:
    driver = Driver(put_rule(rule("high", "threshold", raise_above=10)))
    for n, value in enumerate([11, 10]):
        driver.events(event(f"e{n}", at(n), value))
    assert driver.story == [("raised", 0), ("cleared", 1)]


def test_what_is_no_number_changes_nothing() -> None:
    driver = Driver(put_rule(HIGH))
    for n, value in enumerate([11, True, "0", None, [1]]):
        driver.events(event(f"e{n}", at(n), value))
    assert driver.story == [("raised", 0)]


def test_late_events_do_not_change_how_it_is() -> None:
    driver = Driver(put_rule(HIGH))
    driver.events(event("e1", at(10), 11))
    decisions = driver.events(event("e2", at(5), 1))
    assert driver.story == [("raised", 10)]
    assert [flags for _, _, flags in decisions.rows] == [4]


def test_a_zone_is_raised_by_its_first_device_and_cleared_by_its_last() -> None:
    driver = Driver(put_device("d1", zone="z"), put_device("d2", zone="z"), put_rule(HIGH | {"key": "zone"}))
    for n, (device, value) in enumerate([("d1", 11), ("d2", 12), ("d1", 1), ("d2", 1)]):
        driver.events(event(f"e{n}", at(n), value, device=device))
    assert driver.story == [("raised", 0), ("cleared", 3)]
    assert {(alert.key, alert.zone) for alert in driver.alerts} == {("z", "z")}


def test_a_device_without_zone_meets_no_rule_by_zone() -> None:
    driver = Driver(put_device("d1"), put_rule(HIGH | {"key": "zone"}))
    driver.events(event("e1", at(0), 11))
    assert driver.alerts == []


def test_raising_again_within_the_cool_down_is_another_version_of_the_same_alert() -> None:
    driver = Driver(put_rule(HIGH | {"cooldown_s": 60}))
    for n, (second, value) in enumerate([(0, 11), (10, 1), (69, 12), (70, 1), (131, 13)]):
        driver.events(event(f"e{n}", at(second), value))
    first, *_, last = driver.alerts
    assert [(alert.alert_id == first.alert_id, alert.version, alert.count) for alert in driver.alerts] == [
        (True, 1, 1), (True, 2, 1), (True, 3, 2), (True, 4, 2), (False, 1, 1)
    ]  # fmt: skip
    assert (last.text["en"], first.text["zh"]) == ("d1 at 13 in , 1 times for ", "d1 11")


def test_a_device_that_moves_leaves_what_it_held_in_its_old_zone() -> None:
    driver = Driver(put_device("d1", zone="a"), put_rule(HIGH | {"key": "zone"}))
    driver.events(event("e1", at(0), 11))
    driver.control(put_device("d1", "moved", zone="b"), at=at(1))
    assert [(alert.key, alert.state.value) for alert in driver.alerts] == [("a", "raised"), ("a", "cleared")]
    driver.events(event("e2", at(2), 11))
    assert [(alert.key, alert.state.value) for alert in driver.alerts[2:]] == [("b", "raised")]


@pytest.mark.parametrize(("value", "text"), [
    (1_000_000.0, "1000000"), (1_234_567.8, "1234567.8"), (1_234_567, "1234567"), (1.79e308, "1.79×10^308"),
])  # fmt: skip
def test_the_value_in_a_text_is_what_the_device_said(value: float, text: str) -> None:
    driver = Driver(put_rule(rule("high", "threshold", raise_above=7)))
    driver.events(event("e1", START_US, value))
    assert driver.alerts[0].text["zh"] == f"d1 {text}"
