"""What could not be used, kept with its reason: nothing is lost, nothing blocks."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Final

import msgspec

MAX_RAW_BYTES: Final = 256_000  # of the original payload; a longer one is cut, with its length and hash kept


class DeadLetterReason(StrEnum):
    """Why: one word for counting, the record's detail says the rest."""

    UNKNOWN_TOPIC = "unknown_topic"
    UNKNOWN_DEVICE = "unknown_device"
    DEVICE_DISABLED = "device_disabled"
    DEVICE_MISMATCH = "device_mismatch"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    BAD_SHAPE = "bad_shape"
    BAD_TEXT = "bad_text"
    BAD_NUMBER = "bad_number"
    BAD_TIME = "bad_time"
    UNKNOWN_EVENT_TYPE = "unknown_event_type"
    DECODER_FAILED = "decoder_failed"
    ENGINE_FAILED = "engine_failed"
    RULE_FAILED = "rule_failed"  # the event is stored all the same; only this rule has not judged it
    BAD_FRAME = "bad_frame"


class DeadLetter(msgspec.Struct, frozen=True, omit_defaults=True):
    """One dead letter. `received_at` is microseconds UTC; `raw` the payload's first MAX_RAW_BYTES.

    `length` and `sha256` are the whole payload's. `origin` is "mqtt" (can be replayed on `mqtt_topic`) or "engine".
    """

    reason: DeadLetterReason
    detail: str
    origin: str
    received_at: int
    raw: bytes
    length: int
    sha256: str
    mqtt_topic: str | None = None
    site: str | None = None
    device: str | None = None


def from_message(reason: DeadLetterReason, detail: str, mqtt_topic: str, raw: bytes, received_at: int) -> DeadLetter:
    """The dead letter of an MQTT message."""
    return DeadLetter(
        reason=reason,
        detail=detail[:500],
        origin="mqtt",
        received_at=received_at,
        raw=raw[:MAX_RAW_BYTES],
        length=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        mqtt_topic=mqtt_topic,
    )


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(DeadLetter)


def encode_dead_letter(letter: DeadLetter) -> bytes:
    """The stream's message."""
    return _encoder.encode(letter)


def decode_dead_letter(raw: bytes) -> DeadLetter:
    """The dead letter of a stream's message."""
    return _decoder.decode(raw)
