"""Real payloads, where the folder of samples stands beside the checkout: each decodes to what its index says of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, Final

import pytest

from herun.clock import parse_time
from herun.errors import InvalidInputError
from herun.registry import DeviceEntry, DeviceFormat
from tests.unit.gateway.made import data_of, decoded, make_router

SAMPLES: Final = Path(__file__).parents[3].parent / "shared" / "device-samples"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the samples do not stand beside this checkout")

SERIAL: Final = "320dc55b-d6d6c442"
NOW: Final = parse_time("2026-07-07T16:00:00Z")  # near the times of the camera's samples

# What the index says in words: (event type, the data that says it), an empty list for "nothing", a text for a refusal.
EXPECTED: Final[dict[str, list[tuple[str, dict[str, Any]]] | str]] = {
    "vzenith/barr_gate_status.json": [("gate.moved", {"position": "open"})],
    "vzenith/down_reply.json": [],
    "vzenith/ivs_result_old_topic.json": [("vehicle.passed", {"confidence": 100})],
    "zigbee2mqtt/air_quality_swapped.json": [("reading.reported", {"metric": "co2", "value": 1, "unit": "ppm"})],
    "zigbee2mqtt/availability_offline_test.json": [("device.disconnected", {})],
    "zigbee2mqtt/availability_online_test.json": [("device.connected", {})],
    "zigbee2mqtt/bridge_state_legacy.txt": [("device.connected", {})],
    "zigbee2mqtt/contact_closed.json": [("state.reported", {"name": "contact", "value": True})],
    "zigbee2mqtt/contact_no_state.json": [("reading.reported", {"metric": "battery", "value": 100.0, "unit": "%"})],
    "zigbee2mqtt/motion_sensor_no_occupancy_test.json": [
        ("reading.reported", {"metric": "battery", "value": 100, "unit": "%"})
    ],
    "zigbee2mqtt/occupancy_off.json": [("state.reported", {"name": "occupancy", "value": False})],
    "zigbee2mqtt/occupancy_on.json": [("state.reported", {"name": "occupancy", "value": True})],
    "zigbee2mqtt/occupancy_on_illuminance_lux.json": [("state.reported", {"name": "occupancy", "value": True})],
    "zigbee2mqtt/smoke_test_button.json": [("state.reported", {"name": "smoke", "value": False})],
    "zigbee2mqtt/smoke_true_iso_lastseen.json": [("state.reported", {"name": "smoke", "value": True})],
    "zigbee2mqtt/smoke_true_lastseen.json": [("state.reported", {"name": "smoke", "value": True})],
    "zigbee2mqtt/tilt_action.txt": "not_json",
    "zigbee2mqtt/vibration_action.json": [("state.reported", {"name": "action", "value": "vibration"})],
    "zigbee2mqtt/vibration_action_empty.json": [("reading.reported", {"metric": "angle", "value": 87, "unit": "°"})],
    "zigbee2mqtt/vibration_action_topic.txt": [],
    "zigbee2mqtt/water_leak_false_lastseen_ms.json": [("state.reported", {"name": "water_leak", "value": False})],
    "zigbee2mqtt/water_leak_nulls_at_start.json": [("state.reported", {"name": "water_leak", "value": False})],
    "zigbee2mqtt/water_leak_true_string_battery.json": [("state.reported", {"name": "water_leak", "value": True})],
    "zigbee2mqtt/weather_sensor_test.json": [
        ("reading.reported", {"metric": "temperature", "value": 0.08, "unit": "°C"})
    ],
}
# Both are levels that a rule compares, so nothing that the index calls "no state" or "reset" may appear among them.
ABSENT: Final = {
    "zigbee2mqtt/contact_no_state.json": "contact",
    "zigbee2mqtt/motion_sensor_no_occupancy_test.json": "occupancy",
    "zigbee2mqtt/vibration_action_empty.json": "action",
}


def index() -> list[dict[str, str]]:
    if not SAMPLES.is_dir():
        return []
    with (SAMPLES / "index.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [row for row in rows if row["file"].split("/")[0] in {"vzenith", "zigbee2mqtt"}]


def mqtt_rows() -> list[dict[str, str]]:
    """All of the two formats but what goes over HTTP, or down to the camera without a topic."""
    return [row for row in index() if "/http_" not in row["file"] and not row["file"].endswith("operator.json")]


def topic_of(row: dict[str, str]) -> str:
    if row["topic"]:
        return row["topic"]
    return f"zigbee2mqtt/{row['file'].split('/')[1]}"


def test_every_sample_that_comes_by_mqtt_is_here() -> None:
    assert {row["file"] for row in mqtt_rows()} == set(EXPECTED)


@pytest.mark.parametrize("row", mqtt_rows(), ids=lambda row: row["file"])
def test_a_sample_is_what_its_index_says(row: dict[str, str]) -> None:
    topic, name = topic_of(row), row["file"]
    base, _, rest = topic.partition("/")
    child = rest.removesuffix("/availability").removesuffix("/action")
    router = make_router(
        [
            DeviceEntry("s", "camera", 0, format=DeviceFormat.VZENITH, external_id=SERIAL),
            DeviceEntry("s", "bridge", 0, format=DeviceFormat.ZIGBEE2MQTT, base_topic=base),
            DeviceEntry("s", "child", 0, format=DeviceFormat.ZIGBEE2MQTT, bridge="bridge", external_id=child),
        ]
    )
    expected = EXPECTED[name]
    payload = (SAMPLES / name).read_bytes()
    if isinstance(expected, str):
        with pytest.raises(InvalidInputError) as caught:
            decoded(topic, payload, router=router, now=NOW)
        assert caught.value.reason == expected
        return
    found = [(event.event_type, data_of(event)) for event in decoded(topic, payload, router=router, now=NOW).events]
    assert bool(found) == bool(expected)
    for event_type, data in expected:
        assert any(event_type == each and data.items() <= said.items() for each, said in found), found
    assert ABSENT.get(name, "-") not in {said.get("name") for _, said in found}


@pytest.mark.parametrize("name", ["http_plate_r5.json", "http_offline_record.json", "http_selftest_plate.json"])
def test_the_same_result_over_another_transport_has_the_same_meaning(name: str) -> None:
    router = make_router([DeviceEntry("s", "camera", 0, format=DeviceFormat.VZENITH, external_id=SERIAL)])
    payload = (SAMPLES / "vzenith" / name).read_bytes()
    (event,) = decoded(f"device/{SERIAL}/message/up/ivs_result", payload, router=router, now=NOW).events
    assert event.event_type == "vehicle.passed"
    assert (event.personal is None) == (name == "http_offline_record.json")
