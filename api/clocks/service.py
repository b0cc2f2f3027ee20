"""Two clocks for every order: the promise to its reporter, and the time of whoever has it.

The promise runs from opening to answer, whatever happens inside. The other clock changes hands with the order. Both are
kept as rows, with a deadline for each reminder; all is written in the transaction of the step that causes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from api.categories import service as categories
from api.clocks import store
from api.clocks.clock import Clock, hand_is_due_at, hand_limit, promise_pauses, promised
from api.clocks.reminders import Level, Reminder, reminders, undecided
from api.clocks.schemas import Pause
from api.clocks.segments import TIMED, Turn, goes_on, hand_of
from api.clocks.store import Known, PromiseRow
from api.clocks.terms import CRITICAL, Given, Ground, Terms, as_json, ground, kept_terms, new_terms
from api.notices import service as notices
from api.notices.rules import DeadlineKind
from api.notices.service import Deadline
from api.transactions import Transaction
from api.work_orders import store as work_orders
from api.work_orders.order import Order
from api.work_orders.states import TOLD, Action, State
from herun.clock import to_datetime, to_us

if TYPE_CHECKING:
    from api.work_orders.effects import Step

PROMISE: Final = "promise"
PAUSE: Final = "pause"
PAUSE_ASKED: Final = "pause_asked"
EXTENSION_ASKED: Final = "extension_asked"
_HAND_KINDS: Final = tuple(TIMED)


async def follow(tx: Transaction, step: Step) -> datetime | None:
    """Keeps the clocks after a step: they change when the order changes hands, is reopened, joined or answered, or is
    more severe than it was taken for; of what is critical nothing waits for the morning any more.

    Returns what is promised with it, if that is new: the entry of the history says so.
    """
    before, after = step.before, step.after
    if before is None:
        await _begin(tx, after, 0, promised_from=tx.at, at=tx.at)
        return await _new_promise(tx, after)
    if step.action == Action.REOPEN:
        clock = await known(tx, before)
        await _begin_again(tx, after, clock)
        return await _new_promise(tx, after, clock.promise)
    if after.severity == CRITICAL != before.severity:
        await store.wait_for_no_morning(tx, after.number)
    is_other = hand_of(before) != hand_of(after) or before.severity != after.severity
    if is_other or before.merged_into != after.merged_into or _ends(before, after):
        clock = await known(tx, before)
        await _go_on(tx, step, before, clock)
        return await _new_promise(tx, after, clock.promise)
    return None


async def _new_promise(tx: Transaction, order: Order, before: PromiseRow | None = None) -> datetime | None:
    now = await store.promise(tx, order.number)
    if now is None or (before is not None and (before.round, before.due_at) == (now.round, now.due_at)):
        return None
    return now.due_at


async def known(tx: Transaction, order: Order) -> Clock:
    """The clocks of an order; one from before there were clocks gets them now, as if it had never changed hands."""
    found = await store.known(tx, order.number) or await _caught_up(tx, order)
    kept = await ground(tx)
    given = kept_terms(kept, found.promise.terms)
    return Clock(kept, found.promise, given, found.turns, found.pauses, found.extensions)


async def plan_hand(tx: Transaction, order: Order, clock: Clock) -> None:
    """Deadlines of whoever has the order now; the rest of what was planned for others is forgotten."""
    await store.drop_deadlines(tx, [order.number], _HAND_KINDS)
    await store.add_deadlines(tx, order.number, _of_hand(tx, order, clock))


def _of_hand(tx: Transaction, order: Order, clock: Clock) -> dict[str, list[Reminder]]:
    turn = clock.now
    if turn.hand.kind not in TIMED:
        return {}
    now = to_us(tx.at)
    level = Level.WORKER if turn.hand.worker else Level.DESK
    planned = reminders(level, clock.ground.settings.steps, now=now, at_share=hand_limit(clock, now).due_at)
    return {turn.hand.kind: clock.ground.told_at(order, planned)}


async def plan_promise(tx: Transaction, order: Order, clock: Clock) -> None:
    """The promised time and its deadlines, after what moves them: an extension, or a pause that stops the promise."""
    due = to_datetime(promised(clock).due)
    await store.move_promise(tx, order.number, clock.promise.round, due)
    await store.drop_deadlines(tx, [order.number], [PROMISE])
    await store.add_deadlines(tx, order.number, _of_promise(tx, order, clock))


def _of_promise(tx: Transaction, order: Order, clock: Clock) -> dict[str, list[Reminder]]:
    planned = reminders(Level.DESK, clock.ground.settings.steps, now=to_us(tx.at), at_share=promised(clock).due_at)
    return {PROMISE: clock.ground.told_at(order, planned)}


async def move_promise(tx: Transaction, order: Order, clock: Clock, *, by: str) -> datetime | None:
    """The same, if it is another time; that is returned, and its reporter is told, unless they moved it."""
    due = to_datetime(promised(clock).due)
    if due == clock.promise.due_at:
        return None  # what was told of it is not told again
    await plan_promise(tx, order, clock)
    moved = f"promise:{order.number}:{order.version}"
    await notices.about_deadlines(tx, [Deadline(moved, DeadlineKind.PROMISE_MOVED, order, due, by=by)])
    return due


async def promise_again(tx: Transaction, order: Order) -> PromiseRow:
    """A new round for a merged order whose master is reopened: the two go on together. Returns what is promised."""
    clock = await known(tx, order)
    await _begin_again(tx, order, clock)
    await store.join_promise(tx, order.number, clock.promise.round + 1, order.merged_into)
    now = await store.promise(tx, order.number)
    assert now is not None  # noqa: S101 - it was just made
    return now


async def ask(tx: Transaction, order: Order, clock: Clock, kind: str) -> None:
    """Deadlines of what is asked for now, and waits for a supervisor."""
    planned = undecided(to_us(tx.at), clock.ground.settings.steps)
    await store.add_deadlines(tx, order.number, {kind: clock.ground.told_at(order, planned)})


async def _begin(
    tx: Transaction,
    order: Order,
    round_: int,
    *,
    promised_from: datetime,
    at: datetime,
    pauses: Sequence[Pause] = (),
) -> None:
    kept = await ground(tx)
    terms = await _terms(tx, kept, order)
    promise = PromiseRow(round_, promised_from, promised_from, terms.as_json(), None, None, None)
    turn = Turn(round_, hand_of(order), to_us(at))
    clock = Clock(kept, promise, [Given(terms)], [turn], pauses)
    clock = replace(clock, promise=replace(promise, due_at=to_datetime(promised(clock).due)))
    await store.add_promise(tx, order.number, clock.promise)
    await store.add_turn(tx, order.number, order.version, turn)
    await store.add_deadlines(tx, order.number, _of_promise(tx, order, clock) | _of_hand(tx, order, clock))


async def _terms(tx: Transaction, kept: Ground, order: Order) -> Terms:
    category = await categories.category(tx, order.category)
    return new_terms(kept, order, category.limits.get(order.severity) if category.known else None)


async def _begin_again(tx: Transaction, order: Order, clock: Clock) -> None:
    """A new round; a promise that was not kept yet is not given anew, but goes on."""
    is_open = clock.promise.ended_at is None
    await store.end_promises(tx, order.number, at=tx.at, answered=False)
    await store.drop_deadlines(tx, [order.number], [PROMISE, EXTENSION_ASKED, *_HAND_KINDS])
    pauses = await _stop(tx, order, clock)
    promised_from = clock.promise.began_at if is_open else tx.at
    await _begin(tx, order, clock.promise.round + 1, promised_from=promised_from, at=tx.at, pauses=pauses)


async def _caught_up(tx: Transaction, order: Order) -> Known:
    # Nobody else may do the same at this moment: a look at an order does not lock it.
    await work_orders.locked(tx, order.number)
    if await store.promise(tx, order.number) is None:
        await _begin(tx, order, 0, promised_from=order.opened_at, at=order.opened_at)
        if order.state in TOLD | {State.CANCELLED}:
            # Its answer kept the promise, whatever came after: a rating, or the end of the time for one.
            await _end(tx, order, order.answered_at or order.updated_at, answered=order.state in TOLD)
    found = await store.known(tx, order.number)
    assert found is not None  # noqa: S101 - they were there, or were just made
    return found


async def _go_on(tx: Transaction, step: Step, before: Order, had: Clock) -> None:
    after, clock = step.after, had
    if _ends(before, after):
        await _end(tx, after, tx.at, answered=after.state in TOLD)
        clock = replace(clock, promise=replace(clock.promise, ended_at=tx.at))
    if before.severity != after.severity and clock.promise.ended_at is None:  # else it is promised anew if reopened
        clock = await _turned_out(tx, after, clock)
    if hand_of(before) != hand_of(after):
        clock = await _hand_on(tx, after, clock)
    if clock.promise.ended_at is None and _moves(had, clock):
        await move_promise(tx, after, clock, by=step.by)
    if before.merged_into != after.merged_into:
        await store.join_promise(tx, after.number, clock.promise.round, after.merged_into)
        if after.merged_into is None or clock.promise.ended_at is not None:
            await plan_promise(tx, after, clock)
        await _put_off(tx, after, clock)


def _moves(had: Clock, clock: Clock) -> bool:
    """True if something may have moved the promise: other terms, or a pause for which it does not stand still now."""
    return had.given != clock.given or promise_pauses(had.pauses) != promise_pauses(clock.pauses)


async def _turned_out(tx: Transaction, order: Order, had: Clock) -> Clock:
    """It is more severe than it was taken for: what the terms of that say holds as far as it is sooner.

    What is not sooner stays as it is: what was told of it is not told again.
    """
    now = to_us(tx.at)
    clock = replace(had, given=[*had.given, Given(await _terms(tx, had.ground, order), now)])
    await store.keep_terms(tx, order.number, had.promise.round, as_json(clock.given))
    if clock.now.hand.kind in TIMED and hand_is_due_at(clock, now) != hand_is_due_at(had, now):
        await plan_hand(tx, order, clock)
    return clock


async def _hand_on(tx: Transaction, order: Order, clock: Clock) -> Clock:
    """The next turn. The promise stood still only as long as the pause that this ends.

    Who has asked for a pause and takes the order up, or arrives, has it still.
    """
    turn = Turn(clock.promise.round, hand_of(order), to_us(tx.at))
    await store.add_turn(tx, order.number, order.version, turn)
    pauses = clock.pauses if goes_on(clock.now.hand, turn.hand) else await _stop(tx, order, clock)
    clock = replace(clock, turns=[*clock.turns, turn], pauses=pauses)
    await plan_hand(tx, order, clock)
    return clock


async def _put_off(tx: Transaction, after: Order, clock: Clock) -> None:
    """Nobody decides on more time for what is merged, nor is reminded of it, until it is by itself again."""
    await store.drop_deadlines(tx, [after.number], [EXTENSION_ASKED])
    if after.merged_into is None and clock.waits_for_time:
        await ask(tx, after, clock, EXTENSION_ASKED)


async def _end(tx: Transaction, order: Order, at: datetime, *, answered: bool) -> None:
    ended = await store.end_promises(tx, order.number, at=at, answered=answered)
    await store.drop_deadlines(tx, ended, [PROMISE, EXTENSION_ASKED])


async def _stop(tx: Transaction, order: Order, clock: Clock) -> Sequence[Pause]:
    """A pause is of the hand that asked for it: what is not over ends, and what was asked for is moot.

    Returns all pauses of the order as they are then.
    """
    if not clock.pauses:
        return clock.pauses
    # Of one that is over already, too: who has the order now never asked for it.
    await store.drop_deadlines(tx, [order.number], [PAUSE, PAUSE_ASKED])
    on = [pause.id for pause in clock.pauses if _is_on(pause, tx.at)]
    if not on:
        return clock.pauses
    await store.end_pauses(tx, order.number, on)
    return [
        pause.model_copy(update={"ended_by": tx.actor, "ended_at": min(pause.until, tx.at)})
        if pause.id in on
        else pause
        for pause in clock.pauses
    ]


def _is_on(pause: Pause, at: datetime) -> bool:
    return pause.ended_at is None and (pause.until > at or pause.approved is None)


def _ends(before: Order, after: Order) -> bool:
    return before.state != after.state and after.state in TOLD | {State.CANCELLED}
