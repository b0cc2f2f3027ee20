"""Alerts that are hidden behind that of a dead device."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from herun.alerts import Alert
from herun.frames import Control
from processor.engine.alerting import RuleHead, by_event, raise_alert
from processor.engine.masters import FORGET
from processor.engine.merging import GRACE_US, MAX_LEVELS
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, close_alert, event, put_device, put_rule, rule

GRACE_S = GRACE_US // SECOND_US
SILENT = rule("silent", "absence", duration_s=30)
# Lasts for as long as the device says so: the order of alerts is the test's alone.
LOST = rule("lost", "true_for", types=("device.disconnected", "device.connected"), duration_s=0.001,
            condition={"field": "reason", "op": "==", "value": "lost"})  # fmt: skip


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def tree(**uplinks: str | None) -> list[Control]:
    return [put_device(device, f"put-{device}", uplink=uplink) for device, uplink in uplinks.items()]


class Estate(Driver):
    """Devices whose connection is lost and comes back by hand; the others speak all the time."""

    def __init__(self, *controls: Control) -> None:
        super().__init__(*controls)
        self.spoken = 0

    def says(self, device: str, *, lost: bool, at_once: bool = False) -> None:
        self.spoken += 1
        kind = "device.disconnected" if lost else "device.connected"
        data = {"reason": "lost" if lost else "back"}
        self.events(event(f"e{self.spoken}", self.now + 1000, device=device, event_type=kind, data=data))
        self.pass_until(self.now + (1000 if at_once else SECOND_US))

    def newest(self) -> dict[str, Alert]:
        """The newest version of each device's newest alert."""
        return {alert.device or alert.key: alert for alert in self.alerts}

    def newest_by_id(self) -> list[Alert]:
        """The newest version of each alert, in the order in which they were first told."""
        return list({alert.alert_id: alert for alert in self.alerts}.values())

    def masters(self) -> dict[str, str | None]:
        """Under whose alert each raised alert is."""
        devices = {alert.alert_id: alert.device for alert in self.alerts}
        return {
            alert.device or alert.key: alert.merged_into and devices[alert.merged_into]
            for alert in self.newest_by_id()
            if alert.state == "raised"
        }


def assert_nothing_is_lost(driver: Driver) -> None:
    """Versions count on by one, and whoever hides alerts says how many."""
    newest: dict[str, Alert] = {}
    for alert in driver.alerts:
        assert alert.version == (newest[alert.alert_id].version + 1 if alert.alert_id in newest else 1)
        newest[alert.alert_id] = alert
    for alert in newest.values():
        hidden = sum(each.merged_into == alert.alert_id for each in newest.values())
        # What came out when it had been cleared stays counted.
        assert alert.merged_count == hidden if alert.state == "raised" else alert.merged_count >= hidden


def test_a_dead_switch_hides_what_comes_after_it() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch", other=None))
    for device in ("switch", "camera", "other"):
        estate.says(device, lost=True)
    estate.pass_until(estate.now + 2 * GRACE_US)
    assert estate.masters() == {"switch": None, "camera": "switch", "other": None}
    (camera,) = [alert for alert in estate.alerts if alert.device == "camera"]
    assert camera.version == 1  # never its own
    assert estate.newest()["switch"].merged_count == 1


def test_what_came_before_it_goes_under_it_by_a_new_version() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch"))
    estate.says("switch", lost=False)
    estate.says("camera", lost=True)
    estate.says("switch", lost=True)
    estate.pass_until(estate.now + 2 * SECOND_US)
    camera = [(alert.version, alert.merged_into is not None) for alert in estate.alerts if alert.device == "camera"]
    assert camera == [(1, False), (2, True)]
    assert_nothing_is_lost(estate)


@pytest.mark.parametrize("order", list(permutations(("core", "switch", "camera", "lamp"))))
def test_which_comes_first_does_not_matter(order: tuple[str, ...]) -> None:
    estate = Estate(put_rule(LOST), *tree(core=None, switch="core", camera="switch", lamp="switch"))
    for device in order:
        estate.says(device, lost=True)
    estate.pass_until(estate.now + 2 * GRACE_US)
    assert estate.masters() == {"core": None, "switch": "core", "camera": "core", "lamp": "core"}
    assert {device: alert.merged_count for device, alert in estate.newest().items()} == {
        "core": 3, "switch": 0, "camera": 0, "lamp": 0,
    }  # fmt: skip


