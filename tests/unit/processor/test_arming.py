"""Arming: modes, delays, doors that stand open."""

from __future__ import annotations

import pytest

from herun.arming import Mode
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind
from processor.engine import snapshot
from processor.engine.arming.lookups import mode_of
from tests.unit.processor.arming_samples import BACK, CAMERA, FRONT, ZONE, Desk, at, window
from tests.unit.processor.samples import SITE, event, put_device, put_rule, rule


def mode(desk: Desk) -> Mode:
    return mode_of(desk.driver.engine.state, SITE, ZONE)


def test_what_is_detected_in_an_armed_zone_is_an_intrusion() -> None:
    for event_type, data in (
        ("person.captured", {}),
        ("object.detected", {"label": "person"}),
        ("zone.observed", {"occupied": True}),
        ("state.reported", {"name": "occupancy", "value": True}),
        ("state.reported", {"name": "contact", "value": False}),
        ("door.opened", {}),
    ):
        desk = Desk()
        desk.set("armed", 1)
        desk.say(event_type, CAMERA, 2, **data)
        assert desk.story == [("zone.armed", 1, "armed"), ("intrusion.confirmed", 2, "armed")]
        assert desk.told[-1].device == CAMERA
        assert desk.told_of("intrusion.confirmed")[0]["detected"] == event_type


def test_what_is_no_detection_is_no_intrusion() -> None:
    desk = Desk()
    desk.set("armed", 1)
    desk.say("zone.observed", CAMERA, 2, occupied=False)
    desk.say("state.reported", CAMERA, 3, name="contact", value=True)
    desk.say("state.reported", CAMERA, 4, name="occupancy", value=1)
    desk.close(FRONT, 5)
    desk.driver.control(put_device("elsewhere", zone="z2"))
    desk.open("elsewhere", 6)
    desk.open("nowhere", 7)
    assert desk.story == [("zone.armed", 1, "armed")]


@pytest.mark.parametrize(
    ("name", "door", "presence"),
    [("armed", 1, 1), ("home", 1, 0), ("night", 1, 0), ("disarmed", 0, 0), ("maintenance", 0, 0)],
)
def test_what_counts_depends_on_the_mode(name: str, door: int, presence: int) -> None:
    for say, count in ((Desk.person, presence), (lambda desk, second: desk.open(BACK, second), door)):
        desk = Desk()
        desk.set("armed", 1)
        desk.set(name, 2)
        say(desk, 3)
        assert len(desk.told_of("intrusion.confirmed")) == count


def test_an_entry_door_gives_time_to_disarm() -> None:
    desk = Desk(delays=(30, 0))
    desk.set("armed", 1)
    desk.open(FRONT, 10)
    desk.person(12)
    desk.set("disarmed", 39)
    desk.pass_until(100)
    assert desk.story == [("zone.armed", 1, "armed"), ("entry.begun", 10, "armed"), ("zone.disarmed", 39, "disarmed")]


def test_who_does_not_disarm_in_time_is_an_intruder_once_and_on_time() -> None:
    desk = Desk(delays=(30, 0))
    desk.set("armed", 1)
    desk.open(FRONT, 10)
    for second in (11, 25, 200, 300):
        desk.restart()
        desk.pass_until(second)
    assert desk.story[1:] == [("entry.begun", 10, "armed"), ("intrusion.confirmed", 40, "armed")]
    assert (desk.told[-1].device, desk.told_of("intrusion.confirmed")[0]["delayed"]) == (FRONT, True)


@pytest.mark.parametrize("what", ["bypass", "drill", "nothing"])
def test_who_came_in_before_the_door_went_out_of_service_is_an_intruder(what: str) -> None:
    desk = Desk(put_rule(rule("in", "event", types=("intrusion.confirmed",))), delays=(30, 0))
    desk.set("armed", 1)
    desk.open(FRONT, 10)
    if what == "bypass":
        desk.bypass(FRONT, 15, 1000)
    if what == "drill":
        desk.service(12, 15, 1000)
    desk.restart()
    desk.pass_until(60)
    assert ("intrusion.confirmed", 40 if what == "nothing" else 10, "armed") in desk.story
    assert [alert.raised_at for alert in desk.driver.alerts] == [at(40 if what == "nothing" else 10)]


