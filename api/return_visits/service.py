"""Return visits: after a bad rating always, otherwise by lot; never by who had a hand in it; silence stays silence."""

from __future__ import annotations

import secrets
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from http import HTTPStatus
from typing import Final

from api import cursors
from api.audit import store as audit
from api.categories import service as categories
from api.problems import Problem, conflict, not_found
from api.return_visits import store, visitors
from api.return_visits.drawing import Closed, drawn
from api.return_visits.schemas import Draw, Draws, NewOutcome, NewVisitPlan, Visit, VisitCounts, VisitPlan, Visits
from api.transactions import Transaction
from api.work_orders import order as orders
from api.work_orders import service as work_orders_service
from api.work_orders import store as work_orders
from api.work_orders.order import CONFIDANTS, Move, Order, Person
from api.work_orders.states import TOLD, Action, Bond, State

COUNTED: Final = timedelta(days=90)
_SHARES: Final = ("body", "shares")
_SEED_BITS: Final = 63  # of a bigint


async def put_plan(tx: Transaction, new: NewVisitPlan) -> VisitPlan:
    """Makes the plan this one; days that were drawn stay as they are.

    Raises Problem 422, with the nearest names, for a category or unit that no order can have.
    """
    named = [((*_SHARES, n, "category"), each.category) for n, each in enumerate(new.shares) if each.category]
    units = [((*_SHARES, n, "unit"), each.unit) for n, each in enumerate(new.shares) if each.unit]
    await categories.must_have(tx, categories=named, units=units)
    await store.put_plan(tx, new.shares)
    await audit.record(tx, "return_visits.plan_put", tx.site, {"shares": len(new.shares)})
    return await plan(tx)


async def plan(tx: Transaction) -> VisitPlan:
    """The plan. Raises Problem 404 without one."""
    found = await store.plan(tx)
    if found is None:
        raise not_found("plan of return visits")
    return found


async def draws(tx: Transaction, person: Person, *, cursor: str | None, limit: int) -> Draws:
    """One page of what was drawn, the newest days first; confidential orders are named to few."""
    key = cursors.decode_numbers(cursor, 1)
    found = await store.draws(tx, before=_day(key[0]) if key else None, limit=limit + 1)
    items = found[:limit]
    next_cursor = cursors.encode(items[-1].day.toordinal()) if len(found) > limit else None
    if not person.has(*CONFIDANTS):
        hidden = await store.confidential(tx, {number for each in items for number in each.closed})
        items = [_without(each, hidden) for each in items]
    return Draws(items=items, next_cursor=next_cursor)


def _day(ordinal: int) -> date:
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal()))


def _without(draw: Draw, hidden: AbstractSet[str]) -> Draw:
    left: dict[str, object] = {
        name: [each for each in getattr(draw, name) if each not in hidden] for name in ("closed", "drawn")
    }
    orders = None if draw.orders is None else [each for each in draw.orders if each.number not in hidden]
    return draw.model_copy(update=left | {"orders": orders})


async def draw(tx: Transaction) -> int:
    """Draws the next day that is over; says how many days it drew: one or none."""
    found = await store.lock_next_day(tx)
    if found is None:
        return 0
    day, shares = found
    closed, seed = await _to_be_asked(tx, await store.closed_on(tx, day)), secrets.randbits(_SEED_BITS)
    chosen = drawn(closed, shares, seed)
    orders_of = await work_orders.several(tx, {each.number for each in chosen})
    for each in chosen:
        await visitors.open_visit(tx, orders_of[each.number], "sample")
    await store.add_draw(tx, day, seed, shares, closed=closed, drawn=chosen)
    return 1


async def _to_be_asked(tx: Transaction, closed: list[Closed]) -> list[Closed]:
    """Those of whose reporters, or of whoever reported the same, somebody can be asked: by a link nobody is called or
    visited.
    """
    asked = await work_orders.can_be_asked(tx, {each.number for each in closed}, with_merged=True)
    return [each for each in closed if each.number in asked]


async def page(tx: Transaction, person: Person, *, is_open: bool | None, cursor: str | None, limit: int) -> Visits:
    """Visits, newest first; those of confidential orders for few."""
    key = cursors.decode_numbers(cursor, 1)
    confidant = person.has(*CONFIDANTS)
    before = key[0] if key else None
    found = await store.page(tx, is_confidant=confidant, is_open=is_open, before=before, limit=limit + 1)
    items = found[:limit]
    return Visits(items=items, next_cursor=cursors.encode(items[-1].id) if len(found) > limit else None)


async def counts(tx: Transaction) -> VisitCounts:
    """What came of the visits of the last 90 days."""
    return VisitCounts(items=await store.counts(tx, tx.at - COUNTED))


async def close(tx: Transaction, person: Person, visit: int, outcome: NewOutcome) -> Visit:
    """What came of a visit; unsolved, or dissatisfied, reopens the order. Raises Problem 404, 409, and 403 for who is
    not its desk, reported it or had a hand in it.
    """
    number = await store.number_of(tx, visit)
    order = await _locked(tx, number, outcome) if number else None
    if order is None or not orders.sees(person, order):
        raise not_found("return visit")
    if Bond.DESK not in orders.bonds(person, order, frozenset()):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "a return visit is made by: desk")
    found = await store.locked(tx, visit)
    if found is None or found.outcome is not None:
        raise conflict("visited_already", "what came of this visit is known")
    if not await visitors.may_visit(tx, person.username, order):
        what = "who reported an order does not visit it, nor, as long as somebody else can, who had a hand in it"
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", what)
    await store.close(tx, visit, outcome)
    stands = order.master_state if order.state is State.MERGED else order.state
    if outcome.is_bad and stands in TOLD:  # of whatever round the visit is: they were asked now
        await work_orders_service.act(tx, person, order.number, Move(Action.REOPEN, outcome.note))
    done = await store.locked(tx, visit)
    assert done is not None  # noqa: S101 - it is locked
    return done


async def _locked(tx: Transaction, number: str, outcome: NewOutcome) -> Order | None:
    """The order; with all that reopening locks, in its order, if it may come to that: nobody waits for one another."""
    if not outcome.is_bad:
        return await work_orders.locked(tx, number)
    await work_orders.keep_together(tx, to_change=True)
    held = await work_orders.locked_together(tx, {number} | await work_orders.related(tx, number))
    return held.get(number)
