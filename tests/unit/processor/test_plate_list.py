"""Plate list rules."""

from __future__ import annotations

from typing import Any

from herun.events import Event
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, START_US, close_alert, event, put_list, put_rule, rule

LISTED = rule("listed", "plate_list", types=("vehicle.passed",), plate_list="wanted")


def passage(n: int, second: float, plate_hash: str, **fields: Any) -> Event:
    at = START_US + round(second * SECOND_US)
    return event(f"e{n}", at, event_type="vehicle.passed", data={"plate_hash": plate_hash}, **fields)


def test_each_passage_of_a_listed_plate_is_raised() -> None:
    driver = Driver(put_rule(LISTED), put_list("wanted", "h1", "h2"))
    for n, plate_hash in enumerate(["h1", "h3", "h2", "h1"]):
        driver.events(passage(n, n, plate_hash, personal={"plate": "京A12345"}))
    assert [alert.key for alert in driver.alerts] == ["h1", "h2", "h1"]
    assert len({alert.alert_id for alert in driver.alerts}) == 3
    assert "京A12345" not in repr(driver.engine.state) + repr(driver.alerts)


def test_several_reads_within_the_cool_down_are_one_alert() -> None:
    driver = Driver(put_rule(LISTED | {"cooldown_s": 30}), put_list("wanted", "h1"))
    for n, second in enumerate([0, 2, 31, 62]):
        driver.events(passage(n, second, "h1"))
    assert [(alert.version, alert.count) for alert in driver.alerts] == [(1, 1), (2, 2), (3, 3), (1, 1)]


def test_what_people_have_closed_is_not_counted_into() -> None:
    driver = Driver(put_rule(LISTED | {"cooldown_s": 30}), put_list("wanted", "h1"))
    driver.events(passage(0, 0, "h1"))
    driver.control(close_alert(driver.alerts[0].alert_id))
    driver.events(passage(1, 1, "h1"))
    assert [(alert.version, alert.count) for alert in driver.alerts] == [(1, 1), (1, 1)]
    assert driver.alerts[0].alert_id != driver.alerts[1].alert_id


def test_a_list_is_replaced_as_a_whole() -> None:
    driver = Driver(put_rule(LISTED), put_list("wanted", "h1"))
    driver.control(put_list("wanted", "h2"))
    driver.events(passage(0, 0, "h1"), passage(1, 1, "h2"))
    assert [alert.key for alert in driver.alerts] == ["h2"]


def test_nothing_is_remembered_when_the_cool_down_is_over_for_what_comes_late_too() -> None:
    driver = Driver(put_rule(LISTED | {"cooldown_s": 20, "lateness_s": 10}), put_list("wanted", "h1"))
    driver.events(passage(0, 0, "h1"))
    driver.pass_until(START_US + 31 * SECOND_US)
    assert driver.engine.state.current == {}
    driver.pass_until(START_US + 61 * SECOND_US)  # the window in which a storm is noticed
    assert all(timer[0].startswith("passages") for timer in driver.engine.state.due)  # the car may be inside for long


def test_a_camera_whose_clock_is_ahead_tells_of_now_and_not_of_the_future() -> None:
    driver = Driver(put_rule(LISTED), put_list("wanted", "h1"))
    driver.events(passage(0, 1800, "h1"), at=START_US)
    assert [(alert.raised_at, alert.updated_at) for alert in driver.alerts] == [(START_US, START_US)]


def test_a_late_read_is_told_with_its_own_time() -> None:
    driver = Driver(put_rule(LISTED), put_list("wanted", "h1"))
    driver.events(passage(0, 100, "h3"), passage(1, 40, "h1"))
    assert [alert.raised_at for alert in driver.alerts] == [START_US + 40 * SECOND_US]
