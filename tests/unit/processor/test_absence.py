"""Absence rules."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from herun.frames import Control
from processor.engine.engine import OUTAGE_GAP_US
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

SILENT = rule("silent", "absence", duration_s=10, match={"device_kinds": ["sensor"]})


def listening(*controls: Control) -> Driver:
    """Whose gateway must be heard."""
    return Driver(*controls, gap_us=OUTAGE_GAP_US)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


@given(st.lists(st.integers(1, 25), max_size=12))
def test_it_is_raised_after_so_much_silence_and_cleared_by_the_next_event(steps: list[int]) -> None:
    driver, second, expected = listening(put_device("d1"), put_rule(SILENT)), 0, []
    for n, step in enumerate(steps):
        if step >= 10:
            expected += [("raised", second + 10), ("cleared", second + step)]
        second += step
        driver.pass_until(at(second))
        driver.events(event(f"e{n}", at(second)))
    assert driver.story == expected


def test_a_device_is_expected_from_its_registration_on() -> None:
    driver = listening(put_rule(SILENT))
    driver.pass_until(at(3))
    driver.control(put_device("d1", "c1"))
    driver.pass_until(at(20))
    assert driver.story == [("raised", 13)]
    assert driver.alerts[0].cause == {"timer": "absence", "device": "d1", "armed_by": "c1", "due": at(13)}


def test_only_devices_in_scope_are_expected() -> None:
    driver = listening(put_rule(SILENT), put_device("camera", kind="barrier_camera"), put_device("off", enabled=False))
    driver.pass_until(at(30))
    assert driver.alerts == []


def test_a_device_that_leaves_is_not_expected_any_more() -> None:
    for leaving in (put_device("d1", "c2", enabled=False), Control(SITE, "c3", "device.removed", {"device": "d1"})):
        driver = listening(put_rule(SILENT), put_device("d1"), put_device("d2"))
        driver.pass_until(at(5))
        driver.control(leaving)
        driver.pass_until(at(30))
        assert [alert.key for alert in driver.alerts] == ["d2"]


def test_a_raised_silence_is_cleared_when_the_device_leaves() -> None:
    driver = listening(put_rule(SILENT), put_device("d1"))
    driver.pass_until(at(12))
    driver.control(Control(SITE, "c", "device.removed", {"device": "d1"}))
    assert driver.story == [("raised", 10), ("cleared", 12)]


def test_our_own_outage_is_no_silence_of_the_device() -> None:
    driver = listening(put_rule(SILENT), put_device("d1"))
    driver.pass_until(at(4))
    driver.listen(at(3600))
    assert driver.alerts == []
    driver.pass_until(at(3600 + 7))
    assert driver.story == [("raised", 3606)]


def test_while_no_gateway_listens_the_silence_stands_still_though_time_passes() -> None:
    driver = listening(put_device("d1"), put_rule(SILENT))
    driver.pass_until(at(4))
    for until in (600, 3600):
        driver.tick_until(at(until))
        driver.restart()
    assert driver.alerts == []
    driver.pass_until(at(3600 + 8))
    assert driver.story == [("raised", 3607)]


def test_a_device_that_speaks_after_the_outage_was_never_silent() -> None:
    driver = listening(put_device("d1"), put_rule(SILENT))
    driver.pass_until(at(9))
    driver.tick_until(at(600))
    driver.events(event("e1", at(600)))
    driver.pass_until(at(609))
    assert driver.alerts == []


def test_what_waits_for_a_gateway_holds_up_no_other_timer() -> None:
    often = rule("often", "event", cooldown_s=12, lateness_s=1)
    driver = listening(put_device("d1"), put_rule(SILENT), put_rule(often))
    driver.events(event("e1", at(0), 9))
    assert len(driver.engine.state.current) == 1
    driver.tick_until(at(30))
    assert driver.engine.state.current == {}


def test_before_any_gateway_listens_nothing_is_silent() -> None:
    driver = listening(put_device("d1"), put_rule(SILENT))
    driver.tick_until(at(60))
    assert driver.alerts == []
    driver.pass_until(at(70))
    assert driver.alerts == []
    driver.pass_until(at(72))
    assert driver.story == [("raised", 71)]


def test_a_short_gap_is_no_outage() -> None:
    driver = listening(put_rule(SILENT), put_device("d1"))
    driver.pass_until(at(20), step_us=5 * SECOND_US)
    assert driver.story == [("raised", 10)]


def test_the_silence_survives_a_restart_and_is_raised_once() -> None:
    driver = listening(put_rule(SILENT), put_device("d1"))
    for second in (3, 6, 9, 12, 15):
        driver.restart()
        driver.pass_until(at(second))
    assert driver.story == [("raised", 10)]


def test_a_rule_put_again_as_it_was_keeps_its_state() -> None:
    again: list[dict[str, Any]] = [SILENT, SILENT | {"version": 2, "severity": "critical"}]
    for body in again:
        driver = listening(put_rule(SILENT), put_device("d1"))
        driver.pass_until(at(5))
        driver.control(put_rule(body, "again"))
        driver.pass_until(at(12))
        assert driver.story == [("raised", 10)]
        assert driver.alerts[0].severity == body.get("severity", "warning")


def test_a_rule_that_decides_otherwise_begins_anew() -> None:
    driver = listening(put_rule(SILENT), put_device("d1"))
    driver.pass_until(at(12))
    driver.control(put_rule(SILENT | {"version": 2, "duration_s": 20}, "other"))
    driver.pass_until(at(40))
    assert driver.story == [("raised", 10), ("cleared", 12), ("raised", 32)]
    driver.control(Control(SITE, "c", "rule.removed", {"uid": "silent"}))
    driver.pass_until(at(90))
    assert driver.story[3:] == [("cleared", 40)]
