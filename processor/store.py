"""The processor's one transaction, and what it asks of the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row

from herun.alerts import Alert, encode_alert
from herun.clock import DAY_US, Clock, to_datetime, to_us
from herun.database.pool import role_conninfo
from herun.database.queries import Queries
from herun.errors import FencedError
from herun.events import Event
from processor import copy_rows
from processor.batch import Batch
from processor.engine.decisions import Decisions
from processor.engine.duplicates import REDELIVERED_CONTENT
from processor.lease import LEASE_S, Lease, lease_until

_queries = Queries("processor")

Connection = AsyncConnection[dict[str, Any]]

ROLE: Final = "herun_processor"
CONTENT_LOOKUP_US: Final = DAY_US  # how far back a redelivered content id is looked for; the broker keeps no longer


class Database:
    """One connection of its own for one partition, made again when it was lost.

    A process that is stopped in the middle of a transaction holds the offset's row no longer than its lease.
    """

    def __init__(self, url: str, application: str) -> None:
        self._conninfo = role_conninfo(url, ROLE, application)
        self._connection: Connection | None = None

    async def connection(self) -> Connection:
        """The live connection. Raises psycopg.OperationalError if the database is away."""
        if self._connection is None or self._connection.closed:
            connection = await AsyncConnection.connect(self._conninfo, autocommit=True, row_factory=dict_row)
            bound = {"milliseconds": str(LEASE_S * 1000)}
            await connection.execute(_queries["bound_idle_transactions"], bound)
            self._connection = connection
        return self._connection

    async def drop(self) -> None:
        """Closes the connection, so that the next use makes a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def write_batch(connection: Connection, clock: Clock, lease: Lease, batch: Batch) -> None:
    """Stores the batch and moves the offset, in one transaction; the lease itself is not changed.

    Raises FencedError if the row is not as the lease says, psycopg.Error if the database refuses or is away.
    """
    async with connection.transaction():
        await write_rows(connection, clock, lease, batch)


async def write_rows(connection: Connection, clock: Clock, lease: Lease, batch: Batch) -> None:
    """The statements of `write_batch`, for a transaction that is already open."""
    await _move_offset(connection, clock, lease, batch)
    if batch.events:
        await _copy(connection, _queries["copy_events"], copy_rows.pack_events(batch.decisions))
        personal = copy_rows.pack_personal(batch.decisions)
        if personal is not None:
            await _copy(connection, _queries["copy_personal"], personal)
    await _write_rare_rows(connection, lease.partition, batch)


async def _move_offset(connection: Connection, clock: Clock, lease: Lease, batch: Batch) -> None:
    moved = await connection.execute(
        _queries["move_offset"],
        {
            "partition": lease.partition,
            "owner": lease.owner,
            "owner_epoch": lease.owner_epoch,
            "stream_epoch": lease.stream_epoch,
            "from_sequence": lease.sequence,
            "from_frame_id": lease.frame_id,
            "sequence": batch.last.sequence,
            "frame_id": batch.last.frame.frame_id,
            "engine_time": to_datetime(batch.decisions[-1].recorded_us),
            "listened": to_datetime(batch.decisions[-1].listened_us),
            "lease_until": lease_until(clock),
        },
    )
    if moved.rowcount != 1:
        raise FencedError(f"partition {lease.partition} is not at {lease.sequence} or no longer ours")


async def _copy(connection: Connection, statement: str, packed: bytes) -> None:
    async with connection.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(packed)


