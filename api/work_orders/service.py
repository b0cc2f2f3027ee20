"""The life of a work order, top to bottom: opened, accepted, dispatched, handled, answered, rated.

Every step is one row of `states.TRANSITIONS`, taken in one transaction with its history entry: who, when, from where,
to where, why. The rows of all orders that a step touches are locked first, in the order of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final
from uuid import UUID

from api import cursors
from api.audit import store as audit
from api.categories import service as categories
from api.dispatch import service as dispatch
from api.dispatch import store as dispatching
from api.problems import Problem, conflict, not_found
from api.roles import Role
from api.transactions import SYSTEM, Transaction
from api.work_orders import deciders, guards, joining, listing, opening, steps, store
from api.work_orders import order as orders
from api.work_orders.joining import Held
from api.work_orders.kinds import NO_WORKER, Channel, Origin
from api.work_orders.order import RATED_WITHIN, Move, Order, Person
from api.work_orders.schemas import Checklist, History, HistoryEntry, NewItem, Part, WorkOrder, WorkOrders
from api.work_orders.shown import AMONG_WORKERS, for_reporters, hushed, shown, speaks_of
from api.work_orders.states import DECISIONS, OVER, TOLD, TRANSITIONS, Action, Bond, State
from herun.alerts import Alert, Correction
from herun.clock import to_datetime
from herun.order_words import Word
from herun.personal import mask

_OPEN_BATCH: Final = 100  # orders that one transaction takes when their time is over
# Actions that change which orders belong together, and those that look at the others: these are locked with it.
_JOINS: Final = frozenset({Action.MERGE, Action.UNMERGE, Action.REOPEN, Action.CANCEL})
_LOOKS_AT_OTHERS: Final = frozenset({Action.RESOLVE, Action.ANSWER, Action.RATE, Action.CONFIDE, Action.DISCLOSE})
CLEARED: Final = "告警已解除。The alert is over."
WITHDRAWN: Final = "告警已撤回。The alert was withdrawn."


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
    held = await _held(tx, number, move)
    hands = await store.hands(tx, number) if move.action is Action.RATE else set()
    order = _theirs(held.get(number), person, move.action, hands)
    await _is_not_their_own_cause(tx, order, person, move.action)
    if move.action is Action.TRANSFER:
        guards.check_choice(person, confidential=order.confidential)
    await guards.check(tx, order, move, person.username)
    order = await _moved(tx, person, held, order, move)
    if move.action is Action.REOPEN:
        await store.untick(tx, number)  # what was done did not do
    return await _as_seen(tx, order, person)


async def _is_not_their_own_cause(tx: Transaction, order: Order, person: Person, action: Action) -> None:
    if action in DECISIONS and not await deciders.decides(tx, order, person, action):
        if action is Action.ARBITRATE and not person.has(Role.SUPERVISOR):
            raise Problem(HTTPStatus.FORBIDDEN, "not_yours", f"{action} is for supervisors who had no part in it")
        raise Problem(HTTPStatus.FORBIDDEN, "own_cause", f"{action} is for somebody who had no part in it")
    if orders.is_own_cause(order, person, action):
        raise Problem(HTTPStatus.FORBIDDEN, "own_cause", f"{action} is for somebody who does not have it")


async def _held(tx: Transaction, number: str, move: Move) -> Held:
    numbers = {number} | ({move.master} if move.master else set())
    if move.action in _JOINS | _LOOKS_AT_OTHERS:
        await store.keep_together(tx, to_change=move.action in _JOINS)
        numbers |= await store.related(tx, number)
    if move.action is Action.UNMERGE:
        numbers |= await store.came_with(tx, number)
    return await store.locked_together(tx, numbers)


def _theirs(order: Order | None, person: Person, action: Action, hands: set[str]) -> Order:
    if order is None or not (orders.sees(person, order) or _was_offered(order, person, action)):
        raise not_found("work order")
    is_others = action is Action.CLAIM and not (guards.may_claim(person, order) or _was_offered(order, person, action))
    if is_others or orders.bonds(person, order, hands).isdisjoint(TRANSITIONS[action].bonds):
        raise _not_theirs(action)
    return order


def _was_offered(order: Order, person: Person, action: Action) -> bool:
    """Who comes too late hears that somebody has it, and not that there is no such order."""
    return action is Action.CLAIM and person.username in order.pool and order.state is not State.ACCEPTED


async def _moved(tx: Transaction, person: Person, held: Held, order: Order, move: Move) -> Order:
    by = person.username
    match move.action:
        case Action.MERGE:
            if not move.master or move.master not in held or not orders.sees(person, held[move.master]):
                raise not_found(f"work order {move.master}")
            return await joining.merge(tx, held, order, move, by)
        case Action.UNMERGE | Action.REOPEN if order.state is State.MERGED:
            return await joining.unmerge(tx, held, order, move, by)
        case Action.CANCEL if order.state is State.MERGED:
            return await joining.withdraw(tx, held, order, move, by)
        case Action.RATE if order.state is State.MERGED:
            return await _rate_merged(tx, order, move, by)
        case Action.DISPATCH:
            move = await _with_worker(tx, order, move)
        case Action.CLAIM if order.state is State.ACCEPTED:
            move = await dispatch.check_claim(tx, order, by, move)
    after = await steps.step(tx, order, move, by)
    if move.action is Action.SIGN_OFF and not person.has(Role.OPERATOR):  # a supervisor, and the operators are the desk
        await opening.tell_if_it_waits(tx, after, by, supervisors_know=True)
    return await _with_what_follows(tx, held, after, move, by)


async def _with_what_follows(tx: Transaction, held: Held, order: Order, move: Move, by: str) -> Order:
    match move.action:
        case Action.REOPEN:
            await joining.promise_again(tx, held, order)
            return await opening.place(tx, order, by, supervisors_know=True)
        case Action.ACCEPT:
            return await opening.place(tx, order, by)
        case Action.CONFIDE:
            await joining.confide_parts(tx, held, order, move, by)
        case Action.DISCLOSE:
            await joining.disclose_parts(tx, held, order, move, by)
        case Action.ANSWER:
            await joining.close_parts(tx, held, order)
        case Action.RESOLVE:
            return await joining.close_late(tx, order)
        case Action.CANCEL:
            await joining.release(tx, held, order)
            await joining.close_parts(tx, held, order)
    return order


async def _rate_merged(tx: Transaction, order: Order, move: Move, by: str) -> Order:
    """The rating of whoever reported the same matter: it is theirs, and the order stays merged."""
    if not orders.is_time_to_rate(order, tx.at):
        what = f"rate is not possible while what stands for it is {order.master_state}, nor long after its answer"
        raise conflict("wrong_state", what)
    return await steps.rate_merged(tx, order, move, by)


async def split(tx: Transaction, person: Person, number: str, part: Part) -> WorkOrder:
    """Opens a part of an order as an order of its own, and answers with it. Raises Problem as `act` does."""
    await store.keep_together(tx, to_change=True)
    order = _theirs(await store.locked(tx, number), person, Action.SPLIT, set())
    if part.worker is not None:
        category = await categories.category(tx, part.category or order.category)
        guards.check_choice(person, confidential=order.confidential or category.confidential)
    opened = await joining.split(tx, order, part, person.username)
    return await _as_seen(tx, opened, person)


async def sites_with_something_due(tx: Transaction) -> list[str]:
    """The sites that `close_silent` or `resume_held` have something to do at."""
    return await store.sites_with_something_due(tx, tx.at - RATED_WITHIN)


async def close_silent(tx: Transaction) -> int:
    """Closes orders that nobody rated in time, and says how many."""
    return await _when_time_is_over(
        tx, await store.answered_before(tx, tx.at - RATED_WITHIN, _OPEN_BATCH), Move(Action.CLOSE)
    )


async def resume_held(tx: Transaction) -> int:
    """Takes up orders whose hold is over, and says how many: nobody has to remember them."""
    return await _when_time_is_over(tx, await store.held_until(tx, tx.at, _OPEN_BATCH), Move(Action.RESUME))


async def take_back(tx: Transaction, workers: list[str]) -> None:
    """Takes what they have in hand from those who are no workers any more; it goes to whom it fits, or to the desk.

    Raises psycopg.errors.LockNotAvailable if somebody moves what they were given a moment ago: try again.
    """
    if not workers:
        return
    held = await store.locked_together(tx, await store.in_hand_of(tx, workers))
    await dispatching.one_at_a_time(tx)  # nobody is given anything from here on; what they got just now is theirs too
    theirs = await store.in_hand_of(tx, workers)
    held |= await store.locked_at_once(tx, theirs - held.keys())
    for number in sorted(theirs):
        order = held[number]
        if order.state is State.ON_HOLD:  # it waited for them
            order = await steps.step(tx, order, Move(Action.RESUME, NO_WORKER), SYSTEM)
        action = Action.SIGN_OFF if order.state is State.RETURNED else Action.RECALL
        after = await steps.step(tx, order, Move(action, NO_WORKER), SYSTEM)
        await opening.place(tx, after, SYSTEM)


async def _when_time_is_over(tx: Transaction, numbers: list[str], move: Move) -> int:
    held = await store.locked_together(tx, set(numbers))
    # Looked at again: since it was found it may have been put on hold, or answered, anew.
    due = [held[number] for number in numbers if orders.is_time_over(held[number], move.action, tx.at)]
    for order in due:
        after = await steps.step(tx, order, move, SYSTEM)
        await opening.tell_if_it_waits(tx, after, SYSTEM)  # the desk had put it aside, and has it again
    return len(due)


async def checklist(tx: Transaction, person: Person, number: str) -> Checklist:
    """What has to be done before the order is resolved; nothing for who only reported it, or lives there: it is said
    among those who work on it. Raises Problem 404 if the order is not for this person's eyes.
    """
    order = await seen(tx, person, number)
    items = await store.checklist(tx, number) if orders.is_inside(person, order) else []
    return Checklist(number=order.number, items=items)


async def add_item(tx: Transaction, person: Person, number: str, item: NewItem) -> Checklist:
    """Adds a line to the checklist of an order that is not over. Raises Problem 404, 403 or 409."""
    order = await _with_list(tx, person, number)
    if len(await store.checklist(tx, number)) >= store.MAX_ITEMS:
        raise conflict("checklist_full", f"a checklist has at most {store.MAX_ITEMS} lines")
    await store.add_item(tx, number, item.text, required=item.required)
    await steps.note(tx, order, Word.LISTED, by=person.username, reason=item.text)
    return await checklist(tx, person, number)


async def tick(tx: Transaction, person: Person, number: str, item: int) -> Checklist:
    """Ticks a line off. Raises Problem 404 without such a line, 409 if it was ticked off."""
    order = await _with_list(tx, person, number, Bond.HELPER)
    lines = {line.item: line for line in await store.checklist(tx, number)}
    if item not in lines:
        raise not_found("line of the checklist")
    if not await store.tick(tx, number, item):
        raise conflict("ticked_already", f"line {item} was ticked off by {lines[item].done_by}")
    await steps.note(tx, order, Word.TICKED, by=person.username, reason=lines[item].text, detail={"item": item})
    return await checklist(tx, person, number)


async def _with_list(tx: Transaction, person: Person, number: str, *others: Bond) -> Order:
    order = await store.locked(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    allowed = {Bond.DESK, Bond.WORKER, *others}
    if orders.bonds(person, order, set()).isdisjoint(allowed):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", f"this is for: {', '.join(sorted(allowed))}")
    if order.state in OVER | TOLD | {State.RESOLVED, State.MERGED}:
        raise conflict("wrong_state", f"its checklist cannot change while the order is {order.state}")
    return order


async def one(tx: Transaction, person: Person, number: str) -> WorkOrder:
    """One order. Raises Problem 404 if it is not for this person's eyes."""
    return await _as_seen(tx, await seen(tx, person, number), person)


