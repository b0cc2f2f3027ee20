"""What the gateway's tests share: devices with made-up names, and one message decoded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from gateway.decoders.contract import Outcome
from gateway.decoders.native import NativeDecoder
from gateway.decoders.vzenith import VzenithDecoder
from gateway.decoders.zigbee2mqtt import Zigbee2MqttDecoder
from gateway.devices import Devices
from gateway.normalise import Normaliser
from gateway.router import Router
from herun.clock import parse_time
from herun.events import Event
from herun.mqtt.packets import DUP_BIT, RETAIN_BIT, Publish
from herun.registry import DeviceEntry, DeviceFormat

NOW: Final = parse_time("2026-11-23T09:00:01Z")
TIME: Final = "2026-11-23T09:00:00Z"
KEY: Final = b"made-up-personal-key"
SERIAL: Final = "0a1b2c3d-4e5f6071"
FIXTURES: Final = Path(__file__).parents[2] / "fixtures"

DEVICES: Final = (
    DeviceEntry("estate", "sensor-1", 2),
    DeviceEntry("estate", "camera-1", 2, direction="in"),
    DeviceEntry("estate", "sensor-off", 2, enabled=False),
    DeviceEntry("estate", "gate-1", 1, format=DeviceFormat.VZENITH, external_id=SERIAL, direction="out"),
    DeviceEntry("estate", "bridge-1", 3, format=DeviceFormat.ZIGBEE2MQTT, base_topic="zigbee2mqtt/house1"),
    DeviceEntry("estate", "door-1", 3, format=DeviceFormat.ZIGBEE2MQTT, bridge="bridge-1", external_id="hall/door"),
    DeviceEntry("estate", "leak-1", 3, format=DeviceFormat.ZIGBEE2MQTT, bridge="bridge-1", external_id="0x00124b02"),
)


def make_router(devices: Sequence[DeviceEntry] = DEVICES) -> Router:
    normaliser = Normaliser(KEY)
    decoders = (NativeDecoder(normaliser), VzenithDecoder(normaliser), Zigbee2MqttDecoder(normaliser))
    return Router(Devices(devices), decoders)


def message(
    topic: str, payload: bytes | str | dict[str, Any] | list[Any], *, dup: bool = False, retain: bool = False
) -> Publish:
    raw = (
        payload
        if isinstance(payload, bytes)
        else payload.encode()
        if isinstance(payload, str)
        else json.dumps(payload).encode()
    )
    return Publish(topic.encode(), raw, 1, 2 | (DUP_BIT if dup else 0) | (RETAIN_BIT if retain else 0))


def decoded(
    topic: str,
    payload: bytes | str | dict[str, Any] | list[Any],
    *,
    dup: bool = False,
    retain: bool = False,
    router: Router | None = None,
    now: int = NOW,
) -> Outcome:
    """The outcome of one message. Raises InvalidInputError."""
    return (router or make_router()).find(topic.encode()).decode(message(topic, payload, dup=dup, retain=retain), now)


def native(event_id: str = "e-1", **more: Any) -> dict[str, Any]:
    """A native reading."""
    said = {"id": event_id, "time": TIME, "type": "reading.reported", "data": {"metric": "temperature", "value": 21.5}}
    return {**said, **more}


def data_of(event: Event) -> dict[str, Any]:
    found = json.loads(event.data)
    assert isinstance(found, dict)
    return found
