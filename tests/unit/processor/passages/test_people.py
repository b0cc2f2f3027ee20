"""Persons: in and out, loitering, crowds, doors, and residents who want to be looked after."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herun.passages import COMPLETED, FLAGGED
from tests.unit.processor.passages.gates import HOUR, MINUTE, Estate, at, control, settings
from tests.unit.processor.samples import SITE, put_device, put_rule, rule

HALL = put_device("hall", kind="pedestrian_camera", zone="lobby")
DOOR = put_device("door", zone="lobby")
FACE, OTHER = "f" * 32, "a" * 32
NOT_SEEN = rule("care", "count", types=("passage.flagged",), match={"where": {"finding": "not_seen"}}, count=1,
                window_s=60)  # fmt: skip


def lobby(**changed: Any) -> Estate:
    return Estate(HALL, DOOR, settings(**changed))


def capture(estate: Estate, second: float, face: str = "", arrives: float | None = None, **data: Any) -> None:
    known: dict[str, Any] = {"face_id_hash": face} if face else {}
    estate.say("hall", "person.captured", second, arrives=arrives, **known, **data)


def found(estate: Estate) -> list[tuple[str, int]]:
    return [(finding, second) for finding, _, second in estate.findings()]


def test_who_goes_in_or_out_is_counted_and_who_is_only_seen_is_not() -> None:
    estate = lobby()
    capture(estate, 0, direction="in", count=2)
    capture(estate, 5)
    capture(estate, 9, direction="out")
    counts = estate.engine.state.passages.occupancy[SITE]
    assert (counts.persons_in, counts.persons_out) == (2, 1)
    assert [(each["kind"], each["direction"], each["count"]) for each in estate.passages()] == [
        ("person", "in", 2), ("person", "out", 1),
    ]  # fmt: skip


def test_several_captures_of_one_face_are_one_passage() -> None:
    estate = lobby()
    for second in (0, 4, 12):
        capture(estate, second, FACE, direction="in")
    capture(estate, 8, FACE, arrives=15, direction="in")
    capture(estate, 40, FACE, direction="in")
    capture(estate, 41, OTHER, direction="in")
    assert len(estate.passages()) == 3


# Doors


def test_two_persons_on_one_opening_of_a_door_are_found_once() -> None:
    estate = lobby()
    estate.say("door", "door.opened", 0)
    for second in (2, 4, 6):
        capture(estate, second, f"{second}" * 64)
    assert found(estate) == [("tailgating", 4)]


@pytest.mark.parametrize("uplinks", [(None, None), ("lobby-cam", None), ("lobby-cam", "back-cam")])
def test_two_persons_through_two_doors_of_one_zone_are_not(uplinks: tuple[str | None, str | None]) -> None:
    cameras = [put_device(f"{each}-cam", zone="lobby", kind="pedestrian_camera") for each in ("lobby", "back")]
    doors = [put_device(f"door{n}", zone="lobby", uplink=uplink) for n, uplink in enumerate(uplinks)]
    estate = lobby()
    estate.control(*cameras, *doors)
    for n in (0, 1):
        estate.say(f"door{n}", "door.opened", n)
        estate.say(f"door{n}", "door.closed", 9 + n)
    estate.say("lobby-cam", "person.captured", 3, face_id_hash=FACE)
    estate.say("back-cam", "person.captured", 4, face_id_hash=OTHER)
    assert found(estate) == []


def test_what_a_camera_says_of_a_door_is_of_its_own_door() -> None:
    estate = lobby()
    estate.control(put_device("back", zone="lobby", kind="pedestrian_camera"))
    for n, camera in enumerate(("hall", "back")):
        estate.say(camera, "door.opened", n)
        estate.say(camera, "person.captured", 2 + n, face_id_hash=(FACE, OTHER)[n])
    assert found(estate) == []
    estate.say("back", "person.captured", 6, face_id_hash="b" * 32)
    assert estate.findings() == [("tailgating", "back", 6)]


def test_without_faces_one_capture_must_show_two_persons() -> None:
    estate = lobby()
    for opening, counts in ((0, (1, 1, 1)), (60, (1, 2))):
        estate.say("door", "door.opened", opening)
        for n, count in enumerate(counts):
            capture(estate, opening + 1 + 4 * n, count=count, direction="in")
    assert found(estate) == [("tailgating", 65)]
    assert estate.engine.state.passages.occupancy[SITE].persons_in == 6


def test_one_person_without_a_face_who_is_captured_twice_is_one() -> None:
    estate = lobby()
    estate.say("door", "door.opened", 0)
    capture(estate, 1, direction="in")
    capture(estate, 1.5, FACE)
    capture(estate, 3, direction="in")
    assert found(estate) == []
    capture(estate, 4.5, direction="in")
    assert estate.engine.state.passages.occupancy[SITE].persons_in == 2


@pytest.mark.parametrize("closes", [3, None])
def test_persons_on_openings_of_their_own_are_not(closes: float | None) -> None:
    estate = lobby()
    for opening in (0, 60):
        estate.say("door", "door.opened", opening)
        capture(estate, opening + 2)
        if closes is not None:
            estate.say("door", "door.closed", opening + closes)
        capture(estate, opening + 20)  # long after
    assert found(estate) == []


@pytest.mark.parametrize("ahead", [3300, -3300])
@pytest.mark.parametrize("is_camera", [True, False])
def test_a_door_and_a_camera_whose_clocks_differ_stand_in_one_time(ahead: int, is_camera: bool) -> None:
    estate = lobby(crowd_size=5)
    door, camera = (0, ahead) if is_camera else (ahead, 0)
    for opening in (0, HOUR):
        estate.say("door", "door.opened", opening + door, arrives=opening)
        capture(estate, opening + 2 + camera, FACE, arrives=opening + 2, direction="in")
        capture(estate, opening + 4 + camera, OTHER, arrives=opening + 4, direction="in")
        estate.say("door", "door.closed", opening + 9 + door, arrives=opening + 9)
    assert found(estate) == [("tailgating", 4), ("tailgating", HOUR + 4)]
    times = [(event.event_time - at(0)) // 1_000_000 for event in estate.found if event.event_type == COMPLETED]
    assert times == [2, 4, HOUR + 2, HOUR + 4]


def test_one_face_that_is_captured_twice_is_one_person() -> None:
    estate = lobby()
    estate.say("door", "door.opened", 0)
    capture(estate, 2, FACE)
    capture(estate, 6, FACE)
    assert found(estate) == []
    capture(estate, 7, OTHER)
    assert found(estate) == [("tailgating", 7)]


# Loitering


@pytest.mark.parametrize("face", [FACE, ""])
def test_lingering_in_one_zone_is_found_once(face: str) -> None:
    estate = lobby(loiter_minutes=10)
    for minute in range(0, 20, 3):
        capture(estate, minute * MINUTE, face)
    assert found(estate) == [("loitering", 12 * MINUTE)]


def test_passing_again_after_a_pause_is_no_lingering() -> None:
    estate = lobby(loiter_minutes=10)
    for minute in (0, 2, 4, 8, 10, 11, 15, 17):
        capture(estate, minute * MINUTE, FACE)
    assert found(estate) == []


def test_two_captures_long_apart_are_no_lingering() -> None:
    estate = lobby(loiter_minutes=1)
    for second in (0, 19, 38):
        capture(estate, second, FACE)
    capture(estate, 61, FACE)
    assert found(estate) == []


def test_what_has_been_seen_is_forgotten() -> None:
    estate = lobby(loiter_minutes=10)
    capture(estate, 0, FACE)
    capture(estate, 1)
    estate.wait(HOUR)
    assert estate.engine.state.passages.sightings == {}
    assert estate.engine.state.passages.crowds == {}
    assert estate.engine.state.due == {}


# Crowds


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 3)), max_size=25), st.randoms(use_true_random=False))
def test_a_crowd_is_found_if_any_window_holds_so_many(captures: list[tuple[int, int]], chance: random.Random) -> None:
    """Against looking at every window; shuffled within the window's length."""
    estate = lobby(crowd_size=8, crowd_s=60)
    devices = [f"cam{n % 4}" for n in range(len(captures))]
    estate.control(*(put_device(each, zone="hall") for each in sorted(set(devices))), at=at(0))
    is_crowd = False
    for end, _ in captures:
        most: dict[str, int] = {}
        for device, (second, count) in zip(devices, captures, strict=True):
            if end - 60 < second <= end:
                most[device] = max(count, most.get(device, 0))
        is_crowd |= sum(most.values()) >= 8
    arrivals = sorted(
        (second + chance.uniform(0, 50), second, count, device)
        for device, (second, count) in zip(devices, captures, strict=True)
    )
    for arrives, second, count, device in arrivals:
        estate.say(device, "person.captured", second, arrives=arrives, count=count)
    assert ("crowd" in [finding for finding, _ in found(estate)]) == is_crowd


