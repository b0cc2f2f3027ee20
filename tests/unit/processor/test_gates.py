"""When rules may raise: schedules, arming and service, and what began before them."""

from __future__ import annotations

from typing import Any

import pytest

from herun.alerts import Correction
from herun.clock import parse_time
from herun.events import FLAG_OUT_OF_SERVICE, Event
from herun.frames import Control
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, event, put_device, put_rule, rule

MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
OPENS = 10  # hours after noon
# Every night, but for the nights before days off.
NIGHTS = {"windows": [{"days": ["workday"], "from": "22:00", "to": "06:00"}]}
HIGH = rule("high", "threshold", raise_above=7, clear_below=3)
NOON = parse_time("2027-03-01T12:00:00+08:00")  # a Monday


def control(kind: str, body: dict[str, Any]) -> Control:
    return Control(SITE, f"{kind}-{body}", kind, body)


def mode(change: int, wanted: str) -> Control:
    return control("arming.mode.set", {"zone": "z", "change": change, "who": "olga", "mode": wanted})


def high(driver: Driver, at: int, value: float, n: int = 0) -> None:
    driver.events(event(f"e{at}-{n}", at, value), at=at)


def started(*rules: dict[str, Any]) -> Driver:
    driver = Driver()
    driver.control(put_device("d1", zone="z"), *(put_rule(each) for each in rules), at=NOON)
    return driver


def when(driver: Driver) -> list[tuple[str, float]]:
    """(state, hours after noon) of each version."""
    return [(alert.state.value, (alert.updated_at - NOON) / HOUR_US) for alert in driver.alerts]


def test_outside_its_schedule_a_rule_raises_nothing() -> None:
    driver = started(HIGH | {"schedule": NIGHTS})
    high(driver, NOON, 9)
    high(driver, NOON + HOUR_US, 1)
    assert driver.alerts == []
    high(driver, NOON + 11 * HOUR_US, 9)
    high(driver, NOON + 12 * HOUR_US, 1)
    assert when(driver) == [("raised", 11), ("cleared", 12)]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_began_before_its_schedule_and_still_holds_is_raised_when_it_begins(restarts: bool) -> None:
    driver = started(HIGH | {"schedule": NIGHTS})
    high(driver, NOON + 9 * HOUR_US, 9)
    if restarts:
        driver.restart()
    driver.listen(NOON + 9 * HOUR_US + 30 * MINUTE_US)
    assert driver.alerts == []
    driver.listen(NOON + 23 * HOUR_US)
    assert when(driver) == [("raised", 10)]
    assert (driver.alerts[0].device, driver.alerts[0].text["zh"]) == ("d1", "d1 9")
    high(driver, NOON + 24 * HOUR_US, 1)
    assert when(driver) == [("raised", 10), ("cleared", 24)]


def test_what_is_over_before_its_schedule_begins_is_not_raised() -> None:
    driver = started(HIGH | {"schedule": NIGHTS})
    high(driver, NOON, 9)
    high(driver, NOON + HOUR_US, 1)
    driver.listen(NOON + 12 * HOUR_US)
    assert driver.alerts == []
    assert driver.engine.state.muted == {}


def test_a_schedule_knows_the_decree_that_comes_later() -> None:
    driver = started(HIGH | {"schedule": NIGHTS})
    decree = {"year": 2027, "holidays": {"made up": ["2027-03-01"]}, "make_up_workdays": []}
    driver.control(control("calendar.put", decree))
    high(driver, NOON + 11 * HOUR_US, 9)
    assert driver.alerts == []
    driver.listen(NOON + 34 * HOUR_US)
    assert when(driver) == [("raised", 34)]


def test_a_rule_raises_in_its_modes_only_and_when_they_begin() -> None:
    driver = started(HIGH | {"armed_modes": ["armed", "night"]})
    high(driver, NOON, 9)
    assert driver.alerts == []
    driver.control(mode(1, "armed"), at=NOON + HOUR_US)
    assert when(driver) == [("raised", 1)]
    driver.control(mode(2, "disarmed"), at=NOON + 2 * HOUR_US)
    assert when(driver) == [("raised", 1)]  # it still holds, and people decide


