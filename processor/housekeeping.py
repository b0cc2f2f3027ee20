"""What is thrown away: personal values past their time, and frames that no replay needs any more."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import psycopg
import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from psycopg_pool import PoolTimeout

from herun import subjects
from herun.clock import DAY_US, Clock, to_datetime
from herun.database.queries import Queries
from herun.frames import FrameKind
from processor.lease import Lease, position_of
from processor.snapshots import Pool

log = structlog.get_logger(__name__)
_queries = Queries("processor", "housekeeping.sql")

RETENTION_LOOK_S: Final = 60.0  # between looks for personal values past their time
RETENTION_ROWS: Final = 2_000  # deleted in one statement
MARK_S: Final = 60.0  # between marks of where the stream stood
MAX_MARKS: Final = 2_000  # more than a replay horizon of a day has, marked each minute
LOOK_S: Final = 5.0  # between looks at whether there is something to purge
FILLING: Final = 0.6  # of the stream's bytes: above it the horizon gives way, for a full stream takes nothing in


async def keep_personal_short(pool: Pool, clock: Clock, days: int, stop: asyncio.Event) -> None:
    """Deletes personal values recorded more than `days` ago, in small pieces, until stopped."""
    while not stop.is_set():
        try:
            deleted = await delete_old_personal(pool, clock, days)
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


class Purge:
    """Forgets a partition's frames that are behind its snapshots and older than the replay horizon.

    Where the stream is filling up, the horizon is shortened, the oldest minute first. The last frame of each subject
    stays: its writer must find it to know where the subject stands.
    """

    def __init__(self, pool: Pool, js: JetStreamContext, horizon_s: float, max_bytes: int) -> None:
        self._pool = pool
        self._js = js
        self._horizon_s = horizon_s
        self._max_bytes = max_bytes
        self._next_look = 0.0
        self._marks: deque[tuple[float, int]] = deque(maxlen=MAX_MARKS)
        self._next_mark = 0.0

    async def run_if_due(self, lease: Lease, snapshot: tuple[int, int] | None) -> None:
        """Purges if there is something to purge; looks every few seconds. Failing only postpones it."""
        now = asyncio.get_running_loop().time()
        if now < self._next_look or snapshot is None or snapshot[0] != lease.stream_epoch:
            return
        self._next_look = now + LOOK_S
        if now >= self._next_mark:
            self._next_mark = now + MARK_S
            self._marks.append((now, snapshot[1]))
        try:
            below = self._behind_horizon(now) or await self._behind_need(snapshot[1])
            if below > lease.purged_below:
                await self._purge(lease, below)
        except (psycopg.Error, PoolTimeout, NatsError, TimeoutError, OSError) as error:
            log.warning("purge_postponed", partition=lease.partition, error=repr(error))

    def _behind_horizon(self, now: float) -> int:
        below = 0
        while self._marks and self._marks[0][0] <= now - self._horizon_s:
            below = self._marks.popleft()[1]
        return below

    async def _behind_need(self, newest: int) -> int:
        """What has to go because there is little room left; 0 if there is enough."""
        info = await self._js.stream_info(subjects.STREAM_EVENTS)
        if info.state.bytes < FILLING * self._max_bytes:
            return 0
        below = self._marks.popleft()[1] if self._marks else newest
        log.warning("replay_horizon_shortened", used_bytes=info.state.bytes, max_bytes=self._max_bytes)
        return below

    async def _purge(self, lease: Lease, below: int) -> None:
        note = {"partition": lease.partition, "owner": lease.owner, "owner_epoch": lease.owner_epoch, "below": below}
        async with self._pool.connection() as connection:
            await connection.execute(_queries["note_purge"], note)
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
