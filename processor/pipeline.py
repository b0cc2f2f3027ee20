"""The sentence of the processor: take the frames at hand, evaluate, store in one transaction, tell the others.

    pull -> evaluate -> one transaction (events, alerts, outbox, offset) -> engine's state final -> wake the feeds

Whatever ends the process between two of these steps, the row in the database says where to go on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

import psycopg
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from herun import faults, subjects
from herun.clock import Clock
from herun.errors import FencedError, HerunError, TransientError
from herun.faults import FaultPoint
from processor import culprits, observed, store
from processor.batch import (
    MAX_BATCH_EVENTS,
    MAX_BATCH_FRAMES,
    MAX_BATCH_S,
    STORED,
    Batch,
    LeftOut,
    TakenFrame,
    read_frame,
)
from processor.culprits import Suspect
from processor.engine.engine import Engine
from processor.intake import Intake
from processor.lease import Lease, position_of
from processor.store import Connection, Database

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 3  # of a batch that fails for a reason that will not pass
RETRY_PAUSE_S = 0.2  # between tries while the database is away
IDLE_LOOK_S = 0.5  # longest wait for a frame before looking at what else is due
ANY_POSITION = 2**62


class Pipeline:
    """One owned partition. Frames are committed in order, each exactly once, whatever is retried."""

    def __init__(self, partition: int, clock: Clock, client: Client, database: Database, stop: asyncio.Event) -> None:
        self._partition = partition
        self._clock = clock
        self._client = client
        self._database = database
        self._stop = stop

    async def run(
        self,
        intake: Intake,
        lease: Lease,
        engine: Engine,
        after_commit: Callable[[Batch], None],
        when_idle: Callable[[], None],
    ) -> None:
        """Until stopped. Raises FencedError if another owner has taken over, TransientError if the stream is away.

        `when_idle` is called while no frame comes: a stream that is full has no room even for a tick.
        """
        waiting: deque[TakenFrame] = deque()
        while not self._stop.is_set():
            if not waiting and not await intake.wait(IDLE_LOOK_S):
                when_idle()
                continue
            frames = await self._at_hand(intake, waiting)
            taken = 0
            while taken < len(frames):
                batch = await self._process(lease, engine, frames[taken:])
                taken += len(batch.frames)
                after_commit(batch)

    async def _at_hand(self, intake: Intake, waiting: deque[TakenFrame]) -> list[TakenFrame]:
        """All consecutive frames that are here already, up to the bound of a transaction."""
        frames: list[TakenFrame] = []
        events = 0
        while len(frames) < MAX_BATCH_FRAMES:
            if not waiting:
                received = await intake.take()
                if received is None:
                    break
                waiting.append(read_frame(received, self._partition))
            if frames and events + waiting[0].items > MAX_BATCH_EVENTS:
                break
            events += waiting[0].items
            frames.append(waiting.popleft())
        return frames

    async def _process(self, lease: Lease, engine: Engine, frames: list[TakenFrame]) -> Batch:
        """Commits the frames, or as many of them as there was time for; looks for the culprit if they keep failing."""
        left_out = LeftOut()
        failures = 0
        while failures < MAX_ATTEMPTS:
            try:
                return await self._commit(lease, engine, frames[:1] if failures else frames, left_out)
            except HerunError:
                raise
            except psycopg.errors.UniqueViolation:
                failures += 1
                engine.rollback()
                await self._leave_stored_out(lease, frames, left_out)
            except Exception as error:
                engine.rollback()
                if store.is_transient(error):
                    await self._reconnect_later(error)
                    continue
                failures += 1
                said, is_ours = store.in_words(error), not isinstance(error, psycopg.Error)
                log.warning("batch_failed", partition=self._partition, failures=failures, error=said, exc_info=is_ours)
        observed.ENGINE_FAILURES.inc()
        suspect = Suspect(frames[0], left_out)
        await culprits.find(await self._database.connection(), self._clock, lease, engine, suspect)
        return await self._commit(lease, engine, frames[:1], left_out)

    async def _commit(self, lease: Lease, engine: Engine, frames: list[TakenFrame], left_out: LeftOut) -> Batch:
        batch = await self._evaluate(lease, engine, frames, left_out)
        with observed.COMMIT_SECONDS.time():
            await self._write_until_known(lease, batch)
        if batch.events:
            faults.reached(FaultPoint.PROCESSOR_COMMITTED_NOT_ACKNOWLEDGED)
        engine.commit()
        lease.sequence, lease.frame_id = batch.last.sequence, batch.last.frame.frame_id
        observed.batch_committed(self._partition, batch)
        await self._wake_feeds(batch)
        return batch

    async def _evaluate(self, lease: Lease, engine: Engine, frames: list[TakenFrame], left_out: LeftOut) -> Batch:
        """The engine's decisions of as many frames as fit into the time."""
        batch = Batch(lease.stream_epoch, left_out=left_out)
        loop = asyncio.get_running_loop()
        until = loop.time() + MAX_BATCH_S
        for taken in frames:
            position = position_of(lease.stream_epoch, taken.sequence)
            doubtful = [n for n in engine.doubtful(taken.frame) if n not in left_out.of(taken.sequence)]
            if doubtful:
                events = [taken.frame.events[n] for n in doubtful]
                for index in await store.find_stored(await self._database.connection(), events, position):
                    left_out.add(taken.sequence, doubtful[index], STORED)
            at_us = self._clock.from_wall(taken.wall_us)
            batch.decisions.append(engine.apply(taken.frame, position, at_us, left_out.of(taken.sequence)))
            batch.frames.append(taken)
            if loop.time() > until:
                break
        return batch

    async def _write_until_known(self, lease: Lease, batch: Batch) -> None:
        """Writes the batch; after a lost connection the row says whether it was committed. Raises FencedError."""
        is_sure = True
        while True:
            try:
                connection = await self._database.connection()
                if is_sure or not await _is_committed(connection, lease, batch):
                    await store.write_batch(connection, self._clock, lease, batch)
            except Exception as error:
                if not store.is_transient(error):
                    raise
                is_sure = False
                await self._reconnect_later(error)
            else:
                return

    async def _reconnect_later(self, error: Exception) -> None:
        """Raises TransientError if the process is to stop meanwhile."""
        log.warning("database_away", partition=self._partition, error=store.in_words(error))
        await self._database.drop()
        try:
            await asyncio.wait_for(self._stop.wait(), RETRY_PAUSE_S)
        except TimeoutError:
            return
        raise TransientError(f"partition {self._partition}: stopped while the database is away")

    async def _leave_stored_out(self, lease: Lease, frames: list[TakenFrame], left_out: LeftOut) -> None:
        """The net below the ring has caught something: what is stored already is not stored again."""
        for taken in frames:
            stored = await store.find_stored(await self._database.connection(), taken.frame.events, ANY_POSITION)
            for n in stored:
                left_out.add(taken.sequence, n, STORED)
            if stored:
                log.warning("stored_already", partition=lease.partition, sequence=taken.sequence, events=len(stored))

    async def _wake_feeds(self, batch: Batch) -> None:
        """Tells whoever watches these sites to look; who misses it looks again soon."""
        stored = Counter([event.site for decisions in batch.decisions for event, _, _ in decisions.rows])
        stored.update({alert.site: 0 for decisions in batch.decisions for alert in decisions.alerts})
        for site, events in sorted(stored.items()):
            try:
                await self._client.publish(subjects.live_subject(site), b'{"events":%d}' % events)
            except NatsError as error:
                log.debug("feeds_not_woken", site=site, error=repr(error))


async def _is_committed(connection: Connection, lease: Lease, batch: Batch) -> bool:
    """Whether the row stands where this batch would have moved it. Raises FencedError if it is not ours any more."""
    row = await store.read_offset(connection, lease.partition)
    if row is None or row["owner"] != lease.owner or row["owner_epoch"] != lease.owner_epoch:
        raise FencedError(f"partition {lease.partition} was taken over")
    return (row["stream_epoch"], row["sequence"], row["frame_id"]) == (
        lease.stream_epoch,
        batch.last.sequence,
        batch.last.frame.frame_id,
    )