def test_what_a_device_says_in_a_drill_raises_nothing_then_or_later_but_ends_what_held() -> None:
    driver = started(HIGH, rule("often", "count", count=2, window_s=7200))
    drill = {"window": "w1", "kind": "drill", "who": "susan", "begin_us": NOON, "end_us": NOON + HOUR_US}
    driver.control(control("service.window.put", drill))
    rows = driver.events(
        event("e1", NOON + MINUTE_US, 9), event("e2", NOON + 2 * MINUTE_US, 9), at=NOON + 2 * MINUTE_US
    ).rows
    own = [flags for each, _, flags in rows if each.device == "d1"]
    assert [flags & FLAG_OUT_OF_SERVICE for flags in own] == [FLAG_OUT_OF_SERVICE] * 2
    assert driver.alerts == []
    driver.listen(NOON + 2 * HOUR_US)
    assert driver.alerts == []
    high(driver, NOON + 3 * HOUR_US, 9)
    again = drill | {"window": "w2", "begin_us": NOON + 3 * HOUR_US, "end_us": NOON + 4 * HOUR_US}
    driver.control(control("service.window.put", again))
    high(driver, NOON + 3 * HOUR_US + MINUTE_US, 1)
    assert [alert.state.value for alert in driver.alerts] == ["raised", "cleared"]


def test_a_silence_during_maintenance_is_raised_after_it() -> None:
    driver = started(rule("silent", "absence", duration_s=600))
    window = {"window": "w1", "kind": "maintenance", "who": "susan", "begin_us": NOON, "end_us": NOON + HOUR_US}
    driver.control(control("service.window.put", window | {"devices": ["d1"]}))
    driver.pass_until(NOON + HOUR_US - SECOND_US, 4 * SECOND_US)
    assert driver.alerts == []
    driver.pass_until(NOON + HOUR_US + SECOND_US, 4 * SECOND_US)
    assert [(alert.rule_uid, alert.state.value) for alert in driver.alerts] == [("silent", "raised")]
    driver.events(event("e1", NOON + 2 * HOUR_US), at=driver.now + SECOND_US)
    assert driver.alerts[-1].state.value == "cleared"


def test_an_event_rule_raises_for_each_event_and_a_cool_down_makes_one_of_several() -> None:
    driver = started(rule("pressed", "event", types=("button.pressed",), field="action", cooldown_s=60))

    def press(second: int, action: str) -> Event:
        return event(f"p{second}", NOON + second * SECOND_US, event_type="button.pressed", data={"action": action})

    driver.events(press(0, "single"))
    driver.events(press(30, "double"))
    driver.events(press(200, "single"))
    assert [(alert.version, alert.count, alert.text["zh"]) for alert in driver.alerts] == [
        (1, 1, "d1 single"),
        (2, 2, "d1 double"),
        (1, 1, "d1 single"),
    ]


HELD = rule("held", "true_for", condition="data.value > 5", duration_s=60)
SILENT = rule("silent", "absence", duration_s=600)


@pytest.mark.parametrize("gate", [{"schedule": NIGHTS}, {"armed_modes": ["armed"]}])
@pytest.mark.parametrize("body", [HIGH, HELD, SILENT], ids=["threshold", "true_for", "absence"])
def test_what_a_rule_holds_back_is_raised_when_the_rule_is_put_so_that_it_may_raise(
    body: dict[str, Any], gate: dict[str, Any]
) -> None:
    driver = started(body | gate)
    high(driver, NOON, 9)
    driver.pass_until(NOON + HOUR_US, 4 * SECOND_US)
    assert driver.alerts == []
    driver.control(put_rule(body, "again"), at=NOON + HOUR_US)
    assert when(driver) == [("raised", 1)]
    assert driver.engine.state.muted == {}


