"""Absence of what devices share: of a zone, a building, the site, a plate or a person."""

from __future__ import annotations

from typing import Any, Final
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from herun.frames import Control
from processor.engine.engine import OUTAGE_GAP_US
from processor.engine.kinds import absence
from tests.unit.processor.absence_reference import BUILDINGS, Estate, SlowAbsence, Story
from tests.unit.processor.driving import Driver
from tests.unit.processor.samples import SECOND_US, SITE, START_US, event, put_device, put_rule, rule

DURATION: Final = 6
GIVEN_UP: Final = 11
DEVICES: Final = ("d1", "d2", "d3")
TEXT: Final = {"zh": "{zone}|{building}|{device}", "en": "{duration}"}


def at(second: float) -> int:
    return START_US + round(second * SECOND_US)


def silent(key: str, duration: float = 10, **more: Any) -> dict[str, Any]:
    return rule("silent", "absence", key=key, duration_s=duration, **{"text": TEXT, **more})


def listening(*controls: Control) -> Driver:
    return Driver(*controls, gap_us=OUTAGE_GAP_US)


def placed(device: str, zone: str, control_id: str = "", **more: Any) -> Control:
    return put_device(device, control_id, zone=zone, building=BUILDINGS[zone], **more)


def say(driver: Driver, second: float, device: str = "d1", arrives: float | None = None, **data: Any) -> None:
    happened = event(f"{device}-{second}-{driver.position}", at(second), device=device, data={"value": 1, **data})
    driver.pass_until(at(second if arrives is None else arrives))
    driver.events(happened, at=driver.now)


def bypass(device: str, until: int | None) -> Control:
    body = {"device": device, "who": "susan", "why": "", "until_us": until}
    return Control(SITE, f"bypass-{device}-{until}", "arming.bypass", body)


# A step of a run, and what it is about: whoever speaks, moves ...
STEPS: Final = st.lists(
    st.one_of(
        st.tuples(
            st.just("say"),
            st.sampled_from(DEVICES),
            st.tuples(st.sampled_from(["p1", "p2"]), st.sampled_from([0, 3, 8])),
        ),
        st.tuples(st.just("wait"), st.just(""), st.integers(1, 9)),
        st.tuples(st.just("outage"), st.just(""), st.integers(6, 12)),
        st.tuples(st.just("move"), st.sampled_from(DEVICES), st.sampled_from([*BUILDINGS, None])),
        st.tuples(st.sampled_from(["off", "remove"]), st.sampled_from(DEVICES), st.none()),
        st.tuples(st.just("bypass"), st.sampled_from(DEVICES), st.sampled_from([None, 4, 15])),
        st.tuples(st.just("restart"), st.just(""), st.none()),
    ),
    max_size=30,
)