async def _write_rare_rows(connection: Connection, partition: int, batch: Batch) -> None:
    """What most batches do not have: each statement only if there is something for it."""
    controls = [_control_row(partition, each, n) for each in batch.decisions for n in range(len(each.controls))]
    versions = [row for decisions in batch.decisions for row in _alert_rows(decisions)]
    alerts = [row for row in versions if row["mode"] == "live"]
    monitored = [row for row in versions if row["mode"] != "live"]
    sites = [{"partition": partition, "site": site} for each in batch.decisions for site in each.new_sites]
    outages = [
        {
            "partition": partition,
            "position": each.position,
            "began": to_datetime(each.outage_began),
            "ended": to_datetime(each.recorded_us),
        }
        for each in batch.decisions
        if each.outage_began is not None
    ]
    left_out = [
        {"partition": partition, "position": position, "n": n, "reason": reason}
        for position, n, reason in batch.left_out_rows()
    ]
    outbox = [
        {
            "partition": partition,
            "position": row.position,
            "n": row.n,
            "nats_subject": row.nats_subject,
            "payload": row.payload,
        }
        for row in batch.outbox_rows()
    ]
    async with connection.cursor() as cursor:
        for statement, rows in (
            (_queries["insert_site"], sites),
            (_queries["insert_control"], controls),
            (_queries["insert_alert_version"], alerts),
            (_queries["put_alert"], alerts),
            (_queries["put_monitored_alert"], monitored),
            (_queries["insert_outbox"], outbox),
            (_queries["insert_left_out"], left_out),
            (_queries["insert_outage"], outages),
        ):
            if rows:
                await cursor.executemany(statement, rows)


def _control_row(partition: int, decisions: Decisions, index: int) -> dict[str, Any]:
    n, control = decisions.controls[index]
    return {
        "site": control.site,
        "partition": partition,
        "position": decisions.position,
        "n": n,
        "control_id": control.control_id,
        "kind": control.kind,
        "body": msgspec.json.encode(control.body).decode(),
        "recorded_time": to_datetime(decisions.recorded_us),
        "listened": to_datetime(decisions.listened_us),
    }


def _alert_rows(decisions: Decisions) -> Iterable[dict[str, Any]]:
    told = zip(decisions.alerts, decisions.told_us, strict=True)
    return (
        _alert_row(decisions.position, n, alert) | {"told_at": to_datetime(at)} for n, (alert, at) in enumerate(told)
    )


def _alert_row(position: int, n: int, alert: Alert) -> dict[str, Any]:
    row = {name: getattr(alert, name) for name in Alert.__struct_fields__}
    for name in ("title", "text", "cause"):
        row[name] = msgspec.json.encode(row[name]).decode()
    for name in ("raised_at", "updated_at", "cleared_at"):
        row[name] = None if row[name] is None else to_datetime(row[name])
    row["state"] = alert.state.value
    return row | {"position": position, "n": n, "body": encode_alert(alert).decode()}


async def read_offset(connection: Connection, partition: int) -> dict[str, Any] | None:
    """The partition's row as it is now."""
    cursor = await connection.execute(_queries["read_offset"], {"partition": partition})
    return await cursor.fetchone()


async def find_stored(connection: Connection, events: list[Event], position: int) -> list[int]:
    """Which of these events are stored already, as indices. `position` is that of the frame that asks."""
    cursor = await connection.execute(
        _queries["find_stored"],
        {
            "sites": [event.site for event in events],
            "devices": [event.device for event in events],
            "event_times": [to_datetime(event.event_time) for event in events],
            "event_ids": [event.event_id for event in events],
        },
    )
    stored = {
        (row["site"], row["device"], to_us(row["event_time"]), row["event_id"])
        async for row in cursor
        if row["position"] < position
    }
    found = []
    for index, event in enumerate(events):
        if event.flags & REDELIVERED_CONTENT == REDELIVERED_CONTENT:
            is_stored = await _content_is_stored(connection, event, position)
        else:
            is_stored = (event.site, event.device, event.event_time, event.event_id) in stored
        if is_stored:
            found.append(index)
    return found


async def _content_is_stored(connection: Connection, event: Event, position: int) -> bool:
    cursor = await connection.execute(
        _queries["find_stored_content"],
        {
            "site": event.site,
            "device": event.device,
            "content": f"{event.content_hash}@",
            "after": to_datetime(event.event_time - CONTENT_LOOKUP_US),
            "position": position,
        },
    )
    row = await cursor.fetchone()
    return bool(row and row["stored"])


def is_transient(error: Exception) -> bool:
    """True if the database is away or busy: the same transaction may succeed later."""
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError | TimeoutError | OSError)


def in_words(error: Exception) -> str:
    """What went wrong, for logs and dead letters: of the database's answer only the part that quotes no values."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{type(error).__name__} {error.sqlstate}: {error.diag.message_primary}"
    return repr(error)
