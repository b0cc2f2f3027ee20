"""Zigbee2MQTT: `<base_topic>/<friendly name>`, one JSON object with all that a device has ever said.

| topic below the base | outcome |
|---|---|
| `<name>` | an event for each attribute: booleans `state.reported`, numbers `reading.reported`, `action` see below |
| `<name>/availability` | `device.connected` or `device.disconnected` of the device |
| `bridge/state` | the same of the bridge; its devices' own state is then unknown |
| `<name>/action`, `<name>/set`, `<name>/get`, `bridge/...` | nothing: said elsewhere, or not for us |

A bridge repeats the whole cached state at every report, so a state is a level and no change: rules compare. The name
`contact` is true when CLOSED. `action` is a moment: `button.pressed`, or `state.reported` of `action` where no finger
did it (vibration, tilt, drop); its reset `""` is nothing. An attribute that is null is not known yet: no event.
There is no identity, so it is a hash of topic and bytes; there is no time but `last_seen`, taken where it is near now.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from gateway import broken_json
from gateway.decoders.contract import NOTHING, Ignored, Outcome, Route, content_hash
from gateway.decoders.presence import presence
from gateway.devices import Devices
from gateway.normalise import NEWEST_US, OLDEST_US, Normaliser, Said
from gateway.refusal import refused
from herun.clock import to_us
from herun.dead_letters import DeadLetterReason
from herun.events import FLAG_CONTENT_ID, FLAG_REDELIVERED
from herun.frames import MAX_EVENT_BYTES
from herun.mqtt.packets import Publish
from herun.registry import DeviceEntry, DeviceFormat

MAX_ATTRIBUTES: Final = 64  # of one message; the richest devices have about forty

_UNITS: Final = {
    "battery": "%", "temperature": "°C", "device_temperature": "°C", "humidity": "%", "soil_moisture": "%",
    "pressure": "hPa", "illuminance_lux": "lx", "voltage": "mV", "power": "W", "energy": "kWh", "current": "A",
    "co2": "ppm", "pm25": "µg/m³", "formaldehyd": "mg/m³", "angle": "°", "angle_x": "°", "angle_y": "°", "angle_z": "°",
}  # fmt: skip
# About the radio link or the converter, different in every message, and nothing about the place.
_NO_NEWS: Final = frozenset({"linkquality", "elapsed", "last_seen", "device", "update", "update_available"})
_WORDS: Final = frozenset({"state"})  # texts worth an event: a plug is ON or OFF
_NOT_A_FINGER: Final = frozenset({"vibration", "tilt", "drop", "shake", "fall", "slide", "flip90", "flip180"})
_SECONDS_DIGITS: Final = 11  # an epoch number with more digits counts milliseconds

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class Zigbee2MqttDecoder:
    """Claims all topics below a registered bridge's base topic."""

    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser

    def claim(self, topic: str, devices: Devices) -> Route | None:
        bridge, name = _split(topic, devices)
        if bridge is None:
            return None
        if not bridge.enabled:
            raise refused(DeadLetterReason.DEVICE_DISABLED, f"{bridge.key} is disabled")
        if name == "bridge/state":
            return PresenceRoute(bridge, self._normaliser)
        if name.startswith("bridge/") or name.endswith(("/action", "/set", "/get")):
            return Ignored(DeviceFormat.ZIGBEE2MQTT)
        if name.endswith("/availability"):
            return PresenceRoute(devices.child(bridge, name.removesuffix("/availability")), self._normaliser)
        return ReportRoute(bridge, name, devices, self._normaliser)


class PresenceRoute:
    """`bridge/state` and `<name>/availability`."""

    format: str = DeviceFormat.ZIGBEE2MQTT

    def __init__(self, entry: DeviceEntry, normaliser: Normaliser) -> None:
        self._entry = entry
        self._normaliser = normaliser

    def decode(self, message: Publish, received_us: int) -> Outcome:
        return presence(self._entry, self._normaliser, message, received_us)