class Run:
    """The engine and the slow rules, side by side."""

    def __init__(self, kinds: list[str]) -> None:
        self.driver, self.estate = listening(), Estate()
        self.slow = {kind: SlowAbsence(self.estate, kind, DURATION, GIVEN_UP) for kind in kinds}
        rules = [rule(kind, "absence", key=kind, duration_s=DURATION) for kind in kinds]
        self.driver.control(*(put_rule(each) for each in rules))
        self.never_bypassed = set(DEVICES)
        self.outages: list[int] = []  # when they ended
        self.said = 0
        for device, zone in zip(DEVICES, ("y", "y", "z"), strict=True):
            self.move(device, zone)
            self.say(device, ("p0", 0))

    def say(self, device: str, what: tuple[str, int]) -> None:
        if device not in self.estate.zones:
            return
        plate, late = what
        when = self.estate.now - (late if self._may_be_late(device) else 0)
        self.estate.listen()
        self.check()
        for slow in self.slow.values():
            slow.say(device, plate, when)
        self.check()
        said = event(f"e{self.driver.position}", at(when), device=device, data={"value": 1, "plate_hash": plate})
        self.driver.events(said, said, at=self.driver.now)

    def _may_be_late(self, device: str) -> bool:
        """Not so often that it could be its clock, nor so that it is of a bypass or of the outage before the last."""
        self.said += 1
        is_recent = sum(each >= self.estate.now - 8 for each in self.outages) < 2
        return self.said % 4 != 0 and device in self.never_bypassed and is_recent and self.estate.now >= 8

    def wait(self, _: str, seconds: int) -> None:
        for _second in range(seconds):
            self.estate.now += 1
            self.estate.listen()
            self.driver.listen(at(self.estate.now))
            self.check()

    def outage(self, _: str, seconds: int) -> None:
        for _second in range(seconds):
            self.estate.now += 1
            self.driver.tick(at(self.estate.now))
            self.check()
        self.outages.append(self.estate.now)

    def move(self, device: str, zone: str | None) -> None:
        self.estate.zones[device] = zone
        building = None if zone is None else BUILDINGS[zone]
        self.control(put_device(device, f"c{self.driver.position}", zone=zone, building=building))
        self.check()

    def off(self, device: str, _: None) -> None:
        if self.estate.zones.pop(device, "") != "":
            self.control(put_device(device, f"c{self.driver.position}", enabled=False))
            self.check()

    def remove(self, device: str, _: None) -> None:
        self.estate.zones.pop(device, None)
        self.estate.bypassed.pop(device, None)
        self.control(Control(SITE, f"c{self.driver.position}", "device.removed", {"device": device}))
        self.check()

    def bypass(self, device: str, seconds: int | None) -> None:
        self.never_bypassed.discard(device)
        self.estate.bypassed[device] = self.estate.now + (seconds or 0)
        self.control(bypass(device, None if seconds is None else at(self.estate.now + seconds)))
        self.check()

    def restart(self, _: str, __: None) -> None:
        self.driver.restart()

    def control(self, control: Control) -> None:
        assert self.driver.control(control).refused_controls == []

    def check(self) -> None:
        for slow in self.slow.values():
            slow.check()

    def told(self, uid: str) -> Story:
        found: Story = {}
        for alert in self.driver.alerts:
            if alert.rule_uid == uid:
                when = (alert.updated_at - START_US) // SECOND_US
                found.setdefault(alert.key, []).append((alert.correction or alert.state.value, when))
        return found


@settings(max_examples=400, deadline=None)
@given(STEPS)
def test_whatever_happens_the_silences_are_those_of_the_slow_reference(steps: list[tuple[str, str, Any]]) -> None:
    with patch.object(absence, "GIVEN_UP_US", GIVEN_UP * SECOND_US):
        run = Run(["device", "zone", "building", "site", "plate"])
        for what, device, how in steps:
            getattr(run, what)(device, how)
        run.wait("", 2 * DURATION)
    for kind, slow in run.slow.items():
        assert run.told(kind) == slow.story, kind
    state = run.driver.engine.state
    assert set(state.sought.get((SITE, "plate"), ())) == {
        cell[2] for cell in (*state.heard, *state.holders) if cell[1] == "plate"
    }


NAMES: Final = Control(SITE, "layout", "layout.put", {"zones": {"y": "东门"}, "buildings": {"b1": "一号楼"}})
GATES: Final = (placed("d1", "y"), placed("d2", "x"), placed("d3", "z"))


@pytest.mark.parametrize(
    ("key", "told", "place", "text"),
    [
        ("zone", "y", (None, "y", "b1"), "东门|一号楼|"),
        ("building", "b1", (None, None, "b1"), "|一号楼|"),
        ("site", SITE, (None, None, None), "||"),
        ("plate", "p1", ("d1", "y", "b1"), "东门|一号楼|d1"),
        ("person", "f1", ("d1", "y", "b1"), "东门|一号楼|d1"),
    ],
)
@pytest.mark.parametrize("restarts", [False, True])
def test_an_alert_stands_at_what_its_devices_share_or_where_it_was_seen_last(
    *, restarts: bool, key: str, told: str, place: tuple[str | None, ...], text: str
) -> None:
    driver = listening(NAMES, placed("d1", "y"), put_rule(silent(key)))
    say(driver, 3, plate_hash="p1", face_id_hash="f1")
    if restarts:
        driver.restart()
    driver.pass_until(at(20))
    (alert,) = driver.alerts
    assert (alert.key, alert.raised_at, alert.text["zh"]) == (told, at(13), text)
    assert (alert.device, alert.zone, alert.building) == place
    assert alert.cause == {"timer": "absence", "device": "d1", "armed_by": "d1-3-1", "due": at(13)}


