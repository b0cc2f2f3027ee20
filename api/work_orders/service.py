"""The life of a work order, top to bottom: opened, accepted, dispatched, handled, answered, rated.

Every step is one row of `states.TRANSITIONS`, taken in one transaction with its history entry: who, when, from where,
to where, why. The order's row is locked first and the site's feed counter after it, always in this order.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from api import cursors
from api.categories import suggestions
from api.problems import Problem, conflict, invalid, not_found
from api.reports.schemas import NewReport
from api.sites import store as sites
from api.transactions import SYSTEM, Transaction
from api.work_orders import order as orders
from api.work_orders import store
from api.work_orders.order import Move, Order, Person
from api.work_orders.schemas import History, Origin, WorkOrder, WorkOrders
from api.work_orders.shown import shown
from api.work_orders.states import TRANSITIONS, Action, Bond, State
from herun import metrics
from herun.alerts import Alert
from herun.clock import to_datetime
from herun.errors import TransientError

OPENED: Final = "opened"
AMENDED: Final = "amended"
_REPORT_SEVERITY: Final = "info"
# Of a day's million numbers: with half of them given, one in a million orders would try twenty times in vain.
_NUMBER_TRIES: Final = 20
_NUMBERS_A_DAY: Final = 1_000_000

_opened = metrics.counter("herun_api_orders_opened_total")
_transitions = metrics.counter("herun_api_order_transitions_total")


async def open_for_report(tx: Transaction, reporter: Person, report: NewReport, phone: str | None) -> WorkOrder:
    """Opens the order of a report; it is accepted at once, and dispatched if somebody fits."""
    words = report.title or report.text[:60]
    order = await _open(
        tx,
        Order(
            number="",
            origin=Origin.REPORT,
            state=State.SUBMITTED,
            category=report.category,
            severity=_REPORT_SEVERITY,
            title={"zh": words, "en": words},
            text={"zh": report.text, "en": report.text},
            building=report.building or reporter.building,
            zone=report.zone,
            reporter=reporter.username,
            contact_phone=phone,
            opened_seq=0,
            opened_at=tx.at,
            updated_at=tx.at,
        ),
        by=reporter.username,
    )
    return shown(order, reporter)


async def follow_alert(tx: Transaction, alert: Alert) -> None:
    """Opens the order of an alert the first time that it is heard of; later versions amend it, none is heard twice.

    An alert that another one hides has none of its own, until a version says that it stands alone again.
    Raises TransientError if another instance opened it at the same moment: hear it again.
    """
    order = await store.locked(tx, alert_id=UUID(alert.alert_id))
    if order is not None:
        await _amend(tx, order, alert)
    elif alert.opens_order and _stands_alone(alert) and not await store.is_hidden_by_now(tx, alert):
        await _open_for_alert(tx, alert)


def _stands_alone(alert: Alert) -> bool:
    return alert.mode == "live" and alert.merged_into is None and alert.correction != "withdrawn"


async def act(tx: Transaction, person: Person, number: str, move: Move) -> WorkOrder:
    """Moves an order. Raises Problem 404 if this person does not see it, 403 if it is not theirs, 409 if not now."""
    order = await store.locked(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    ties = orders.bonds(person, order, await store.closers(tx, number))
    if ties.isdisjoint(TRANSITIONS[move.action].bonds):
        raise _not_theirs(move.action)
    if field := orders.lacks(move):
        raise invalid("missing_field", f"{move.action} needs {field}")
    if move.action is Action.DISPATCH:
        move = await _with_worker(tx, order, move)
    order = await _step(tx, order, move, person.username)
    if move.action in {Action.ACCEPT, Action.REOPEN}:
        order = await _dispatch_if_somebody_fits(tx, order)
    return shown(order, person)


async def one(tx: Transaction, person: Person, number: str) -> WorkOrder:
    """One order. Raises Problem 404 if it is not for this person's eyes."""
    return shown(await _seen(tx, person, number), person)


async def history(tx: Transaction, person: Person, number: str) -> History:
    """All that happened to it. Raises Problem 404 if it is not for this person's eyes."""
    order = await _seen(tx, person, number)
    return History(number=order.number, items=await store.history(tx, number))


async def page(tx: Transaction, person: Person, wanted: store.Filter, *, cursor: str | None, limit: int) -> WorkOrders:
    """One page of the orders that a person sees, newest first."""
    key = cursors.decode_numbers(cursor, 1)
    found = await store.page(tx, person, wanted, older_than=key[0] if key else None, limit=limit + 1)
    items = found[:limit]
    return WorkOrders(
        items=[shown(order, person) for order in items],
        next_cursor=cursors.encode(items[-1].opened_seq) if len(found) > limit else None,
    )