def test_the_plan_that_disarms_in_time_ends_the_entry_delay_and_one_that_does_not_disarm_does_not() -> None:
    for after, wanted in (("disarmed", "zone.disarmed"), ("night", "intrusion.confirmed")):
        desk = Desk(delays=(30, 0), windows=[window("armed", "22:13", "22:14")], otherwise=after)
        desk.open(FRONT, 20)
        desk.pass_until(100)
        assert [name for name, _, _ in desk.story][-1] == wanted


def test_at_night_an_entry_door_gives_no_time() -> None:
    desk = Desk(delays=(30, 0))
    desk.set("night", 1)
    desk.open(FRONT, 10)
    assert desk.story[1:] == [("intrusion.confirmed", 10, "night")]


def test_another_door_does_not_wait_for_the_entry_delay() -> None:
    desk = Desk(delays=(30, 0))
    desk.set("armed", 1)
    desk.open(FRONT, 10)
    desk.open(BACK, 12)
    desk.pass_until(100)
    assert desk.story[1:] == [("entry.begun", 10, "armed"), ("intrusion.confirmed", 12, "armed")]


def test_one_who_walks_about_is_one_intrusion_a_minute() -> None:
    desk = Desk()
    desk.set("armed", 1)
    for second in range(10, 140, 5):
        desk.person(second)
    assert [second for name, second, _ in desk.story if name == "intrusion.confirmed"] == [10, 70, 130]


def test_while_the_exit_delay_runs_nothing_counts_and_then_all_does() -> None:
    desk = Desk(delays=(0, 20))
    desk.set("armed", 1)
    desk.open(FRONT, 5)
    desk.person(6)
    desk.close(FRONT, 7)
    assert mode(desk) is Mode.DISARMED
    desk.restart()
    desk.pass_until(21)
    assert mode(desk) is Mode.ARMED
    desk.person(22)
    assert desk.story == [
        ("zone.arming", 1, "armed"),
        ("zone.armed", 21, "armed"),
        ("intrusion.confirmed", 22, "armed"),
    ]


def test_a_mode_in_which_no_more_counts_needs_no_exit_delay() -> None:
    desk = Desk(delays=(0, 20))
    desk.set("armed", 1)
    desk.pass_until(30)
    desk.set("home", 31)
    desk.set("night", 32)
    assert desk.story[2:] == [("zone.armed", 31, "home"), ("zone.armed", 32, "night")]
    desk.set("armed", 40)
    assert mode(desk) is Mode.DISARMED


def test_a_door_that_stands_open_refuses_the_arming_and_is_named() -> None:
    desk = Desk()
    desk.open(FRONT, 1)
    desk.open(BACK, 2)
    desk.set("armed", 3)
    assert mode(desk) is Mode.DISARMED
    (refused,) = desk.told_of("arming.refused")
    assert refused == {
        "zone": ZONE, "mode": "armed", "who": "oscar", "why": "test", "doors": "back, front", "open": 2,
        "stays": "disarmed", "waits": False,
    }  # fmt: skip
    assert desk.told[0].device == BACK
    desk.close(FRONT, 4)
    desk.close(BACK, 5)
    assert mode(desk) is Mode.DISARMED
    desk.set("armed", 6)
    assert mode(desk) is Mode.ARMED