async def history(tx: Transaction, person: Person, number: str, *, cursor: str | None, limit: int) -> History:
    """One page of what happened to it, oldest first. Raises Problem 404 if it is not for this person's eyes."""
    key = cursors.decode_numbers(cursor, 1)
    order = await seen(tx, person, number)
    is_inside = orders.is_inside(person, order)
    hidden = frozenset[str]() if is_inside else AMONG_WORKERS
    found = await store.history(tx, number, after=key[0] if key else None, hidden=hidden, limit=limit + 1)
    items = await _without_what_is_not_theirs(tx, person, found[:limit])
    return History(
        number=order.number,
        items=items if is_inside else for_reporters(items, person.username),
        next_cursor=cursors.encode(items[-1].n) if len(found) > limit else None,
    )


async def _without_what_is_not_theirs(tx: Transaction, person: Person, items: list[HistoryEntry]) -> list[HistoryEntry]:
    """What was said in it about a part, or what is merged, that is confidential by now goes with that."""
    about = {each.n: number for each in items if (number := speaks_of(each.detail))}
    others = await store.several(tx, set(about.values())) if about else {}
    hidden = {number for number, each in others.items() if each.confidential and not orders.sees(person, each)}
    return [hushed(each) if about.get(each.n) in hidden else each for each in items]


