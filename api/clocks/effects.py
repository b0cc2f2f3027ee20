"""What follows when a deadline is reached, in the transaction that fires it: once, and in the order of (due, id)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from api.clocks import store
from api.clocks.reminders import LIMIT, Level, Reminder, once_more
from api.clocks.service import EXTENSION_ASKED, PAUSE, PAUSE_ASKED, PROMISE
from api.clocks.store import Fired
from api.clocks.terms import ground
from api.notices import service as notices
from api.notices.rules import Audience, DeadlineKind
from api.notices.service import Deadline
from api.transactions import SYSTEM, Transaction
from api.work_orders import steps
from api.work_orders import store as work_orders
from api.work_orders.order import Order
from api.work_orders.steps import Note
from herun.clock import to_us
from herun.order_words import Word

# What is told of in words of its own, whatever the step.
_OWN_WORDS: Final = {
    PAUSE: DeadlineKind.PAUSE_OVER,
    PAUSE_ASKED: DeadlineKind.PAUSE_ASKED,
    EXTENSION_ASKED: DeadlineKind.EXTENSION_ASKED,
}
_AUDIENCES: Final = {
    Level.WORKER: Audience.WORKER,
    Level.DESK: Audience.DESK,
    Level.SUPERVISOR: Audience.SUPERVISORS,
}


async def on_fired(tx: Transaction, fired: Sequence[Fired]) -> None:
    """Writes each into the history of its order, whose row is locked, and tells of it; what a later one says as well is
    told once.
    """
    told = [each for each in fired if not each.superseded]
    await steps.note_all(tx, [_note(each) for each in told], SYSTEM)
    orders = await work_orders.several(tx, {each.number for each in told})
    reached = [
        Deadline(
            str(each.id),
            _kind(each),
            orders[each.number],
            each.limit_at,
            _AUDIENCES[each.level],
            limit=None if each.kind in _OWN_WORDS else each.kind,
        )
        for each in told
    ]
    await notices.about_deadlines(tx, [*reached, *await _broken(tx, told, orders)])
    await _go_on(tx, told, orders)


async def _broken(tx: Transaction, told: Sequence[Fired], orders: Mapping[str, Order]) -> list[Deadline]:
    """Of a promise that was not kept its reporter hears once for each date: the same is planned anew after a merge."""
    over = [each for each in told if (each.kind, each.step) == (PROMISE, LIMIT)]
    first = await store.first_of_their_date(tx, [each.id for each in over])
    return [
        Deadline(str(each.id), DeadlineKind.PROMISE_BROKEN, orders[each.number], each.limit_at)
        for each in over
        if each.id in first
    ]


async def _go_on(tx: Transaction, told: Sequence[Fired], orders: Mapping[str, Order]) -> None:
    """Whatever nobody acts on is told again each day: a limit does not fall silent. What is merged its master tells."""
    repeating = [each for each in told if each.kind != PAUSE and orders[each.number].merged_into is None]
    last = await store.last_words(tx, [each.id for each in repeating])
    kept = await ground(tx)
    rows = [
        (each.number, each.kind, again)
        for each in repeating
        if each.id in last
        for again in kept.told_at(orders[each.number], [_once_more(each, to_us(tx.at))])
    ]
    await store.add_all_deadlines(tx, rows)


def _once_more(fired: Fired, now: int) -> Reminder:
    is_escalation = fired.kind not in _OWN_WORDS
    return once_more(fired.step, fired.level, to_us(fired.limit_at), is_escalation=is_escalation, now=now)


def _kind(fired: Fired) -> DeadlineKind:
    if own := _OWN_WORDS.get(fired.kind):
        return own
    if fired.step == LIMIT:
        return DeadlineKind.OVERDUE
    return DeadlineKind.REMINDER if fired.step.endswith("%") else DeadlineKind.ESCALATION


def _note(fired: Fired) -> Note:
    detail = {"deadline": fired.id, "kind": fired.kind, "step": fired.step, "level": fired.level.value}
    action = Word.ESCALATED if fired.is_escalation else Word.REMINDED
    return Note(fired.number, action, f"{fired.kind} {fired.step} -> {fired.level}", detail)