async def _open_for_alert(tx: Transaction, alert: Alert) -> None:
    building = alert.building or await store.building_of_place(tx, zone=alert.zone, device=alert.device)
    await _open(
        tx,
        Order(
            number="",
            origin=Origin.ALERT,
            state=State.SUBMITTED,
            category=alert.order_category or alert.category,
            severity=alert.severity,
            title=alert.title,
            text=alert.text,
            building=building,
            zone=alert.zone,
            alert_id=UUID(alert.alert_id),
            alert_version=alert.version,
            alert_rule_uid=alert.rule_uid,
            alert_count=alert.count,
            alert_cleared_at=to_datetime(alert.cleared_at) if alert.cleared_at is not None else None,
            opened_seq=0,
            opened_at=tx.at,
            updated_at=tx.at,
        ),
        by=SYSTEM,
    )


async def _open(tx: Transaction, order: Order, by: str) -> Order:
    feed_seq = await sites.next_feed_seq(tx)
    site = await sites.site(tx)
    zone = ZoneInfo(site.time_zone if site else "UTC")
    order = await _numbered(tx, replace(order, opened_seq=feed_seq), tx.at.astimezone(zone))
    await store.add_history(tx, order, action=OPENED, from_state=None, reason=None, feed_seq=feed_seq, by=by)
    _opened.labels(order.origin.value).inc()
    order = await _step(tx, order, Move(Action.ACCEPT), SYSTEM)
    return await _dispatch_if_somebody_fits(tx, order)


async def _numbered(tx: Transaction, order: Order, local: datetime) -> Order:
    # Drawn, not counted: with a counter, whoever has one number would know its neighbours'.
    for _ in range(_NUMBER_TRIES):
        number = f"WO{local:%Y%m%d}-{secrets.randbelow(_NUMBERS_A_DAY):06d}"
        numbered = replace(order, number=number)
        if await store.add(tx, numbered):
            return numbered
        if order.alert_id is not None and await store.locked(tx, alert_id=order.alert_id):
            raise TransientError(f"alert {order.alert_id} has an order by now")
    raise conflict("numbers_used_up", "no free order number was found for today; try again")


async def _amend(tx: Transaction, order: Order, alert: Alert) -> None:
    result = orders.amended(order, alert, tx.at)
    if result is None:
        return
    changed, noted = result
    feed_seq = await sites.next_feed_seq(tx) if noted else None
    await store.save(tx, changed)
    if feed_seq is not None:
        reason = "cleared" if alert.correction is None else alert.correction.value
        await store.add_history(
            tx, changed, action=AMENDED, from_state=order.state, reason=reason, feed_seq=feed_seq, by=SYSTEM
        )


async def _dispatch_if_somebody_fits(tx: Transaction, order: Order) -> Order:
    worker = await _fitting(tx, order)
    return await _step(tx, order, Move(Action.DISPATCH, worker=worker), SYSTEM) if worker else order


async def _fitting(tx: Transaction, order: Order) -> str | None:
    return await store.fitting_worker(tx, order.building, order.category) if order.building else None


async def _with_worker(tx: Transaction, order: Order, move: Move) -> Move:
    if move.worker is None:
        worker = await _fitting(tx, order)
        if worker is None:
            raise conflict("nobody_fits", "no grid worker of the building knows this category; name a worker")
        return Move(Action.DISPATCH, move.text, worker)
    if not await store.is_worker(tx, move.worker):
        raise invalid("unknown_worker", f"{move.worker} is no grid worker or property staff of this site")
    return move


async def _step(tx: Transaction, order: Order, move: Move, by: str) -> Order:
    """One row of the table with its history entry. Raises Problem 409 if the table has none from here."""
    after = orders.moved(order, move, by, tx.at)
    if after is None:
        raise conflict("wrong_state", f"{move.action} is not possible while the order is {order.state}")
    feed_seq = await sites.next_feed_seq(tx)
    await store.save(tx, after)
    await store.add_history(
        tx, after, action=move.action, from_state=order.state, reason=move.text, feed_seq=feed_seq, by=by
    )
    await suggestions.learn_from(tx, after)
    _transitions.labels(move.action.value).inc()
    return after


async def _seen(tx: Transaction, person: Person, number: str) -> Order:
    order = await store.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    return order


def _not_theirs(action: Action) -> Problem:
    bonds = TRANSITIONS[action].bonds
    detail = (
        "whoever closed an order does not rate it, nor does anybody but its reporter or a resident of its building"
        if bonds == {Bond.RATER}
        else f"{action} is for: {', '.join(sorted(bonds))}"
    )
    return Problem(HTTPStatus.FORBIDDEN, "not_yours", detail)
