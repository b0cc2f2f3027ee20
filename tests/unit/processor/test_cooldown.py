"""The cool-down: what comes again so soon, by event time, is counted into the alert that there is."""

from __future__ import annotations

from typing import Any, Final

import pytest

from herun.events import Event
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_list, put_rule, rule

PRESSED: Final = rule("pressed", "event", types=("button.pressed",), cooldown_s=600, severity="info", opens_order=False)
LISTED: Final = rule("listed", "plate_list", types=("vehicle.passed",), plate_list="wanted", cooldown_s=600)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def press(second: int) -> Event:
    return event(f"p{second}", at(second), event_type="button.pressed", data={})


def passage(second: int) -> Event:
    return event(f"v{second}", at(second), event_type="vehicle.passed", data={"plate_hash": "h1"})


def started(body: dict[str, Any]) -> Driver:
    return Driver(put_device("d1"), put_list("wanted", "h1"), put_rule(body))


def counts(driver: Driver) -> list[tuple[int, int]]:
    return [(alert.version, alert.count) for alert in driver.alerts]


@pytest.mark.parametrize(("body", "made"), [(PRESSED, press), (LISTED, passage)], ids=["event", "plate_list"])
@pytest.mark.parametrize(("second", "arrives", "expected"), [
    (590, 640, [(1, 1), (2, 2)]),
    (590, 889, [(1, 1), (2, 2)]),
    (601, 640, [(1, 1), (1, 1)]),
])  # fmt: skip
def test_a_cool_down_ends_by_event_time_however_long_the_event_is_under_way(
    body: dict[str, Any], made: Any, second: int, arrives: int, expected: list[tuple[int, int]]
) -> None:
    driver = started(body)
    driver.events(made(0))
    driver.listen(at(arrives) - 1)
    driver.events(made(second), at=at(arrives))
    assert counts(driver) == expected
    driver.listen(at(arrives + 901))
    assert driver.engine.state.current == {}


@pytest.mark.parametrize("changed", [
    {"severity": "critical"}, {"category": "fire-safety"}, {"opens_order": True}, {"order_category": "fire"},
])  # fmt: skip
def test_a_rule_that_says_otherwise_how_urgent_it_is_raises_another_alert(changed: dict[str, Any]) -> None:
    driver = started(PRESSED)
    driver.events(press(0))
    driver.control(put_rule(PRESSED | {"version": 2} | changed, "again"), at=at(10))
    driver.events(press(20))
    first, second = driver.alerts
    assert first.alert_id != second.alert_id
    assert (second.version, second.rule_version) == (1, 2)
    assert [getattr(second, name) for name in changed] == list(changed.values())


def test_an_alert_that_is_counted_into_has_all_its_texts_of_the_newest_version() -> None:
    driver = started(PRESSED)
    driver.events(press(0))
    texts = {"title": {"zh": "新", "en": "New"}, "text": {"zh": "{count} 次", "en": "{count} times"}}
    driver.control(put_rule(PRESSED | {"version": 2} | texts, "again"), at=at(10))
    driver.events(press(20))
    newest = driver.alerts[-1]
    assert (newest.version, newest.rule_version) == (2, 2)
    assert (newest.title, newest.text) == ({"zh": "新", "en": "New"}, {"zh": "2 次", "en": "2 times"})
