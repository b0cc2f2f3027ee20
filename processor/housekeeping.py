"""What is thrown away: personal values and monitored alerts past their time, and frames that no replay needs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final

import msgspec
import psycopg
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError
from psycopg_pool import PoolTimeout

from herun import subjects
from herun.clock import DAY_US, MINUTE_US, SECOND_US, Clock, SystemClock, to_datetime, to_text, to_us
from herun.database.queries import Queries
from herun.frames import FrameKind
from processor.lease import Lease, position_of
from processor.snapshots import Pool

log = structlog.get_logger(__name__)
_queries = Queries("processor", "housekeeping.sql")

RETENTION_LOOK_S: Final = 60.0  # between looks for personal values past their time
RETENTION_ROWS: Final = 2_000  # deleted in one statement
MONITORED_DAYS: Final = 90  # a rule is on trial for weeks, and what it would have done is asked for soon or never
LOOK_S: Final = 5.0  # between looks at whether there is something to purge
READ_TIMEOUT_S: Final = 2.0  # of one frame; a local stream answers in a millisecond
STEP_US: Final = MINUTE_US  # of the stream's oldest time, purged in one step: not a statement for each frame
BEYOND_ALL: Final = 2**62  # of a stream's sequences
NOT_FOUND: Final = 404  # the stream's code for "no such frame"
FILLING: Final = 0.6  # of the stream's bytes: above it the horizon gives way, for a full stream takes nothing in


async def keep_short(pool: Pool, clock: Clock, days: int, stop: asyncio.Event) -> None:
    """Deletes personal values recorded more than `days` ago, and old monitored alerts, in pieces, until stopped."""
    while not stop.is_set():
        try:
            personal = await delete_old_personal(pool, clock, days)
            deleted = max(personal, await delete_old_monitored(pool, clock))
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("retention_postponed", error=repr(error))
            deleted = 0
        if deleted < RETENTION_ROWS:
            await _wait(stop, RETENTION_LOOK_S)


async def delete_old_personal(pool: Pool, clock: Clock, days: int) -> int:
    """Deletes at most RETENTION_ROWS of them and returns how many."""
    before = to_datetime(clock.now_us() - days * DAY_US)
    async with pool.connection() as connection:
        cursor = await connection.execute(_queries["delete_old_personal"], {"before": before, "limit": RETENTION_ROWS})
        return cursor.rowcount


async def delete_old_monitored(pool: Pool, clock: Clock) -> int:
    """Deletes at most RETENTION_ROWS of the monitored alerts past MONITORED_DAYS and returns how many."""
    values = {"before": to_datetime(clock.now_us() - MONITORED_DAYS * DAY_US), "limit": RETENTION_ROWS}
    async with pool.connection() as connection:
        return (await connection.execute(_queries["delete_old_monitored"], values)).rowcount


class StoredFrame(msgspec.Struct, frozen=True):
    """Where a frame stands in the stream, and the stream's time of it."""

    seq: int
    time: datetime


class _Found(msgspec.Struct):
    message: StoredFrame | None = None
    error: dict[str, Any] | None = None


_decode_found: Final = msgspec.json.Decoder(_Found).decode