def test_the_child_that_is_due_first_waits_for_the_switch_and_is_never_told_alone() -> None:
    driver = Driver(put_rule(SILENT), *tree(switch=None, camera="switch"))
    driver.events(event("e1", at(0), device="camera"))
    driver.events(event("e2", at(5), device="switch"))
    driver.pass_until(at(60))
    assert [(alert.device, alert.version, alert.raised_at) for alert in driver.alerts] == [
        ("switch", 1, at(35)), ("camera", 1, at(30)), ("switch", 2, at(35)),
    ]  # fmt: skip
    assert driver.alerts[1].merged_into == driver.alerts[0].alert_id
    assert_nothing_is_lost(driver)


@given(st.dictionaries(st.sampled_from(["switch", "camera", "lamp", "lock"]), st.integers(0, 14)))
def test_whoever_falls_silent_first_no_child_of_the_switch_is_told_alone(last_heard: dict[str, int]) -> None:
    driver = Driver(put_rule(SILENT), *tree(switch=None, camera="switch", lamp="switch", lock="switch"))
    for n, (device, second) in enumerate(sorted(last_heard.items(), key=lambda item: item[1])):
        driver.pass_until(at(second))
        driver.events(event(f"e{n}", at(second), device=device))
    driver.pass_until(at(60))
    if "switch" in last_heard:
        assert all(alert.merged_into for alert in driver.alerts if alert.device != "switch")
    assert {alert.device: alert.merged_count for alert in driver.alerts}["switch"] == 3
    assert_nothing_is_lost(driver)


def speaking_switch_after(second: int, last: int) -> Driver:
    """A camera silent from 0 on, a switch silent until `second` and speaking from there on."""
    driver = Driver(put_rule(SILENT | {"match": {"event_types": ["reading.reported"], "devices": ["camera"]}}),
                    *tree(switch=None, camera="switch"))  # fmt: skip
    driver.events(event("e1", at(0), device="camera"), event("e2", at(0), device="switch"))
    for each in range(second, last):
        driver.pass_until(at(each))
        driver.restart()
        driver.events(event(f"s{each}", at(each), device="switch"))
    return driver


def test_it_waits_no_longer_than_the_grace() -> None:
    driver = Driver(put_rule(SILENT | {"match": {"event_types": ["reading.reported"], "devices": ["camera"]}}),
                    *tree(switch=None, camera="switch"))  # fmt: skip
    driver.events(event("e1", at(0), device="camera"), event("e2", at(0), device="switch"))
    driver.pass_until(at(30 + GRACE_S - 1))
    driver.restart()
    assert driver.alerts == []
    driver.pass_until(at(30 + GRACE_S))
    assert driver.story == [("raised", 30)]
    assert driver.alerts[0].merged_into is None


def test_it_waits_for_a_switch_that_never_spoke_only_if_the_rule_expects_it() -> None:
    for devices in (["camera", "switch"], ["camera"]):
        match = {"event_types": ["reading.reported"], "devices": devices}
        driver = Driver(put_rule(SILENT | {"match": match}), *tree(switch=None, camera="switch"))
        driver.events(event("e1", at(0), device="camera"))
        driver.pass_until(at(29))
        assert driver.alerts == []
        driver.pass_until(at(31))
        told = {alert.device: alert.merged_into is not None for alert in driver.alerts}
        assert told == ({"camera": True, "switch": False} if len(devices) == 2 else {"camera": False})


def test_it_does_not_wait_for_a_switch_that_speaks() -> None:
    assert speaking_switch_after(20, 31).story == [("raised", 30)]


def test_what_speaks_again_while_it_waits_is_told_whole() -> None:
    driver = Driver(put_rule(SILENT), *tree(switch=None, camera="switch"))
    driver.events(event("e1", at(0), device="camera"))
    driver.pass_until(at(10))
    driver.events(event("e2", at(10), device="switch"))
    driver.pass_until(at(33))
    driver.events(event("e3", at(33), device="camera"), event("e4", at(33), device="switch"))
    assert driver.story == [("raised", 30), ("cleared", 33)]
    driver.pass_until(at(50))
    assert_nothing_is_lost(driver)


