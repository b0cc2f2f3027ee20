"""Rules on trial, rules switched off, and what people said of alerts."""

from __future__ import annotations

import pytest

from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from processor.batch import Batch, TakenFrame
from processor.engine import verdicts
from processor.engine.storms import MAX_OF_RULE
from processor.engine.verdicts import ANY_DEVICE, judged
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

HIGH = rule("high", "threshold", raise_above=7, clear_below=3, cooldown_s=60)


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def closed(verdict: str, uid: str = "high", device: str | None = "d1") -> Control:
    body = {"alert_id": "a", "verdict": verdict, "at": 0, "rule_uid": uid, "device": device}
    return Control(SITE, f"close-{verdict}", "alert.closed", body)


def test_a_monitored_rule_decides_as_a_live_one_and_says_that_it_is_none() -> None:
    stories = []
    for mode in ("live", "monitor"):
        driver = Driver(put_rule(HIGH | {"mode": mode}))
        for n, value in enumerate((9, 1, 9, 1)):
            driver.events(event(f"e{n}", at(n), value))
        assert {alert.mode for alert in driver.alerts} == {mode}
        stories.append([(alert.alert_id, alert.version, alert.state, alert.count) for alert in driver.alerts])
    assert stories[0] == stories[1]


def test_a_monitored_alert_is_not_relayed() -> None:
    for mode, relayed in (("live", 1), ("monitor", 0)):
        driver = Driver(put_rule(HIGH | {"mode": mode}))
        decisions = driver.events(event("e", at(0), 9))
        frame = Frame(FRAME_VERSION, 0, "test", "f", FrameKind.EVENTS)
        assert len(Batch(0, [TakenFrame(1, 0, frame, b"")], [decisions]).outbox_rows()) == relayed


def test_monitored_alerts_neither_storm_nor_hide_nor_are_hidden() -> None:
    silent = rule("silent", "absence", duration_s=10, mode="monitor")
    devices = [put_device(f"d{n}", uplink="switch") for n in range(2 * MAX_OF_RULE)]
    driver = Driver(put_rule(silent), put_device("switch"), *devices)
    driver.pass_until(at(20))
    assert len(driver.alerts) == 2 * MAX_OF_RULE + 1
    assert not any(alert.merged_into or alert.merged_count for alert in driver.alerts)


def test_a_rule_that_is_switched_off_is_not_evaluated() -> None:
    driver = Driver(put_rule(HIGH | {"mode": "off"}))
    driver.events(event("e1", at(0), 9))
    driver.restart()
    driver.events(event("e2", at(1), 9))
    assert driver.alerts == []


def test_a_rule_whose_switching_on_is_taken_back_stays_off() -> None:
    driver = Driver(put_rule(HIGH | {"mode": "off"}))
    frame = Frame(FRAME_VERSION, 0, "test", "f", FrameKind.CONTROL, [], [put_rule(HIGH | {"version": 2}, "on")])
    driver.engine.apply(frame, 2, driver.now)
    driver.engine.rollback()
    driver.events(event("e", at(0), 9))
    assert driver.alerts == []


@pytest.mark.parametrize(("before", "after"), [("live", "off"), ("live", "monitor"), ("monitor", "live")])
def test_a_rule_that_changes_its_mode_clears_what_it_raised_and_begins_anew(before: str, after: str) -> None:
    driver = Driver(put_rule(HIGH | {"mode": before}))
    driver.events(event("e1", at(0), 9))
    driver.control(put_rule(HIGH | {"mode": after, "version": 2}, "again"))
    assert [(alert.mode, alert.state) for alert in driver.alerts] == [(before, "raised"), (before, "cleared")]
    driver.events(event("e2", at(1), 9))
    assert [alert.mode for alert in driver.alerts[2:]] == ([] if after == "off" else [after])


def test_the_category_of_the_order_comes_from_the_rule_and_changing_it_keeps_its_state() -> None:
    driver = Driver(put_rule(HIGH))
    driver.events(event("e1", at(0), 9))
    driver.control(put_rule(HIGH | {"order_category": "plumbing", "version": 2}, "again"))
    driver.events(event("e2", at(1), 9, device="d2"))
    assert [(alert.state, alert.order_category) for alert in driver.alerts] == [
        ("raised", None),
        ("raised", "plumbing"),
    ]


def test_verdicts_are_counted_by_rule_and_device() -> None:
    driver = Driver(put_rule(HIGH))
    driver.control(closed("true"), closed("false"), closed("false"), closed("drill", device=None), closed("test", "x"))
    driver.restart()
    state, cell = driver.engine.state, (SITE, "high", "d1")
    assert [judged(state, cell, verdict) for verdict in verdicts.VERDICTS] == [1, 2, 0, 0, 0]
    assert judged(state, (SITE, "high", ANY_DEVICE), "drill") == 1
    assert judged(state, (SITE, "x", "d1"), "test") == 0
    driver.control(Control(SITE, "gone", "rule.removed", {"uid": "high"}))
    assert state.verdicts == {}


def test_beyond_the_bound_a_rules_devices_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "MAX_PAIRS", 2)
    driver = Driver(put_rule(HIGH))
    driver.control(*(closed("true", device=f"d{n}") for n in range(5)))
    assert len(driver.engine.state.verdicts) == 3
    assert judged(driver.engine.state, (SITE, "high", ANY_DEVICE), "true") == 3


def test_a_verdict_that_is_none_refuses_the_control() -> None:
    driver = Driver(put_rule(HIGH))
    assert len(driver.control(closed("maybe")).refused_controls) == 1
