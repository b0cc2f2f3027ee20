"""Snapshots of the engine's state: written beside the work, read once at the start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from herun import faults
from herun.clock import Clock, to_datetime
from herun.database.queries import Queries
from herun.errors import InvalidInputError
from herun.faults import FaultPoint
from processor import observed
from processor.engine import snapshot
from processor.engine.state import State
from processor.lease import Lease
from processor.store import Connection

log = structlog.get_logger(__name__)
_queries = Queries("processor", "snapshots.sql")

Pool = AsyncConnectionPool[Connection]

KEEP: Final = 2  # the newest and, should it be unreadable, the one before


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state and the frame after which it was taken."""

    stream_epoch: int
    sequence: int
    state: State


class SnapshotWriter:
    """Writes a partition's snapshots, one at a time; `oldest_kept` is the one before the newest, for the purge."""

    def __init__(self, pool: Pool, clock: Clock, interval_s: float) -> None:
        self._pool = pool
        self._clock = clock
        self._interval_s = interval_s
        self._due_at = asyncio.get_running_loop().time() + interval_s
        self._writing: asyncio.Task[None] | None = None
        self._last: tuple[int, int] | None = None
        self.oldest_kept: tuple[int, int] | None = None

    def take_if_due(self, lease: Lease, state: State) -> None:
        """Packs the state now if it is time to, and stores it beside the work. Only between commits."""
        now = asyncio.get_running_loop().time()
        if now < self._due_at or (self._writing is not None and not self._writing.done()):
            return
        self._due_at = now + self._interval_s
        self._writing = asyncio.create_task(
            self._write(lease.partition, lease.stream_epoch, lease.sequence, snapshot.pack(state))
        )

    async def drain(self) -> None:
        """Waits for the one being written."""
        if self._writing is not None:
            await self._writing

    async def _write(self, partition: int, stream_epoch: int, sequence: int, packed: bytes) -> None:
        state = await asyncio.to_thread(snapshot.compress, packed)
        where = {"partition": partition, "stream_epoch": stream_epoch, "sequence": sequence}
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await _write_halves(connection, where, state, self._clock)
                await connection.execute(_queries["drop_older_snapshots"], where | {"keep": KEEP})
        except (psycopg.Error, PoolTimeout) as error:
            log.warning("snapshot_not_written", partition=partition, error=repr(error))
        else:
            self.oldest_kept, self._last = self._last, (stream_epoch, sequence)
            observed.SNAPSHOTS.inc()


async def _write_halves(connection: Connection, where: dict[str, int], state: bytes, clock: Clock) -> None:
    half = len(state) // 2
    taken = {"format_version": snapshot.FORMAT_VERSION, "taken_at": to_datetime(clock.now_us())}
    await connection.execute(_queries["begin_snapshot"], where | taken | {"state": state[:half]})
    faults.reached(FaultPoint.PROCESSOR_SNAPSHOT_HALF_WRITTEN)
    await connection.execute(_queries["end_snapshot"], where | {"state": state[half:]})


async def newest_readable(connection: Connection, lease: Lease) -> Snapshot | None:
    """The newest snapshot not beyond the lease's offset that can be read; None if there is none."""
    where: dict[str, Any] = {
        "partition": lease.partition,
        "stream_epoch": lease.stream_epoch,
        "sequence": lease.sequence,
    }
    cursor = await connection.execute(_queries["read_snapshots"], where)
    for row in await cursor.fetchall():
        try:
            state = snapshot.restore(row["state"], row["format_version"])
        except InvalidInputError as error:
            log.error("snapshot_unreadable", partition=lease.partition, sequence=row["sequence"], error=error.detail)
        else:
            return Snapshot(row["stream_epoch"], row["sequence"], state)
    return None