def test_forced_it_arms_and_the_open_door_counts_again_when_it_was_closed() -> None:
    desk = Desk()
    desk.close(BACK, 0)
    desk.open(BACK, 1)
    desk.set("armed", 2, force=True)
    assert desk.told_of("zone.armed")[0]["forced"] is True
    desk.open(BACK, 3)  # says again what it said
    desk.close(BACK, 4)
    desk.open(BACK, 5)
    assert desk.story == [("zone.armed", 2, "armed"), ("intrusion.confirmed", 5, "armed")]


def test_one_leaves_by_the_entry_door_but_it_must_be_closed_in_the_end() -> None:
    desk = Desk(delays=(0, 20))
    desk.open(FRONT, 1)
    desk.set("armed", 2)
    desk.pass_until(60)
    assert desk.story == [("zone.arming", 2, "armed"), ("arming.refused", 22, "armed")]
    desk.close(FRONT, 61)
    assert mode(desk) is Mode.DISARMED
    desk.open(BACK, 62)
    desk.set("armed", 63)
    assert desk.story[2:] == [("arming.refused", 63, "armed")]


def test_who_is_refused_in_the_end_keeps_the_mode_of_before() -> None:
    desk = Desk(delays=(0, 20))
    desk.set("home", 1)
    desk.pass_until(30)
    desk.set("armed", 31)
    desk.set("armed", 32)
    desk.open(FRONT, 33)
    desk.pass_until(60)
    assert desk.story[3:] == [("zone.arming", 32, "armed"), ("arming.refused", 52, "armed")]
    assert (mode(desk), desk.told_of("arming.refused")[0]["stays"]) == (Mode.HOME, "home")
    desk.set("armed", 61, force=True)
    desk.pass_until(90)
    assert [each["before"] for each in desk.told_of("zone.armed")] == ["disarmed", "home"]


def test_the_plan_waits_for_a_door_and_arms_when_it_is_closed() -> None:
    desk = Desk(windows=[window("armed", "22:14", "22:20")])
    desk.open(BACK, 1)
    desk.pass_until(50)
    assert desk.story == [("arming.refused", 40, "armed")]
    assert desk.told_of("arming.refused")[0]["waits"] is True
    desk.restart()
    desk.close(BACK, 60)
    assert desk.story[1:] == [("zone.armed", 60, "armed")]
    assert desk.told_of("zone.armed")[0]["who"] == "(plan)"


def test_the_plan_goes_on_waiting_for_a_door_when_a_person_who_asked_meanwhile_is_refused() -> None:
    desk = Desk(delays=(0, 30), windows=[window("night", "22:15", "06:00")])
    desk.open(FRONT, 10)
    desk.pass_until(300)
    desk.set("armed", 310)
    desk.set("armed", 320)
    desk.pass_until(385)
    desk.restart()
    assert desk.story[-2:] == [("zone.arming", 350, "night"), ("arming.refused", 380, "night")]
    desk.close(FRONT, 400)
    assert desk.story[-1] == ("zone.armed", 400, "night")


def test_who_is_refused_in_the_end_leaves_what_another_person_had_set_until_when_it_was_set() -> None:
    desk = Desk(delays=(0, 30), windows=[window("night", "22:15", "06:00")])
    desk.set("disarmed", 50, until=200)
    desk.open(FRONT, 60)
    desk.set("armed", 120)
    desk.pass_until(199)
    assert desk.story[-1] == ("arming.refused", 150, "armed")
    desk.pass_until(231)
    assert desk.story[-2:] == [("zone.arming", 200, "night"), ("arming.refused", 230, "night")]


@pytest.mark.parametrize("relief", ["bypass", "gone", "moved"])
def test_the_plan_waits_no_longer_for_a_door_that_does_not_concern_it(relief: str) -> None:
    desk = Desk(windows=[window("armed", "22:14", "22:20")])
    desk.open(BACK, 1)
    desk.pass_until(50)
    if relief == "bypass":
        desk.bypass(BACK, 60, 1000)
    elif relief == "gone":
        desk.control("device.removed", {"device": BACK}, 60)
    else:
        desk.control("device.put", {"device": BACK, "kind": "sensor", "zone": "z2"}, 60)
    assert mode(desk) is Mode.ARMED


