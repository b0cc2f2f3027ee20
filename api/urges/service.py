"""Urging (催办): a reporter may urge once a day, and only after half of what was promised is over.

Each urge stands in the history and so in the desk's feed; of a merged order also in that of the order it went into.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from api.clocks import store as clocks
from api.clocks.shown import day_and_time
from api.clocks.terms import ground
from api.problems import Problem, conflict, not_found
from api.transactions import Transaction
from api.urges import store
from api.urges.schemas import Urged
from api.work_orders import order as orders
from api.work_orders import steps
from api.work_orders import store as work_orders
from api.work_orders.kinds import Origin
from api.work_orders.order import Order, Person
from api.work_orders.states import OPEN, State
from herun.clock import MINUTE_US, to_datetime, to_us
from herun.order_words import Word

AGAIN_AFTER: Final = timedelta(hours=24)
SHARE: Final = 0.5  # of the time from the report to the promised moment


async def urge(tx: Transaction, person: Person, number: str, reason: str | None) -> Urged:
    """The signed-in reporter urges. Raises Problem 404, 403 for anybody else, 409 if it is too early."""
    order = await work_orders.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    if order.reporter != person.username:
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "an order is urged by: reporter")
    return await urge_for_reporter(tx, number, reason, by=person.username)


async def urge_for_reporter(tx: Transaction, number: str, reason: str | None, *, by: str) -> Urged:
    """The urge of whoever has shown to be the reporter. Raises Problem 409 if it is too early or too late."""
    held = await work_orders.locked_with_master(tx, number)
    order = held[number]
    start = await possible_from(tx, order)
    if start is None:
        raise conflict("wrong_state", f"an order is not urged while it is {order.master_state or order.state}")
    if tx.at < start:
        raise conflict("too_early", await _from_when(tx, start))
    await steps.note(tx, order, Word.URGE, by=by, reason=reason)
    master = held.get(order.merged_into or "")
    if master is not None:
        await steps.note_beside(tx, master, order, Word.URGE, by=by, reason=reason)
    return Urged(number=number, urged_at=tx.at, again_from=tx.at + AGAIN_AFTER)


async def _from_when(tx: Transaction, start: datetime) -> str:
    """In the site's time, and the first whole minute: who comes then is not too early."""
    minute = to_datetime(-(-to_us(start) // MINUTE_US) * MINUTE_US)
    words = day_and_time(minute, (await ground(tx)).zone)
    return f"最早可于{words['zh']}催办。It may be urged from {words['en']} on."


async def possible_from(tx: Transaction, order: Order) -> datetime | None:
    """From when on the order may be urged; None if there is nothing to urge."""
    stands = order.master_state if order.state is State.MERGED else order.state
    if order.origin is not Origin.REPORT or stands not in OPEN | {State.RESOLVED}:
        return None
    promise = await clocks.promise(tx, order.number)
    early = promise.began_at + SHARE * (promise.due_at - promise.began_at) if promise else order.opened_at
    last = await store.last(tx, order.number)
    return max(early, last + AGAIN_AFTER) if last else early
