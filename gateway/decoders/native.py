"""Native devices: `herun/v1/<site>/<device>/event|reading|state|reply`, CloudEvents 1.0 JSON, one object or an array.

What the topic already says may be left out. Required are `id` and `time`, and on `event` also `type`; `reading` means
`reading.reported` where nothing else is said. Attributes of CloudEvents that are not named here are dropped.
`state` is `online` or `offline`, as plain text or `{"state": ...}`: a last will cannot hold a time, so it needs neither
`time` nor `id`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from gateway import broken_json
from gateway.decoders.contract import NOTHING, Ignored, Outcome, Route
from gateway.decoders.presence import presence
from gateway.devices import Devices
from gateway.normalise import Normaliser, Said
from gateway.pictures import Picture
from gateway.refusal import refused
from herun.dead_letters import DeadLetter, DeadLetterReason, from_message
from herun.errors import InvalidInputError
from herun.events import FLAG_REDELIVERED, Event
from herun.frames import MAX_EVENT_BYTES, MAX_FRAME_BYTES
from herun.mqtt.packets import DUP_BIT, RETAIN_BIT, Publish
from herun.names import is_name
from herun.registry import DeviceEntry, DeviceFormat
from herun.subjects import notice_topic

# Of one array: a message's events go into one frame.
MAX_EVENTS_PER_MESSAGE: Final = 500

_PREFIX: Final = "herun/v1/"
_DEFAULT_TYPES: Final = {"event": None, "reading": "reading.reported"}
_MAX_SEQUENCE: Final = 2**63 - 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class _Envelope(msgspec.Struct, gc=False):
    id: str
    time: Annotated[datetime, msgspec.Meta(tz=True)]
    type: str | None = None
    data: dict[str, Any] = {}
    sequence: int | str | None = None
    source: str | None = None
    site: str | None = None
    device: str | None = None


_decode_one: Final = msgspec.json.Decoder(_Envelope).decode
_decode_many: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode


class NativeDecoder:
    """Claims the native topics."""

    def __init__(self, normaliser: Normaliser) -> None:
        self._normaliser = normaliser

    def claim(self, topic: str, devices: Devices) -> Route | None:
        if not topic.startswith(_PREFIX):
            return None
        levels = topic.split("/")
        if len(levels) == 6 and topic == notice_topic(levels[2], levels[4]):
            return Ignored(DeviceFormat.NATIVE)
        if len(levels) != 5 or not (is_name(levels[2]) and is_name(levels[3])):
            raise refused(DeadLetterReason.UNKNOWN_TOPIC, "native topics are herun/v1/<site>/<device>/<channel>")
        channel = levels[4]
        if channel in {"command", "reply"}:
            return Ignored(DeviceFormat.NATIVE)
        if channel not in {*_DEFAULT_TYPES, "state"}:
            raise refused(DeadLetterReason.UNKNOWN_TOPIC, f"native devices have no channel {channel[:32]!r}")
        entry = devices.native(levels[2], levels[3])
        if channel == "state":
            return StateRoute(entry, self._normaliser)
        return EventRoute(entry, self._normaliser, _DEFAULT_TYPES[channel])


class StateRoute:
    """A native device's `state`."""

    format: str = DeviceFormat.NATIVE

    def __init__(self, entry: DeviceEntry, normaliser: Normaliser) -> None:
        self._entry = entry
        self._normaliser = normaliser

    def decode(self, message: Publish, received_us: int) -> Outcome:
        return presence(self._entry, self._normaliser, message, received_us)


