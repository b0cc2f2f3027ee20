"""The state at the stored offset: the newest snapshot, and everything after it once more without side effects.

What comes after the snapshot is read from the stream if it still has it all, else from the stored events, controls and
outages of our own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from itertools import groupby
from typing import Any, Final

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamInfo
from nats.js.errors import NotFoundError

from herun import subjects
from herun.clock import Clock, to_us
from herun.database.queries import Queries
from herun.errors import TransientError
from herun.events import FLAG_DERIVED, Event
from herun.frames import Control
from processor import observed, snapshots
from processor.batch import LeftOut, frame_id_of, read_frame
from processor.engine.engine import OUTAGE_GAP_US, Engine
from processor.engine.state import State
from processor.intake import Intake
from processor.lease import Lease, enter_stream, position_of
from processor.replay import END, Boundary, Outage, Replay, StoredControls, StoredFrame
from processor.store import Connection

log = structlog.get_logger(__name__)
_queries = Queries("processor", "recovery.sql")

READ_WAIT_S: Final = 10.0  # for a frame that the stream has
FETCH_ROWS: Final = 5_000  # of stored events at a time


async def recover(connection: Connection, js: JetStreamContext, intake: Intake, lease: Lease, clock: Clock) -> Engine:
    """The engine as it was after the lease's offset, and the intake open behind it.

    Notices a stream that is not the one the offset is about, and begins a new epoch then: loudly, never a silent skip.
    Raises TransientError if the stream is away, psycopg.Error if the database is.
    """
    info = await _stream_info(js)
    began = await _check_stream(connection, js, lease, info)
    gap_us = round(OUTAGE_GAP_US * clock.speed)
    found = await snapshots.newest_readable(connection, began)
    state = found.state if found else State()
    after = (found.stream_epoch, found.sequence) if found else (0, 0)
    until = (began.stream_epoch, began.sequence)
    if after == until:
        await intake.open(lease.sequence)
        return Engine(state, gap_us)
    if began is lease and _stream_has_all(info, lease, after, until):
        engine = Engine(state, gap_us)
        await _replay_stream(connection, intake, lease, clock, engine, after=after[1])
    else:
        engine = await _replay_database(connection, lease, state, after=position_of(*after), until=position_of(*until))
        engine = Engine(engine.state, gap_us)
        await intake.open(lease.sequence)
    log.info("state_recovered", partition=lease.partition, after=after, until=until)
    return engine


async def resume(js: JetStreamContext, intake: Intake, lease: Lease) -> bool:
    """Opens the intake again behind the offset after the stream was away; False if it came back as another one.

    Raises TransientError if it is still away.
    """
    info = await _stream_info(js)
    if await _why_other_stream(js, lease, info, str(info.created)) is not None:
        return False
    await intake.open(lease.sequence)
    return True


async def _stream_info(js: JetStreamContext) -> StreamInfo:
    try:
        return await js.stream_info(subjects.STREAM_EVENTS)
    except (NatsError, TimeoutError, OSError) as error:
        raise TransientError(f"the stream does not answer: {error!r}") from error


async def _check_stream(connection: Connection, js: JetStreamContext, lease: Lease, info: StreamInfo) -> Lease:
    """The lease as it was claimed; the lease object itself moves to a new epoch if the stream is another one."""
    created = str(info.created)
    if not lease.stream_created and not lease.sequence:
        await enter_stream(connection, lease, created, is_new_epoch=False)
        return lease
    why = await _why_other_stream(js, lease, info, created)
    if why is None:
        return lease
    log.error("stream_is_another", partition=lease.partition, because=why, sequence=lease.sequence)
    observed.STREAM_EPOCHS.inc()
    before = Lease(**{name: getattr(lease, name) for name in Lease.__slots__})
    await enter_stream(connection, lease, created, is_new_epoch=True)
    return before


async def _why_other_stream(js: JetStreamContext, lease: Lease, info: StreamInfo, created: str) -> str | None:
    if created != lease.stream_created:
        return f"created {created}, not {lease.stream_created}"
    if info.state.last_seq < lease.sequence:
        return f"its last sequence is {info.state.last_seq}"
    if not lease.sequence:
        return None
    try:
        message = await js.get_msg(subjects.STREAM_EVENTS, lease.sequence)
    except NotFoundError:
        return None  # it has aged out: nothing speaks against the stream
    except (NatsError, TimeoutError, OSError) as error:
        raise TransientError(f"the stream does not answer: {error!r}") from error
    is_ours = message.subject is not None and message.subject.startswith(
        f"{subjects.partition_subjects(lease.partition)[:-1]}"
    )
    if not is_ours or frame_id_of(message.data or b"", lease.partition) != lease.frame_id:
        return "another frame is at the offset"
    return None


def _stream_has_all(info: StreamInfo, lease: Lease, after: tuple[int, int], until: tuple[int, int]) -> bool:
    """True if every frame between the two is still in the stream, whose sequences are those of one epoch."""
    first_needed = after[1] + 1
    return after[0] == until[0] and info.state.first_seq <= first_needed and lease.purged_below <= first_needed


async def _replay_stream(
    connection: Connection, intake: Intake, lease: Lease, clock: Clock, engine: Engine, *, after: int
) -> None:
    """Applies the frames after `after` up to the offset; the intake then stands behind it."""
    left_out = await _left_out(connection, lease, position_of(lease.stream_epoch, after))
    await intake.open(after)
    at = after
    while at < lease.sequence:
        if not await intake.wait(READ_WAIT_S):
            raise TransientError(f"partition {lease.partition}: the stream gives no frame after {at}")
        received = await intake.take()
        if received is None:
            continue
        taken = read_frame(received, lease.partition)
        at = taken.sequence
        position = position_of(lease.stream_epoch, at)
        engine.apply(taken.frame, position, clock.from_wall(taken.wall_us), left_out.of(at))
        engine.commit()


async def _left_out(connection: Connection, lease: Lease, after: int) -> LeftOut:
    cursor = await connection.execute(_queries["read_left_out"], {"partition": lease.partition, "after": after})
    left_out = LeftOut()
    async for row in cursor:
        if row["position"] >= position_of(lease.stream_epoch, 0):
            left_out.add(row["position"] - position_of(lease.stream_epoch, 0), row["n"], row["reason"])
    return left_out


async def _replay_database(connection: Connection, lease: Lease, state: State, *, after: int, until: int) -> Engine:
    """Applies what is stored after a position, frame by frame."""
    log.warning("state_rebuilt_from_rows", partition=lease.partition, after=after, until=until)
    where = {"partition": lease.partition, "after": after}
    now = await (await connection.execute(_queries["read_time"], where)).fetchone()
    outages = await (await connection.execute(_queries["read_outages"], where)).fetchall()
    controls = await (await connection.execute(_queries["read_controls"], where)).fetchall()
    replay = Replay(Engine(state), map(_controls_of, _by_position(controls)), _outages(outages, now))
    async for frame in _stored_frames(connection, lease.partition, after):
        deque(replay.through([frame]), maxlen=0)
    if now is not None:
        deque(replay.finish(Boundary(to_us(now["engine_time"]) + 1, until, END)), maxlen=0)
    return replay.engine


async def _stored_frames(connection: Connection, partition: int, after: int) -> AsyncIterator[StoredFrame]:
    """The stored events of each frame, in order."""
    async with connection.transaction(), connection.cursor("rebuild") as cursor:
        await connection.execute(_queries["allow_any_duration"])
        cursor.itersize = FETCH_ROWS
        await cursor.execute(_queries["read_events"], {"partition": partition, "after": after, "derived": FLAG_DERIVED})
        rows: list[dict[str, Any]] = []
        async for row in cursor:
            if rows and row["position"] != rows[0]["position"]:
                yield _frame_of(rows)
                rows = []
            rows.append(row)
        if rows:
            yield _frame_of(rows)


def _by_position(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [list(group) for _, group in groupby(rows, key=lambda row: row["position"])]


def _outages(rows: list[dict[str, Any]], now: dict[str, Any] | None) -> list[Outage]:
    """Those that have ended, and the time since a gateway was last heard."""
    ended = [Outage(row["position"], to_us(row["began"]), to_us(row["ended"])) for row in rows]
    is_known = now is not None and now["listened"] is not None
    return [*ended, Outage(END, to_us(now["listened"]), END)] if now and is_known else ended


def _controls_of(rows: list[dict[str, Any]]) -> StoredControls:
    first = rows[0]
    controls = [Control(row["site"], row["control_id"], row["kind"], row["body"]) for row in rows]
    listened = first["listened"] and to_us(first["listened"])
    return StoredControls(first["position"], to_us(first["recorded_time"]), listened, controls)


def _frame_of(rows: list[dict[str, Any]]) -> StoredFrame:
    return StoredFrame(rows[0]["position"], to_us(rows[0]["recorded_time"]), [_event_of(row) for row in rows])


def _event_of(row: dict[str, Any]) -> Event:
    return Event(
        site=row["site"],
        device=row["device"],
        event_id=row["event_id"],
        event_type=row["event_type"],
        schema_version=row["schema_version"],
        event_time=to_us(row["event_time"]),
        data=row["data"],
        sequence=row["sequence"],
        flags=row["flags"],
    )
