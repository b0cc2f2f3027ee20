"""Anomaly rules: detectors within the engine."""

from __future__ import annotations

import random
from typing import Any

import pytest

from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from herun.rules import RULE
from processor.engine.detectors.hours import HOUR_US
from processor.engine.detectors.watch import DETECTORS
from processor.engine.drafts import percent
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
    assert alert.cause == {"device": "d1", "event_id": "e200", "probability": alert.cause["probability"]}
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


def drill(first: int, last: int, **more: Any) -> Control:
    """From one minute after the start to before another."""
    times = {"begin_us": START_US + first * MINUTE_US, "end_us": START_US + last * MINUTE_US}
    body = {"window": "w", "kind": "drill", "who": "sun", "why": "yearly", "zones": [], "devices": [], **times, **more}
    return Control("herun", "drill", "service.window.put", body)


@pytest.mark.parametrize("detector", ["level", "default", "seasonal", "count", "stuck", "drift", "rhythm"])
def test_what_is_said_out_of_service_is_not_learnt(detector: str) -> None:
    """As if it had never been said: a drill that looks like an alarm hides no alarm after it."""
    told = []
    for is_said in (True, False):
        driver = Driver(put_rule(anomaly(detector=detector)), put_device("d1"), drill(2000, 2120), gap_us=LISTENING_US)
        for n, value in enumerate(calm(2500)):
            if 2000 <= n < 2120 and not is_said:
                driver.listen(START_US + n * MINUTE_US)
            else:
                is_odd = 2000 <= n < 2120 or 2300 <= n < 2330
                readings(driver, [value + 40 * is_odd], n)
        told.append([(alert.updated_at, alert.text["en"]) for alert in driver.alerts])
        driver.restart()
    assert told[0] == told[1]
    if detector in {"level", "default"}:
        assert any(at == START_US + 2300 * MINUTE_US for at, _ in told[0])


