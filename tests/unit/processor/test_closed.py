"""What people have closed stays closed: late evidence raises another alert."""

from __future__ import annotations

from typing import Any

import pytest

from herun.alerts import Correction
from herun.frames import Control
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

AVERAGE = rule("high", "aggregate", window="sliding", size_s=60, function="avg", raise_above=5, lateness_s=300)


def told(driver: Driver) -> list[tuple[str, Any]]:
    return [(alert.state.value, alert.correction) for alert in driver.alerts]


def closed(alert_id: str) -> Control:
    body = {"alert_id": alert_id, "verdict": "false", "at": 0, "rule_uid": "high", "device": "d1", "key": "d1"}
    return Control(SITE, f"close-{alert_id}", "alert.closed", body)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("is_closed", [False, True])
def test_late_evidence_for_a_closed_alert_is_another_one(is_closed: bool, restarts: bool) -> None:
    driver = Driver(put_device("d1"), put_rule(AVERAGE))
    driver.now = START_US + 60 * SECOND_US
    driver.events(event("e1", driver.now, 6))
    driver.events(event("e2", START_US + 50 * SECOND_US, 1), at=driver.now + SECOND_US)
    assert told(driver) == [("raised", None), ("cleared", Correction.WITHDRAWN)]
    if is_closed:
        driver.control(closed(driver.alerts[0].alert_id))
    if restarts:
        driver.restart()
    driver.events(event("e3", START_US + 55 * SECOND_US, 9), at=driver.now + SECOND_US)
    newest = driver.alerts[-1]
    assert newest.state.value == "raised"
    assert (newest.alert_id != driver.alerts[0].alert_id) == is_closed
    assert (newest.version, newest.correction) == ((1, None) if is_closed else (3, Correction.REOPENED))
    driver.control(closed(newest.alert_id))
    driver.events(event("e4", START_US + 56 * SECOND_US, 0), at=driver.now + SECOND_US)
    driver.events(event("e5", START_US + 57 * SECOND_US, 20), at=driver.now + SECOND_US)
    assert driver.alerts[-1].state.value == "raised"
    assert driver.alerts[-1].alert_id not in {newest.alert_id, driver.alerts[0].alert_id}


@pytest.mark.parametrize("restarts", [False, True])
def test_each_time_that_it_goes_on_after_all_is_another_alert(restarts: bool) -> None:
    driver = Driver(put_device("d1"), put_rule(AVERAGE))
    driver.events(event("e1", START_US, 6))
    driver.events(event("e2", START_US + 8 * SECOND_US, 1))
    seen: list[str] = []
    for n, (more, less) in enumerate([(20, -100), (200, -400), (700, -2000)]):
        assert driver.alerts[-1].state.value == "cleared"
        assert driver.alerts[-1].alert_id not in seen
        seen.append(driver.alerts[-1].alert_id)
        driver.control(closed(seen[-1]))
        if restarts:
            driver.restart()
        driver.events(event(f"more{n}", START_US + (1 + n) * SECOND_US, more), at=driver.now)
        assert (driver.alerts[-1].state.value, driver.alerts[-1].version) == ("raised", 1)
        driver.events(event(f"less{n}", START_US + (7 - n) * SECOND_US, less), at=driver.now)
    assert len({alert.alert_id for alert in driver.alerts}) == 4
