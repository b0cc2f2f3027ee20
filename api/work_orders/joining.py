"""Orders that belong together: duplicates merged into one, and one split into parts.

A merged order keeps its number, its reporter and its rating; whoever reported it hears what becomes of the other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from api.categories import service as categories
from api.categories.tree import SEVERITIES
from api.clocks import service as clocks
from api.problems import conflict, invalid
from api.reports import answered
from api.transactions import SYSTEM, Transaction
from api.work_orders import guards, opening, steps, store
from api.work_orders import order as orders
from api.work_orders.kinds import Channel, Origin
from api.work_orders.order import Move, Order
from api.work_orders.schemas import Part
from api.work_orders.states import OPEN, TOLD, TRANSITIONS, Action, State, possible
from herun.order_words import Word
from herun.visible import title_of

MASTER_CANCELLED: Final = "所并入的工单已取消,现单独处理。What it was merged into was cancelled; it goes on by itself."
_WITH: Final = "with"  # in the history of a part that became confidential, or not, with its whole; `confided_alone`
Held = Mapping[str, Order]  # the orders that this transaction has locked, by number

# Not what is answered: who reports it after its answer says that it is not solved, and somebody has to look.
_MASTERS: Final = OPEN | {State.RESOLVED}


async def merge(tx: Transaction, held: Held, order: Order, move: Move, by: str) -> Order:
    """Merges an order, and what is merged into it, into another one. Raises Problem 409 or 422."""
    master = held[move.master or ""]
    if master.number == order.number:
        raise invalid("merge_into_itself", "an order cannot be merged into itself")
    if master.state is State.MERGED:
        raise conflict("master_is_merged", f"{master.number} is itself merged into {master.merged_into}")
    if master.state not in _MASTERS:
        raise conflict("wrong_state", f"nothing can be merged into an order that is {master.state}; it can be reopened")
    if master.parent is not None:
        raise conflict("master_is_a_part", f"{master.number} is a part of {master.parent}; merge into that one")
    if order.parent is not None or await store.parts(tx, order.number):
        raise conflict("has_parts", "an order that is a part of another, or has parts, is not merged")
    followers = [each for each in held.values() if each.merged_into == order.number]
    for each in (order, *followers):
        if is_too_severe_for(each, master):
            raise conflict(
                "more_severe",
                f"{each.number} is {each.severity}, {master.number} {master.severity}: the order that is to stand for"
                " both has to be the more severe one; merge the other way round",
            )
    if len(followers) + len(await store.merged(tx, master.number)) >= store.MAX_MERGED:
        raise conflict("too_many_merged", f"an order stands for at most {store.MAX_MERGED} others")
    after = await steps.step(tx, order, move, by)
    for each in followers:
        await steps.moved_on(tx, each, master.number, by)
    await steps.note_beside(tx, master, order, Word.JOINED, by=by)
    return await store.known(tx, after.number)


async def can_be_merged(tx: Transaction, order: Order) -> bool:
    """True for an order that some other could stand for, as things are."""
    is_possible = Action.MERGE in possible(order.state)
    return is_possible and order.parent is None and not await store.parts(tx, order.number)


def is_too_severe_for(order: Order, master: Order) -> bool:
    """True if it would lose by being merged into that one: what is urgent waits for nobody's milder limits."""
    return SEVERITIES.index(order.severity) > SEVERITIES.index(master.severity)


async def unmerge(tx: Transaction, held: Held, order: Order, move: Move, by: str) -> Order:
    """Takes an order out again; it goes to whom it fits, or waits for the desk. Reopening does so too.

    What the transaction has locked besides and is merged into the same came there with the order, and leaves with it.
    """
    master = held.get(order.merged_into or "")
    after = await steps.step(tx, order, move, by)
    if master is not None:
        await steps.note_beside(tx, master, order, Word.LEFT, by=by)
        came_with = [each for each in held.values() if each.merged_into == master.number and each is not order]
        for each in came_with:
            await steps.gone_back(tx, each, order.number, by)
    return await opening.place(tx, after, by, supervisors_know=move.action is Action.REOPEN)


async def withdraw(tx: Transaction, held: Held, order: Order, move: Move, by: str) -> Order:
    """Takes an order out and cancels it, because its reporter withdraws it; the matter of the others has not gone."""
    on_its_own = await steps.step(tx, order, Move(Action.UNMERGE, move.text), by)
    await steps.note_beside(tx, held[order.merged_into or ""], order, Word.LEFT, by=by)
    return await steps.step(tx, on_its_own, move, by)


async def promise_again(tx: Transaction, held: Held, order: Order) -> None:
    """What is merged into an order that was reopened waits with it, and is promised an answer anew.

    Whoever has rated the answer before rates the next one too: for them a round begins, and the entry says which.
    """
    for _, each in sorted(held.items()):
        if each.merged_into == order.number:
            anew = await clocks.promise_again(tx, replace(each, version=each.version + 1))
            detail = {**steps.promised(anew.due_at), "round": anew.round}
            after = orders.waits_anew(each)
            if after.reopens != each.reopens:
                detail["reopens"] = after.reopens
            await steps.note(tx, after, Word.PROMISED, by=SYSTEM, detail=detail, before=each)