@pytest.mark.parametrize("detector", ["count", "rhythm"])
def test_the_quiet_of_a_maintenance_is_no_silence_and_one_that_lasts_is_told_after_it(detector: str) -> None:
    rule_of = put_rule(anomaly(detector=detector, types=("button.pressed",), warm_up_s=7200))
    day, comes_back = 26 * 60, []
    for is_dead in (False, True):
        driver = Driver(rule_of, put_device("d1"), drill(day, day + 300, kind="maintenance"), gap_us=LISTENING_US)
        beats(driver, day + 2)
        driver.restart()
        driver.pass_until(START_US + (day + 300) * MINUTE_US, MINUTE_US)
        assert driver.alerts == []
        if is_dead:
            driver.pass_until(driver.now + 3 * HOUR_US, MINUTE_US)
        else:
            beats(driver, 180, day + 301)
        comes_back.append([(alert.raised_at - START_US) // MINUTE_US - day - 300 for alert in driver.alerts])
    assert comes_back[0] == []
    assert comes_back[1]
    assert 0 < comes_back[1][0] <= {"count": 122, "rhythm": 5}[detector]


def test_a_bypass_and_a_maintained_zone_stop_the_time_of_their_devices_only() -> None:
    day = 26 * 60
    for leaving in (
        Control("herun", "b", "arming.bypass", {"device": "d1", "until_us": 2**60, "who": "sun", "why": "broken"}),
        Control("herun", "m", "arming.mode.set", {"zone": "z", "mode": "maintenance", "change": 1, "who": "sun"}),
    ):
        driver = Driver(put_rule(BEAT), put_device("d1", zone="z"), put_device("d2"), gap_us=LISTENING_US)
        for n in range(day):
            at = START_US + n * MINUTE_US
            driver.events(*(event(f"{each}{n}", at, device=each, event_type="button.pressed") for each in ("d1", "d2")))
        driver.control(leaving)
        driver.pass_until(driver.now + HOUR_US, MINUTE_US)
        assert {alert.device for alert in driver.alerts} == {"d2"}
        driver.control(put_device("d1"))
        driver.control(Control("herun", "e", "arming.bypass", {"device": "d1", "until_us": None, "who": "sun"}))
        driver.pass_until(driver.now + HOUR_US, MINUTE_US)
        assert {alert.device for alert in driver.alerts} == {"d1", "d2"}


def test_of_a_key_that_devices_share_an_hour_is_not_counted_in_which_one_is_out_of_service() -> None:
    counted = anomaly(detector="count", types=("button.pressed",), warm_up_s=7200, key="site")
    alerts = []
    for devices in (["d1"], ["unknown"]):
        driver = Driver(put_rule(counted), put_device("d1"), put_device("d2"), gap_us=LISTENING_US)
        driver.control(drill(48 * 60 + 10, 49 * 60 + 10, devices=devices))
        for n in range(51 * 60):
            is_quiet = devices == ["unknown"] and 48 * 60 + 10 <= n < 49 * 60 + 10
            at = START_US + n * MINUTE_US
            many = [
                event(f"a{n}-{k}", at, device="d1", event_type="button.pressed") for k in range(0 if is_quiet else 9)
            ]
            driver.events(event(f"b{n}", at, device="d2", event_type="button.pressed"), *many)
        alerts.append(driver.alerts)
    assert alerts[0] == []
    assert alerts[1]


def test_what_a_drill_has_seen_is_not_raised_and_what_lasts_is_raised_after_it() -> None:
    driver = Driver(put_rule(anomaly()), put_device("d1"), drill(200, 203))
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


def test_what_lasts_when_the_trial_ends_is_over_on_trial_and_raised_live() -> None:
    for value, told in ((90.0, [("live", "raised")]), (50.0, [])):
        driver = Driver(put_rule(anomaly(mode="monitor", cooldown_s=3600)))
        readings(driver, [*calm(), 90.0])
        driver.control(put_rule(anomaly(version=2, cooldown_s=3600), "live"))
        readings(driver, [value, value], 201)
        story = [(alert.mode, alert.state.value) for alert in driver.alerts]
        assert story == [("monitor", "raised"), ("monitor", "cleared"), *told]


def test_another_detector_and_a_rule_that_was_off_begin_anew() -> None:
    for between in (anomaly(mode="off"), anomaly(detector="seasonal")):
        driver = Driver(put_rule(anomaly()))
        readings(driver, calm())
        driver.control(put_rule(between, "between"), put_rule(anomaly(version=2), "again"))
        readings(driver, [90.0], 200)
        assert driver.alerts == []


def test_an_alert_says_how_probable_something_so_strong_is_and_the_stronger_the_less() -> None:
    told = []
    for odd in (60.0, 90.0):
        text = {"zh": "{probability}", "en": "{probability}"}
        driver = Driver(put_rule(anomaly(text=text, false_alarms_per_week=10)))
        readings(driver, [*calm(), odd])
        (alert,) = driver.alerts
        assert 0 < alert.cause["probability"] < 1
        assert alert.cause["probability"] == float(f"{alert.cause['probability']:.2g}")
        told.append((alert.cause["probability"], alert.alert_id, alert.text["en"]))
    assert told[0][0] > told[1][0]
    assert told[0][1] == told[1][1]  # it does not make the id
    assert all(text == percent(chance) for chance, _, text in told)


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.5, "50%"), (0.034, "3.4%"), (0.00004, "<0.01%"), (0.99999, ">99%"), (0.994, "99%"), (None, "")],
)
def test_a_probability_is_said_in_percent(probability: float | None, said: str) -> None:
    assert percent(probability) == said


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
    assert alert.text["en"] == "d1: nothing for 2 minutes (usually at most 1 minute)"
    assert alert.text["zh"] == "d1：已 2 分钟没有消息（通常不超过 1 分钟）"


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
