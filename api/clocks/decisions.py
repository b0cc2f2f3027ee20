"""Pauses and extensions: asked for by whoever has the order or by the desk, decided by a supervisor whose it is not.

Where no such supervisor is left an operator decides whose it is not: what nobody may decide on would wait for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final, TypeVar

from api.clocks import service, store
from api.clocks.clock import Clock, hand_is_due_at, span_of
from api.clocks.reminders import Level, Reminder
from api.clocks.schemas import STOPS_PROMISE, Clocks, Extension, NewExtension, NewPause, Pause
from api.clocks.segments import TIMED
from api.clocks.service import EXTENSION_ASKED, PAUSE, PAUSE_ASKED
from api.clocks.shown import shown
from api.problems import FieldError, Problem, conflict, invalid, not_found
from api.transactions import SYSTEM, Transaction
from api.work_orders import order as orders
from api.work_orders import steps
from api.work_orders import store as work_orders
from api.work_orders.deciders import deciders
from api.work_orders.order import Order, Person
from api.work_orders.states import Bond, State
from herun.clock import to_us
from herun.order_words import Word

Asked = TypeVar("Asked", Pause, Extension)

MAX_ASKED: Final = 10  # pauses, and extensions, of one order: who needs more needs somebody to talk to


async def ask_pause(tx: Transaction, person: Person, number: str, new: NewPause) -> Clocks:
    """From now on the clock shall stop. Raises Problem 403, 404, 409 if there is a pause or nothing to pause, 422."""
    order, clock = await _theirs(tx, person, number)
    if clock.now.hand.kind not in TIMED:
        raise conflict("no_clock_runs", "nobody's limit runs now")
    if any(pause.approved is not False and span_of(pause).end > to_us(tx.at) for pause in clock.pauses):
        raise conflict("paused_already", "there is a pause that is not over; end it first")
    _check_number(clock.pauses)
    longest = clock.ground.settings.longest_pause_hours
    if not tx.at < new.until <= tx.at + timedelta(hours=longest):
        what = f"until has to lie in the future, at most {longest} hours from now"
        raise invalid("bad_time", what, [FieldError(loc=["body", "until"], msg=what, type="bad_time")])
    await store.add_pause(tx, number, new)
    await service.ask(tx, order, clock, PAUSE_ASKED)
    reason, detail = f"{new.reason}: {new.note}", {"until": new.until.isoformat()}
    order = await steps.note(tx, order, Word.PAUSE_ASKED, by=person.username, reason=reason, detail=detail)
    return await _answer(tx, person, order)


async def decide_pause(
    tx: Transaction, person: Person, number: str, pause_id: int, *, approve: bool, note: str | None
) -> Clocks:
    """Approved, it counts from when it was asked for; for the promise only if that is not broken by now.

    Raises Problem 403 for whose it is, 404, 409 if not now.
    """
    order, clock = await _seen(tx, person, number)
    pause = _undecided(clock.pauses, pause_id)
    await _decides(tx, person, order, clock, pause)
    if approve and (pause.ended_at is not None or pause.until <= tx.at):
        raise conflict("moot", "it is over, or the order has gone into another hand since it was asked for")
    await store.decide_pause(tx, number, pause_id, approved=approve)
    if pause.ended_at is None:
        await store.drop_question(tx, number, PAUSE_ASKED, pause.asked_at)
    action = Word.PAUSE_APPROVED if approve else Word.PAUSE_DENIED
    order = await steps.note(tx, order, action, by=person.username, reason=note, asked_by=pause.asked_by)
    if approve:
        order = await _plan_again(tx, person, order, clock, pause)
        end = span_of(pause).end
        level = Level.WORKER if order.worker else Level.DESK
        over = clock.ground.told_at(order, [Reminder("over", level, False, end, end, end)])
        await store.add_deadlines(tx, number, {PAUSE: over})
    return await _answer(tx, person, order)


async def end_pause(tx: Transaction, person: Person, number: str, pause_id: int, note: str | None) -> Clocks:
    """Ends a pause now. Raises Problem 403, 404, 409 if it is over."""
    order, clock = await _theirs(tx, person, number)
    pause = _one(clock.pauses, pause_id)
    if span_of(pause).end <= to_us(tx.at) or pause.ended_at is not None:
        raise conflict("over_already", "this pause is over")
    await store.end_pauses(tx, number, [pause_id])
    if pause.approved is None:  # of one that was denied nobody waits for an answer, but perhaps of the next one
        await store.drop_question(tx, number, PAUSE_ASKED, pause.asked_at)
    await store.drop_deadlines(tx, [number], [PAUSE])
    order = await steps.note(tx, order, Word.PAUSE_ENDED, by=person.username, reason=note, asked_by=pause.asked_by)
    if pause.approved:
        order = await _plan_again(tx, person, order, clock, pause)
    return await _answer(tx, person, order)


async def ask_extension(tx: Transaction, person: Person, number: str, new: NewExtension) -> Clocks:
    """More time, before the time is over. Raises Problem 403, 404, 409 if it is too late or they had theirs."""
    order, clock = await _theirs(tx, person, number)
    _is_by_itself(order)
    if clock.promise.ended_at is not None or clock.promise.due_at <= tx.at or _is_late(tx, clock):
        raise conflict("too_late", "an extension is asked for before the limit")
    of_round = [each for each in clock.extensions if each.round == clock.promise.round]
    if clock.waits_for_time:
        raise conflict("asked_already", "the extension that was asked for is not decided yet")
    if sum(each.approved is True for each in of_round) >= clock.ground.settings.max_extensions:
        raise conflict("extended_already", "this order was extended as often as may be")
    _check_number(clock.extensions)
    await store.add_extension(tx, number, clock.promise.round, new)
    reason = f"{new.minutes} min: {new.reason}"
    await service.ask(tx, order, clock, EXTENSION_ASKED)
    order = await steps.note(tx, order, Word.EXTENSION_ASKED, by=person.username, reason=reason)
    return await _answer(tx, person, order)


async def decide_extension(
    tx: Transaction, person: Person, number: str, extension_id: int, *, approve: bool, note: str | None
) -> Clocks:
    """Approved, solving has so much longer, and the promise too unless it is broken by now.

    Raises Problem 403 for whose it is, 404, 409 if not now.
    """
    order, clock = await _seen(tx, person, number)
    extension = _undecided(clock.extensions, extension_id)
    await _decides(tx, person, order, clock, extension)
    _is_by_itself(order)
    if approve and (clock.promise.ended_at is not None or extension.round != clock.promise.round):
        raise conflict("promise_over", "the promise that it was asked for is over")
    await store.decide_extension(tx, number, extension_id, approved=approve)
    if extension.round == clock.promise.round:
        await store.drop_deadlines(tx, [number], [EXTENSION_ASKED])
    action = Word.EXTENSION_APPROVED if approve else Word.EXTENSION_DENIED
    order = await steps.note(tx, order, action, by=person.username, reason=note, asked_by=extension.asked_by)
    if approve:
        order = await _plan_again(tx, person, order, clock)
    return await _answer(tx, person, order)


async def _plan_again(
    tx: Transaction, person: Person, order: Order, before: Clock, pause: Pause | None = None
) -> Order:
    """After an extension, or a pause: the promise moves only with some of these, and then its reporter is told.

    What does not move is left as it is: what was told of it is not told again.
    """
    clock = await service.known(tx, order)
    now = to_us(tx.at)
    if clock.now.hand.kind in TIMED and hand_is_due_at(clock, now) != hand_is_due_at(before, now):
        await service.plan_hand(tx, order, clock)
    if clock.promise.ended_at is None and (pause is None or pause.reason in STOPS_PROMISE):
        promised = await service.move_promise(tx, order, clock, by=person.username)
        if promised is not None:
            return await steps.note(tx, order, Word.PROMISED, by=SYSTEM, detail=steps.promised(promised))
    return order


def _is_by_itself(order: Order) -> None:
    if order.state is State.MERGED:
        raise conflict("merged", "it is merged: more time is asked for, and given, for the order that stands for it")


async def _theirs(tx: Transaction, person: Person, number: str) -> tuple[Order, Clock]:
    order, clock = await _seen(tx, person, number)
    # Who gives it back has it no more: the time is the desk's, until it decides.
    whose = {Bond.DESK} if order.state is State.RETURNED else {Bond.DESK, Bond.WORKER}
    if orders.bonds(person, order, set()).isdisjoint(whose):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "this is for the order's worker and the desk")
    return order, clock


async def _seen(tx: Transaction, person: Person, number: str) -> tuple[Order, Clock]:
    order = await work_orders.locked(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    return order, await service.known(tx, order)


async def _answer(tx: Transaction, person: Person, order: Order) -> Clocks:
    clock = await service.known(tx, order)
    return shown(order, person, clock, await store.deadlines(tx, order.number), tx.at)


def _is_late(tx: Transaction, clock: Clock) -> bool:
    now = to_us(tx.at)
    return clock.now.hand.kind in TIMED and hand_is_due_at(clock, now) <= now


def _one(found: Sequence[Asked], wanted: int) -> Asked:
    for each in found:
        if each.id == wanted:
            return each
    raise not_found("request")


def _undecided(found: Sequence[Asked], wanted: int) -> Asked:
    asked = _one(found, wanted)
    if asked.approved is not None:
        raise conflict("decided_already", f"{asked.decided_by} has decided on this")
    return asked


async def _decides(tx: Transaction, person: Person, order: Order, clock: Clock, asked: Pause | Extension) -> None:
    """Raises Problem 403 for whose it is, and for an operator while a supervisor decides."""
    had_it = next((turn.hand.worker for turn in reversed(clock.turns) if turn.at <= to_us(asked.asked_at)), None)
    had_part = {who for who in (asked.asked_by, order.worker, had_it) if who is not None}
    if person.username in deciders(await work_orders.desk(tx, order), had_part, supervisors_first=True):
        return
    if person.username in had_part:
        raise Problem(HTTPStatus.FORBIDDEN, "your_own", "somebody else decides on what you asked for, or had or have")
    raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "this is for supervisors")


def _check_number(found: Sequence[Pause] | Sequence[Extension]) -> None:
    if len(found) >= MAX_ASKED:
        raise conflict("too_many", f"this was asked for {MAX_ASKED} times already")
