"""Monitored alerts, read, and what they are held against."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from api.periods import Period
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
# A detector and the rule that people know notice the same thing minutes apart.
WITHIN: Final = timedelta(minutes=10)
MAX_VERSIONS: Final = 1_000  # of one trial that are looked at: a change every hour for six weeks
MAX_DEVICES: Final = 200  # named, those with the most alerts


async def was_live(tx: Transaction, uid: str) -> bool | None:
    """Whether a rule ever was live; None if there never was such a rule."""
    row = await tx.one(_QUERIES["was_live"], uid=uid)
    return None if row is None else row["was_live"]


async def trial_versions(tx: Transaction, uid: str) -> list[dict[str, Any]]:
    """What has been on trial without a break (time, body), the newest first; none if the rule is not on trial."""
    return await tx.all(_QUERIES["trial_versions"], uid=uid, limit=MAX_VERSIONS)


async def by_day(tx: Transaction, uid: str, asked: Period, time_zone: str) -> list[dict[str, Any]]:
    """Monitored alerts by day of the site's time."""
    values = {"uid": uid, "begin": asked.begin, "end": asked.end, "time_zone": time_zone}
    return await tx.all(_QUERIES["by_day"], **values)


async def by_device(tx: Transaction, uid: str, asked: Period) -> list[dict[str, Any]]:
    """Monitored alerts by device, those with the most first."""
    return await tx.all(_QUERIES["by_device"], uid=uid, begin=asked.begin, end=asked.end, limit=MAX_DEVICES)


async def alerts(
    tx: Transaction,
    uid: str,
    between: tuple[datetime | None, datetime | None],
    *,
    before: tuple[datetime, UUID] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Monitored alerts raised between (None: any time), older than a (raised_at, alert_id), newest first."""
    (begin, end), (raised_at, alert_id) = between, before or (None, None)
    values = {"begin": begin, "end": end, "raised_at": raised_at, "alert_id": alert_id, "limit": limit}
    return await tx.chosen(_QUERIES["alerts"], uid=uid, **values)


async def overlaps(tx: Transaction, uid: str, asked: Period) -> dict[str, Any]:
    """How many monitored alerts there are, were withdrawn, and how many of them lie near one that people judged."""
    return await _counts(tx, "overlaps", uid, asked, within=WITHIN)


async def live(tx: Transaction, uid: str, asked: Period) -> dict[str, Any]:
    """What the rule did live."""
    return await _counts(tx, "live", uid, asked)


async def _counts(tx: Transaction, name: str, uid: str, asked: Period, **values: Any) -> dict[str, Any]:
    row = await tx.one(_QUERIES[name], uid=uid, begin=asked.begin, end=asked.end, **values)
    assert row is not None  # noqa: S101 - counts always give a row
    return row