class EventRoute:
    """A native device's `event` or `reading`."""

    format: str = DeviceFormat.NATIVE

    def __init__(self, entry: DeviceEntry, normaliser: Normaliser, default_type: str | None) -> None:
        self._entry = entry
        self._normaliser = normaliser
        self._default_type = default_type

    def decode(self, message: Publish, received_us: int) -> Outcome:
        flags = message.flags
        if flags & RETAIN_BIT:  # the past, told again at subscription
            return NOTHING
        payload = message.payload
        if not payload.startswith(b"{") and payload.lstrip().startswith(b"["):
            return self._decode_array(message, received_us)
        taken: list[Picture] = []
        event = self._event(payload, FLAG_REDELIVERED if flags & DUP_BIT else 0, received_us, taken)
        return Outcome([event], self._entry.partition, pictures=taken)

    def _decode_array(self, message: Publish, received_us: int) -> Outcome:
        try:
            elements: Sequence[bytes | msgspec.Raw] = _decode_many(message.payload)
        except broken_json.ERRORS as error:
            # What is broken inside of one element is that element's; it is judged alone below.
            elements = broken_json.split_array(message.payload, MAX_EVENTS_PER_MESSAGE)
            if not elements:
                raise broken_json.explain(message.payload, error) from error
        if not 0 < len(elements) <= MAX_EVENTS_PER_MESSAGE:
            detail = f"array of {len(elements)} events, from 1 to {MAX_EVENTS_PER_MESSAGE}"
            raise refused(DeadLetterReason.TOO_LARGE if elements else DeadLetterReason.BAD_SHAPE, detail)
        events: list[Event] = []
        letters: list[DeadLetter] = []
        taken: list[Picture] = []
        flags = FLAG_REDELIVERED if message.dup else 0
        for element in elements:
            payload = bytes(element)
            try:
                events.append(self._event(payload, flags, received_us, taken))
            except InvalidInputError as error:
                letters.append(self._letter(message, payload, error, received_us))
        if len(message.payload) > MAX_FRAME_BYTES and _size(events) > MAX_FRAME_BYTES:
            raise refused(DeadLetterReason.TOO_LARGE, f"array of {_size(events)} bytes, at most {MAX_FRAME_BYTES}")
        return Outcome(events, self._entry.partition, letters, taken)

    def _letter(self, message: Publish, payload: bytes, error: InvalidInputError, received_us: int) -> DeadLetter:
        reason, topic = DeadLetterReason(error.reason), message.topic.decode()
        return from_message(reason, f"element of an array: {error.detail}", topic, payload, received_us)

    def _event(self, payload: bytes, flags: int, received_us: int, taken: list[Picture]) -> Event:
        try:
            envelope = _decode_one(payload)
        except broken_json.ERRORS as error:
            raise broken_json.explain(payload, error) from error
        entry = self._entry
        if len(payload) > MAX_EVENT_BYTES:
            _judge_size(payload, envelope.data)
        if (
            (envelope.device is not None and envelope.device != entry.device)
            or (envelope.site is not None and envelope.site != entry.site)
            or (envelope.source is not None and not _names(envelope.source, entry))
        ):
            raise refused(DeadLetterReason.DEVICE_MISMATCH, f"the payload names another device than {entry.key}")
        event_type = envelope.type or self._default_type
        if event_type is None:
            raise refused(DeadLetterReason.BAD_SHAPE, "type is missing")
        age = envelope.time - _EPOCH
        sequence = envelope.sequence
        said = Said(
            event_type=event_type,
            event_id=envelope.id,
            event_time=(age.days * 86_400 + age.seconds) * 1_000_000 + age.microseconds,
            data=envelope.data,
            sequence=None if sequence is None else _sequence(sequence),
            flags=flags,
        )
        return self._normaliser.event(entry, said, received_us, taken)


def _size(events: list[Event]) -> int:
    return sum(len(each.data) + sum(len(value) for value in (each.personal or {}).values()) for each in events)


def _judge_size(payload: bytes, data: dict[str, Any]) -> None:
    picture = data.get("picture")
    rest = len(payload) - (len(picture) if isinstance(picture, str) else 0)
    if rest > MAX_EVENT_BYTES:
        raise refused(DeadLetterReason.TOO_LARGE, f"{rest} bytes without the picture, at most {MAX_EVENT_BYTES}")


def _names(source: str, entry: DeviceEntry) -> bool:
    """True if a CloudEvents source (a URI reference, perhaps the topic itself) means this device, and no other site."""
    parts = [part for part in source.replace(":", "/").replace(".", "/").split("/") if part]
    says_site = len(parts) == 2 or "v1" in parts
    return entry.device in parts[-2:] and (entry.site in parts or not says_site)


def _sequence(said: int | str) -> int:
    try:
        sequence = int(said)
    except ValueError:
        sequence = -1
    if not 0 <= sequence <= _MAX_SEQUENCE:
        raise refused(DeadLetterReason.BAD_SHAPE, "sequence is not a whole number from 0 to 2^63-1")
    return sequence