def test_a_crowd_is_found_once_until_it_has_gone() -> None:
    estate = lobby(crowd_size=5)
    for second in [*range(0, 30, 3), *range(300, 330, 3)]:
        capture(estate, second)
    assert found(estate) == [("crowd", 12), ("crowd", 312)]


def test_the_same_few_that_a_camera_counts_again_and_again_are_no_crowd() -> None:
    estate = lobby(crowd_size=5)
    for second in range(0, 120, 10):
        capture(estate, second, count=4)
    assert found(estate) == []
    capture(estate, 130, count=5)
    assert found(estate) == [("crowd", 130)]


def test_one_face_is_no_crowd() -> None:
    estate = lobby(crowd_size=3, merge_s=1)
    for second in range(0, 50, 5):
        capture(estate, second, FACE)
    assert found(estate) == []


# Care


def care(**changed: Any) -> Any:
    body = {"resident": "r1", "hours": 12, "consent": {"by": "Wang", "at": 1}, "devices": ["flat-door"]}
    return control("care.put", {**body, "face_hashes": [FACE], **changed})


def test_a_resident_who_is_not_seen_is_found_once_and_again_after_having_been_seen() -> None:
    estate = Estate(HALL, care())
    estate.wait(12 * HOUR)
    assert found(estate) == [("not_seen", 12 * HOUR)]
    estate.restart()
    estate.wait(40 * HOUR)
    assert len(found(estate)) == 1
    estate.say("flat-door", "door.opened", 60 * HOUR)
    estate.wait(13 * HOUR)
    assert [second for _, second in found(estate)] == [12 * HOUR, 72 * HOUR]
    flagged = [json.loads(event.data) for event in estate.found if event.event_type == FLAGGED]
    assert {each["resident"] for each in flagged} == {"r1"}