class Purge:
    """Forgets a partition's frames that are behind its snapshots and older than the replay horizon.

    How old a frame is, its own time in the stream says: a process that has just begun purges like any other. Where the
    stream is filling up, the horizon is shortened, the oldest minute first. The last frame of each subject stays: its
    writer must find it to know where the subject stands. `wall` is the machine's clock, as the stream's is.
    """

    def __init__(self, pool: Pool, client: Client, horizon_s: float, max_bytes: int, wall: Clock | None = None) -> None:
        self._pool = pool
        self._client = client
        self._js = client.jetstream()
        self._horizon_us = round(horizon_s * SECOND_US)
        self._max_bytes = max_bytes
        self._wall = wall or SystemClock()
        self._next_look = 0.0

    async def run_if_due(self, lease: Lease, snapshot: tuple[int, int] | None) -> None:
        """Purges if there is something to purge; looks every few seconds. Failing only postpones it."""
        now = asyncio.get_running_loop().time()
        if now < self._next_look or snapshot is None or snapshot[0] != lease.stream_epoch:
            return
        self._next_look = now + LOOK_S
        try:
            below = min(snapshot[1], await self._behind_horizon(lease))
            if below <= lease.purged_below:
                below = min(snapshot[1], await self._behind_need(lease))
                if below > lease.purged_below:
                    log.warning("replay_horizon_shortened", partition=lease.partition, max_bytes=self._max_bytes)
            if below > lease.purged_below:
                await self._purge(lease, below)
        except (psycopg.Error, PoolTimeout, NatsError, TimeoutError, OSError) as error:
            log.warning("purge_postponed", partition=lease.partition, error=repr(error))

    async def _behind_horizon(self, lease: Lease) -> int:
        """The first sequence that is within the horizon, or 0 while less than a step is beyond it."""
        horizon_us = self._wall.now_us() - self._horizon_us
        oldest = await self._oldest(lease)
        if oldest is None or to_us(oldest.time) > horizon_us - min(STEP_US, self._horizon_us):
            return 0
        return await self._first_at(lease, horizon_us)

    async def _behind_need(self, lease: Lease) -> int:
        """The first sequence after the oldest step, if there is little room left; 0 if there is enough."""
        info = await self._js.stream_info(subjects.STREAM_EVENTS)
        oldest = await self._oldest(lease) if info.state.bytes >= FILLING * self._max_bytes else None
        if oldest is None:
            return 0
        return await self._first_at(lease, to_us(oldest.time) + STEP_US)

    async def _oldest(self, lease: Lease) -> StoredFrame | None:
        """The partition's oldest frame but for those that a purge left as the last of their subject."""
        return await self._find(lease, {"seq": max(1, lease.purged_below)})

    async def _first_at(self, lease: Lease, wall_us: int) -> int:
        """Sequence of the partition's first frame at or after a time of the stream; beyond all if there is none."""
        frame = await self._find(lease, {"start_time": to_text(wall_us)})
        return BEYOND_ALL if frame is None else frame.seq

    async def _find(self, lease: Lease, where: dict[str, Any]) -> StoredFrame | None:
        request = {**where, "next_by_subj": subjects.partition_subjects(lease.partition)}
        api = f"$JS.API.STREAM.MSG.GET.{subjects.STREAM_EVENTS}"
        answer = await self._client.request(api, msgspec.json.encode(request), timeout=READ_TIMEOUT_S)
        found = _decode_found(answer.data)
        if found.error is not None and found.error.get("code") != NOT_FOUND:
            raise APIError.from_error(found.error)
        return found.message

    async def _purge(self, lease: Lease, below: int) -> None:
        note = {"partition": lease.partition, "owner": lease.owner, "owner_epoch": lease.owner_epoch, "below": below}
        async with self._pool.connection() as connection:
            noted = await connection.execute(_queries["note_purge"], note)
            if noted.rowcount != 1:  # whoever owns it now decides by its own snapshots, and must know what is gone
                log.warning("purge_left_to_another", partition=lease.partition)
                return
            before = position_of(lease.stream_epoch, below)
            await connection.execute(_queries["delete_left_out"], {"partition": lease.partition, "before": before})
        for kind in FrameKind:
            subject = subjects.frame_subject(lease.partition, kind)
            try:
                last = await self._js.get_last_msg(subjects.STREAM_EVENTS, subject)
            except NotFoundError:
                continue
            up_to = min(below, last.seq or 0)
            if up_to > 1:
                await self._js.purge_stream(subjects.STREAM_EVENTS, seq=up_to, subject=subject)
        lease.purged_below = max(lease.purged_below, below)
        log.info("frames_purged", partition=lease.partition, below=below)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
