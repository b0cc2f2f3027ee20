"""Who owns a partition, and how far it has come: one row, which every transaction of the owner moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg import AsyncConnection

from herun.clock import SECOND_US, Clock, to_datetime
from herun.database.queries import Queries

_queries = Queries("processor", "lease.sql")

LEASE_S: Final = 10  # seconds of the machine's clock after which another processor may take over; renewed each second
SEQUENCE_BITS: Final = 42  # of a position; the rest is the stream's epoch


def position_of(stream_epoch: int, sequence: int) -> int:
    """The place of a frame in the order of all that was ever processed."""
    return stream_epoch << SEQUENCE_BITS | sequence


@dataclass(slots=True)
class Lease:
    """The owned row as its owner last wrote it. `stream_created` tells one stream from another of the same name."""

    partition: int
    owner: str
    owner_epoch: int
    stream_created: str
    stream_epoch: int
    sequence: int
    frame_id: str
    purged_below: int = 0

    @property
    def position(self) -> int:
        """Of the last frame that was committed."""
        return position_of(self.stream_epoch, self.sequence)


def lease_until(clock: Clock) -> datetime:
    """When a lease that is renewed now runs out, in the estate's time."""
    return to_datetime(clock.now_us() + round(LEASE_S * SECOND_US * clock.speed))


async def claim(
    connection: AsyncConnection[dict[str, Any]], clock: Clock, partition: int, owner: str, *, own_at_once: bool
) -> Lease | None:
    """Takes the partition if its lease has run out, or is this owner's and `own_at_once`; None if another holds it.

    Every claim counts the owner epoch up, which fences whoever owned it before.
    """
    cursor = await connection.execute(
        _queries["claim"],
        {
            "partition": partition,
            "owner": owner,
            "own_at_once": own_at_once,
            "at": to_datetime(clock.now_us()),
            "lease_until": lease_until(clock),
            "engine_time": to_datetime(0),
        },
    )
    row = await cursor.fetchone()
    return Lease(**row) if row else None


async def release(connection: AsyncConnection[dict[str, Any]], clock: Clock, lease: Lease) -> None:
    """Lets another processor take over at once. Nothing happens if one has already."""
    await connection.execute(
        _queries["release"],
        {
            "partition": lease.partition,
            "owner": lease.owner,
            "owner_epoch": lease.owner_epoch,
            "at": to_datetime(clock.now_us()),
        },
    )


async def enter_stream(
    connection: AsyncConnection[dict[str, Any]], lease: Lease, created: str, *, is_new_epoch: bool
) -> None:
    """Notes the stream that is read from now on; a new epoch begins at its first frame."""
    await connection.execute(
        _queries["enter_stream"],
        {
            "partition": lease.partition,
            "owner": lease.owner,
            "owner_epoch": lease.owner_epoch,
            "stream_created": created,
            "stream_epoch": lease.stream_epoch + is_new_epoch,
            "sequence": 0 if is_new_epoch else lease.sequence,
            "frame_id": "" if is_new_epoch else lease.frame_id,
            "purged_below": 0 if is_new_epoch else lease.purged_below,
        },
    )
    lease.stream_created = created
    if is_new_epoch:
        lease.stream_epoch, lease.sequence, lease.frame_id = lease.stream_epoch + 1, 0, ""
        lease.purged_below = 0
