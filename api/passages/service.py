"""Looking at passages, and setting how they are judged."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final
from zoneinfo import ZoneInfo

from api import cursors
from api.access import Caller
from api.audit import store as audit
from api.outbox import store as outbox
from api.passages import store
from api.passages.schemas import Cars, Occupancy, Passages, Settings, SettingsInForce
from api.passages.store import Filter, Rows
from api.plate_lists import store as plate_lists
from api.problems import FieldError, Problem, invalid
from api.roles import DESK
from api.sites import service as sites
from api.transactions import Transaction
from herun.control import ControlKind

# As the engine: a car that is inside longer was missed when it left.
LONGEST_STAY: Final = timedelta(days=90)


async def page(
    tx: Transaction, caller: Caller, wanted: Filter, *, cursor: str | None, limit: int, reveal: bool
) -> Passages:
    """One page of passages, newest first. Raises Problem 403 if the caller may not have plates revealed."""
    _may_reveal(caller, reveal=reveal)
    rows = await store.page(tx, wanted, older_than=cursors.decode_numbers(cursor, 2), limit=limit + 1)
    asked = {"kind": wanted.kind, "direction": wanted.direction, "device": wanted.device}
    await _write_down(tx, rows[:limit], reveal=reveal, subject="passages", asked=asked)
    items = [store.shown(row, reveal=reveal) for row in rows[:limit]]
    return Passages(items=items, next_cursor=_next(rows, limit))


async def inside(tx: Transaction, caller: Caller, *, cursor: str | None, limit: int, reveal: bool) -> Cars:
    """The cars that are inside, the newest first. Raises Problem 403, as above."""
    _may_reveal(caller, reveal=reveal)
    older_than = cursors.decode_numbers(cursor, 2)
    rows = await store.inside(tx, tx.at - LONGEST_STAY, older_than=older_than, limit=limit + 1)
    await _write_down(tx, rows[:limit], reveal=reveal, subject="passages.inside", asked={})
    items = [store.car(row, reveal=reveal) for row in rows[:limit]]
    return Cars(items=items, next_cursor=_next(rows, limit))


def _may_reveal(caller: Caller, *, reveal: bool) -> None:
    if reveal and not caller.has(*DESK):
        raise Problem(HTTPStatus.FORBIDDEN, "forbidden", "plates are shown to operators and supervisors only")


async def _write_down(tx: Transaction, rows: Rows, *, reveal: bool, subject: str, asked: dict[str, Any]) -> None:
    """Whoever has plates revealed is written down with what they asked for."""
    if reveal:
        plates = sum(row["plate"] is not None for row in rows)
        await audit.record(tx, "personal.revealed", subject, {**asked, "plates": plates})


def _next(rows: Rows, limit: int) -> str | None:
    """The cursor of the next page, of rows of which there may be one more than are shown."""
    return cursors.encode(rows[limit - 1]["position"], rows[limit - 1]["n"]) if len(rows) > limit else None


async def occupancy(tx: Transaction, since: datetime | None) -> Occupancy:
    """Who is inside in numbers, and what came and went since a time (the local midnight, if none is said)."""
    if since is None:
        local = tx.at.astimezone(ZoneInfo((await sites.one(tx)).time_zone))
        since = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return Occupancy(since=since, **await store.counts(tx, since))


async def put_settings(tx: Transaction, new: Settings) -> SettingsInForce:
    """Sets how passages are judged, all of it at once. Raises Problem 422 for a list that the site does not have."""
    if new.residents_list is not None and await plate_lists.one(tx, new.residents_list) is None:
        what = f"this site has no plate list {new.residents_list}"
        raise invalid("unknown_list", what, [FieldError(loc=["body", "residents_list"], msg=what, type="unknown_list")])
    await store.put_settings(tx, new)
    await outbox.put(tx, ControlKind.PASSAGES_PUT, new.model_dump())
    await audit.record(tx, "passages.settings", tx.site, new.model_dump())
    return await store.settings(tx)