@pytest.mark.parametrize(
    ("device", "event_type", "data", "counts"),
    [
        ("flat-door", "door.opened", {}, True),
        ("flat-door", "state.reported", {"name": "motion", "value": True}, True),
        ("flat-door", "state.reported", {"name": "motion", "value": False}, False),
        ("flat-door", "state.reported", {"name": "smoke", "value": True}, False),
        ("flat-door", "zone.observed", {"occupied": True}, True),
        ("flat-door", "zone.observed", {"occupied": False}, False),
        ("other-door", "door.opened", {}, False),
        ("hall", "person.captured", {"face_id_hash": FACE}, True),
        ("hall", "person.captured", {"face_id_hash": OTHER}, False),
        ("hall", "person.captured", {}, False),
    ],
)
def test_signs_of_life(device: str, event_type: str, data: dict[str, Any], counts: bool) -> None:
    estate = Estate(HALL, care())
    estate.wait(6 * HOUR)
    estate.say(device, event_type, 6 * HOUR, **data)
    estate.wait(7 * HOUR)
    assert [finding for finding, _ in found(estate) if finding == "not_seen"] == ([] if counts else ["not_seen"])


def test_a_sign_of_life_counts_from_when_it_was_given_however_late_it_comes() -> None:
    estate = Estate(HALL, care())
    estate.say("flat-door", "door.opened", 4 * HOUR)
    estate.wait(7 * HOUR)
    estate.say("flat-door", "door.opened", 2 * HOUR, arrives=11 * HOUR)
    estate.restart()
    estate.wait(6 * HOUR)
    assert found(estate) == [("not_seen", 16 * HOUR)]
    capture(estate, 16.5 * HOUR, OTHER, arrives=17 * HOUR)
    capture(estate, 3 * HOUR, FACE, arrives=17 * HOUR)
    capture(estate, 10 * HOUR, FACE, arrives=17 * HOUR)
    estate.wait(6 * HOUR)
    assert found(estate) == [("not_seen", 16 * HOUR), ("not_seen", 22 * HOUR)]


def test_a_sign_that_was_given_in_our_outage_counts_from_its_beginning() -> None:
    estate = Estate(HALL, care())
    estate.say("flat-door", "door.opened", 4 * HOUR)
    estate.wait(HOUR)
    estate.say("flat-door", "door.opened", 8 * HOUR, arrives=15 * HOUR)
    estate.wait(13 * HOUR)
    assert found(estate) == [("not_seen", 27 * HOUR)]


