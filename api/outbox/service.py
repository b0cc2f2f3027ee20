"""The relay: what the API changed reaches the engine as control frames, and after that the gateway by the registry.

At least once and in order: a change is deleted only when both have it. All controls say what now is, so hearing one
twice changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import msgspec
import structlog
from nats.js.kv import KeyValue
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from api import background
from api.outbox import store
from api.outbox.store import Connection, OutboxRow
from api.resources import Resources
from herun import frames, metrics, subjects
from herun.database.pool import role_conninfo
from herun.errors import FencedError, TransientError
from herun.frames import MAX_FRAME_BYTES, MAX_FRAME_EVENTS, Control, Frame, FrameKind
from herun.stream import FrameWriter

log = structlog.get_logger(__name__)

TASK: Final = "relay"
ROLE: Final = "herun_api"
POLL_S: Final = 1.0  # between looks when nobody says that something was added: another instance may have
PUTS_AT_ONCE: Final = 64  # registry keys written at a time

_relayed = metrics.counter("herun_api_outbox_relayed_total")
_set_aside = metrics.counter("herun_api_outbox_set_aside_total")


async def relay(resources: Resources, stop: asyncio.Event) -> None:
    """Waits until this is the instance that holds the lock, then passes the outbox on until `stop`.

    Raises psycopg.OperationalError, TransientError or the stream's errors: begin anew then.
    """
    conninfo = role_conninfo(resources.settings.need("database_url"), ROLE, "herun-api-relay")
    # The lock belongs to this connection: when it breaks, the lock is gone and so is everything in hand.
    connection = await AsyncConnection.connect(conninfo, autocommit=True, row_factory=dict_row)
    async with connection:
        await store.see_all_sites(connection)
        while not stop.is_set() and not await store.try_lock(connection):
            resources.beat(TASK)
            await background.wait(stop, POLL_S)
        if stop.is_set():
            return
        try:
            await _pass_on(resources, connection, stop)
        except FencedError as error:
            # Another relay, or the stream purged what we last wrote: either way the lock decides anew.
            raise TransientError(str(error)) from error


async def _pass_on(resources: Resources, connection: Connection, stop: asyncio.Event) -> None:
    writers: dict[int, FrameWriter] = {}
    bucket = await resources.js.key_value(subjects.BUCKET_REGISTRY)
    while await _pass_on_batch(resources, connection, bucket, writers):
        resources.beat(TASK)
    await rebuild_registry(connection, bucket)
    while not stop.is_set():
        resources.beat(TASK)
        resources.outbox_filled.clear()
        while await _pass_on_batch(resources, connection, bucket, writers):
            resources.beat(TASK)
        await background.wait(resources.outbox_filled, POLL_S)


async def _pass_on_batch(
    resources: Resources, connection: Connection, bucket: KeyValue, writers: dict[int, FrameWriter]
) -> bool:
    rows = await store.waiting(connection, MAX_FRAME_EVENTS)
    if not rows:
        return False
    for partition, controls in batches(rows):
        writer = writers.get(partition)
        if writer is None:
            writer = writers[partition] = FrameWriter(resources.js, partition, FrameKind.CONTROL)
        await writer.publish(
            Frame(
                version=frames.FRAME_VERSION,
                partition=partition,
                writer="api",
                frame_id=frames.new_frame_id(),
                kind=FrameKind.CONTROL,
                controls=controls,
            )
        )
    latest = {row.registry_key: row.registry_value for row in rows if row.registry_key and row.registry_value}
    await _put(bucket, latest)
    await store.done(connection, [row.id for row in rows])
    _relayed.inc(len(rows))
    return True


def batches(rows: list[OutboxRow]) -> Iterator[tuple[int, list[Control]]]:
    """Controls of outbox rows by partition, in lists that fit into a frame; within a partition the order is kept.

    A row that no frame can hold is left out: it would keep back all others for ever.
    """
    by_partition = sorted(rows, key=lambda row: row.partition)
    for partition, group in groupby(by_partition, key=lambda row: row.partition):
        batch: list[Control] = []
        size = 0
        for row in group:
            control = Control(row.site, f"{row.site}-{row.id}", row.kind, row.body)
            length = _encoded_length(control)
            if length is None:
                continue
            if batch and (size + length > MAX_FRAME_BYTES or len(batch) == MAX_FRAME_EVENTS):
                yield partition, batch
                batch, size = [], 0
            batch.append(control)
            size += length
        if batch:
            yield partition, batch


def _encoded_length(control: Control) -> int | None:
    """Bytes of the control's wire form; None, logged and counted, if it has none."""
    try:
        return len(msgspec.msgpack.encode(control))
    except store.UNENCODABLE as error:
        log.error("control_set_aside", control=control.control_id, kind=control.kind, error=repr(error))
        _set_aside.inc()
        return None


async def rebuild_registry(connection: Connection, bucket: KeyValue) -> None:
    """Makes the bucket what the database says, writing only what differs; the stream may have been lost or restored."""
    have = await _contents(bucket)
    wanted, waits = await store.registered(connection)
    differing = {key: value for key, value in wanted.items() if key not in waits and have.get(key) != value}
    removed = have.keys() - wanted.keys()
    await _put(bucket, differing)
    for key in removed:
        await bucket.delete(key)
    log.info("registry_rebuilt", devices=len(wanted), written=len(differing), removed=len(removed))


async def _contents(bucket: KeyValue) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    watcher: Any = await bucket.watchall(ignore_deletes=True)
    try:
        while (entry := await watcher.updates()) is not None:  # None: all that was there has come
            found[entry.key] = entry.value or b""
    finally:
        await watcher.stop()
    return found


async def _put(bucket: KeyValue, values: dict[str, Any]) -> None:
    keys = sorted(values)
    for start in range(0, len(keys), PUTS_AT_ONCE):
        await asyncio.gather(*(bucket.put(key, values[key]) for key in keys[start : start + PUTS_AT_ONCE]))
