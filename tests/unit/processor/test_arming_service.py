"""Out of service: bypasses, drills, maintenance."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun.arming import MAX_SERVICE_WINDOWS
from herun.events import FLAG_DERIVED, FLAG_LATE, FLAG_OUT_OF_SERVICE
from processor.engine.arming.lookups import is_out_of_service
from processor.engine.arming.service import KEPT_US, MAX_EARLIER, MAX_PAST
from tests.unit.processor.arming_samples import BACK, CAMERA, FRONT, ZONE, Desk, at
from tests.unit.processor.samples import SECOND_US, SITE, put_device, put_rule, rule

OTHER = "other"  # of no zone
MONTH = 31 * 86_400


@pytest.mark.parametrize("ends", ["itself", "by a person", "drill", "drill moved"])
def test_a_door_that_stands_open_when_it_counts_again_is_told(ends: str) -> None:
    desk = Desk(put_rule(rule("open", "event", types=("door.left_open",))))
    desk.open(BACK, 1)
    if "drill" in ends:
        desk.set("armed", 2, force=True)
        desk.service(3, 10, 20 if ends == "drill" else 100)
    else:
        desk.bypass(BACK, 2, 20 if ends == "itself" else 100)
        desk.set("armed", 3)
    desk.pass_until(20)
    if ends == "by a person":
        desk.bypass(BACK, 20, None)
    if ends == "drill moved":
        desk.service(20, 100, 110)
    desk.restart()
    desk.pass_until(60)
    assert desk.told_of("door.left_open") == [{"zone": ZONE, "mode": "armed"}]
    (alert,) = desk.driver.alerts
    assert (alert.device, alert.raised_at) == (BACK, at(20))


def test_a_door_that_is_closed_or_of_a_zone_that_does_not_watch_it_is_not_told() -> None:
    desk = Desk()
    desk.open(BACK, 1)
    desk.bypass(BACK, 2, 20)
    desk.pass_until(30)
    desk.bypass(BACK, 31, 60)
    desk.set("armed", 32)
    desk.close(BACK, 40)
    desk.pass_until(70)
    assert desk.told_of("door.left_open") == []


def test_what_a_bypassed_device_says_is_stored_and_is_no_intrusion() -> None:
    desk = Desk()
    desk.set("armed", 1)
    desk.bypass(CAMERA, 2, 10)
    desk.person(3)
    desk.restart()
    desk.person(9.999999)
    desk.person(10)
    assert desk.story == [
        ("zone.armed", 1, "armed"),
        ("bypass.begun", 2, ""),
        ("bypass.ended", 10, ""),
        ("intrusion.confirmed", 10, "armed"),
    ]
    assert [desk.flags(f"e{n}") for n in (1, 2, 3)] == [FLAG_OUT_OF_SERVICE, FLAG_OUT_OF_SERVICE, 0]


def test_a_bypass_can_be_ended_and_made_longer() -> None:
    desk = Desk()
    desk.set("armed", 1)
    desk.bypass(CAMERA, 2, 10)
    desk.bypass(CAMERA, 5, 20)
    desk.person(15)
    desk.bypass(CAMERA, 16, None)
    desk.bypass(CAMERA, 17, None)
    desk.person(18)
    assert [name for name, _, _ in desk.story[1:]] == [
        "bypass.begun", "bypass.begun", "bypass.ended", "intrusion.confirmed",
    ]  # fmt: skip


def test_a_bypassed_door_refuses_no_arming_until_its_bypass_is_over() -> None:
    desk = Desk()
    desk.open(BACK, 1)
    desk.bypass(BACK, 2, 10)
    desk.set("armed", 3)
    desk.set("disarmed", 12)
    desk.set("armed", 13)
    assert [name for name, _, _ in desk.story if name != "bypass.ended"] == [
        "bypass.begun", "zone.armed", "door.left_open", "zone.disarmed", "arming.refused",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scope", "out"),
    [
        ({}, {FRONT, CAMERA, OTHER}),
        ({"zones": [ZONE]}, {FRONT, CAMERA}),
        ({"devices": [CAMERA]}, {CAMERA}),
        ({"devices": [OTHER], "zones": [ZONE]}, {FRONT, CAMERA, OTHER}),
        ({"zones": ["z9"]}, set()),
    ],
)
def test_a_drill_is_of_the_site_of_zones_or_of_devices(scope: dict[str, object], out: set[str]) -> None:
    desk = Desk(put_device(OTHER))
    desk.service(1, 10, 20, **scope)
    desk.pass_until(12)
    state = desk.driver.engine.state
    assert {device for device in (FRONT, CAMERA, OTHER) if is_out_of_service(state, SITE, device, at(12))} == out
    assert not is_out_of_service(state, "elsewhere", FRONT, at(12))


def test_a_drill_tells_when_it_begins_and_ends_and_what_comes_late_is_of_it_still() -> None:
    desk = Desk()
    desk.set("armed", 1)
    desk.service(2, 10, 20)
    desk.person(15)
    desk.restart()
    desk.person(16, arrives=30)
    desk.person(15.5, arrives=31)
    desk.person(20, arrives=32)
    assert desk.story[1:] == [
        ("service.begun", 10, ""),
        ("service.ended", 20, ""),
        ("intrusion.confirmed", 20, "armed"),
    ]
    late = FLAG_LATE | FLAG_OUT_OF_SERVICE
    assert [desk.flags(f"e{n}") for n in (1, 2, 3, 4)] == [FLAG_OUT_OF_SERVICE, FLAG_OUT_OF_SERVICE, late, 0]
    desk.pass_until(20 + KEPT_US / SECOND_US)
    assert desk.driver.engine.state.service_windows == {}


def test_a_window_is_ended_now_or_forgotten_before_it_begins() -> None:
    desk = Desk()
    desk.service(2, 10, 100)
    desk.control("service.window.removed", {"window": "w1", "who": "susan"}, 5)
    desk.service(6, 10, 100)
    desk.pass_until(12)
    desk.control("service.window.removed", {"window": "w1", "who": "susan"}, 50)
    desk.pass_until(200)
    assert desk.story == [("service.begun", 10, ""), ("service.ended", 50, "")]
    assert not is_out_of_service(desk.driver.engine.state, SITE, CAMERA, at(51))
    assert is_out_of_service(desk.driver.engine.state, SITE, CAMERA, at(49))


def test_a_drills_name_that_is_used_again_leaves_late_events_to_the_first_drill() -> None:
    desk = Desk()
    desk.set("armed", 1)
    desk.service(2, 10, 20)
    desk.pass_until(30)
    desk.service(31, 1000, 1100, zones=["z9"])
    desk.service(32, 1000, 1200, zones=["z9"])
    desk.restart()
    desk.person(15, arrives=40)
    assert [name for name, _, _ in desk.story[1:]] == ["service.begun", "service.ended"]
    desk.pass_until(20 + KEPT_US / SECOND_US)
    assert [each.window for each in desk.driver.engine.state.service_windows[SITE]] == ["w1"]


def test_a_running_drill_that_is_moved_has_ended_and_was_one_until_then() -> None:
    desk = Desk()
    desk.set("armed", 1)
    desk.service(2, 10, 100)
    desk.pass_until(40)
    desk.service(50, 200, 300)
    desk.person(30, arrives=60)
    desk.person(55, arrives=61)
    desk.control("service.window.removed", {"window": "w1", "who": "susan"}, 62)
    desk.person(45, arrives=63)
    assert desk.story[1:] == [
        ("service.begun", 10, ""), ("service.ended", 50, ""), ("intrusion.confirmed", 55, "armed"),
    ]  # fmt: skip
    assert [desk.flags(f"e{n}") & FLAG_OUT_OF_SERVICE > 0 for n in (1, 2, 3)] == [True, False, True]


def test_a_running_drill_that_is_made_longer_began_once() -> None:
    desk = Desk()
    desk.service(2, 10, 100)
    desk.pass_until(40)
    desk.service(50, 10, 200)
    desk.service(60, 5, 150)
    desk.restart()
    desk.pass_until(300)
    assert desk.story == [("service.begun", 10, ""), ("service.ended", 150, "")]


def test_only_so_many_stretches_of_the_past_are_kept_and_they_take_no_windows_place() -> None:
    desk = Desk()
    for n in range(MAX_PAST + 3):
        desk.service(2 + n, 1 + n, 5000, devices=[FRONT if n % 2 else BACK])
    kept = desk.driver.engine.state.service_windows[SITE]
    assert len(kept) == MAX_PAST + 1
    assert min(each.end for each in kept) == at(5)
    desk.service(500, 501, 600, window="w2")
    assert desk.refused == []


def test_a_device_that_is_bypassed_again_was_bypassed_before() -> None:
    desk = Desk()
    desk.set("armed", 1)
    for n in range(MAX_EARLIER + 3):
        desk.bypass(CAMERA, 10 * n + 10, 10 * n + 15)
        desk.pass_until(10 * n + 16)
    desk.restart()
    desk.person(92, arrives=120)
    assert desk.flags("e1") & FLAG_OUT_OF_SERVICE
    assert len(desk.driver.engine.state.bypasses[SITE, CAMERA].earlier) == MAX_EARLIER


def test_a_window_that_is_put_twice_is_one() -> None:
    desk = Desk()
    for second in (1, 12, 13):
        desk.service(second, 10, 100)
    desk.pass_until(200)
    assert desk.story == [("service.begun", 10, ""), ("service.ended", 100, "")]


def test_a_zone_in_maintenance_is_out_of_service() -> None:
    desk = Desk()
    desk.set("maintenance", 5)
    desk.person(6)
    desk.set("disarmed", 7)
    desk.person(8)
    desk.person(6.5, arrives=9)
    assert [desk.flags(f"e{n}") & FLAG_OUT_OF_SERVICE for n in (1, 2, 3)] == [
        FLAG_OUT_OF_SERVICE,
        0,
        FLAG_OUT_OF_SERVICE,
    ]


def test_a_replayed_flag_is_decided_anew() -> None:
    desk = Desk()
    desk.service(1, 10, 20)
    for second, wanted in ((5, 0), (15, FLAG_OUT_OF_SERVICE)):
        for flags in (0, FLAG_OUT_OF_SERVICE):
            desk.sent += 1
            event = desk.event(f"r{desk.sent}", second, flags=flags)
            desk._take(desk.driver.events(event, at=at(second)))
            assert desk.flags(f"r{desk.sent}") == wanted


def test_what_is_derived_of_a_device_out_of_service_is_out_of_service() -> None:
    desk = Desk()
    desk.open(BACK, 1)
    desk.service(2, 3, 20)
    desk.pass_until(4)
    desk.set("armed", 5)
    (flags,) = [flags for event, flags in desk.events if event.event_type == "arming.refused"]
    assert flags == FLAG_DERIVED | FLAG_OUT_OF_SERVICE


def test_a_site_has_so_many_windows_and_no_more() -> None:
    desk = Desk()
    for n in range(MAX_SERVICE_WINDOWS + 1):
        desk.service(1, 10, 20, window=f"w{n}")
    assert len(desk.refused) == 1
    desk.service(1, 10, 30, window="w0")
    assert len(desk.refused) == 1


def test_a_device_that_is_removed_leaves_nothing_behind() -> None:
    desk = Desk()
    desk.bypass(BACK, 1, 10)
    desk.open(BACK, 2)
    desk.control("device.removed", {"device": BACK}, 3)
    state = desk.driver.engine.state
    assert (state.bypasses, state.open_doors, state.closing_doors, state.due) == ({}, {}, {}, {})


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40), st.sampled_from([(), (ZONE,), ("z9",)])), max_size=5),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 40)), max_size=3),
    st.lists(st.integers(0, 120), max_size=20),
)
def test_an_event_is_out_of_service_exactly_within_a_window_or_bypass(
    drills: list[tuple[int, int, tuple[str, ...]]], bypasses: list[tuple[int, int]], events: list[int]
) -> None:
    desk = Desk()
    for n, (begin, length, zones) in enumerate(drills):
        desk.service(0, begin, begin + length, window=f"w{n}", zones=list(zones))
    spans = [(begin, begin + length) for begin, length, zones in drills if zones in {(), (ZONE,)}]
    second = 0
    bypass = (0, 0)
    for gap, length in bypasses:
        second += gap
        desk.bypass(CAMERA, second, second + length)
        bypass = (bypass[0] if second < bypass[1] else second, second + length)
    spans.append(bypass)
    for each in sorted(events):
        desk.person(second + each)
        wanted = any(begin <= second + each < end for begin, end in spans)
        assert bool(desk.flags(f"e{desk.sent}") & FLAG_OUT_OF_SERVICE) == wanted