def test_a_zone_of_several_buildings_is_in_none_of_them() -> None:
    driver = listening(put_device("d1", zone="y", building="b1"), put_device("d2", zone="y", building="b2"))
    driver.control(put_rule(silent("zone")))
    driver.pass_until(at(12))
    (alert,) = driver.alerts
    assert (alert.zone, alert.building, alert.cause["device"]) == ("y", None, "")


def test_a_zone_whose_devices_never_spoke_is_silent_from_the_first_ones_registration_on() -> None:
    driver = listening(put_rule(silent("zone")))
    driver.pass_until(at(3))
    driver.control(placed("d1", "y", "c1"))
    driver.pass_until(at(8))
    driver.control(placed("d2", "y", "c2"), placed("d3", "z", "c3"))
    driver.pass_until(at(30))
    assert [(alert.key, alert.raised_at, alert.cause["armed_by"]) for alert in driver.alerts] == [
        ("y", at(13), "c1"),
        ("z", at(18), "c3"),
    ]


def test_only_devices_in_scope_are_heard_and_those_without_a_zone_have_no_key() -> None:
    narrow = silent("site", match={"zones": ["y"]})
    driver = listening(*GATES, put_device("d4"), put_rule(narrow), put_rule(silent("zone") | {"uid": "zones"}))
    for second in range(0, 12, 3):
        say(driver, second, "d3")
        say(driver, second, "d4")
    assert driver.alerts == []
    driver.pass_until(at(10))
    assert {(alert.rule_uid, alert.key) for alert in driver.alerts} == {
        ("silent", SITE),
        ("zones", "x"),
        ("zones", "y"),
    }


def test_a_device_that_moves_takes_its_zone_along_only_if_it_was_the_last() -> None:
    driver = listening(placed("d1", "y"), placed("d2", "y"), put_rule(silent("zone")))
    driver.pass_until(at(12))
    driver.control(placed("d1", "z", "moved"))
    driver.pass_until(at(15))
    driver.control(Control(SITE, "gone", "device.removed", {"device": "d2"}))
    driver.pass_until(at(30))
    assert [(alert.key, alert.state.value, alert.updated_at) for alert in driver.alerts] == [
        ("y", "raised", at(10)),
        ("y", "cleared", at(15)),
        ("z", "raised", at(22)),
    ]
    assert {cell[2] for cell in driver.engine.state.heard} == set()


@pytest.mark.parametrize("key", ["zone", "building", "site"])
def test_what_comes_late_or_by_a_wrong_clock_is_heard_when_it_comes(key: str) -> None:
    driver = listening(placed("d1", "y"), put_rule(silent(key)))
    say(driver, 0)
    say(driver, -3600, arrives=6)
    say(driver, 3600, arrives=12)
    driver.pass_until(at(40))
    assert driver.story == [("raised", 22)]
    say(driver, 13, arrives=41)
    assert driver.story == [("raised", 22), ("cleared", 41)]
    assert driver.alerts[-1].correction is None


