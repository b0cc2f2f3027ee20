"""A new order: its number, its first entry, accepted at once, and dispatched if somebody fits."""

from __future__ import annotations

import secrets
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from api.categories import service as categories
from api.categories.tree import SEVERITIES, Category
from api.dispatch import service as dispatch
from api.notices import rules
from api.notices import service as notices
from api.notices.rules import Kind
from api.problems import conflict
from api.sites import store as sites
from api.transactions import SYSTEM, Transaction
from api.work_orders import steps, store
from api.work_orders.kinds import Origin
from api.work_orders.order import Move, Order
from api.work_orders.states import Action, State
from herun import metrics
from herun.errors import TransientError
from herun.order_chain import SALT_BYTES, sealed
from herun.order_words import Word

# Of a day's million numbers: with half of them given, one in a million orders would try twenty times in vain.
_NUMBER_TRIES: Final = 20
_NUMBERS_A_DAY: Final = 1_000_000

_opened = metrics.counter("herun_api_orders_opened_total")


async def open_order(
    tx: Transaction, order: Order, by: str, *, worker: str | None = None, dispatched: bool = True
) -> Order:
    """Opens an order, which has no number yet; it goes to `worker`, or to whom it fits, unless not `dispatched`.

    Raises TransientError if its alert has got one at the same moment.
    """
    feed_seq = await sites.next_feed_seq(tx)
    site = await sites.site(tx)
    zone = ZoneInfo(site.time_zone if site else "UTC")
    order = await routed(tx, replace(order, opened_seq=feed_seq))
    salt = secrets.token_bytes(SALT_BYTES)
    order = await _numbered(tx, order, tx.at.astimezone(zone), salt)
    detail = {"category": order.category, "original": sealed(salt, asdict(order))}
    await steps.record(tx, None, order, Word.OPENED, by=by, detail=detail, feed_seq=feed_seq)
    _opened.labels(order.origin.value).inc()
    order = await steps.step(tx, order, Move(Action.ACCEPT), SYSTEM)
    if worker is not None:
        return await steps.step(tx, order, Move(Action.DISPATCH, worker=worker), by)
    return await place(tx, order, by) if dispatched else order


async def place(tx: Transaction, order: Order, by: str, *, supervisors_know: bool = False) -> Order:
    """Dispatches an accepted order, or offers it; if nobody fits, the desk hears that it waits, but for `by`.

    `supervisors_know`: they were told of the step that this follows from.
    """
    after = await dispatch.place(tx, order)
    await tell_if_it_waits(tx, after, by, supervisors_know=supervisors_know)
    return after


async def tell_if_it_waits(tx: Transaction, order: Order, by: str, *, supervisors_know: bool = False) -> None:
    """The desk hears of an order that has just come to wait for it, but for `by`, whose doing that is."""
    if order.state is State.ACCEPTED and not order.pool:
        cause = f"order:{order.number}:{order.version}:{Kind.AT_DESK}"
        telling = rules.at_desk(order, supervisors_know=supervisors_know)
        await notices.tell(tx, telling, cause, order, but_not=by)


async def routed(tx: Transaction, order: Order) -> Order:
    """The order with who is responsible for it; how severe a report is its category and its answers say, and whether an
    order is confidential its category."""
    category = await categories.category(tx, order.category)
    route = await categories.route(tx, category, order.building, said(order))
    return replace(
        order,
        unit=order.unit or route.unit,
        grid=order.grid or route.grid,
        severity=raised(order, category) if order.origin is Origin.REPORT else order.severity,
        confidential=order.confidential or category.confidential,
    )


def said(order: Order) -> str:
    """What an order is about in words, by which its unit is found: title and text, in Chinese."""
    return f"{order.title['zh']} {order.text['zh']}"


def raised(order: Order, category: Category) -> str:
    """How severe an order is that is of this category now: at least as severe as it was. An alert says its own."""
    if order.origin is Origin.ALERT or not category.known:
        return order.severity
    return max(order.severity, category.severity_for(order.attributes), key=SEVERITIES.index)


async def sealed_anew(tx: Transaction, before: Order, after: Order) -> str | None:
    """What seals an order some of whose answers have changed. None for one without a seal, and for one that is not what
    was sealed: whoever rewrote it is not covered up.
    """
    found = await store.seal(tx, before.number)
    if found is None or found.original != sealed(found.salt, asdict(before)):
        return None
    return sealed(found.salt, asdict(after))


async def _numbered(tx: Transaction, order: Order, local: datetime, salt: bytes) -> Order:
    # Drawn, not counted: with a counter, whoever has one number would know its neighbours'.
    for _ in range(_NUMBER_TRIES):
        number = f"WO{local:%Y%m%d}-{secrets.randbelow(_NUMBERS_A_DAY):06d}"
        numbered = replace(order, number=number)
        if await store.add(tx, numbered, salt):
            return numbered
        if order.alert_id is not None and await store.locked(tx, alert_id=order.alert_id):
            raise TransientError(f"alert {order.alert_id} has an order by now")
    raise conflict("numbers_used_up", "no free order number was found for today; try again")