def test_what_a_rule_holds_back_stays_so_when_the_rule_is_put_and_may_still_not_raise() -> None:
    driver = started(HIGH | {"schedule": NIGHTS})
    high(driver, NOON, 9)
    driver.control(put_rule(HIGH | {"schedule": NIGHTS, "severity": "info"}, "again"))
    assert driver.alerts == []
    driver.listen(NOON + 23 * HOUR_US)
    assert when(driver) == [("raised", 10)]


def test_what_is_held_back_is_raised_when_the_calendar_makes_today_a_day_of_the_schedule() -> None:
    driver = started(HIGH | {"schedule": {"windows": [{"days": ["holiday"], "from": "00:00", "to": "24:00"}]}})
    high(driver, NOON, 9)
    decree = {"year": 2027, "holidays": {"made up": ["2027-03-01"]}, "make_up_workdays": []}
    driver.control(control("calendar.put", decree), at=NOON + HOUR_US)
    assert when(driver) == [("raised", 1)]


def test_what_is_held_back_is_raised_when_the_sites_time_zone_opens_the_schedule() -> None:
    driver = started(HIGH | {"schedule": NIGHTS})
    high(driver, NOON, 9)
    driver.control(control("site.put", {"time_zone": "Pacific/Kiritimati"}), at=NOON + 5 * HOUR_US)  # 23:00 there
    assert when(driver) == [("raised", 5)]


def test_what_is_held_back_is_raised_when_its_device_is_moved_to_an_armed_zone() -> None:
    driver = started(HIGH | {"armed_modes": ["armed"]})
    driver.control(control("arming.mode.set", {"zone": "y", "change": 1, "who": "olga", "mode": "armed"}))
    high(driver, NOON, 9)
    assert driver.alerts == []
    driver.control(put_device("d1", "moved", zone="y"), at=NOON + HOUR_US)
    assert when(driver) == [("raised", 1)]


def test_what_began_just_before_the_schedule_and_arrives_within_it_is_raised_at_once() -> None:
    driver = started(HIGH | {"schedule": NIGHTS})
    began, opens = NOON + 10 * HOUR_US - SECOND_US, NOON + 10 * HOUR_US
    driver.listen(opens)
    driver.events(event("e1", began, 9), at=opens + SECOND_US)
    assert [(alert.state.value, alert.raised_at - opens) for alert in driver.alerts] == [("raised", SECOND_US)]
    assert driver.engine.state.muted == {}


WOKEN = [
    HIGH | {"schedule": NIGHTS, "lateness_s": 3600},
    HELD | {"schedule": NIGHTS, "lateness_s": 3600},
]


def woken(body: dict[str, Any]) -> Driver:
    """Held for ten minutes when the schedule opened, and was raised by that."""
    driver = started(body)
    high(driver, NOON + OPENS * HOUR_US - 10 * MINUTE_US, 9)
    driver.listen(NOON + OPENS * HOUR_US + MINUTE_US)
    assert when(driver) == [("raised", OPENS)]
    return driver


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("goes_on", [False, True])
@pytest.mark.parametrize("body", WOKEN, ids=["threshold", "true_for"])
def test_what_an_opening_raised_is_withdrawn_when_it_is_seen_to_have_been_over(
    body: dict[str, Any], goes_on: bool, restarts: bool
) -> None:
    driver, opens = woken(body), NOON + OPENS * HOUR_US
    if goes_on:
        driver.events(event("e2", opens + 2 * MINUTE_US, 1), at=opens + 2 * MINUTE_US)
        assert (driver.alerts[-1].state.value, driver.alerts[-1].correction) == ("cleared", None)
    if restarts:
        driver.restart()
    driver.events(event("e3", opens - 5 * MINUTE_US, 1), at=opens + 3 * MINUTE_US)
    newest = driver.alerts[-1]
    assert (newest.alert_id, newest.state.value, newest.correction) == (
        driver.alerts[0].alert_id,
        "cleared",
        Correction.WITHDRAWN,
    )
    assert newest.cleared_at == newest.raised_at == opens
    high(driver, opens + HOUR_US, 9)
    driver.listen(opens + 2 * HOUR_US)
    assert (driver.alerts[-1].alert_id == newest.alert_id, driver.alerts[-1].state.value) == (False, "raised")