@pytest.mark.parametrize("restarts", [False, True])
def test_a_plate_is_silent_from_when_it_was_seen_and_not_from_when_we_heard(*, restarts: bool) -> None:
    driver = listening(*GATES, put_rule(silent("plate", duration=100)))
    for device in ("d1", "d2"):
        say(driver, 0, device, plate_hash="p1")
    say(driver, 40, "d2", arrives=90, plate_hash="p1")
    say(driver, 30, "d1", arrives=95, plate_hash="p1")
    if restarts:
        driver.restart()
    driver.pass_until(at(170))
    assert [(alert.raised_at, alert.device) for alert in driver.alerts] == [(at(140), "d2")]
    say(driver, 60, "d1", arrives=171, plate_hash="p1")
    assert driver.story == [("raised", 140)]
    say(driver, 120, "d1", arrives=172, plate_hash="p1")
    withdrawn = driver.alerts[-1]
    assert (len(driver.alerts), withdrawn.correction, withdrawn.state.value) == (2, "withdrawn", "cleared")
    assert (withdrawn.alert_id, withdrawn.cleared_at) == (driver.alerts[0].alert_id, at(140))
    driver.pass_until(at(230))
    assert driver.story[2:] == [("raised", 220)]
    say(driver, 225, "d2", arrives=231, plate_hash="p1")
    assert (driver.story[3:], driver.alerts[-1].correction) == ([("cleared", 231)], None)


def test_a_plate_of_which_we_hear_long_after_it_was_seen_is_silent_at_once() -> None:
    driver = listening(placed("d1", "y"), put_rule(silent("plate")))
    say(driver, 0)
    say(driver, 5, arrives=100, plate_hash="p1")
    driver.pass_until(at(103))
    assert driver.story == [("raised", 100)]


def test_a_camera_whose_clock_may_be_wrong_sees_a_plate_when_it_tells_of_it() -> None:
    driver = listening(placed("d1", "y"), put_rule(silent("plate")))
    say(driver, -3600, arrives=0, plate_hash="p1")
    driver.pass_until(at(20))
    assert driver.story == [("raised", 10)]


def test_of_several_silences_within_a_cool_down_one_that_never_was_is_not_all_of_them() -> None:
    driver = listening(placed("d1", "y"), put_rule(silent("plate", cooldown_s=60)))
    say(driver, 0, plate_hash="p1")
    say(driver, 15, plate_hash="p1")
    driver.pass_until(at(27))
    say(driver, 20, arrives=28, plate_hash="p1")
    assert [(each.state.value, each.count, each.correction) for each in driver.alerts] == [
        ("raised", 1, None),
        ("cleared", 1, None),
        ("raised", 2, None),
        ("cleared", 2, None),
    ]


@pytest.mark.parametrize("key", ["zone", "building", "site", "plate"])
def test_while_no_gateway_listens_nobody_is_silent(key: str) -> None:
    driver = listening(placed("d1", "y"), put_rule(silent(key)))
    say(driver, 0, plate_hash="p1")
    driver.pass_until(at(4))
    driver.tick_until(at(3600))
    driver.restart()
    assert driver.alerts == []
    driver.pass_until(at(3608))
    assert driver.story == [("raised", 3607)]


def test_a_plate_is_expected_from_when_it_was_first_seen_and_wherever_it_is_seen() -> None:
    driver = listening(*GATES, put_rule(silent("plate")))
    driver.pass_until(at(30))
    say(driver, 30, "d1", plate_hash="p1")
    say(driver, 35, "d2", plate_hash="p2")
    say(driver, 39, "d3", plate_hash="p1")
    say(driver, 40, "d3")
    driver.pass_until(at(60))
    say(driver, 60, "d1", plate_hash="p1")
    assert [(alert.key, alert.state.value, alert.device, alert.updated_at) for alert in driver.alerts] == [
        ("p2", "raised", "d2", at(45)),
        ("p1", "raised", "d3", at(49)),
        ("p1", "cleared", "d3", at(60)),
    ]


