"""Owning one partition: claim it, recover its state, run it until somebody takes over, and begin again."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog
from nats.aio.client import Client
from nats.js import JetStreamContext

from herun.clock import Clock
from herun.errors import FencedError, TransientError
from herun.settings import Settings
from herun.streams import MIB
from processor import lease as leases
from processor import observed, recovery
from processor.batch import Batch
from processor.engine.engine import Engine
from processor.housekeeping import Purge
from processor.intake import Intake
from processor.lease import Lease
from processor.pipeline import Pipeline
from processor.relay import Relay
from processor.snapshots import Pool, SnapshotWriter
from processor.store import Database, in_words
from processor.ticks import Ticker

log = structlog.get_logger(__name__)

CLAIM_LOOK_S: Final = 1.0  # between looks at a partition that another processor owns


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all partitions of a process share."""

    settings: Settings
    clock: Clock
    client: Client
    js: JetStreamContext
    pool: Pool
    stop: asyncio.Event


class Owner:
    """One partition of this process. `engine` is the running one's, for reading its counts; None while not owned."""

    def __init__(self, around: Surroundings, partition: int) -> None:
        self._around = around
        self._partition = partition
        self._own_at_once = True
        self.engine: Engine | None = None

    async def run(self) -> None:
        """Until stopped."""
        database = Database(self._around.settings.need("database_url"), f"herun-processor-{self._partition}")
        intake = Intake(self._around.client, self._around.js, self._partition)
        while not self._around.stop.is_set():
            try:
                await self._own(database, intake)
            except FencedError as error:
                # Whoever took over may have our name: from now on only a lease that has run out is taken.
                self._own_at_once = False
                log.error("fenced", partition=self._partition, error=str(error))
            except (TransientError, psycopg.Error, OSError, TimeoutError) as error:
                log.warning("partition_interrupted", partition=self._partition, error=in_words(error))
                await database.drop()
            except Exception:
                log.exception("partition_failed", partition=self._partition)
            finally:
                self.engine = None
            await self._pause()
        await intake.close()
        await database.drop()

    async def _own(self, database: Database, intake: Intake) -> None:
        around, partition = self._around, self._partition
        connection = await database.connection()
        lease = await leases.claim(
            connection, around.clock, partition, around.settings.processor_id, own_at_once=self._own_at_once
        )
        if lease is None:
            observed.owned_by_another(partition)
            return
        log.info("partition_claimed", partition=partition, owner_epoch=lease.owner_epoch, sequence=lease.sequence)
        self._own_at_once = True
        self.engine = await recovery.recover(connection, around.js, intake, lease, around.clock)
        while True:
            try:
                await self._run_owned(database, intake, lease, self.engine)
            except TransientError as error:
                log.warning("partition_waits_for_the_stream", partition=partition, error=str(error))
                if not await self._resumed(intake, lease):
                    return
                self.engine.rollback()
            else:
                await leases.release(await database.connection(), around.clock, lease)
                return

    async def _resumed(self, intake: Intake, lease: Lease) -> bool:
        """Waits until the stream is back; False if the state must be looked at anew, or the process is to stop."""
        while not self._around.stop.is_set():
            try:
                return await recovery.resume(self._around.js, intake, lease)
            except TransientError as error:
                log.warning("stream_still_away", partition=self._partition, error=str(error))
                await self._pause()
        return False

    async def _run_owned(self, database: Database, intake: Intake, lease: Lease, engine: Engine) -> None:
        around = self._around
        relay = Relay(around.pool, around.js, self._partition, around.stop)
        ticker = Ticker(around.js, self._partition, lease.owner, around.stop)
        snapshots = SnapshotWriter(around.pool, around.clock, around.settings.snapshot_interval_s)
        horizon_s = around.settings.replay_horizon_hours * 3600
        purge = Purge(around.pool, around.client, horizon_s, around.settings.events_max_mb * MIB)

        def after_commit(batch: Batch) -> None:
            ticker.frame_came()
            snapshots.take_if_due(lease, engine.state)
            if batch.has_outgoing:
                relay.wake()

        pipeline = Pipeline(self._partition, around.clock, around.client, database, around.stop)
        await _run_with(
            pipeline.run(intake, lease, engine, after_commit, lambda: snapshots.take_if_due(lease, engine.state)),
            relay.run(),
            ticker.run(),
            self._purge_now_and_then(purge, lease, snapshots),
        )
        await snapshots.drain()

    async def _purge_now_and_then(self, purge: Purge, lease: Lease, snapshots: SnapshotWriter) -> None:
        while not self._around.stop.is_set():
            await purge.run_if_due(lease, snapshots.oldest_kept)
            await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._around.stop.wait(), CLAIM_LOOK_S)
        except TimeoutError:
            return


async def _run_with(main: Coroutine[Any, Any, None], *others: Coroutine[Any, Any, None]) -> None:
    """Runs the others beside `main` until it ends, and raises what it or one of them raised."""
    main_task = asyncio.create_task(main)
    tasks = {main_task, *(asyncio.create_task(other) for other in others)}
    running = set(tasks)
    try:
        while main_task in running:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
