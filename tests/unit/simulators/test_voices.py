"""Each format says what happened in its own words."""

from __future__ import annotations

import base64
import json
from typing import Any

from herun.clock import parse_time, to_text
from simulators.estate import HAMLET, make_estate
from simulators.happenings import Happening, Message, Scalar
from simulators.voices import voice_of

NOW = parse_time("2026-11-23T20:00:00+08:00")
ESTATE = make_estate("s", 1, HAMLET)


def say(device: str, happening: Happening, skew_us: int = 0) -> Message:
    it = ESTATE.device[device]
    return voice_of("s", it, ESTATE.device[it.bridge] if it.bridge else None, NOW)(happening, skew_us)


def body(message: Message) -> Any:
    return json.loads(message.payload)


def test_a_native_device_says_it_on_its_own_topic() -> None:
    level: dict[str, Scalar] = {"metric": "water_level", "value": 0.2, "unit": "m"}
    message = say("underpass-level", Happening(NOW, "underpass-level", "reading.reported", level))
    assert message.topic == "herun/v1/s/underpass-level/reading"
    assert message.connection == "underpass-level"
    assert body(message)["data"] == level
    assert body(message)["time"] == to_text(NOW)
    assert message.events == (body(message)["id"],)


def test_a_wrong_clock_shows_in_the_event_and_not_in_the_departure() -> None:
    message = say("lift-b01-1", Happening(NOW, "lift-b01-1", "object.detected", {"label": "dog"}), skew_us=120_000_000)
    assert message.at_us == NOW
    assert body(message)["time"] == to_text(NOW + 120_000_000)


def test_what_happened_together_is_one_array_in_order() -> None:
    over = Happening(NOW + 5, "fire-lane-b01-1", "zone.observed", {"occupied": False})
    both = Happening(NOW, "fire-lane-b01-1", "zone.observed", {"occupied": True}, together=(over,))
    message = say("fire-lane-b01-1", both)
    assert [event["data"]["occupied"] for event in body(message)] == [True, False]
    assert len(set(message.events)) == 2
    first, second = (event["sequence"] for event in body(message))
    assert first < second


def test_sequences_grow_over_a_restart() -> None:
    device = ESTATE.device["underpass-level"]
    happening = Happening(NOW, device.name, "reading.reported", {"metric": "water_level", "value": 0.2})
    before = body(voice_of("s", device, None, NOW)(happening, 0))
    after = body(voice_of("s", device, None, NOW + 60_000_000)(happening, 0))
    assert after["sequence"] > before["sequence"]
    assert after["id"] != before["id"]


def test_a_barrier_camera_sends_its_plate_in_base64() -> None:
    message = say("gate-north-in", Happening(NOW, "gate-north-in", "vehicle.passed", {"plate": "藏Z0L157"}))
    serial = ESTATE.device["gate-north-in"].external_id
    plate = body(message)["payload"]["AlarmInfoPlate"]["result"]["PlateResult"]
    assert message.topic == f"device/{serial}/message/up/ivs_result"
    assert base64.b64decode(plate["license"]).decode() == "藏Z0L157"
    assert plate["timeStamp"]["Timeval"]["sec"] * 1_000_000 == NOW


def test_a_zigbee_device_repeats_all_that_it_knows_through_its_bridge() -> None:
    device = ESTATE.device["smoke-b01-1"]
    bridge = ESTATE.device["bridge-1"]
    voice = voice_of("s", device, bridge, NOW)
    voice(Happening(NOW, device.name, "state.reported", {"name": "smoke", "value": True}), 0)
    message = voice(Happening(NOW, device.name, "state.reported", {"name": "test", "value": False}), 0)
    assert message.connection == "bridge-1"
    assert message.topic == f"{bridge.base_topic}/{device.external_id}"
    assert body(message)["smoke"] is True
    assert body(message)["test"] is False


def test_a_closed_door_has_contact() -> None:
    assert body(say("contact-b01-1", Happening(NOW, "contact-b01-1", "door.closed")))["contact"] is True
    assert body(say("contact-b01-1", Happening(NOW, "contact-b01-1", "door.opened")))["contact"] is False