def test_what_was_said_out_of_service_ends_a_silence_and_begins_none() -> None:
    driver = listening(*GATES, put_rule(silent("plate")), put_rule(silent("zone") | {"uid": "zones"}))
    say(driver, 0, plate_hash="p1")
    driver.pass_until(at(15))
    driver.control(bypass("d1", at(600)))
    say(driver, 20, plate_hash="p1")
    say(driver, 20, plate_hash="p2")
    assert {(alert.key, alert.state.value) for alert in driver.alerts if alert.updated_at == at(20)} == {
        ("p1", "cleared"),
        ("y", "cleared"),
    }
    assert set(driver.engine.state.sought[SITE, "silent"]) == {"p1"}


def test_a_drill_of_one_device_silences_no_other_and_one_of_all_is_told_after_it() -> None:
    driver = listening(*GATES, placed("d4", "y"), put_rule(silent("zone")))
    driver.control(bypass("d1", at(600)), bypass("d2", at(25)))
    driver.pass_until(at(30))
    assert [(alert.key, alert.raised_at) for alert in driver.alerts] == [("y", at(10)), ("z", at(10)), ("x", at(25))]
    assert driver.engine.state.muted == {}


@pytest.mark.parametrize("key", ["building", "plate"])
def test_what_cannot_be_raised_is_raised_when_one_of_the_zones_is_armed(key: str) -> None:
    driver = listening(*GATES, put_rule(silent(key, armed_modes=["armed"])))
    say(driver, 0, plate_hash="p1")
    driver.pass_until(at(20))
    assert driver.alerts == []
    driver.restart()
    armed = {"zone": "x", "change": 1, "who": "olga", "mode": "armed"}
    driver.control(Control(SITE, "armed", "arming.mode.set", armed))
    (alert,) = driver.alerts
    assert (alert.key, alert.raised_at) == ({"building": "b1", "plate": "p1"}[key], at(20))
    assert (alert.building, alert.cause["device"]) == ("b1", "d1")


@pytest.mark.parametrize("key", ["zone", "site", "plate"])
def test_what_is_silent_outside_the_schedule_is_raised_when_it_opens(key: str) -> None:
    """It is 22:13:20 at the start."""
    opens = {"windows": [{"days": ["workday", "day_off"], "from": "22:15", "to": "23:00"}]}
    driver = listening(placed("d1", "y"), put_rule(silent(key, schedule=opens)))
    say(driver, 0, plate_hash="p1")
    driver.pass_until(at(99))
    assert driver.alerts == []
    driver.pass_until(at(101))
    assert driver.story == [("raised", 100)]


def test_a_key_that_does_not_come_back_is_given_up_and_is_a_new_one_after_that() -> None:
    driver = listening(placed("d1", "y"), put_rule(silent("plate")))
    say(driver, 0, plate_hash="p1")
    with patch.object(absence, "GIVEN_UP_US", 100 * SECOND_US):
        driver.pass_until(at(50))
        driver.restart()
        driver.pass_until(at(200))
    assert driver.story == [("raised", 10), ("cleared", 110)]
    state = driver.engine.state
    assert (state.sought[SITE, "silent"], state.heard, state.holders, state.due_without_outage) == ({}, {}, {}, {})
    say(driver, 200, plate_hash="p1")
    driver.pass_until(at(211))
    assert driver.story[2:] == [("raised", 210)]


def test_beyond_the_bound_new_plates_are_refused_and_counted_and_known_ones_are_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(absence, "MAX_KEYS", 2)
    driver = listening(placed("d1", "y"), put_rule(silent("plate")))
    said = [event(f"e{n}", at(0), data={"plate_hash": f"p{n}"}) for n in range(4)]
    assert driver.events(*said).keys_refused == 2
    driver.pass_until(at(20))
    assert driver.events(event("again", at(20), data={"plate_hash": "p1"})).keys_refused == 0
    assert [(alert.key, alert.state.value) for alert in driver.alerts] == [
        ("p0", "raised"),
        ("p1", "raised"),
        ("p1", "cleared"),
    ]


