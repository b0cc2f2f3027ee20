"""Takes up the jobs that the API has written down, one at a time, each in a process of its own beside the live engine.

A job is locked while its worker lives, and no longer: after kill -9 the next worker begins it again. Two that ran it at
once would write the same bytes.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, Final

import psycopg
import structlog

from herun.clock import Clock, to_datetime
from herun.database.queries import Queries
from processor import observed
from processor.backtest.program import Outcome, run_program
from processor.store import Connection, Database, in_words

log = structlog.get_logger(__name__)
_queries = Queries(__package__, "jobs.sql")

LOOK_S: Final = 1.0  # between looks for a job
LOOK_AT: Final = 20  # jobs, of which others may run some
MAX_ATTEMPTS: Final = 3  # of one job: what kills its process each time is given up
DONE: Final = 0
CANNOT_BE_DONE: Final = 2


class Worker:
    """One worker of a processor."""

    def __init__(self, database: Database, clock: Clock, stop: asyncio.Event) -> None:
        self._database = database
        self._clock = clock
        self._stop = stop

    async def run(self) -> None:
        """Until stopped; what is under way then is begun again by the next worker."""
        while not self._stop.is_set():
            try:
                worked = await self._work_once()
            except (psycopg.Error, OSError, TimeoutError) as error:
                log.warning("backtests_wait", error=in_words(error))
                await self._database.drop()
                worked = False
            if not worked:
                await self._pause()
        await self._database.drop()

    async def _work_once(self) -> bool:
        """True if there was a job to do."""
        connection = await self._database.connection()
        await connection.execute(_queries["forget_unasked"])
        cursor = await connection.execute(_queries["waiting"], {"limit": LOOK_AT})
        for row in await cursor.fetchall():
            key = {"site": row["site"], "id": row["id"]}
            locked = await (await connection.execute(_queries["lock"], {"id": row["id"]})).fetchone()
            if locked and locked["is_ours"]:
                try:
                    return await self._work(connection, key, row["job"].encode())
                finally:
                    if not connection.closed:
                        await connection.execute(_queries["unlock"], {"id": row["id"]})
        return False

    async def _work(self, connection: Connection, key: dict[str, Any], job: bytes) -> bool:
        begun = await (await connection.execute(_queries["begin"], key | self._at())).fetchone()
        if begun is None:  # another worker has ended it since it was looked for
            return True
        if begun["attempts"] > MAX_ATTEMPTS:
            await self._end(connection, key, error=f"it was begun {MAX_ATTEMPTS} times and never came to an end")
            return True
        log.info("backtest_begins", **_named(key), attempt=begun["attempts"])
        try:
            outcome = await run_program(job, self._stop)
        except (TimeoutError, ValueError) as error:
            await self._end(connection, key, error=str(error))
            return True
        connection = await self._database.connection()
        if outcome is None:
            await connection.execute(_queries["give_back"], key)
        elif outcome.code == DONE:
            await self._end(connection, key, outcome)
        elif outcome.code == CANNOT_BE_DONE:
            await self._end(connection, key, error=str(json.loads(outcome.told)["error"]))
        else:
            log.warning("backtest_broke", **_named(key), code=outcome.code, said=outcome.said)
            await self._pause()
        return True

    async def _end(
        self, connection: Connection, key: dict[str, Any], outcome: Outcome | None = None, error: str | None = None
    ) -> None:
        state = "failed" if outcome is None else "done"
        result = {
            "state": state,
            "result": outcome and outcome.told.decode().rstrip("\n"),
            "performance": outcome and outcome.said,
            "error": error,
        }
        await connection.execute(_queries["end"], key | self._at() | result)
        observed.BACKTESTS.labels(state).inc()
        log.info("backtest_ended", **_named(key), state=state, error=error)

    def _at(self) -> dict[str, Any]:
        return {"at": to_datetime(self._clock.now_us())}

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._stop.wait(), LOOK_S)
        except TimeoutError:
            return


def _named(key: dict[str, Any]) -> dict[str, str]:
    return {"site": key["site"], "id": str(key["id"])}
