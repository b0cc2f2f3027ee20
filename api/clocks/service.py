"""Two clocks for every order: the promise to its reporter, and the time of whoever has it.

The promise runs from opening to answer, whatever happens inside. The other clock changes hands with the order. Both are
kept as rows, with a deadline for each reminder; all is written in the transaction of the step that causes it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from api.categories import service as categories
from api.clocks import store
from api.clocks.hours import Span, due_at
from api.clocks.reminders import Level, reminders, undecided
from api.clocks.schemas import STOPS_PROMISE, Extension, Pause
from api.clocks.segments import TIMED, Kind, Turn, hand_of, segments, used
from api.clocks.store import PromiseRow
from api.clocks.terms import Ground, Terms, ground, kept_terms, new_terms
from api.transactions import Transaction
from api.work_orders import store as work_orders
from api.work_orders.order import Order
from api.work_orders.states import TOLD, Action, State
from herun.clock import MINUTE_US, to_datetime, to_us

if TYPE_CHECKING:
    from api.work_orders.effects import Step

PROMISE: Final = "promise"
PAUSE: Final = "pause"
PAUSE_ASKED: Final = "pause_asked"
EXTENSION_ASKED: Final = "extension_asked"
_HAND_KINDS: Final = tuple(TIMED)


@dataclass(frozen=True, slots=True)
class Clock:
    """All that is known of the clocks of one order."""

    ground: Ground
    promise: PromiseRow
    terms: Terms
    turns: Sequence[Turn]
    pauses: Sequence[Pause] = ()
    extensions: Sequence[Extension] = ()

    @property
    def now(self) -> Turn:
        """In whose hand it is."""
        return self.turns[-1]

    @property
    def extended_us(self) -> int:
        """How much longer this round may take."""
        round_ = self.promise.round
        return MINUTE_US * sum(each.minutes for each in self.extensions if each.approved and each.round == round_)

    def limit_us(self, kind: Kind) -> int:
        """The limit of whoever has the order now."""
        return self.terms.limit_us(kind) + (self.extended_us if kind is Kind.SOLVE else 0)


async def follow(tx: Transaction, step: Step) -> None:
    """Keeps the clocks after a step: they change when the order changes hands, is reopened, joined or answered."""
    before, after = step.before, step.after
    if before is None:
        await _begin(tx, after, 0, promised_from=tx.at, at=tx.at)
    elif step.action == Action.REOPEN:
        await _begin_again(tx, after, await known(tx, before))
    elif hand_of(before) != hand_of(after) or before.merged_into != after.merged_into or _ends(before, after):
        await _go_on(tx, before, after, await known(tx, before))


async def known(tx: Transaction, order: Order) -> Clock:
    """The clocks of an order; one from before there were clocks gets them now, as if it had never changed hands."""
    promise = await store.promise(tx, order.number) or await _caught_up(tx, order)
    kept = await ground(tx)
    return Clock(
        ground=kept,
        promise=promise,
        terms=kept_terms(kept, promise.terms),
        turns=await store.turns(tx, order.number),
        pauses=await store.pauses(tx, order.number),
        extensions=await store.extensions(tx, order.number),
    )


def approved(pauses: Iterable[Pause]) -> list[Span]:
    """The stretches in which the clock of whoever has the order stands still: those approved, each to its end."""
    return [span_of(pause) for pause in pauses if pause.approved]


def span_of(pause: Pause) -> Span:
    """From asking to its end; one that nobody ends is over by itself."""
    ended = pause.until if pause.ended_at is None else min(pause.ended_at, pause.until)
    return Span(to_us(pause.asked_at), to_us(ended))


def promise_pauses(pauses: Iterable[Pause]) -> list[Span]:
    """The stretches in which the promise stands still as well: what the estate has no hand in."""
    return approved(pause for pause in pauses if pause.reason in STOPS_PROMISE)


async def plan_hand(tx: Transaction, order: Order, clock: Clock) -> None:
    """Deadlines of whoever has the order now; the rest of what was planned for others is forgotten."""
    await store.drop_deadlines(tx, [order.number], _HAND_KINDS)
    turn = clock.now
    if turn.hand.kind not in TIMED:
        return
    now, pauses = to_us(tx.at), approved(clock.pauses)
    gone = used(segments(clock.turns, pauses, now), turn, clock.terms.plan)
    limit = clock.limit_us(turn.hand.kind)

    def at_share(share: int) -> int:
        return due_at(now, limit * share // 100 - gone, clock.terms.plan, pauses)

    level = Level.WORKER if turn.hand.worker else Level.DESK
    planned = reminders(level, clock.ground.settings.steps, now=now, at_share=at_share)
    await store.add_deadlines(tx, order.number, turn.hand.kind, clock.ground.told_at(order, planned))


async def plan_promise(tx: Transaction, order: Order, clock: Clock) -> datetime:
    """The promised time and its deadlines, after what moves them: an extension, or a pause that stops the promise.

    Returns the time.
    """
    began, pauses = to_us(clock.promise.began_at), promise_pauses(clock.pauses)
    limit = clock.terms.promise_us + clock.extended_us

    def at_share(share: int) -> int:
        return due_at(began, limit * share // 100, clock.terms.plan, pauses)

    promised = to_datetime(at_share(100))
    await store.move_promise(tx, order.number, clock.promise.round, promised)
    await store.drop_deadlines(tx, [order.number], [PROMISE])
    planned = reminders(Level.DESK, clock.ground.settings.steps, now=to_us(tx.at), at_share=at_share)
    await store.add_deadlines(tx, order.number, PROMISE, clock.ground.told_at(order, planned))
    return promised


async def plan_decisions(tx: Transaction, order: Order, clock: Clock) -> None:
    """Deadlines of what was asked for and waits for a supervisor; those of what was decided or is moot are forgotten.

    One that has fired stays as it is.
    """
    pauses = [each.asked_at for each in clock.pauses if each.approved is None and each.ended_at is None]
    extensions = [
        each.asked_at
        for each in clock.extensions
        if each.approved is None and each.round == clock.promise.round and clock.promise.ended_at is None
    ]
    await store.drop_deadlines(tx, [order.number], [PAUSE_ASKED, EXTENSION_ASKED])
    for kind, asked in ((PAUSE_ASKED, pauses), (EXTENSION_ASKED, extensions)):
        planned = [each for at in asked for each in undecided(to_us(at), clock.ground.settings.steps)]
        await store.add_deadlines(tx, order.number, kind, clock.ground.told_at(order, planned))


async def _begin(tx: Transaction, order: Order, round_: int, *, promised_from: datetime, at: datetime) -> None:
    kept = await ground(tx)
    category = await categories.category(tx, order.category)
    terms = new_terms(kept, order, category.limits.get(order.severity) if category.known else None)
    promised = to_datetime(due_at(to_us(promised_from), terms.promise_us, terms.plan))
    promise = PromiseRow(round_, promised_from, promised, terms.as_json(), None, None, None)
    await store.add_promise(tx, order.number, promise)
    turn = Turn(round_, hand_of(order), to_us(at))
    await store.add_turn(tx, order.number, order.version, turn)
    clock = Clock(kept, promise, terms, [turn])
    await plan_promise(tx, order, clock)
    await plan_hand(tx, order, clock)


async def _begin_again(tx: Transaction, order: Order, clock: Clock) -> None:
    """A new round; a promise that was not kept yet is not given anew, but goes on."""
    is_open = clock.promise.ended_at is None
    await _end(tx, order, tx.at, answered=False)
    await _stop(tx, order)
    promised_from = clock.promise.began_at if is_open else tx.at
    await _begin(tx, order, clock.promise.round + 1, promised_from=promised_from, at=tx.at)


async def _caught_up(tx: Transaction, order: Order) -> PromiseRow:
    # Nobody else may do the same at this moment: a look at an order does not lock it.
    await work_orders.locked(tx, order.number)
    if await store.promise(tx, order.number) is None:
        await _begin(tx, order, 0, promised_from=order.opened_at, at=order.opened_at)
        if order.state in TOLD | {State.CANCELLED}:
            await _end(tx, order, order.updated_at, answered=order.state in TOLD)
    promise = await store.promise(tx, order.number)
    assert promise is not None  # noqa: S101 - it was there, or was just made
    return promise


async def _go_on(tx: Transaction, before: Order, after: Order, clock: Clock) -> None:
    if before.merged_into != after.merged_into:
        await store.join_promise(tx, after.number, clock.promise.round, after.merged_into)
        if after.merged_into is None:
            await plan_promise(tx, after, clock)
        elif await store.is_answered(tx, after.merged_into):
            await _end(tx, after, tx.at, answered=True)
    if hand_of(before) != hand_of(after):
        await _stop(tx, after)
        turn = Turn(clock.promise.round, hand_of(after), to_us(tx.at))
        await store.add_turn(tx, after.number, after.version, turn)
        pauses = await store.pauses(tx, after.number)
        clock = Clock(clock.ground, clock.promise, clock.terms, [*clock.turns, turn], pauses, clock.extensions)
        await plan_hand(tx, after, clock)
    if _ends(before, after):
        await _end(tx, after, tx.at, answered=after.state in TOLD)


async def _end(tx: Transaction, order: Order, at: datetime, *, answered: bool) -> None:
    ended = await store.end_promises(tx, order.number, at=at, answered=answered)
    await store.drop_deadlines(tx, ended, [PROMISE, EXTENSION_ASKED])


async def _stop(tx: Transaction, order: Order) -> None:
    """A pause is of the hand that asked for it, and so is the wish for one."""
    if await store.end_pauses(tx, order.number):
        await store.drop_deadlines(tx, [order.number], [PAUSE, PAUSE_ASKED])


def _ends(before: Order, after: Order) -> bool:
    return before.state != after.state and after.state in TOLD | {State.CANCELLED}
