"""Laws of the Zigbee2MQTT format."""

from __future__ import annotations

from typing import Any

import pytest

from herun.clock import parse_time
from herun.errors import InvalidInputError
from herun.events import FLAG_CONTENT_ID, FLAG_REDELIVERED
from tests.unit.gateway.made import FIXTURES, NOW, data_of, decoded

DOOR = "zigbee2mqtt/house1/hall/door"
LEAK = "zigbee2mqtt/house1/0x00124b02"


def told(topic: str, payload: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(event.event_type, data_of(event)) for event in decoded(topic, payload).events]


def test_each_known_attribute_is_an_event_and_the_rest_is_nothing() -> None:
    payload = (FIXTURES / "zigbee2mqtt" / "everything.json").read_bytes()
    assert told(DOOR, payload) == [
        ("reading.reported", {"metric": "battery", "value": 87.5, "unit": "%"}),
        ("state.reported", {"name": "battery_low", "value": False}),
        ("state.reported", {"name": "contact", "value": True}),
        ("reading.reported", {"metric": "temperature", "value": 21.4, "unit": "°C"}),
    ]


def test_events_of_one_message_have_identities_of_their_own_made_of_its_content() -> None:
    payload = {"smoke": True, "tamper": False}
    first, second = decoded(DOOR, payload).events
    assert first.content_hash != second.content_hash
    (again, _) = decoded(DOOR, payload, now=NOW + 5, dup=True).events
    assert (again.content_hash, again.event_id) != (first.content_hash, first.event_id)
    assert again.content_hash == first.content_hash
    assert again.flags == FLAG_CONTENT_ID | FLAG_REDELIVERED


@pytest.mark.parametrize(
    ("last_seen", "at"),
    [
        (1795424398500, 1795424398500000),
        (1795424398, 1795424398000000),
        ("2026-11-23T09:59:58+01:00", parse_time("2026-11-23T08:59:58Z")),
        ("2026-11-23T09:00:00", NOW),  # without an offset
        (1561390253312, NOW),  # 2019: stuck
        ("yesterday", NOW),
        (10**30, NOW),
        (None, NOW),
    ],
)
def test_last_seen_is_the_time_where_it_is_near_now(last_seen: object, at: int) -> None:
    (event,) = decoded(LEAK, {"water_leak": True, "last_seen": last_seen}).events
    assert event.event_time == at


def test_a_button_is_pressed_by_a_finger_and_not_by_an_earthquake() -> None:
    assert told(DOOR, {"action": "double"}) == [("button.pressed", {"action": "double"})]
    assert told(DOOR, {"action": "vibration"}) == [("state.reported", {"name": "action", "value": "vibration"})]
    assert told(DOOR, {"action": ""}) == []


@pytest.mark.parametrize("below", ["hall/door/action", "hall/door/set", "bridge/logging", "bridge/devices"])
def test_what_is_said_elsewhere_is_ignored(below: str) -> None:
    assert told(f"zigbee2mqtt/house1/{below}", "vibration") == []


def test_availability_and_bridge_state_say_who_is_on_line() -> None:
    (event,) = decoded(f"{DOOR}/availability", {"state": "offline"}).events
    assert (event.device, event.event_type) == ("door-1", "device.disconnected")
    (event,) = decoded("zigbee2mqtt/house1/bridge/state", "online").events
    assert (event.device, event.event_type) == ("bridge-1", "device.connected")
    retained = decoded(f"{DOOR}/availability", {"state": "online"}, retain=True)
    assert retained.events == []
    assert retained.state is not None


def test_a_cleared_retained_message_says_nothing() -> None:
    assert not decoded(f"{DOOR}/availability", b"", retain=True).has_more
    assert told(f"{DOOR}/availability", b"") == []


def test_a_renamed_device_is_known_by_its_address() -> None:
    payload = {"water_leak": True, "device": {"ieeeAddr": "0x00124b02", "friendlyName": "cellar"}}
    (event,) = decoded("zigbee2mqtt/house1/cellar", payload).events
    assert event.device == "leak-1"


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("zigbee2mqtt/house1/nobody", {"smoke": True}, "unknown_device"),
        ("zigbee2mqtt/house2/hall/door", {"smoke": True}, "unknown_topic"),
        (DOOR, "{'action': 'tilt'}", "not_json"),
        (DOOR, "[1]", "bad_shape"),
        (DOOR, {f"attribute_{number}": 1 for number in range(80)}, "bad_shape"),
        (DOOR, {"temperature": 1e40}, "bad_number"),
        (DOOR, {"state": "x" * 70_000}, "too_large"),
        (f"{DOOR}/availability", "perhaps", "bad_shape"),
        (f"{DOOR}/availability", b"\xff", "not_utf8"),
    ],
)
def test_bad_input_is_refused_with_its_reason(topic: str, payload: Any, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        decoded(topic, payload)
    assert caught.value.reason == reason
