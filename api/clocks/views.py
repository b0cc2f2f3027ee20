"""The clocks of one order for whoever sees it."""

from __future__ import annotations

from api.clocks import service, store
from api.clocks.schemas import Clocks
from api.clocks.shown import shown
from api.problems import not_found
from api.transactions import Transaction
from api.work_orders import order as orders
from api.work_orders import store as work_orders
from api.work_orders.order import Person


async def one(tx: Transaction, person: Person, number: str) -> Clocks:
    """Both clocks. Raises Problem 404 if the order is not for this person's eyes."""
    order = await work_orders.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    return shown(order, person, await service.known(tx, order), await store.deadlines(tx, number), tx.at)
