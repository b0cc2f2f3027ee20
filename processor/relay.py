"""The outbox's way into the stream: in the order of the rows, each until the stream has it."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import psycopg
import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from psycopg_pool import PoolTimeout

from herun import faults
from herun.database.queries import Queries
from herun.faults import FaultPoint
from processor import observed
from processor.snapshots import Pool

log = structlog.get_logger(__name__)
_queries = Queries("processor", "relay.sql")

ROWS: Final = 200  # relayed at a time
LOOK_S: Final = 5.0  # between looks at the table when nobody woke it: what a process before this one left behind
RETRY_PAUSE_S: Final = 0.2
PUBLISH_TIMEOUT_S: Final = 2.0
MESSAGE_ID: Final = "Nats-Msg-Id"  # by which the stream knows a repeat within its duplicate window


class Relay:
    """One partition's outbox. Whoever reads the stream keeps the highest version, so a repeat does no harm."""

    def __init__(self, pool: Pool, js: JetStreamContext, partition: int, stop: asyncio.Event) -> None:
        self._pool = pool
        self._js = js
        self._partition = partition
        self._stop = stop
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """There are new rows."""
        self._woken.set()

    async def run(self) -> None:
        """Until stopped or cancelled."""
        while not self._stop.is_set():
            self._woken.clear()
            try:
                while await self._relay_some():
                    pass
            except (psycopg.Error, PoolTimeout, NatsError, TimeoutError, OSError) as error:
                log.warning("outbox_not_relayed_yet", partition=self._partition, error=repr(error))
                await self._wait(self._stop, RETRY_PAUSE_S)
                continue
            await self._wait(self._woken, LOOK_S)

    async def _relay_some(self) -> int:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_queries["next_rows"], {"partition": self._partition, "limit": ROWS})
            rows = await cursor.fetchall()
        if not rows:
            return 0
        faults.reached(FaultPoint.PROCESSOR_COMMITTED_NOT_RELAYED)
        for row in rows:
            await self._publish(row)
        last = {"partition": self._partition, "position": rows[-1]["position"], "n": rows[-1]["n"]}
        async with self._pool.connection() as connection:
            await connection.execute(_queries["delete_rows"], last)
        observed.OUTBOX_RELAYED.inc(len(rows))
        return len(rows)

    async def _publish(self, row: dict[str, Any]) -> None:
        message_id = f"{self._partition}-{row['position']}-{row['n']}"
        await self._js.publish(
            row["nats_subject"], row["payload"], timeout=PUBLISH_TIMEOUT_S, headers={MESSAGE_ID: message_id}
        )

    async def _wait(self, event: asyncio.Event, seconds: float) -> None:
        try:
            await asyncio.wait_for(event.wait(), seconds)
        except TimeoutError:
            return