def test_a_child_that_stays_silent_comes_out_when_the_switch_has_been_back_for_its_time() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch", lamp="switch"))
    for device in ("switch", "camera", "lamp"):
        estate.says(device, lost=True)
    estate.says("switch", lost=False)
    back = estate.now
    estate.says("lamp", lost=False)
    assert [timer[0] for timer in estate.engine.state.due if timer[-1] == "lamp"] == [FORGET]
    estate.pass_until(back + GRACE_US - 2 * SECOND_US)
    assert estate.masters() == {"camera": "switch"}
    estate.restart()
    estate.pass_until(back + GRACE_US)
    assert estate.masters() == {"camera": None}
    assert estate.newest()["switch"].merged_count == 2  # what it hid when it was cleared


def test_a_switch_that_fails_again_in_time_keeps_them() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch"))
    estate.says("switch", lost=True)
    estate.says("camera", lost=True)
    estate.says("switch", lost=False)
    estate.says("switch", lost=True)
    estate.pass_until(estate.now + 3 * GRACE_US)
    assert estate.masters() == {"switch": None, "camera": "switch"}
    assert all(alert.merged_into for alert in estate.alerts if alert.device == "camera")


def test_how_long_the_switch_has_been_back_counts_from_the_last_time() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch"))
    for device, lost in (("switch", True), ("camera", True), ("switch", False)):
        estate.says(device, lost=lost)
    estate.pass_until(estate.now + GRACE_US // 2)
    estate.says("switch", lost=True)
    estate.says("switch", lost=False)
    back = estate.now
    estate.pass_until(back + GRACE_US - 3 * SECOND_US)
    assert estate.masters()["camera"] == "switch"
    estate.pass_until(back + GRACE_US)
    assert estate.masters()["camera"] is None


def test_a_count_is_told_once_and_nothing_more_when_all_are_back() -> None:
    estate = Estate(put_rule(LOST | {"cooldown_s": 300}), *tree(switch=None, camera="switch", lamp="switch"))
    estate.says("switch", lost=True)
    lost = [event(f"x{n}", estate.now + 1, device=device, event_type="device.disconnected", data={"reason": "lost"})
            for n, device in enumerate(("camera", "lamp"))]  # fmt: skip
    estate.events(*lost)
    estate.pass_until(estate.now + SECOND_US // 2)
    for device in ("camera", "lamp", "switch"):
        estate.says(device, lost=False)
    told = [(alert.version, alert.state, alert.merged_count) for alert in estate.alerts if alert.device == "switch"]
    assert told == [(1, "raised", 0), (2, "raised", 2), (3, "cleared", 2)]
    assert not [timer for timer in estate.engine.state.due if timer[0].startswith("merge")]


def test_an_occurrence_hides_others_for_as_long_as_it_is_remembered_and_its_count_is_told() -> None:
    estate = Estate(*tree(switch=None, camera="switch", lamp="switch"))
    head = RuleHead(SITE, "gone", 1, "warning", "c", True, {"en": "t"}, {"en": "t"}, 30 * SECOND_US, False,
                    connectivity=True)  # fmt: skip

    def gone(device: str) -> None:
        estate.spoken += 1
        cause = event(f"e{estate.spoken}", estate.now, device=device)
        raise_alert(estate.engine._ev, head, device, by_event(cause, estate.now))
        estate.alerts += estate.engine._ev.alerts
        estate.engine._ev.alerts.clear()
        estate.engine.commit()

    gone("switch")
    gone("camera")
    assert estate.masters() == {"switch": None, "camera": "switch"}
    estate.engine.state.current[SITE, "gone", "switch"] = replace(
        estate.engine.state.current[SITE, "gone", "switch"], closed=True
    )
    gone("switch")  # another one, before the second in which the count is told is over
    first, second = (alert for alert in estate.newest_by_id() if alert.device == "switch")
    assert (first.merged_count, second.merged_count) == (1, 0)
    estate.pass_until(estate.now + 2 * SECOND_US)
    assert estate.newest()["camera"].merged_into == second.alert_id
    estate.pass_until(estate.now + 40 * SECOND_US)
    state = estate.engine.state
    assert (state.current, state.cut) == ({}, {})


def test_a_device_whose_alert_comes_again_within_the_cool_down_is_not_hidden_by_what_is_over() -> None:
    estate = Estate(put_rule(LOST | {"cooldown_s": 3600}), *tree(switch=None, camera="switch"))
    for device, lost in (("switch", True), ("camera", True), ("camera", False), ("switch", False), ("camera", True)):
        estate.says(device, lost=lost)
    estate.pass_until(estate.now + 2 * GRACE_US)
    assert estate.masters() == {"camera": None}
    assert len({alert.alert_id for alert in estate.alerts if alert.device == "camera"}) == 2


def test_a_critical_alert_is_never_hidden_and_may_hide_others() -> None:
    critical = LOST | {"uid": "critical", "severity": "critical"}
    own = {"match": {"event_types": ["device.disconnected", "device.connected"], "devices": ["panel", "switch"]}}
    estate = Estate(put_rule(critical | own), put_rule(LOST), *tree(switch=None, panel="switch", lamp="switch"))
    for device in ("switch", "panel", "lamp"):
        estate.says(device, lost=True)
    estate.pass_until(estate.now + 2 * GRACE_US)
    newest = {(alert.device, alert.severity): alert for alert in estate.alerts}
    assert newest["panel", "critical"].merged_into is None
    assert newest["lamp", "warning"].merged_into == newest["switch", "critical"].alert_id


def test_other_alerts_of_a_child_stay_its_own() -> None:
    high = rule("high", "threshold", raise_above=7)
    estate = Estate(put_rule(LOST), put_rule(high), *tree(switch=None, camera="switch"))
    estate.says("switch", lost=True)
    estate.events(event("r1", estate.now, 9, device="camera"))
    assert estate.alerts[-1].merged_into is None


def test_a_bridge_is_the_uplink_of_those_behind_it_if_none_is_named() -> None:
    devices = [put_device("bridge"), put_device("sensor", "c", bridge="bridge"), put_device("switch"),
               put_device("plug", "p", bridge="bridge", uplink="switch")]  # fmt: skip
    estate = Estate(put_rule(LOST), *devices)
    for device in ("bridge", "sensor", "plug"):
        estate.says(device, lost=True)
    estate.pass_until(estate.now + 2 * GRACE_US)
    assert estate.masters() == {"bridge": None, "sensor": "bridge", "plug": None}


def test_a_device_that_gets_another_uplink_is_hidden_by_that_one() -> None:
    estate = Estate(put_rule(LOST), *tree(a=None, b=None, camera="a"))
    for device in ("a", "b", "camera"):
        estate.says(device, lost=True)
    estate.control(*tree(camera="b"))
    estate.pass_until(estate.now + 2 * SECOND_US)
    assert estate.masters()["camera"] == "b"
    assert_nothing_is_lost(estate)
    estate.control(put_device("camera", "again"))
    assert estate.masters()["camera"] is None
    estate.pass_until(estate.now + 2 * SECOND_US)
    assert_nothing_is_lost(estate)


def test_no_two_devices_hide_each_other_whatever_the_registry_says() -> None:
    estate = Estate(put_rule(LOST), *tree(a=None, b="a", c="b"), *tree(a="c"))
    for device in ("a", "b", "c"):
        estate.says(device, lost=True)
    estate.pass_until(estate.now + 2 * GRACE_US)
    assert estate.masters() == {"a": None, "b": None, "c": None}


def test_two_devices_that_change_places_are_never_lost() -> None:
    estate = Estate(put_rule(LOST), *tree(below="above", above=None))
    for device in ("above", "below"):
        estate.says(device, lost=True)
    estate.control(put_device("above", "c1", uplink="below"), put_device("below", "c2"))
    estate.pass_until(estate.now + 2 * GRACE_US)
    assert estate.masters() == {"below": None, "above": "below"}
    assert_nothing_is_lost(estate)


def test_only_so_many_levels_are_looked_at() -> None:
    names = [f"d{n:02}" for n in range(MAX_LEVELS + 3)]
    chain: dict[str, Any] = dict(zip(names, [None, *names[:-1]], strict=True))
    estate = Estate(put_rule(LOST), *tree(**chain))
    for n in (0, MAX_LEVELS, MAX_LEVELS + 1):
        estate.says(names[n], lost=True)
    estate.pass_until(estate.now + 2 * GRACE_US)
    assert estate.masters() == {names[0]: None, names[MAX_LEVELS]: names[0], names[MAX_LEVELS + 1]: names[MAX_LEVELS]}


def test_what_a_rule_knew_is_forgotten_with_it() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch"))
    for device in ("switch", "camera"):
        estate.says(device, lost=True)
    estate.control(Control(SITE, "gone", "rule.removed", {"uid": "lost"}))
    estate.pass_until(estate.now + 2 * GRACE_US)
    state = estate.engine.state
    assert (state.cut, state.current, state.due, state.bursts) == ({}, {}, {}, {})
    assert estate.masters() == {}


def test_a_closed_alert_goes_on_hiding_while_it_lasts() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch"))
    estate.says("switch", lost=True)
    estate.control(close_alert(estate.alerts[-1].alert_id))
    estate.says("camera", lost=True)
    assert estate.masters() == {"switch": None, "camera": "switch"}


def test_an_alert_that_people_said_was_nothing_hides_nothing_more_and_lets_go_what_it_hides() -> None:
    estate = Estate(put_rule(LOST), *tree(switch=None, camera="switch", lamp="switch"))
    for device in ("switch", "camera"):
        estate.says(device, lost=True)
    estate.control(close_alert(estate.newest()["switch"].alert_id, "false"))
    closed_at = estate.now
    estate.restart()
    estate.says("lamp", lost=True)
    estate.pass_until(closed_at + GRACE_US - SECOND_US)
    assert estate.masters()["camera"] == "switch"
    estate.pass_until(closed_at + 2 * GRACE_US)
    assert estate.masters() == {"switch": None, "camera": None, "lamp": None}
    assert_nothing_is_lost(estate)


NAMES = ("core", "east", "west", "e1", "e2", "w1")
UPLINKS: dict[str, str | None] = dict(zip(NAMES, (None, "core", "core", "east", "east", "west"), strict=True))


def topmost_lost(device: str, lost: set[str]) -> str | None:
    """The slow, obvious answer."""
    found, above = None, UPLINKS[device]
    while above is not None:
        found, above = (above if above in lost else found), UPLINKS[above]
    return found


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.booleans(), st.booleans()), max_size=14),
    st.randoms(),
    st.sampled_from([0, 40]),
)
def test_after_any_story_each_is_under_the_topmost_that_is_lost(
    story: list[tuple[str, bool, bool]], chance: Any, cooldown_s: int
) -> None:
    lost: set[str] = set()
    estate = Estate(put_rule(LOST | {"cooldown_s": cooldown_s}), *tree(**UPLINKS))
    for device, is_lost, much_later in story:
        estate.says(device, lost=is_lost, at_once=chance.random() < 0.5)
        (lost.add if is_lost else lost.discard)(device)
        if much_later:
            estate.pass_until(estate.now + 90 * SECOND_US, step_us=5 * SECOND_US)
        if chance.random() < 0.2:
            estate.restart()
    estate.pass_until(estate.now + 2 * GRACE_US, step_us=5 * SECOND_US)
    assert estate.masters() == {device: topmost_lost(device, lost) for device in lost}
    assert_nothing_is_lost(estate)


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.booleans(), st.integers(0, 200)), max_size=14))
def test_late_events_correct_what_is_hidden_and_lose_nothing(story: list[tuple[str, bool, int]]) -> None:
    estate = Estate(put_rule(LOST), *tree(**UPLINKS))
    for n, (device, is_lost, late_s) in enumerate(story):
        kind = "device.disconnected" if is_lost else "device.connected"
        when = estate.now - late_s * SECOND_US
        data = {"reason": "lost" if is_lost else "back"}
        estate.events(event(f"l{n}", when, device=device, event_type=kind, data=data), at=estate.now)
        estate.pass_until(estate.now + 7 * SECOND_US, step_us=3 * SECOND_US)
    estate.pass_until(estate.now + 2 * GRACE_US, step_us=5 * SECOND_US)
    lost = {str(alert.device) for alert in estate.newest_by_id() if alert.state == "raised"}
    assert estate.masters() == {device: topmost_lost(device, lost) for device in lost}
    assert_nothing_is_lost(estate)


def test_what_was_first_known_when_it_was_over_hides_others_when_it_comes_again() -> None:
    estate = Estate(put_rule(LOST | {"cooldown_s": 40}), *tree(core=None, east="core"))
    estate.says("core", lost=False)
    late = event("late", estate.now - 8 * SECOND_US, device="core", event_type="device.disconnected",
                 data={"reason": "lost"})  # fmt: skip
    estate.events(late, at=estate.now)
    for device in ("core", "east"):
        estate.says(device, lost=True)
    assert estate.masters() == {"core": None, "east": "core"}