def test_what_a_person_sets_holds_until_the_plans_next_change() -> None:
    desk = Desk(windows=[window("armed", "22:14", "22:16")])
    desk.pass_until(50)
    desk.set("disarmed", 60)
    desk.restart()
    desk.pass_until(170)
    assert desk.story == [("zone.armed", 40, "armed"), ("zone.disarmed", 60, "disarmed")]
    desk.pass_until(24 * 3600 + 50)
    assert desk.story[2:] == [("zone.armed", 24 * 3600 + 40, "armed")]


def test_what_a_person_sets_until_a_time_holds_until_then_whatever_the_plan_says() -> None:
    desk = Desk(windows=[window("armed", "22:14", "22:16"), window("night", "22:17", "23:00")])
    desk.set("home", 10, until=180)
    desk.pass_until(179)
    assert desk.story == [("zone.armed", 10, "home")]
    desk.pass_until(230)
    assert desk.story[1:] == [("zone.disarmed", 180, "disarmed"), ("zone.armed", 220, "night")]


def test_the_plan_crosses_midnight_and_knows_the_holiday() -> None:
    """Mid-autumn 2026 is from Friday, 25 September, to Sunday."""
    desk = Desk(windows=[window("armed", "22:00", "06:00", ["workday"]), window("home", "00:00", "24:00", ["holiday"])])
    for day in (3.2, 5, 7.9):
        desk.pass_until(day * 86_400)
        desk.restart()
    assert desk.local_story == [
        "Mon 22:13 zone.armed armed",
        "Tue 06:00 zone.disarmed disarmed",
        "Tue 22:00 zone.armed armed",
        "Wed 06:00 zone.disarmed disarmed",
        "Wed 22:00 zone.armed armed",
        "Thu 06:00 zone.disarmed disarmed",
        "Thu 22:00 zone.armed armed",
        "Fri 06:00 zone.armed home",  # the night of Thursday ends on the holiday
        "Mon 00:00 zone.disarmed disarmed",
        "Mon 22:00 zone.armed armed",
        "Tue 06:00 zone.disarmed disarmed",
    ]


def test_a_decree_and_a_time_zone_move_the_plan_at_once() -> None:
    desk = Desk(windows=[window("armed", "00:00", "24:00", ["workday"])])
    assert mode(desk) is Mode.ARMED
    decree = {"year": 2026, "holidays": {"made up": ["2026-09-21"]}}
    desk.control("calendar.put", decree, 1)
    assert mode(desk) is Mode.DISARMED
    desk.control("site.put", {"time_zone": "Pacific/Auckland"}, 2)  # where it is Tuesday
    assert mode(desk) is Mode.ARMED
    desk.control("site.put", {"time_zone": "Mars/Olympus"}, 3)
    desk.control("calendar.put", {"year": 2026}, 3)
    assert len(desk.refused) == 2


def test_an_event_counts_by_the_mode_at_its_own_time() -> None:
    desk = Desk(delays=(30, 0))
    desk.set("armed", 10)
    desk.open(BACK, 9, arrives=11)
    desk.person(9, arrives=12)
    assert desk.story == [("zone.armed", 10, "armed")]
    desk.set("disarmed", 20)
    desk.person(19, arrives=21)
    assert desk.story[2:] == [("intrusion.confirmed", 19, "armed")]


def test_what_is_told_of_long_after_raises_no_alarm() -> None:
    desk = Desk(delays=(30, 0))
    desk.set("armed", 10)
    desk.set("disarmed", 700)
    desk.person(100, arrives=2400)
    assert desk.told_of("intrusion.confirmed") == []


