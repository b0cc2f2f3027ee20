"""Jobs of this table, and the results that the processor keeps in its own."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any, Final

from msgspec import to_builtins
from psycopg.types.json import Jsonb

from api.backtests.schemas import Backtest, JobState, Trace
from api.transactions import Transaction
from herun.backtests import Job
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
FAILURE_IS_TOLD: Final = timedelta(minutes=1)


async def time_zone(tx: Transaction) -> str:
    """The site's own: days are counted by it."""
    row = await tx.one(_QUERIES["time_zone"])
    if row is None:
        raise LookupError(f"site {tx.site} is gone")
    return str(row["time_zone"])


async def unfinished(tx: Transaction) -> int:
    """How many jobs wait or run; nobody else adds one until this transaction ends."""
    await tx.all(_QUERIES["lock_site"])
    row = await tx.one(_QUERIES["unfinished"])
    return int(row["jobs"]) if row else 0


async def add(tx: Transaction, job: Job, keep: int) -> uuid.UUID:
    """Writes a job down, and forgets the oldest that have ended beyond `keep`; its id."""
    job_id = uuid.uuid4()
    await tx.run(_QUERIES["drop_oldest"], keep=keep)
    await tx.run(_QUERIES["add"], id=job_id, job=Jsonb(to_builtins(job)))
    return job_id


async def newest(tx: Transaction, limit: int) -> list[Backtest]:
    """Backtests, newest first, without results."""
    return [_shown(row) for row in await tx.all(_QUERIES["newest"], limit=limit)]


async def one(tx: Transaction, job_id: uuid.UUID) -> Backtest | None:
    """One backtest with its result."""
    row = await tx.one(_QUERIES["one"], id=job_id)
    return None if row is None else _shown(row)


async def event_exists(tx: Transaction, device: str, event_id: str) -> bool:
    """True if the event is stored."""
    return await tx.one(_QUERIES["event_exists"], device=device, event_id=event_id) is not None


async def trace(tx: Transaction, device: str, event_id: str) -> Trace | None:
    """The newest trace of an event; one that failed is told of for a while, and then asked for anew."""
    after = tx.at - FAILURE_IS_TOLD
    row = await tx.one(_QUERIES["trace"], device=device, event_id=event_id, failed_after=after)
    if row is None:
        return None
    return Trace(state=row["state"] or JobState.WAITING, error=row["error"], trace=_read(row["result"]))


def _shown(row: dict[str, Any]) -> Backtest:
    return Backtest(**{**row, "state": row["state"] or JobState.WAITING, "result": _read(row.get("result"))})


def _read(result: str | None) -> dict[str, Any] | None:
    return None if result is None else json.loads(result)
