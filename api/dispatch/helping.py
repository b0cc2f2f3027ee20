"""Colleagues who help with an order: they see it, tick off and note; its worker stays responsible."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Final

from api.dispatch import service, store
from api.dispatch.schemas import NewHelper
from api.problems import Problem, conflict, invalid, not_found
from api.transactions import Transaction
from api.work_orders import deciders, guards, steps
from api.work_orders import order as orders
from api.work_orders import store as order_store
from api.work_orders.order import Order, Person
from api.work_orders.schemas import WorkOrder
from api.work_orders.shown import shown
from api.work_orders.states import IN_HAND, OVER, Bond, State
from herun.order_words import Word

MAX_HELPERS: Final = 5  # of one order: a larger matter is split
MAX_NOTES: Final = 200  # of one order, which all stay in its history
_CLOSED: Final = OVER | {State.MERGED}


async def ask(tx: Transaction, person: Person, number: str, new: NewHelper) -> WorkOrder:
    """Adds a helper to an order in hand. Raises Problem 404, 403, 422 for who is no worker, or 409."""
    order = await _tied(tx, person, number, Bond.DESK, Bond.WORKER)
    if order.state not in IN_HAND:
        raise conflict("wrong_state", f"nobody helps while the order is {order.state}")
    if not guards.may_choose(person, confidential=order.confidential):
        raise Problem(HTTPStatus.FORBIDDEN, "confidential", "with a confidential order only a supervisor adds helpers")
    if len(order.helpers) >= MAX_HELPERS:
        raise conflict("too_many_helpers", f"an order has at most {MAX_HELPERS} helpers")
    helper = new.worker or await _fitting(tx, order)
    if helper == order.worker or helper in order.helpers:
        raise conflict("helps_already", f"{helper} is at work on it already")
    if not await order_store.is_worker(tx, helper):
        raise invalid("unknown_worker", f"{helper} is no grid worker or property staff of this site")
    await store.add_helper(tx, number, helper)
    helped = replace(order, helpers=(*order.helpers, helper))
    after = await steps.note(
        tx, helped, Word.HELPER_ADDED, by=person.username, reason=new.reason, detail={"helper": helper}, before=order
    )
    return shown(after, person, tx.at)


async def dismiss(tx: Transaction, person: Person, number: str, helper: str) -> WorkOrder:
    """They help no more: said by the worker, the desk, or themselves. Raises Problem 404 or 403."""
    order = await _tied(tx, person, number, Bond.DESK, Bond.WORKER, Bond.HELPER)
    is_own = person.username == helper
    if not is_own and orders.bonds(person, order, set()).isdisjoint({Bond.DESK, Bond.WORKER}):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "other helpers are dismissed by: desk, worker")
    if helper not in order.helpers:
        raise not_found("helper of this order")
    fewer = replace(order, helpers=tuple(each for each in order.helpers if each != helper))
    await store.drop_helpers(tx, number, [helper])
    after = await steps.note(tx, fewer, Word.HELPER_LEFT, by=person.username, detail={"helper": helper})
    return await _shown(tx, after, person)


async def note(tx: Transaction, person: Person, number: str, text: str) -> WorkOrder:
    """Writes into the history what those who work on an order should know. Raises Problem 404, 403 or 409."""
    order = await _tied(tx, person, number, Bond.DESK, Bond.WORKER, Bond.HELPER)
    if order.state in _CLOSED:
        raise conflict("wrong_state", f"nothing is noted while the order is {order.state}")
    if await store.notes(tx, number) >= MAX_NOTES:
        raise conflict("too_many_notes", f"an order has at most {MAX_NOTES} notes")
    return await _shown(tx, await steps.note(tx, order, Word.NOTED, by=person.username, reason=text), person)


async def _shown(tx: Transaction, order: Order, person: Person) -> WorkOrder:
    return shown(order, person, tx.at, not_theirs=(await deciders.not_theirs(tx, [order], person))[order.number])


async def _fitting(tx: Transaction, order: Order) -> str:
    at_work = {*order.helpers, order.worker or ""}
    decision = await service.decide(tx, order, without=at_work, to_assign=True)
    if decision.choice.worker is None:
        raise conflict("nobody_fits", "nobody else fits and is on shift; name a worker")
    return decision.choice.worker


async def _tied(tx: Transaction, person: Person, number: str, *bonds: Bond) -> Order:
    order = await order_store.locked(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    if orders.bonds(person, order, set()).isdisjoint(bonds):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", f"this is for: {', '.join(sorted(bonds))}")
    return order