class ReportRoute:
    """A device's report."""

    format: str = DeviceFormat.ZIGBEE2MQTT

    def __init__(self, bridge: DeviceEntry, name: str, devices: Devices, normaliser: Normaliser) -> None:
        self._bridge = bridge
        self._name = name
        self._devices = devices
        self._normaliser = normaliser

    def decode(self, message: Publish, received_us: int) -> Outcome:
        if message.retain or not message.payload:
            return NOTHING
        if len(message.payload) > MAX_EVENT_BYTES:
            raise refused(DeadLetterReason.TOO_LARGE, f"{len(message.payload)} bytes, at most {MAX_EVENT_BYTES}")
        try:
            said = _decode(message.payload)
        except broken_json.ERRORS as error:
            raise broken_json.explain(message.payload, error) from error
        if len(said) > MAX_ATTRIBUTES:
            raise refused(DeadLetterReason.BAD_SHAPE, f"{len(said)} attributes, at most {MAX_ATTRIBUTES}")
        entry = self._device(said)
        digest = content_hash(message)
        flags = FLAG_CONTENT_ID | (FLAG_REDELIVERED if message.dup else 0)
        at = _event_time(said.get("last_seen"), received_us)
        outcome = Outcome(partition=entry.partition, events=[])
        for key, value in said.items():
            found = _meaning(key, value)
            if found is None:
                continue
            event_type, data = found
            event_id = f"{digest}.{key}@{received_us}"
            one = Said(event_type=event_type, event_id=event_id, event_time=at, data=data, flags=flags)
            outcome.events.append(self._normaliser.event(entry, one, received_us, []))
        return outcome

    def _device(self, said: dict[str, Any]) -> DeviceEntry:
        """By its friendly name; a renamed one by its address, where the bridge is set to tell it."""
        block = said.get("device")
        address = block.get("ieeeAddr") if isinstance(block, dict) else None
        if isinstance(address, str) and not self._devices.has_child(self._bridge, self._name):
            return self._devices.child(self._bridge, address)
        return self._devices.child(self._bridge, self._name)


def _split(topic: str, devices: Devices) -> tuple[DeviceEntry | None, str]:
    """The bridge whose base topic the topic lies below, the longest first, and the rest."""
    at = topic.rfind("/")
    while at > 0:
        bridge = devices.bridge(topic[:at])
        if bridge is not None:
            return bridge, topic[at + 1 :]
        at = topic.rfind("/", 0, at)
    return None, ""


def _meaning(key: str, value: object) -> tuple[str, dict[str, Any]] | None:
    """The event type and data of one attribute, or None if it tells nothing."""
    if value is None or key in _NO_NEWS:
        return None
    if isinstance(value, bool):
        return "state.reported", {"name": key, "value": value}
    if key == "action":
        return _action(value)
    if isinstance(value, str) and key in _WORDS:
        return "state.reported", {"name": key, "value": value}
    number = _number(value)
    if number is None:
        return None
    unit = _UNITS.get(key)
    data = {"metric": key, "value": number}
    return "reading.reported", data if unit is None else {**data, "unit": unit}


def _action(value: object) -> tuple[str, dict[str, Any]] | None:
    if not isinstance(value, str) or not value:
        return None
    if value in _NOT_A_FINGER:
        return "state.reported", {"name": "action", "value": value}
    return "button.pressed", {"action": value}


def _number(value: object) -> float | int | None:
    """A number, also where the converter writes it as text ("80.00")."""
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and value.replace(".", "", 1).lstrip("-").isdecimal() and value.isascii():
        return float(value)
    return None


def _event_time(last_seen: object, received_us: int) -> int:
    """`last_seen` in microseconds where it is near the receipt, else the receipt: a stuck value is no time."""
    at = received_us
    if isinstance(last_seen, int) and 0 < last_seen < 10**14:
        at = last_seen * (1000 if len(str(last_seen)) > _SECONDS_DIGITS else 1_000_000)
    elif isinstance(last_seen, str):
        try:
            moment = datetime.fromisoformat(last_seen)
        except ValueError:
            return received_us
        at = to_us(moment) if moment.tzinfo else received_us
    return at if received_us - OLDEST_US <= at <= received_us + NEWEST_US else received_us