async def release(tx: Transaction, held: Held, order: Order) -> None:
    """Takes out what is merged into an order that was cancelled: the matter of the others has not gone with it."""
    for each in [each for each in held.values() if each.merged_into == order.number]:
        await unmerge(tx, {}, each, Move(Action.UNMERGE, MASTER_CANCELLED), SYSTEM)


async def split(tx: Transaction, order: Order, part: Part, by: str) -> Order:
    """Opens a part of an order as an order of its own, for `part.worker` or whom it fits.

    A part of another category is the unit's that the category names, and at least as severe as that and the whole are.
    Of a confidential one the history of the whole has neither what it says nor its number: whoever has the whole may
    not know of it.
    Raises Problem 409 for too many, or for a part of a part, 422 for somebody who is no worker, for no category, and
    for answers to what it does not ask.
    """
    if order.parent is not None:
        raise conflict("is_a_part", "a part is not split again")
    if order.state not in TRANSITIONS[Action.SPLIT].sources:  # before a part is opened in vain
        raise conflict("wrong_state", f"split is not possible while the order is {order.state}")
    if len(await store.parts(tx, order.number)) >= store.MAX_PARTS:
        raise conflict("too_many_parts", f"an order has at most {store.MAX_PARTS} parts")
    if part.worker is not None:
        await guards.check_worker(tx, part.worker)
    words = part.title or title_of(part.text)
    new = Order(
        number="", origin=Origin.SPLIT, channel=Channel.SPLIT, state=State.SUBMITTED, category=order.category,
        severity=order.severity, title={"zh": words, "en": words}, text={"zh": part.text, "en": part.text},
        building=order.building, zone=order.zone, lat=order.lat, lon=order.lon, address=order.address, unit=order.unit,
        grid=order.grid, parent=order.number, confidential=order.confidential, opened_seq=0, opened_at=tx.at,
        updated_at=tx.at,
    )  # fmt: skip
    new = await _as_said(tx, new, part)
    opened = await opening.open_order(tx, new, by, worker=part.worker)
    open_words = Move(Action.SPLIT, part.text, detail={"part": opened.number})
    await steps.step(tx, order, Move(Action.SPLIT) if opened.confidential else open_words, by)
    return opened


async def _as_said(tx: Transaction, new: Order, part: Part) -> Order:
    """A part with its own category and answers, if it has any."""
    if part.category is not None and part.category != new.category:  # another matter, and whose it is that says
        category = await categories.for_report(tx, part.category)
        new = replace(new, category=category.category, unit=None)
    elif part.attributes:
        category = await categories.category(tx, new.category)
    else:
        return new
    new = replace(new, attributes=answered.in_part(category, part.attributes) or None)
    return replace(new, severity=opening.raised(new, category))


async def confide(tx: Transaction, held: Held, order: Order, reason: str) -> Order:
    """Makes an order confidential, and its parts, because its matter is. The transaction has locked all of them."""
    move = Move(Action.CONFIDE, reason)
    after = await steps.step(tx, order, move, tx.actor)
    await confide_parts(tx, held, after, move, tx.actor)
    return after


async def confide_parts(tx: Transaction, held: Held, order: Order, move: Move, by: str) -> None:
    """What is confidential is so in its parts as well, also in those that were cancelled: they can be reopened."""
    with_it = replace(move, detail={_WITH: order.number})
    for part in held.values():
        if part.parent == order.number and not part.confidential:
            await steps.step(tx, part, with_it, by)


async def disclose_parts(tx: Transaction, held: Held, order: Order, move: Move, by: str) -> None:
    """What was confidential with an order is so no more; what ever was for itself stays so until it is disclosed."""
    parts = [each for each in held.values() if each.parent == order.number and each.confidential]
    own = await store.confided_alone(tx, [each.number for each in parts]) if parts else set()
    for part in parts:
        is_another_matter = part.category != order.category
        if is_another_matter and (await categories.category(tx, part.category)).confidential:
            continue
        if part.number not in own:
            await steps.step(tx, part, replace(move, detail={_WITH: order.number}), by)


async def close_parts(tx: Transaction, held: Held, order: Order) -> None:
    """Closes the resolved parts of an order that is answered or cancelled: nobody else is to be told of them."""
    for part in held.values():
        if part.parent == order.number and part.state is State.RESOLVED:
            await steps.step(tx, part, Move(Action.CLOSE), SYSTEM)


async def close_late(tx: Transaction, order: Order) -> Order:
    """Closes what was just resolved if it is a part of what is answered or cancelled: no answer comes to close it.

    The whole is not locked: whoever answers or cancels it has locked its parts, and waits for this one.
    """
    whole = await store.one(tx, order.parent) if order.parent is not None else None
    if whole is None or whole.state not in TOLD | {State.CANCELLED}:
        return order
    return await steps.step(tx, order, Move(Action.CLOSE), SYSTEM)
