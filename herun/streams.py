"""The streams and buckets with their bounds: made at start by whoever comes first, checked by `herun doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, KeyValueConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import APIError, NotFoundError

from herun import subjects

GIB: Final = 1024**3
MIB: Final = 1024**2
DAY_S: Final = 86_400

# Bytes and seconds of each stream. EVENTS refuses when full, so the gateway stops acknowledging and the devices'
# broker holds on. The processor purges it a day (the replay horizon) behind its snapshots, earlier where it fills up;
# the age is only for a processor that never comes back.
EVENTS_MAX_BYTES: Final = 4 * GIB
EVENTS_MAX_AGE_S: Final = 7 * DAY_S
DEAD_LETTER_MAX_BYTES: Final = 512 * MIB
DEAD_LETTER_MAX_AGE_S: Final = 14 * DAY_S
ALERTS_MAX_BYTES: Final = 512 * MIB
ALERTS_MAX_AGE_S: Final = 14 * DAY_S
# What the broker holds for the gateway while it is down; full means that publishers are not acknowledged.
MQTT_MESSAGES_MAX_BYTES: Final = 2 * GIB
DUPLICATE_WINDOW_S: Final = 120
REGISTRY_MAX_BYTES: Final = 64 * MIB
DEVICE_STATE_MAX_BYTES: Final = 64 * MIB

STREAMS: Final = (
    StreamConfig(
        name=subjects.STREAM_EVENTS,
        subjects=[f"{subjects.STREAM_EVENTS}.*.*"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=EVENTS_MAX_BYTES,
        max_age=EVENTS_MAX_AGE_S,
        duplicate_window=DUPLICATE_WINDOW_S,
        allow_direct=True,
    ),
    StreamConfig(
        name=subjects.STREAM_DEAD_LETTER,
        subjects=[f"{subjects.STREAM_DEAD_LETTER}.*"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.OLD,
        max_bytes=DEAD_LETTER_MAX_BYTES,
        max_age=DEAD_LETTER_MAX_AGE_S,
        duplicate_window=DUPLICATE_WINDOW_S,
        allow_direct=True,
    ),
    StreamConfig(
        name=subjects.STREAM_ALERTS,
        subjects=[f"{subjects.STREAM_ALERTS}.*"],
        retention=RetentionPolicy.LIMITS,
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_bytes=ALERTS_MAX_BYTES,
        max_age=ALERTS_MAX_AGE_S,
        duplicate_window=DUPLICATE_WINDOW_S,
        allow_direct=True,
    ),
)

BUCKETS: Final = (
    KeyValueConfig(bucket=subjects.BUCKET_REGISTRY, history=1, max_bytes=REGISTRY_MAX_BYTES, storage=StorageType.FILE),
    KeyValueConfig(
        bucket=subjects.BUCKET_DEVICE_STATE, history=1, max_bytes=DEVICE_STATE_MAX_BYTES, storage=StorageType.FILE
    ),
)


@dataclass(frozen=True, slots=True)
class StreamFill:
    """Bytes used, bytes allowed (None: without a bound, which is wrong), and whether it refuses when full."""

    name: str
    used_bytes: int
    max_bytes: int | None
    discards_new: bool


def bounded_streams(events_max_bytes: int) -> tuple[StreamConfig, ...]:
    """The streams, with this bound of EVENTS in place of the default one."""
    events, *others = STREAMS
    return (events.evolve(max_bytes=events_max_bytes), *others)


async def ensure_streams(js: JetStreamContext, events_max_bytes: int = EVENTS_MAX_BYTES) -> None:
    """Creates what is missing and sets the bounds of what is there. Safe to call by several at once."""
    for wanted in bounded_streams(events_max_bytes):
        await _ensure_stream(js, wanted)
    for bucket in BUCKETS:
        try:
            await js.key_value(bucket.bucket)
        except NotFoundError:
            await js.create_key_value(bucket)


async def _ensure_stream(js: JetStreamContext, wanted: StreamConfig) -> None:
    """Asks before it creates: the server reserves a stream's bytes once more even for one that is there already."""
    name = wanted.name or ""
    try:
        found = (await js.stream_info(name)).config
    except NotFoundError:
        try:
            await js.add_stream(wanted)
        except APIError:
            await js.stream_info(name)  # somebody else was quicker; raises NotFoundError if it is not that
        return
    if (found.max_bytes, found.max_age, found.discard) != (wanted.max_bytes, wanted.max_age, wanted.discard):
        await js.update_stream(wanted)


async def ensure_mqtt_bounds(devices_js: JetStreamContext, max_bytes: int = MQTT_MESSAGES_MAX_BYTES) -> bool:
    """Bounds the broker's own QoS 1 buffer; False if the broker has not made it yet (nobody has connected by MQTT)."""
    try:
        info = await devices_js.stream_info(subjects.MQTT_MESSAGES_STREAM)
    except NotFoundError:
        return False
    config = info.config
    if config.max_bytes != max_bytes or config.discard != DiscardPolicy.NEW:
        await devices_js.update_stream(config.evolve(max_bytes=max_bytes, discard=DiscardPolicy.NEW))
    return True


async def stream_fill(js: JetStreamContext, name: str) -> StreamFill:
    """How full one stream is. Raises NotFoundError if there is none of that name."""
    info = await js.stream_info(name)
    bound = info.config.max_bytes
    return StreamFill(
        name=name,
        used_bytes=info.state.bytes,
        max_bytes=bound if bound is not None and bound > 0 else None,
        discards_new=info.config.discard == DiscardPolicy.NEW,
    )
