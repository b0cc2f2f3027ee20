"""One step of an order: the row, its entry in the chained history, and what follows, in one transaction.

The order's row is locked first and the site's feed counter after it, always in this order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from api.notices import rules
from api.notices import service as notices
from api.problems import conflict
from api.sites import store as sites
from api.transactions import SYSTEM, Transaction
from api.work_orders import effects, store
from api.work_orders import order as orders
from api.work_orders.effects import Step
from api.work_orders.order import Move, Order
from herun import metrics
from herun.order_chain import Entry
from herun.order_words import Action, Word

_COMES_AND_GOES: Final = frozenset({Word.JOINED, Word.LEFT})
_transitions = metrics.counter("herun_api_order_transitions_total")


async def step(tx: Transaction, order: Order, move: Move, by: str) -> Order:
    """One row of the table. Raises Problem 409 if the table has none from here, or if it was rated already."""
    after = orders.moved(order, move, by, tx.at)
    if after is None:
        raise conflict("wrong_state", f"{move.action} is not possible while the order is {order.state}")
    if move.action is Action.RATE and not await store.add_rating(tx, after):
        raise conflict("rated_already", "it was rated already in this round")
    await store.save(tx, after)
    await record(tx, order, after, move.action, by=by, reason=move.text, detail=_detail(move))
    _transitions.labels(move.action.value).inc()
    return after


async def rate_merged(tx: Transaction, order: Order, move: Move, by: str) -> Order:
    """Keeps the rating of a merged order, which stays as it is. Raises Problem 409 if it was rated already."""
    rated = replace(order, rating=move.rating, rated_by=by)
    if not await store.add_rating(tx, rated):
        raise conflict("rated_already", "you have rated it already")
    return await note(tx, rated, move.action, by=by, reason=move.text, detail=_detail(move))


async def note(
    tx: Transaction,
    order: Order,
    action: Action | Word,
    *,
    by: str,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
    before: Order | None = None,
    asked_by: str | None = None,
) -> Order:
    """An entry in the history of an order that this transaction has locked, which leaves its state as it is.

    `before` is what it was, where something else of it changes; `asked_by` who had asked for what it decides on.
    """
    after = replace(order, version=order.version + 1, updated_at=tx.at)
    await store.save(tx, after)
    await record(tx, before or order, after, action, by=by, reason=reason, detail=detail, asked_by=asked_by)
    return after


async def note_beside(
    tx: Transaction, master: Order, follower: Order, action: Action | Word, *, by: str, reason: str | None = None
) -> None:
    """An entry in the history of what stands for a merged order: that this came or went, or what its reporter said.

    Of a confidential one it says neither who, nor what, nor of which order: whoever reads it may not know of that.
    """
    name = "number" if action in _COMES_AND_GOES else "follower"  # which it always has: its reporter does not read it
    if follower.confidential:
        after = await note(tx, master, action, by=SYSTEM, detail={name: None})
    else:
        after = await note(tx, master, action, by=by, reason=reason, detail={name: follower.number})
    for telling in rules.beside(after, follower, action, by):
        await notices.tell(tx, telling, f"order:{after.number}:{after.version}:{telling.kind}", after, but_not=by)


async def moved_on(tx: Transaction, order: Order, master: str, by: str) -> None:
    """A merged order goes with the one that it was merged into, into another one."""
    after = replace(order, merged_into=master, version=order.version + 1, updated_at=tx.at)
    await store.save(tx, after)
    await record(tx, order, after, Word.MOVED_ON, by=by, detail={"master": master})


async def gone_back(tx: Transaction, order: Order, master: str, by: str) -> None:
    """And comes out of that with it."""
    after = orders.gone_back(order, master, tx.at)
    await store.save(tx, after)
    await record(tx, order, after, Word.WENT_BACK, by=by, detail={"master": master})


@dataclass(frozen=True, slots=True)
class Note:
    """An entry that leaves the state of its order as it is."""

    number: str
    action: Action | Word
    reason: str | None = None
    detail: dict[str, Any] | None = None


async def note_all(tx: Transaction, notes: Sequence[Note], by: str) -> None:
    """The same for many at once, in their order: a few statements for all. Nothing follows from them by `effects`.

    Raises KeyError for an order that there is not.
    """
    if not notes:
        return
    held = await store.locked_together(tx, {each.number for each in notes})
    last = await sites.next_feed_seq(tx, len(notes))
    entries = []
    for feed_seq, each in enumerate(notes, start=last - len(notes) + 1):
        order = held[each.number] = replace(held[each.number], version=held[each.number].version + 1)
        entries.append(
            Entry(
                site=tx.site,
                number=order.number,
                n=order.version,
                action=each.action,
                from_state=order.state,
                to_state=order.state,
                actor=by,
                at=tx.at,
                worker=order.worker,
                reason=each.reason,
                detail=each.detail,
                feed_seq=feed_seq,
            )
        )
    await store.touch(tx, held.values())
    await store.add_history(tx, *entries)


async def record(
    tx: Transaction,
    before: Order | None,
    after: Order,
    action: Action | Word,
    *,
    by: str,
    reason: str | None = None,
    detail: dict[str, Any] | None = None,
    feed_seq: int | None = None,
    asked_by: str | None = None,
) -> None:
    """Lets follow what follows, and adds the entry that made the order what it is, and says what is promised."""
    # The counter first: whoever has it touches what follows alone, and nobody waits for somebody who waits for them.
    feed_seq = feed_seq or await sites.next_feed_seq(tx)
    new_promise = await effects.follow(tx, Step(before, after, action, by, reason, asked_by))
    if new_promise is not None:
        detail = {**(detail or {}), **promised(new_promise)}
    entry = Entry(
        site=tx.site,
        number=after.number,
        n=after.version,
        action=action,
        from_state=before.state if before else None,
        to_state=after.state,
        actor=by,
        at=tx.at,
        worker=after.worker,
        reason=reason,
        detail=detail,
        feed_seq=feed_seq,
    )
    await store.add_history(tx, entry)


def promised(due_at: datetime) -> dict[str, Any]:
    """What an entry says of a promise that is made or moved with it."""
    return {"promised": due_at.isoformat()}


def _detail(move: Move) -> dict[str, Any] | None:
    said = {
        "code": move.code,
        "until": move.until.isoformat() if move.until else None,
        "master": move.master,
        **(move.detail or {}),
    }
    if move.rating is not None:
        said |= {name: value for name, value in asdict(move.rating).items() if name != "comment"}
    return {name: value for name, value in said.items() if value is not None} or None