def test_where_no_camera_is_left_no_plate_is_missed() -> None:
    driver = listening(*GATES, put_rule(silent("plate", match={"zones": ["x", "y"]})))
    say(driver, 0, plate_hash="p1")
    driver.pass_until(at(12))
    say(driver, 12, plate_hash="p2")
    driver.control(Control(SITE, "gone", "device.removed", {"device": "d1"}))
    assert driver.story == [("raised", 10)]
    driver.control(placed("d2", "x", "off", enabled=False))
    driver.pass_until(at(60))
    assert driver.story == [("raised", 10), ("cleared", 12)]


@pytest.mark.parametrize("key", ["zone", "site", "plate"])
def test_a_rule_put_again_keeps_what_it_knows_unless_it_decides_otherwise(key: str) -> None:
    driver = listening(*GATES, put_rule(silent(key)))
    say(driver, 0, plate_hash="p1")
    driver.pass_until(at(5))
    driver.control(put_rule(silent(key, severity="critical", version=2), "again"))
    driver.pass_until(at(12))
    assert {alert.raised_at for alert in driver.alerts} == {at(10)}
    driver.control(put_rule(silent("building", version=3), "other"))
    assert {alert.key for alert in driver.alerts if alert.state.value == "cleared"} == {
        alert.key for alert in driver.alerts
    }
    driver.pass_until(at(30))
    assert {(alert.key, alert.raised_at) for alert in driver.alerts if alert.rule_version == 3} == {
        ("b1", at(22)),
        ("b2", at(22)),
    }
    driver.control(Control(SITE, "c", "rule.removed", {"uid": "silent"}))
    state = driver.engine.state
    left = (state.heard, state.holders, state.listening, state.sought, state.muted, state.due_without_outage)
    assert left == ({}, {}, {}, {}, {}, {})


def test_a_wider_scope_adds_to_those_that_are_heard() -> None:
    driver = listening(*GATES, put_rule(silent("building", match={"zones": ["y"]})))
    say(driver, 0, "d1")
    driver.pass_until(at(5))
    driver.control(put_rule(silent("building", match={"zones": ["x", "y", "z"]}, version=2), "wider"))
    say(driver, 8, "d2")
    driver.pass_until(at(20))
    assert [(alert.key, alert.raised_at) for alert in driver.alerts] == [("b2", at(15)), ("b1", at(18))]


@pytest.mark.parametrize("key", ["site", "plate"])
def test_what_a_device_says_that_nobody_has_registered_is_heard(key: str) -> None:
    driver = listening(put_rule(silent(key)))
    driver.pass_until(at(20))
    say(driver, 20, plate_hash="p1")
    driver.pass_until(at(40))
    assert driver.story == [("raised", 30)]


@pytest.mark.parametrize("key", ["zone", "plate"])
def test_what_is_silent_when_a_trial_ends_is_raised_live_and_ends_as_such(key: str) -> None:
    driver = listening(placed("d1", "y"), put_rule(silent(key, mode="monitor")))
    say(driver, 0, plate_hash="p1")
    driver.pass_until(at(12))
    driver.control(put_rule(silent(key, version=2), "again"))
    driver.restart()
    say(driver, 13, plate_hash="p1")
    told = [(alert.mode, alert.state.value, alert.device) for alert in driver.alerts]
    device = "d1" if key == "plate" else None
    assert told == [
        ("monitor", "raised", device),
        ("monitor", "cleared", device),
        ("live", "raised", device),
        ("live", "cleared", device),
    ]


def test_a_silent_zone_hides_no_device_behind_it_and_is_hidden_by_none() -> None:
    driver = listening(placed("y", "y"), placed("d2", "y", uplink="y"), put_rule(silent("zone")))
    driver.control(put_rule(silent("device", duration=20) | {"uid": "each"}))
    driver.pass_until(at(90))
    first = {alert.rule_uid: alert for alert in driver.alerts if alert.key == "y"}
    assert first["silent"].merged_into is None
    (behind,) = [alert for alert in driver.alerts if alert.key == "d2"]
    assert behind.merged_into == first["each"].alert_id