def test_what_an_opening_raised_and_was_raised_again_since_began_then() -> None:
    driver, opens = woken(WOKEN[0]), NOON + OPENS * HOUR_US
    driver.events(event("e2", opens + MINUTE_US, 9), at=opens + MINUTE_US)
    driver.events(event("e3", opens - 5 * MINUTE_US, 1), at=opens + 3 * MINUTE_US)
    story = [(alert.state.value, alert.correction, alert.raised_at - opens) for alert in driver.alerts]
    assert story == [("raised", None, 0), ("raised", Correction.AMENDED, MINUTE_US)]


def test_what_an_opening_raised_and_was_not_held_long_enough_by_then_is_raised_when_it_was() -> None:
    driver, opens = woken(WOKEN[1]), NOON + OPENS * HOUR_US
    driver.events(event("e2", opens - 10 * SECOND_US, 9), at=opens + 2 * MINUTE_US)
    driver.events(event("e3", opens - 20 * SECOND_US, 1), at=opens + 3 * MINUTE_US)
    driver.listen(opens + 10 * MINUTE_US)
    story = [(alert.state.value, alert.correction, alert.raised_at - opens) for alert in driver.alerts]
    assert story == [("raised", None, 0), ("cleared", Correction.WITHDRAWN, 0), ("raised", None, 50 * SECOND_US)]


OFTEN = rule("often", "count", count=2, window_s=600)
SUM = rule("sum", "aggregate", window="session", size_s=600, function="sum", raise_above=10)


def of_two_zones(body: dict[str, Any]) -> Driver:
    """d1 stands in a zone that is disarmed, d2 in an armed one."""
    driver = started(body | {"key": "site", "armed_modes": ["armed"]})
    driver.control(put_device("d2", zone="y"))
    driver.control(control("arming.mode.set", {"zone": "y", "change": 1, "who": "olga", "mode": "armed"}))
    for n, second in enumerate((0, 20)):
        driver.events(event(f"d1-{n}", NOON + second * SECOND_US, 9))
    driver.listen(NOON + 2 * MINUTE_US)
    assert driver.alerts == []
    return driver


@pytest.mark.parametrize("body", [HIGH, HELD, OFTEN, SUM], ids=lambda body: str(body["uid"]))
def test_a_device_that_may_not_raise_hides_no_other_one_of_its_key(body: dict[str, Any]) -> None:
    driver = of_two_zones(body)
    driver.events(event("d2-0", NOON + 3 * MINUTE_US, 8, device="d2"))
    driver.listen(NOON + 5 * MINUTE_US)
    assert [(alert.state.value, alert.device) for alert in driver.alerts] == [("raised", "d2")]
    if body is HIGH:
        assert driver.alerts[0].text["zh"] == "d2 8"
    assert driver.engine.state.muted == {}


@pytest.mark.parametrize("body", [HIGH, HELD], ids=lambda body: str(body["uid"]))
def test_a_device_that_may_raise_and_does_not_hold_raises_nothing_for_another(body: dict[str, Any]) -> None:
    driver = of_two_zones(body)
    driver.events(event("d2-0", NOON + 3 * MINUTE_US, 1, device="d2"))
    driver.listen(NOON + 5 * MINUTE_US)
    assert driver.alerts == []


def test_an_opening_raises_about_the_devices_that_still_hold() -> None:
    driver = of_two_zones(HIGH)
    driver.control(control("arming.mode.set", {"zone": "y", "change": 2, "who": "olga", "mode": "disarmed"}))
    driver.events(event("d2-0", NOON + 3 * MINUTE_US, 8, device="d2"))
    driver.events(event("d1-2", NOON + 4 * MINUTE_US, 1))
    driver.control(mode(3, "armed"))
    assert driver.alerts == []
    driver.control(control("arming.mode.set", {"zone": "y", "change": 4, "who": "olga", "mode": "armed"}))
    assert [(alert.state.value, alert.device) for alert in driver.alerts] == [("raised", "d2")]
