"""The three sequences that the feed reads, each in the order in which it was committed."""

from __future__ import annotations

from typing import Any, Final

from api.live.cursor import Cursor
from api.roles import READERS, WORKERS
from api.transactions import Transaction
from api.work_orders.order import CONFIDANTS, Person
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
_BEFORE_ALL: Final = (0, 0)


async def now(tx: Transaction) -> Cursor:
    """The end of what is there."""
    row = await tx.one(_QUERIES["now"])
    assert row is not None  # noqa: S101 - the statement always returns a row
    event = (row["event_position"], row["event_n"]) if row["event_position"] is not None else _BEFORE_ALL
    alert = (row["alert_position"], row["alert_n"]) if row["alert_position"] is not None else _BEFORE_ALL
    return Cursor(event, alert, row["feed_seq"])


async def events_after(tx: Transaction, key: tuple[int, int], limit: int) -> list[dict[str, Any]]:
    """Events processed after a (position, n)."""
    return await tx.all(_QUERIES["events_after"], position=key[0], n=key[1], limit=limit)


async def alerts_after(tx: Transaction, key: tuple[int, int], limit: int) -> list[dict[str, Any]]:
    """Alert versions written after a (position, n)."""
    return await tx.all(_QUERIES["alerts_after"], position=key[0], n=key[1], limit=limit)


async def acts_after(tx: Transaction, person: Person, feed_seq: int, limit: int) -> list[dict[str, Any]]:
    """Acts numbered after `feed_seq`, those that the person does not see with `visible` false."""
    return await tx.all(
        _QUERIES["acts_after"],
        sees_all=person.has(*READERS),
        is_confidant=person.has(*CONFIDANTS),
        is_worker=person.has(*WORKERS),
        me=person.username,
        home_building=person.building,
        feed_seq=feed_seq,
        limit=limit,
    )
