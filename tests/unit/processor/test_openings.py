"""What an opening raises, of several devices of one key, and what late events and changed rules make of it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from herun.alerts import Correction
from herun.events import Event
from herun.frames import Control
from processor.engine import snapshot
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

HIGH = rule("high", "threshold", raise_above=7, clear_below=3, key="site", armed_modes=["armed"])
AVERAGE: dict[str, Any] = {
    "window": "sliding",
    "function": "avg",
    "size_s": 5,
    "every_s": 1,
    "raise_above": 6,
    "clear_below": 3,
    "lateness_s": 10,
}


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def armed(zone: str, change: int = 1) -> Control:
    """Each second change disarms the zone."""
    body = {"zone": zone, "change": change, "who": "olga", "mode": "armed" if change % 2 else "disarmed"}
    return Control(SITE, f"{change}-{zone}", "arming.mode.set", body)


def said(second: float, device: str, value: float) -> Event:
    return event(f"{device}-{second}", at(second), value, device=device)


def started(body: dict[str, Any]) -> Driver:
    """d1 and d2 stand in zones that are not armed, d3 in one that is."""
    devices = [put_device(f"d{n}", zone=f"z{n}") for n in (1, 2, 3)]
    driver = Driver(*devices, put_rule(body))
    driver.control(armed("z3"))
    return driver


def story(driver: Driver) -> list[tuple[str, Any, str | None, float]]:
    return [
        (each.state.value, each.correction, each.device, (each.raised_at - START_US) / SECOND_US)
        for each in driver.alerts
    ]


def opened(*, restarts: bool = False) -> Driver:
    """d1 and d2 were over when d2's zone was armed."""
    driver = started(HIGH)
    driver.events(said(0, "d1", 9), said(5, "d2", 8))
    driver.control(armed("z2"), at=at(20))
    assert story(driver) == [("raised", None, "d2", 20)]
    assert driver.alerts[0].text["zh"] == "d2 8"
    if restarts:
        driver.restart()
    return driver


@pytest.mark.parametrize("restarts", [False, True])
def test_an_opening_raises_nothing_by_a_device_that_is_seen_to_have_been_back_by_then(restarts: bool) -> None:
    driver = opened(restarts=restarts)
    driver.events(said(15, "d2", 1), at=at(30))
    assert story(driver)[1:] == [("cleared", Correction.WITHDRAWN, "d2", 20)]
    assert driver.engine.state.muted == {(SITE, "high", SITE): True}  # d1 is still over
    driver.events(said(40, "d3", 9))
    assert story(driver)[2:] == [("raised", None, "d3", 40)]


def test_what_an_opening_raised_began_earlier_if_a_device_that_could_raise_had_a_part_in_it() -> None:
    driver = opened()
    driver.events(said(10, "d3", 8), at=at(30))
    assert story(driver)[1:] == [("raised", Correction.AMENDED, "d2", 10)]


def test_what_an_opening_raised_stays_when_others_are_seen_to_have_been_back_by_then() -> None:
    driver = opened()
    driver.events(said(15, "d1", 1), at=at(30))
    assert len(driver.alerts) == 1
    driver.events(said(40, "d2", 1))
    assert story(driver)[1:] == [("cleared", None, "d2", 20)]


def test_what_holds_for_longer_than_is_remembered_and_is_told_by_another_device_is_withdrawn_as_a_whole() -> None:
    driver = started(rule("high", "aggregate", key="site", armed_modes=["armed"], **AVERAGE))
    for second in range(50):
        driver.events(said(second, "d1", 9))
    assert driver.alerts == []
    driver.events(said(50, "d3", 4))
    assert story(driver) == [("raised", None, "d3", 50)]
    driver.events(said(49.5, "d1", -200), at=at(51))
    assert story(driver)[1:] == [("cleared", Correction.WITHDRAWN, "d3", 50)]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_could_not_be_raised_stays_so_when_the_rule_is_changed_and_something_comes_late(restarts: bool) -> None:
    driver = started(HIGH)
    driver.events(said(0, "d1", 9), said(2, "d1", 1), said(5, "d1", 9))
    driver.control(put_rule(HIGH | {"armed_modes": []}, "again"), at=at(20))
    assert story(driver) == [("raised", None, "d1", 20)]
    if restarts:
        driver.restart()
    driver.events(said(3, "d1", 2), at=at(30))
    assert len(driver.alerts) == 1
    driver.events(said(4, "d2", 8), at=at(31))
    assert story(driver)[1:] == [("raised", Correction.AMENDED, "d1", 4)]


@pytest.mark.parametrize("restarts", [False, True])
def test_what_a_trial_raised_is_not_told_again_by_a_late_event_after_it(restarts: bool) -> None:
    driver = Driver(put_device("d3", zone="z3"), put_rule(HIGH | {"mode": "monitor"}))
    driver.control(armed("z3"))
    driver.events(said(0, "d3", 9))
    driver.control(armed("z3", 2), at=at(5))
    driver.events(said(6, "d3", 8))
    driver.control(put_rule(HIGH | {"version": 2}, "again"), at=at(10))
    assert [alert.state.value for alert in driver.alerts] == ["raised", "cleared"]
    if restarts:
        driver.restart()
    driver.events(said(3, "d3", 8), at=at(20))
    assert len(driver.alerts) == 2
    driver.control(armed("z3", 3), at=at(30))
    trial, live = driver.alerts[0], driver.alerts[-1]
    assert (live.mode, live.raised_at, live.version) == ("live", at(30), 1)
    assert trial.alert_id != live.alert_id
    driver.events(said(9, "d3", 8), at=at(40))
    assert len(driver.alerts) == 3


def test_a_snapshot_from_before_tracks_knew_of_openings_can_be_read() -> None:
    driver = opened()
    driver.control(
        put_rule(
            rule(
                "open",
                "negation",
                types=("door.opened", "door.closed"),
                first={"event_types": ["door.opened"]},
                then={"event_types": ["door.closed"]},
                within_s=8,
            )
        )
    )
    driver.events(event("e1", at(21), device="d1", event_type="door.opened", data={}))
    state = driver.engine.state
    old = msgspec.msgpack.decode(snapshot.pack(state), strict=False)
    for tracks in old["tracks"].values():
        for track in tracks.values():
            del track[5:]
            for fold in (track[0], track[3]):
                if fold[0] == "waiting":
                    del fold[3:]
    assert snapshot.restore(snapshot.compress(msgspec.msgpack.encode(old)), snapshot.FORMAT_VERSION) == state
