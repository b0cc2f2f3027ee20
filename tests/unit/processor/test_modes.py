"""Rules on trial, rules switched off, and what people said of alerts."""

from __future__ import annotations

from typing import Any

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


def test_a_rule_that_is_switched_off_clears_what_it_raised() -> None:
    driver = Driver(put_rule(HIGH))
    driver.events(event("e1", at(0), 9))
    driver.control(put_rule(HIGH | {"mode": "off", "version": 2}, "again"))
    assert driver.story == [("raised", 0), ("cleared", 0)]
    driver.events(event("e2", at(1), 9))
    assert len(driver.alerts) == 2


SILENT = rule("high", "absence", duration_s=5, cooldown_s=60)
STANDING = rule("high", "true_for", condition="data.value > 7", duration_s=5, cooldown_s=60)


@pytest.mark.parametrize("high", [HIGH, SILENT, STANDING], ids=["threshold", "absence", "true_for"])
@pytest.mark.parametrize(("before", "after"), [("live", "monitor"), ("monitor", "live")])
def test_what_holds_when_a_trial_ends_or_begins_is_raised_as_the_other_and_ends_as_such(
    high: dict[str, Any], before: str, after: str
) -> None:
    driver = Driver(put_rule(high | {"mode": before}), put_device("d1"))
    driver.events(event("e1", at(0), 9))
    driver.pass_until(at(10))
    driver.control(put_rule(high | {"mode": after, "version": 2}, "again"))
    told = [(alert.mode, alert.state, alert.count) for alert in driver.alerts]
    assert told == [(before, "raised", 1), (before, "cleared", 1), (after, "raised", 1)]
    driver.restart()
    driver.events(event("e2", at(11), 1))
    assert [(alert.mode, alert.state) for alert in driver.alerts[3:]] == [(after, "cleared")]
    assert driver.engine.state.muted == {}


@pytest.mark.parametrize("high", [SILENT, STANDING], ids=["absence", "true_for"])
def test_what_is_pending_when_a_trial_ends_goes_on(high: dict[str, Any]) -> None:
    driver = Driver(put_rule(high | {"mode": "monitor"}), put_device("d1"))
    driver.events(event("e1", at(0), 9))
    driver.pass_until(at(3))
    driver.control(put_rule(high | {"version": 2}, "again"))
    driver.pass_until(at(10))
    assert [(alert.mode, alert.raised_at) for alert in driver.alerts] == [("live", at(5))]


def test_what_was_counted_on_trial_counts_live() -> None:
    often = rule("high", "count", count=3, window_s=60)
    driver = Driver(put_rule(often | {"mode": "monitor"}))
    driver.events(event("e1", at(0)), event("e2", at(1)))
    driver.control(put_rule(often | {"version": 2}, "again"))
    driver.events(event("e3", at(2)))
    assert [alert.mode for alert in driver.alerts] == ["live"]


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
