"""Vzenith (臻识) plate cameras over MQTT, and the family that speaks like them.

Topics `device/<sn>/message/up/<name>` and, older, `<sn>/device/message/up/<name>`; the topic's serial number counts.

| name | outcome |
|---|---|
| `ivs_result`, `quick_ivs_result`, `offline_record` | `vehicle.passed`; one passage has one identity under all three |
| `barr_gate_status` | `gate.moved` with position closed, open or between |
| `gpio_in` | `state.reported` of `input_1` to `input_4` |
| `keep_alive` | `device.connected` every time, about 10 s apart: a level, rules look for its absence |
| others, and all that goes `down` | nothing |

`license` and pictures are base64 here (plain text over HTTP): decoded where that gives a plate. A passage without a
plate stays a passage. `direction` is the motion in the picture, so entry or exit comes from the registry alone.
Identity of a passage: the camera's own (`unique_id`, `record_uuid`), else plate number and capture second, else plate
and send time, where the same plate within ten seconds is the same passage. Time: capture, else sent, else received;
one that is far from now is a wrong clock and not taken.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

import msgspec

from gateway import broken_json, pictures
from gateway.decoders.contract import NOTHING, Ignored, Outcome, Route, StateChange, content_hash, state_key
from gateway.decoders.plates import plate_of
from gateway.devices import Devices
from gateway.normalise import NEWEST_US, OLDEST_US, Normaliser, Said
from gateway.pictures import Picture
from gateway.refusal import refused
from herun.clock import SECOND_US
from herun.dead_letters import DeadLetterReason
from herun.errors import InvalidInputError
from herun.events import FLAG_CONTENT_ID, FLAG_REDELIVERED
from herun.mqtt.packets import Publish
from herun.registry import DeviceEntry, DeviceFormat

SAME_PASSAGE_S: Final = 10  # the same plate at one camera within this is one passage (camera without identities)
PASSAGES_REMEMBERED: Final = 1_000  # cameras times the plates in front of one

_COLORS: Final = {1: "blue", 2: "yellow", 3: "white", 4: "black", 5: "green", 6: "yellow-green"}
_POSITIONS: Final = {0: "closed", 1: "open", 2: "between"}
_VEHICLE_TYPES: Final = {19: "new_energy", 20: "new_energy", 29: "fake_plate", 31: "without_plate"}
# The full picture first; newer firmware names its fields otherwise.
_PICTURE_FIELDS: Final = ("imageFile", "full_image_content", "imageFragmentFile", "clip_image_content")
_PASSAGES: Final = frozenset({"ivs_result", "quick_ivs_result", "offline_record"})
_NAMES: Final = _PASSAGES | {"barr_gate_status", "gpio_in", "keep_alive"}

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class VzenithDecoder:
    """Claims both topic layouts."""

    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser
        self._passages = PassageMemory()
        self._old_layout: set[str] = set()  # cameras that were heard on it; never more than are registered

    def command_topic(self, serial: str, name: str) -> str:
        """Where a camera listens for a command: in the layout in which it speaks."""
        if serial in self._old_layout:
            return f"{serial}/device/message/down/{name}"
        return f"device/{serial}/message/down/{name}"

    def claim(self, topic: str, devices: Devices) -> Route | None:
        levels = topic.split("/")
        if len(levels) < 5 or levels[2] != "message":
            return None
        if levels[0] == "device":
            serial = levels[1]
        elif levels[1] == "device":
            serial = levels[0]
        else:
            return None
        if levels[3] == "down":
            return Ignored(DeviceFormat.VZENITH)
        if levels[3] != "up" or len(levels) != 5:
            return None
        entry = devices.camera(serial)
        if levels[1] == "device":
            self._old_layout.add(serial)
        if levels[4] not in _NAMES:
            return Ignored(DeviceFormat.VZENITH)
        return CameraRoute(entry, levels[4], self._normaliser, self._passages)


class CameraRoute:
    """One kind of message of one camera."""

    format: str = DeviceFormat.VZENITH

    def __init__(self, entry: DeviceEntry, name: str, normaliser: Normaliser, passages: PassageMemory) -> None:
        self._entry = entry
        self._name = name
        self._normaliser = normaliser
        self._passages = passages

    def decode(self, message: Publish, received_us: int) -> Outcome:
        if message.retain or not message.payload:
            return NOTHING
        payload = message.payload.lstrip(b"\0 \r\n\t")  # some firmware puts NUL before a keep_alive
        try:
            said = _decode(payload)
        except broken_json.ERRORS as error:
            raise broken_json.explain(payload, error) from error
        state, taken = None, list[Picture]()
        if self._name in _PASSAGES:
            one = self._passage(said, message, received_us)
        elif self._name == "keep_alive":
            state = StateChange(state_key(self._entry), "online", received_us)
            one = self._moment("device.connected", {"reason": "keep_alive"}, said, message, received_us)
        elif self._name == "gpio_in":
            one = self._moment("state.reported", _input(said), said, message, received_us)
        else:
            one = self._moment("gate.moved", _gate(said), said, message, received_us)
        event = self._normaliser.event(self._entry, one, received_us, taken)
        return Outcome([event], self._entry.partition, pictures=taken, state=state)

    def _passage(self, said: dict[str, Any], message: Publish, received_us: int) -> Said:
        result = _block(said, "AlarmInfoPlate", "result", "PlateResult")
        plate = None if result.get("is_encrypted") else plate_of(_text(result, "license"))
        captured_s = _number(_block(result, "timeStamp", "Timeval", optional=True), "sec") or 0
        sent_s = _number(said, "timestamp") or 0
        data = _passage_data(result, plate)
        identity = self._identity(said, result, plate, captured_s or sent_s)
        flags = FLAG_REDELIVERED if message.dup else 0
        if identity is None:
            identity, flags = f"{content_hash(message)}@{received_us}", flags | FLAG_CONTENT_ID
        return Said(
            event_type="vehicle.passed",
            event_id=identity,
            event_time=_event_time((captured_s, sent_s), received_us),
            data=data,
            flags=flags,
            picture=_picture(result),
        )

    def _identity(self, said: dict[str, Any], result: dict[str, Any], plate: str | None, at_s: int) -> str | None:
        for block in (result, said):
            for name in ("unique_id", "record_uuid"):
                own = _text(block, name)
                if own:
                    return f"u-{own[:100]}"
        number = _number(result, "plateid")
        if number is not None and at_s:
            return f"p-{number}-{at_s}"
        if plate is not None and at_s:
            digest = self._normaliser.hash_plate(plate)
            return f"h-{digest}-{self._passages.first_second(self._entry.key, digest, at_s)}"
        return None

    @staticmethod
    def _moment(
        event_type: str, data: dict[str, Any], said: dict[str, Any], message: Publish, received_us: int
    ) -> Said:
        """What has no identity of its own: equal bytes are a repeat only if the broker says so."""
        return Said(
            event_type=event_type,
            event_id=f"{content_hash(message)}@{received_us}",
            event_time=_event_time((_number(said, "timestamp") or 0,), received_us),
            data=data,
            flags=FLAG_CONTENT_ID | (FLAG_REDELIVERED if message.dup else 0),
        )


class PassageMemory:
    """When a plate was first seen of late; bounded, and lost at a restart, which can then double such a passage."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], int] = OrderedDict()

    def first_second(self, device: str, plate_hash: str, at_s: int) -> int:
        """The second under which this plate's passage is known."""
        key = (device, plate_hash)
        first = self._seen.get(key)
        if first is None or abs(at_s - first) > SAME_PASSAGE_S:
            first = self._seen[key] = at_s
        self._seen.move_to_end(key)
        if len(self._seen) > PASSAGES_REMEMBERED:
            self._seen.popitem(last=False)
        return first