async def page(
    tx: Transaction, person: Person, wanted: listing.Filter, *, cursor: str | None, limit: int
) -> WorkOrders:
    """One page of the orders that a person sees, newest first."""
    key = cursors.decode_numbers(cursor, 1)
    found = await listing.page(tx, person, wanted, older_than=key[0] if key else None, limit=limit + 1)
    items = found[:limit]
    return WorkOrders(
        items=await _all_as_seen(tx, items, person),
        next_cursor=cursors.encode(items[-1].opened_seq) if len(found) > limit else None,
    )


async def by_phone(tx: Transaction, person: Person, phone: str, *, cursor: str | None, limit: int) -> WorkOrders:
    """One page of what was reported with a phone number, newest first; that somebody looked is written down."""
    found = await page(tx, person, listing.Filter(phone=phone), cursor=cursor, limit=limit)
    await audit.record(tx, "orders.looked_up", mask(phone), {"orders": len(found.items)})
    return found


async def _open_for_alert(tx: Transaction, alert: Alert) -> None:
    building = alert.building or await store.building_of_place(tx, zone=alert.zone, device=alert.device)
    await opening.open_order(
        tx,
        Order(
            number="",
            origin=Origin.ALERT,
            channel=Channel.ALERT,
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


async def _amend(tx: Transaction, order: Order, alert: Alert) -> None:
    result = orders.amended(order, alert, tx.at)
    if result is None:
        return
    changed, noted = result
    await store.save(tx, changed)
    if noted:
        reason = WITHDRAWN if alert.correction == Correction.WITHDRAWN else CLEARED
        await steps.record(tx, order, changed, Word.AMENDED, by=SYSTEM, reason=reason)


async def _with_worker(tx: Transaction, order: Order, move: Move) -> Move:
    if move.worker is None:
        return await dispatch.choice_of_desk(tx, order, move)
    await guards.check_worker(tx, move.worker)
    return move


async def seen(tx: Transaction, person: Person, number: str) -> Order:
    """One order as it is stored. Raises Problem 404 if it is not for this person's eyes."""
    order = await store.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    return order


async def _as_seen(tx: Transaction, order: Order, person: Person) -> WorkOrder:
    return (await _all_as_seen(tx, [order], person))[0]


async def _all_as_seen(tx: Transaction, found: Sequence[Order], person: Person) -> list[WorkOrder]:
    not_theirs = await deciders.not_theirs(tx, found, person)
    return [
        shown(
            order,
            person,
            tx.at,
            may_rate=await _may_rate(tx, order, person),
            not_theirs=not_theirs[order.number],
        )
        for order in found
    ]


async def _may_rate(tx: Transaction, order: Order, person: Person) -> bool:
    is_theirs = Bond.RATER in orders.bonds(person, order, set()) and orders.is_to_be_rated(order, tx.at)
    return is_theirs and await guards.may_rate(tx, order, person.username)


def _not_theirs(action: Action) -> Problem:
    bonds = TRANSITIONS[action].bonds
    detail = (
        "who had a hand in an order does not rate it, nor does anybody but its reporter or a resident of its building"
        if bonds == {Bond.RATER}
        else f"{action} is for: {', '.join(sorted(bonds))}"
    )
    return Problem(HTTPStatus.FORBIDDEN, "not_yours", detail)
