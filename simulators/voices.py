"""How each format puts a happening into an MQTT message. One voice a device: it counts its ids and knows its state."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from herun.clock import SECOND_US, to_text
from simulators.happenings import Happening, Message, Scalar
from simulators.inventory import Device

# Sequences count from the seconds since this day, so that they grow over restarts as well: no device says more than
# one thing a second for long.
SEQUENCE_FROM_S: Final = 1_577_836_800  # 2020-01-01

PLATE_COLORS: Final = {"unknown": 0, "blue": 1, "yellow": 2, "white": 3, "black": 4, "green": 5}


def presence_topic(site: str, device: Device) -> str | None:
    """Where a device's connection leaves word of itself (retained, and as last will); None if it has no such word."""
    if device.format == "native":
        return f"herun/v1/{site}/{device.name}/state"
    return f"{device.base_topic}/bridge/state" if device.base_topic else None


class Voice(Protocol):
    """Turns what one device notices into what it publishes. `skew_us` is how far its clock is ahead."""

    def __call__(self, happening: Happening, skew_us: int) -> Message: ...


def voice_of(site: str, device: Device, bridge: Device | None, boot_us: int) -> Voice:
    """The voice of a device that was switched on at `boot_us`; a bridge's child speaks through its bridge."""
    if device.format == "vzenith":
        return VzenithVoice(device, boot_us)
    if device.format == "zigbee2mqtt":
        return ZigbeeVoice(device, bridge or device)
    return NativeVoice(site, device, boot_us)


class NativeVoice:
    """CloudEvents JSON on the device's own topics; what happened together travels as an array."""

    def __init__(self, site: str, device: Device, boot_us: int) -> None:
        self._site = site
        self._device = device
        self._boot = boot_us // SECOND_US
        self._count = 0

    def __call__(self, happening: Happening, skew_us: int) -> Message:
        events = [self._event(each, skew_us) for each in (happening, *happening.together)]
        channel = "reading" if happening.event_type == "reading.reported" else "event"
        return Message(
            at_us=happening.at_us,
            connection=self._device.name,
            topic=f"herun/v1/{self._site}/{self._device.name}/{channel}",
            payload=_json(events if happening.together else events[0]),
            about=happening.event_type,
            device=self._device.name,
            events=tuple(event["id"] for event in events),
        )

    def _event(self, happening: Happening, skew_us: int) -> dict[str, Any]:
        self._count += 1
        return {
            "specversion": "1.0",
            "id": f"{self._boot:x}-{self._count}",
            "type": happening.event_type,
            "time": to_text(happening.at_us + skew_us),
            "sequence": self._boot - SEQUENCE_FROM_S + self._count,
            "data": dict(happening.data),
        }


class VzenithVoice:
    """A barrier camera: plate reads with base64 plates, and a sign of life."""

    def __init__(self, device: Device, boot_us: int) -> None:
        self._device = device
        self._serial = device.external_id or device.name
        self._boot = boot_us // SECOND_US
        self._count = 0

    def __call__(self, happening: Happening, skew_us: int) -> Message:
        self._count += 1
        name = "keep_alive" if happening.event_type == "keep_alive" else "ivs_result"
        at_us = happening.at_us + skew_us
        envelope = {
            "id": f"{self._boot:x}{self._count:06x}",
            "sn": self._serial,
            "name": name,
            "version": "1.0",
            "timestamp": at_us // SECOND_US,
            "payload": {"body": {}} if name == "keep_alive" else self._plate(happening.data, at_us),
        }
        return Message(
            at_us=happening.at_us,
            connection=self._device.name,
            topic=f"device/{self._serial}/message/up/{name}",
            payload=_json(envelope),
            about=happening.event_type,
            device=self._device.name,
        )

    def _plate(self, data: Mapping[str, Scalar], at_us: int) -> dict[str, Any]:
        result = {
            "plateid": self._count,
            "unique_id": f"{self._serial}-{self._boot:x}-{self._count}",
            "license": base64.b64encode(str(data.get("plate", "_无_")).encode()).decode(),
            "confidence": data.get("confidence", 95),
            "colorType": PLATE_COLORS.get(str(data.get("plate_color", "blue")), 0),
            "direction": 4,
            "triggerType": 1,
            "timeStamp": {"Timeval": {"sec": at_us // SECOND_US, "usec": at_us % SECOND_US}},
        }
        return {"AlarmInfoPlate": {"channel": 0, "serialno": self._serial, "result": {"PlateResult": result}}}


class ZigbeeVoice:
    """A Zigbee2MQTT device: every message repeats all attributes that are known so far."""

    def __init__(self, device: Device, bridge: Device) -> None:
        self._device = device
        self._bridge = bridge
        self._attributes: dict[str, Scalar] = {"battery": 100, "linkquality": 96}

    def __call__(self, happening: Happening, skew_us: int) -> Message:
        for each in (happening, *happening.together):
            self._attributes.update(ATTRIBUTES[each.event_type](each.data))
        seen = {**self._attributes, "last_seen": to_text(happening.at_us + skew_us)}
        return Message(
            at_us=happening.at_us,
            connection=self._bridge.name,
            topic=f"{self._bridge.base_topic}/{self._device.external_id}",
            payload=_json(seen),
            about=happening.event_type,
            device=self._device.name,
        )


# Which attributes of a Zigbee2MQTT device say what happened; `contact: true` means closed.
ATTRIBUTES: Final[dict[str, Callable[[Mapping[str, Scalar]], dict[str, Scalar]]]] = {
    "door.opened": lambda _: {"contact": False},
    "door.closed": lambda _: {"contact": True},
    "state.reported": lambda data: {str(data["name"]): data["value"]},
    "reading.reported": lambda data: {str(data["metric"]): data["value"]},
}


def _json(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
