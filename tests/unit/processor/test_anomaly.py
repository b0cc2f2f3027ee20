"""Anomaly rules: detectors within the engine."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from herun.calendar import Calendar
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from herun.rules import RULE
from herun.schedule import DEFAULT_TIME_ZONE, zone_named
from processor.engine.detectors import watch as watches
from processor.engine.detectors.hours import HOUR_US, WeekHours
from processor.engine.detectors.watch import DETECTORS, Settings
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, START_US, event, put_device, put_rule, rule

MINUTE_US = 60 * SECOND_US
LISTENING_US = 5 * MINUTE_US  # frames so far apart are no outage here: tests need not say every second that they listen
TEXT = {"zh": "{device}：{finding}", "en": "{device}: {finding}"}


def anomaly(**fields: Any) -> dict[str, Any]:
    return rule("odd", "anomaly", **{"detector": "level", "text": TEXT, "warm_up_s": 3600, **fields})


def readings(driver: Driver, values: list[float], first: int = 0) -> None:
    for n, value in enumerate(values, first):
        driver.events(event(f"e{n}", START_US + n * MINUTE_US, value))


def calm(count: int = 200) -> list[float]:
    rng = random.Random(1)
    return [50 + rng.gauss(0, 1) for _ in range(count)]


def test_it_is_raised_once_and_says_why() -> None:
    driver = Driver(put_rule(anomaly()))
    readings(driver, [*calm(), 90.0, 91.0, 90.5])
    (alert,) = driver.alerts
    assert alert.cause == {"device": "d1", "event_id": "e200"}
    assert alert.text["en"].startswith("d1: expected 50")
    assert "saw 90 (usual range 4" in alert.text["en"]
    assert "实为 90（通常在 4" in alert.text["zh"]


def test_what_begins_before_it_may_be_raised_is_raised_when_the_schedule_opens_if_it_still_holds() -> None:
    by_night = {"windows": [{"days": ["workday", "day_off"], "from": "01:36", "to": "06:00"}]}
    for odd, raised in (([90.0] * 6, [203]), ([90.0] * 3 + [50.0] * 3, [])):  # it is 01:36:20 at the 203rd minute
        driver = Driver(put_rule(anomaly(schedule=by_night)))
        readings(driver, [*calm(), *odd])
        assert [(alert.raised_at - START_US) // MINUTE_US for alert in driver.alerts] == raised
        readings(driver, [90.0] * 3, 206)
        assert len(driver.alerts) == 1  # one anomaly is one alarm


def test_what_a_drill_has_seen_is_not_raised_and_what_lasts_is_raised_after_it() -> None:
    body = {"window": "w", "kind": "drill", "begin_us": START_US, "end_us": START_US + 203 * MINUTE_US, "who": "s"}
    driver = Driver(put_rule(anomaly()), Control("herun", "drill", "service.window.put", body))
    readings(driver, [*calm(), *[90.0] * 6])
    assert [(alert.raised_at - START_US) // MINUTE_US for alert in driver.alerts] == [203]


def test_a_sentence_names_numbers_however_large_the_readings_are() -> None:
    driver = Driver(put_rule(anomaly(detector="default")))
    readings(driver, [*calm(), *[1.7e308, -1.7e308] * 3])
    assert driver.alerts
    assert not any("inf" in alert.text["en"] or "nan" in alert.text["en"] for alert in driver.alerts)


def test_a_trial_that_ends_and_another_threshold_keep_what_was_learnt() -> None:
    for changed in ({}, {"false_alarms_per_week": 0.9}, {"direction": "up"}):
        driver = Driver(put_rule(anomaly(mode="monitor")))
        readings(driver, calm())
        driver.control(put_rule(anomaly(version=2, **changed), "live"))
        driver.restart()
        readings(driver, [90.0], 200)
        assert [(alert.mode, alert.rule_version) for alert in driver.alerts] == [("live", 2)]


def test_what_the_trial_has_told_is_not_told_again_live() -> None:
    driver = Driver(put_rule(anomaly(mode="monitor", cooldown_s=3600)))
    readings(driver, [*calm(), 90.0])
    driver.control(put_rule(anomaly(version=2, cooldown_s=3600), "live"))
    readings(driver, [90.0, 90.0], 201)
    assert [alert.mode for alert in driver.alerts] == ["monitor"]
    assert driver.engine.state.current == {}


def test_another_detector_and_a_rule_that_was_off_begin_anew() -> None:
    for between in (anomaly(mode="off"), anomaly(detector="seasonal")):
        driver = Driver(put_rule(anomaly()))
        readings(driver, calm())
        driver.control(put_rule(between, "between"), put_rule(anomaly(version=2), "again"))
        readings(driver, [90.0], 200)
        assert driver.alerts == []


def test_what_is_no_number_and_what_does_not_match_is_not_looked_at() -> None:
    driver = Driver(put_rule(anomaly(condition="data.metric == 'level'")))
    readings(driver, calm())
    driver.events(event("a", driver.now + MINUTE_US, "9e9"), event("b", driver.now + MINUTE_US, True))
    driver.events(event("c", driver.now + MINUTE_US, data={"metric": "other", "value": 9e9}))
    assert driver.alerts == []
    assert driver.engine.state.watches["herun", "odd"]["d1"].known.seen == 200  # type: ignore[union-attr]


def test_it_goes_on_after_a_restart_as_if_nothing_had_been() -> None:
    values = [*calm(), 90.0]
    driver, other = Driver(put_rule(anomaly())), Driver(put_rule(anomaly()))
    readings(driver, values)
    readings(other, values[:100])
    other.restart()
    readings(other, values[100:], 100)
    assert driver.alerts == other.alerts != []
    assert driver.engine.state.watches == other.engine.state.watches


def test_what_is_taken_back_was_never_learnt() -> None:
    driver = Driver(put_rule(anomaly()))
    readings(driver, calm())
    before = driver.engine.state.watches["herun", "odd"]["d1"]
    driver.engine.apply(driver_frame(driver, 99.0), driver.position + 1, driver.now)
    assert driver.engine.state.watches["herun", "odd"]["d1"] != before
    driver.engine.rollback()
    assert driver.engine.state.watches["herun", "odd"]["d1"] == before


def driver_frame(driver: Driver, value: float) -> Frame:
    one = event("x", driver.now, value)
    return Frame(FRAME_VERSION, 0, "test", "frame-x", FrameKind.EVENTS, [one], [])


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), max_size=60), st.sampled_from(["level", "seasonal", "default", "stuck", "drift"]))
def test_the_engine_raises_what_the_detector_alone_would(values: list[float], detector: str) -> None:
    values = [*calm(150), *values]
    driver = Driver(put_rule(anomaly(detector=detector)))
    readings(driver, values)
    wanted, hours = Settings(1.0, HOUR_US), WeekHours(zone_named(DEFAULT_TIME_ZONE), Calendar())
    watch, expected = watches.begun(DETECTORS[detector], START_US), []
    for n, value in enumerate(values):
        at = START_US + n * MINUTE_US
        watch, alarm = watches.observed(DETECTORS[detector], wanted, watch, at, value=value, hour=hours.at(at))
        expected += [at] if alarm else []
    assert [alert.raised_at for alert in driver.alerts] == expected


def test_a_late_event_changes_nothing_that_was_learnt() -> None:
    driver = Driver(put_rule(anomaly()))
    readings(driver, calm())
    before = driver.engine.state.watches["herun", "odd"]["d1"]
    driver.events(event("late", START_US + 50 * MINUTE_US, 900.0), at=driver.now)
    assert driver.engine.state.watches["herun", "odd"]["d1"] == before
    assert driver.alerts == []


def beats(driver: Driver, minutes: int, first: int = 0) -> None:
    for n in range(first, first + minutes):
        driver.events(event(f"b{n}", START_US + n * MINUTE_US, event_type="button.pressed", data={}))


BEAT = anomaly(detector="rhythm", types=("button.pressed",))


def test_a_silence_is_raised_by_the_passing_of_time_and_over_a_restart() -> None:
    driver = Driver(put_rule(BEAT), put_device("d1"), gap_us=LISTENING_US)
    beats(driver, 26 * 60)
    driver.restart()
    driver.pass_until(driver.now + HOUR_US, MINUTE_US)
    (alert,) = driver.alerts
    assert alert.device == "d1"
    assert alert.cause["timer"] == "anomaly"
    assert "nothing for 0." in alert.text["en"]


def test_our_own_outage_is_no_silence() -> None:
    driver = Driver(put_rule(BEAT), put_device("d1"), gap_us=LISTENING_US)
    beats(driver, 26 * 60)
    driver.tick_until(driver.now + HOUR_US, MINUTE_US)
    beats(driver, 30, 27 * 60)
    assert driver.alerts == []


def test_an_hour_with_nothing_is_counted_as_none() -> None:
    driver = Driver(put_rule(anomaly(detector="count", types=("button.pressed",), warm_up_s=7200)), gap_us=LISTENING_US)
    rng = random.Random(2)
    for n in range(48 * 60):
        driver.events(event(f"b{n}", START_US + n * MINUTE_US + rng.randrange(MINUTE_US), event_type="button.pressed"))
    driver.pass_until(driver.now + 2 * HOUR_US + 3 * MINUTE_US, MINUTE_US)
    (alert,) = driver.alerts
    assert "saw 0 (usual range" in alert.text["en"] or "saw 1" in alert.text["en"]


def closed(verdict: str) -> Control:
    body = {"alert_id": "any", "verdict": verdict, "at": 0, "rule_uid": "odd", "device": "d1", "key": "d1"}
    return Control("herun", f"close-{verdict}", "alert.closed", body)


def test_verdicts_move_the_bar_of_the_series_that_they_are_about() -> None:
    driver = Driver(put_rule(anomaly()))
    readings(driver, calm())
    for verdict, sign in (("false", 1), ("true", -1), ("drill", 0)):
        before = driver.engine.state.watches["herun", "odd"]["d1"].calibration.bias
        driver.control(closed(verdict))
        moved = driver.engine.state.watches["herun", "odd"]["d1"].calibration.bias - before
        assert (moved > 0) - (moved < 0) == sign


def test_a_device_or_rule_that_goes_takes_what_was_learnt_with_it() -> None:
    for leaving in (
        Control("herun", "c1", "device.removed", {"device": "d1"}),
        Control("herun", "c2", "rule.removed", {"uid": "odd"}),
    ):
        driver = Driver(put_rule(BEAT), put_device("d1"), gap_us=LISTENING_US)
        beats(driver, 100)
        driver.control(leaving)
        assert not driver.engine.state.watches.get(("herun", "odd"))
        assert driver.engine.state.due_without_outage == {}


def test_the_detector_is_a_decision_and_the_text_is_not() -> None:
    driver = Driver(put_rule(anomaly()))
    readings(driver, calm())
    driver.control(put_rule(anomaly(text={"zh": "一", "en": "one"}) | {"version": 2}, "again"))
    assert driver.engine.state.watches["herun", "odd"]
    driver.control(put_rule(anomaly(detector="seasonal") | {"version": 3}, "other"))
    assert not driver.engine.state.watches.get(("herun", "odd"))


def test_every_detector_that_a_rule_may_name_is_there() -> None:
    for name in DETECTORS:
        assert RULE.validate_python(anomaly(detector=name)).uid == "odd"
    (named,) = [each for each in RULE.json_schema()["$defs"].values() if each["title"] == "AnomalyRule"]
    assert set(named["properties"]["detector"]["enum"]) == set(DETECTORS)