def test_care_that_is_put_again_goes_on() -> None:
    estate = Estate(HALL, care())
    estate.say("flat-door", "door.opened", HOUR)
    estate.wait(10 * HOUR)
    estate.control(care(hours=10.5, devices=["flat-door", "hall"]))
    estate.wait(2 * HOUR)
    assert found(estate) == [("not_seen", 11.5 * HOUR)]
    estate.control(care(hours=8))
    estate.wait(4 * HOUR)
    assert len(found(estate)) == 1
    estate.control(care(hours=20, devices=["other"]))
    estate.wait(5 * HOUR)
    assert found(estate) == [("not_seen", 11.5 * HOUR), ("not_seen", 21 * HOUR)]
    assert estate.found[-1].device == "other"


def served(begin: float, end: float, **places: Any) -> Any:
    body = {"window": "w", "kind": "maintenance", "begin_us": at(begin), "end_us": at(end), "who": "s", **places}
    return control("service.window.put", body)


@pytest.mark.parametrize("is_seen", [False, True])
def test_who_is_not_seen_while_all_is_out_of_service_is_found_afterwards(*, is_seen: bool) -> None:
    estate = Estate(HALL, care(), put_rule(NOT_SEEN), served(11 * HOUR, 14 * HOUR))
    estate.wait(13 * HOUR)
    estate.restart()
    if is_seen:
        estate.say("flat-door", "door.opened", 13 * HOUR)
    estate.wait(11 * HOUR)
    assert found(estate) == ([] if is_seen else [("not_seen", 14 * HOUR)])
    assert len([alert for alert in estate.alerts if alert.state == "raised"]) == (not is_seen)


def test_a_bypassed_sensor_shows_nobodys_life() -> None:
    estate = Estate(HALL, care(), put_rule(NOT_SEEN))
    bypassed = {"device": "flat-door", "until_us": at(20 * HOUR), "who": "s", "why": "says occupied all the time"}
    estate.control(control("arming.bypass", bypassed))
    for hour in range(1, 20):
        estate.wait(HOUR)
        estate.say("flat-door", "state.reported", hour * HOUR, name="occupancy", value=True)
    estate.wait(2 * HOUR)
    assert found(estate) == [("not_seen", 20 * HOUR)]
    assert estate.alerts[0].state == "raised"


def test_who_is_not_seen_while_one_sensor_is_bypassed_is_found_at_another_one() -> None:
    estate = Estate(HALL, care(devices=["flat-door", "flat-hall"]), put_rule(NOT_SEEN))
    until = {"until_us": at(20 * HOUR), "who": "s", "why": "broken"}
    estate.control(control("arming.bypass", {"device": "flat-door", **until}))
    estate.wait(13 * HOUR)
    assert [(event.device, alert.device) for event, alert in zip(estate.found[-1:], estate.alerts, strict=False)] == [
        ("flat-hall", "flat-hall")
    ]
    other = Estate(HALL, care(), control("arming.bypass", {"device": "flat-door", **until}))
    other.wait(21 * HOUR)
    assert found(other) == [("not_seen", 20 * HOUR)]


def test_our_own_outage_is_no_silence() -> None:
    estate = Estate(care())
    estate.wait(6 * HOUR)
    estate.tick(at(20 * HOUR))
    estate.listen(at(20 * HOUR + 1))
    assert found(estate) == []
    estate.wait(7 * HOUR)
    assert [finding for finding, _ in found(estate)] == ["not_seen"]


def test_without_consent_nobody_is_looked_for() -> None:
    estate = Estate()
    body = dict(care().body)
    del body["consent"]
    decisions = estate.engine.apply(frame_of(control("care.put", body)), 99, estate.now)
    assert len(decisions.refused_controls) == 1
    assert estate.engine.state.passages.cares == {}


def frame_of(*controls: Any) -> Any:
    from herun.frames import FRAME_VERSION, Frame, FrameKind

    return Frame(FRAME_VERSION, 0, "t", "f", FrameKind.CONTROL, [], list(controls))


def test_consent_that_is_withdrawn_leaves_nothing() -> None:
    estate = Estate(care(), care(resident="r2"))
    estate.control(control("care.removed", {"resident": "r1"}))
    assert estate.engine.state.passages.watchers == {(SITE, "flat-door"): ("r2",), (SITE, FACE): ("r2",)}
    estate.control(control("care.removed", {"resident": "r2"}))
    passages = estate.engine.state.passages
    assert (passages.cares, passages.watchers, estate.engine.state.due_without_outage) == ({}, {}, {})
    estate.wait(20 * HOUR)
    assert found(estate) == []


def test_captures_without_direction_are_no_passages() -> None:
    estate = lobby()
    capture(estate, 0)
    assert [event for event in estate.found if event.event_type == COMPLETED] == []
