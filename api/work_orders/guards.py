"""What has to hold before a move, besides the table: each raises the Problem that says what is missing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from api.categories import service as categories
from api.categories.tree import Need
from api.dispatch import store as dispatch
from api.pictures import store as pictures
from api.pictures.schemas import Kind
from api.problems import FieldError, Problem, conflict, invalid
from api.roles import Role
from api.transactions import Transaction
from api.work_orders import order as orders
from api.work_orders import store
from api.work_orders.already import is_so_already
from api.work_orders.order import Move, Order, Person
from api.work_orders.states import OVER, TOLD, Action, State

MAX_HOLD: Final = timedelta(days=90)
_PICTURES: Final = {Need.PHOTO_BEFORE: Kind.BEFORE, Need.PHOTO_AFTER: Kind.AFTER}
_DONE: Final = OVER | TOLD | {State.RESOLVED}


async def check(tx: Transaction, order: Order, move: Move, by: str) -> None:
    """Raises Problem 422 for a move that can never be made, 409 for one that cannot be made now."""
    if field := orders.lacks(move):
        error = FieldError(loc=["body", field], msg=f"{move.action} needs {field}", type="missing")
        raise invalid("missing_field", error.msg, [error])
    _check_use(order, move.action)
    match move.action:
        case Action.HOLD if move.until is not None:
            _check_hold(tx.at, move.until)
        case Action.RESOLVE:
            await _is_whole(tx, order)
            await _has_what_its_category_needs(tx, order)
        case Action.ANSWER:
            await _has_no_open_part(tx, order)  # one may have been reopened since
        case Action.CANCEL:
            await _can_be_left(tx, order, by)
        case Action.RATE if await store.rated_same_answer(tx, order, by):
            raise conflict("rated_already", "you have rated this answer with another order that it is the answer to")
        case Action.REOPEN if order.state is State.MERGED and order.master_state not in TOLD:
            raise conflict("wrong_state", "reopen is not possible before the order that it was merged into is answered")
        case Action.TRANSFER | Action.ARBITRATE if move.worker:
            await _can_have_it(tx, order, move.worker, move.action)


def _check_use(order: Order, action: Action) -> None:
    if is_so_already(order, action):
        raise conflict("no_change", f"{action} changes nothing: it is so already")
    if reason := orders.used_up(order, action):
        raise conflict("used_up", f"{action} is not possible: {reason}")


def _check_hold(now: datetime, until: datetime) -> None:
    if until <= now:
        raise _bad_until("until_is_past", "until has to lie in the future")
    if until > now + MAX_HOLD:
        raise _bad_until("hold_too_long", f"until lies at most {MAX_HOLD.days} days ahead")


def _bad_until(code: str, words: str) -> Problem:
    return invalid(code, words, [FieldError(loc=["body", "until"], msg=words, type=code)])


def may_claim(person: Person, order: Order) -> bool:
    """True if it is for their eyes, and not only as they have what is above it: a part is for whom it is offered to."""
    return orders.sees(person, replace(order, crew_above=()))


def may_choose(person: Person, *, confidential: bool) -> bool:
    """True for who may say who else has, and so reads, an order: of a confidential one no worker does."""
    return not confidential or person.has(Role.SUPERVISOR)


def check_choice(person: Person, *, confidential: bool) -> None:
    """Raises Problem 403 for a worker who names another one for what is confidential."""
    if not may_choose(person, confidential=confidential):
        what = "of what is confidential only a supervisor names who else has it; give it back, or name nobody"
        raise Problem(HTTPStatus.FORBIDDEN, "confidential", what)


async def check_worker(tx: Transaction, worker: str) -> None:
    """Raises Problem 422 for somebody to whom no order can be given.

    Whoever makes them no worker at this moment either waits for what they are given, or is waited for here.
    """
    await dispatch.one_at_a_time(tx)
    if not await store.is_worker(tx, worker):
        raise invalid("unknown_worker", f"{worker} is no grid worker or property staff of this site")


async def may_rate(tx: Transaction, order: Order, who: str) -> bool:
    """False for who had a hand in it, or has rated this answer with another order that it is the answer to."""
    had_a_hand = who in order.helpers or who in await store.hands(tx, order.number)
    return not had_a_hand and not await store.rated_same_answer(tx, order, who)


async def _can_have_it(tx: Transaction, order: Order, worker: str, action: Action) -> None:
    await check_worker(tx, worker)
    if action is Action.TRANSFER and worker == order.worker:
        raise invalid("same_worker", "it is theirs already")


async def _is_whole(tx: Transaction, order: Order) -> None:
    undone = [str(line.item) for line in await store.checklist(tx, order.number) if line.required and not line.done_at]
    if undone:
        raise conflict("checklist_undone", f"lines of its checklist are not ticked off: {', '.join(undone)}")
    await _has_no_open_part(tx, order)


async def _has_no_open_part(tx: Transaction, order: Order) -> None:
    """Raises Problem 409, without their numbers: not all may know of a part, and who may has them in a list."""
    count = sum(state not in _DONE for state in (await store.parts(tx, order.number)).values())
    if count:
        raise conflict("parts_undone", f"{count} of its parts are not resolved")


async def _can_be_left(tx: Transaction, order: Order, by: str) -> None:
    """Not what somebody works on: to put it on hold or to take it back first makes it no easier to let it vanish."""
    if orders.has_to_be_answered(order, by):
        why = (
            "a merged order is withdrawn by its reporter alone, before the order that it was merged into is resolved"
            if order.state is State.MERGED
            else "somebody was at work on it, so it has to be answered; its reporter may withdraw it while nobody is"
        )
        raise conflict("wrong_state", f"cancel is not possible: {why}")
    await _has_no_open_part(tx, order)


async def _has_what_its_category_needs(tx: Transaction, order: Order) -> None:
    """A picture of before and of after, the latter of this round, and of an alert's order the verdict on its alert.

    Also what a former category asked for, if a worker corrected it.
    """
    required = {*(await categories.category(tx, order.category)).required, *(await store.owed(tx, order.number))}
    needed = {_PICTURES[need] for need in required if need in _PICTURES}
    if missing := sorted(needed - await pictures.kinds(tx, order)):
        raise conflict("pictures_missing", f"its category, or a former one, asks for pictures: {', '.join(missing)}")
    if Need.VERDICT in required and order.alert_id is not None and not await store.has_verdict(tx, order.alert_id):
        raise conflict("verdict_missing", "its category, or a former one, asks for the verdict on its alert")