def test_an_entry_that_is_heard_of_late_was_disarmed_in_time_or_was_not() -> None:
    for disarmed, count in ((35, 0), (45, 1)):
        desk = Desk(delays=(30, 0))
        desk.set("armed", 1)
        desk.set("disarmed", disarmed)
        desk.open(FRONT, 10, arrives=50)
        desk.pass_until(200)
        assert len(desk.told_of("intrusion.confirmed")) == count


def test_what_came_before_or_is_over_already_changes_nothing() -> None:
    desk = Desk()
    desk.set("armed", 5)
    desk.changes = 0
    desk.set("disarmed", 6)
    assert mode(desk) is Mode.ARMED
    desk.set("disarmed", 7, until=6)
    assert mode(desk) is Mode.ARMED
    assert desk.story == [("zone.armed", 5, "armed")]


def test_a_zone_whose_plan_is_removed_is_forgotten() -> None:
    desk = Desk(delays=(30, 0), otherwise="armed")
    desk.open(FRONT, 10)
    desk.control("arming.plan.removed", desk.change(), 20)
    desk.pass_until(100)
    assert desk.story == [
        ("zone.armed", 0, "armed"),
        ("entry.begun", 10, "armed"),
        ("zone.disarmed", 20, "disarmed"),
    ]
    state = desk.driver.engine.state
    assert (state.arming, state.arming_plans, state.due) == ({}, {}, {})


def test_what_is_told_twice_at_one_time_are_two_events() -> None:
    desk = Desk()
    for _ in range(3):
        desk.set("armed", 5)
        desk.set("disarmed", 5)
    assert len({each.event_id for each in desk.told}) == 6


def test_what_is_rolled_back_leaves_no_trace() -> None:
    desk = Desk(delays=(30, 20), windows=[window("armed", "22:14", "22:20")])
    desk.open(BACK, 10)
    engine = desk.driver.engine
    before = snapshot.pack(engine.state)
    controls = [
        Control(SITE, "a", "arming.mode.set", desk.change() | {"mode": "armed", "force": True}),
        Control(SITE, "b", "arming.bypass", {"device": CAMERA, "until_us": at(500), "who": "oscar"}),
        Control(SITE, "c", "calendar.put", {"year": 2026, "holidays": {"x": ["2026-09-22"]}}),
        Control(SITE, "d", "arming.plan.removed", desk.change()),
    ]
    events = [
        event(f"x{n}", at(50 + n), device=FRONT, event_type=f"door.{said}", data={})
        for n, said in enumerate(["opened", "closed"])
    ]
    for n in range(1, len(controls) + 1):
        engine.apply(Frame(FRAME_VERSION, 0, "t", "f1", FrameKind.CONTROL, [], controls[:n]), 90, at(45))
        engine.apply(Frame(FRAME_VERSION, 0, "t", "f2", FrameKind.EVENTS, events), 91, at(200))
        engine.rollback()
        assert snapshot.pack(engine.state) == before
    desk.close(BACK, 50)
    desk.pass_until(100)
    assert desk.story == [("zone.arming", 40, "armed"), ("zone.armed", 60, "armed")]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("arming.mode.set", {"zone": ZONE, "change": 9, "who": "oscar", "mode": "asleep"}),
        ("arming.mode.set", {"zone": ZONE, "who": "oscar", "mode": "armed"}),
        ("arming.plan.put", {"zone": ZONE, "change": 9, "who": "oscar", "plan": {"entry_delay_s": -1}}),
        ("arming.bypass", {"device": "a.b", "who": "oscar"}),
        ("service.window.put", {"window": "w", "kind": "drill", "begin_us": 2, "end_us": 2, "who": "oscar"}),
        ("service.window.removed", {}),
    ],
)
def test_a_control_that_is_not_what_it_should_be_is_refused(kind: str, body: dict[str, object]) -> None:
    desk = Desk()
    decisions = desk.driver.control(Control(SITE, "c", kind, body))
    assert len(decisions.refused_controls) == 1
    assert at(0) == desk.driver.now