def _passage_data(result: dict[str, Any], plate: str | None) -> dict[str, Any]:
    data: dict[str, Any] = {} if plate is None else {"plate": plate}
    confidence = _number(result, "confidence")
    if confidence is not None:
        data["confidence"] = confidence
    color = _COLORS.get(_number(result, "colorType") or 0)
    if color is not None:
        data["plate_color"] = color
    vehicle = _VEHICLE_TYPES.get(_number(result, "type") or 0)
    if vehicle is not None:
        data["vehicle_type"] = vehicle
    trigger = _number(result, "triggerType")
    if trigger is not None:
        data["trigger"] = str(trigger)
    return data


def _picture(result: dict[str, Any]) -> Picture | None:
    for name in _PICTURE_FIELDS:
        text = _text(result, name)
        picture = pictures.from_text(text) if text else None
        if picture is not None:
            return picture
    return None


def _gate(said: dict[str, Any]) -> dict[str, Any]:
    status = _number(_block(said, "body"), "gate_status")
    position = _POSITIONS.get(-1 if status is None else status)
    if position is None:
        raise refused(DeadLetterReason.BAD_SHAPE, "gate_status is none of 0, 1, 2")
    return {"position": position}


def _input(said: dict[str, Any]) -> dict[str, Any]:
    try:
        result = _block(said, "AlarmGioIn", "result", "TriggerResult")
    except InvalidInputError:
        result = _block(said, "body")
    source, value = _number(result, "source"), _number(result, "value")
    if source is None or value is None or not 0 <= source <= 15:
        raise refused(DeadLetterReason.BAD_SHAPE, "an input has a source from 0 to 15 and a value")
    return {"name": f"input_{source + 1}", "value": bool(value)}


def _block(said: dict[str, Any], *path: str, optional: bool = False) -> dict[str, Any]:
    """The object at a path, with or without the `payload` around it. Raises InvalidInputError unless it is optional."""
    block: Any = said
    if isinstance(said.get("payload"), dict):
        block = said["payload"]
    for name in path:
        block = block.get(name) if isinstance(block, dict) else None
    if isinstance(block, dict):
        return block
    if optional:
        return {}
    raise refused(DeadLetterReason.BAD_SHAPE, f"{'.'.join(path)} is missing")


def _text(block: dict[str, Any], name: str) -> str | None:
    value = block.get(name)
    return value if isinstance(value, str) else None


def _number(block: dict[str, Any], name: str) -> int | None:
    """A whole number, also where it is written as text."""
    value = block.get(name)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 15:
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if type(value) is int and abs(value) < 10**15 else None


def _event_time(candidates_s: tuple[int, ...], received_us: int) -> int:
    for seconds in candidates_s:
        at = seconds * (SECOND_US if seconds < 10**11 else 1000)  # more digits: milliseconds
        if received_us - OLDEST_US <= at <= received_us + NEWEST_US:
            return at
    return received_us
