"""What whoever has no account may see of their order, and do to it."""

from __future__ import annotations

from typing import Any, Final

from api.categories import service as categories
from api.clocks import store as clocks
from api.clocks.clock import stands_still_until
from api.clocks.terms import ground
from api.progress import sentences, store
from api.progress.schemas import Asked, OnHold, Progress
from api.progress.sentences import Standing
from api.progress.shown_to import ACTOR, Theirs
from api.questions import service as questions
from api.resources import Resources
from api.transactions import Transaction, begin
from api.urges import service as urges
from api.work_orders import guards
from api.work_orders import order as orders
from api.work_orders import store as work_orders
from api.work_orders.order import Order
from api.work_orders.shown import in_words
from api.work_orders.states import State
from herun.clock import SECOND_US, to_datetime, to_us
from herun.redaction import redacted

# In place of the words of what is confidential, where it is not sure who reads them.
HIDDEN: Final = "内容保密,请登录或用专属链接查看。This is confidential: sign in, or use your link, to read it."


async def progress(resources: Resources, theirs: Theirs) -> Progress:
    """How it stands."""
    async with begin(resources, theirs.site, ACTOR) as tx:
        return await _shown(tx, theirs)


async def answer(resources: Resources, theirs: Theirs, text: str) -> Progress:
    """Answers the question that is open. Raises Problem 409 if none is."""
    async with begin(resources, theirs.site, ACTOR) as tx:
        await questions.answer_for_reporter(tx, theirs.number, text, by=ACTOR)
        return await _shown(tx, theirs)


async def urge(resources: Resources, theirs: Theirs, reason: str | None) -> Progress:
    """Urges the desk. Raises Problem 409 if it is too early or too late."""
    async with begin(resources, theirs.site, ACTOR) as tx:
        await urges.urge_for_reporter(tx, theirs.number, reason, by=ACTOR)
        return await _shown(tx, theirs)


async def _shown(tx: Transaction, theirs: Theirs) -> Progress:
    number = theirs.number
    order = await work_orders.known(tx, number)
    standing = await store.standing(tx, number)
    # Whoever knows the phone may live with its reporter: category and unit would tell what it is about.
    is_secret = order.confidential or bool(order.master_confidential)
    unit = None if is_secret else standing["unit"]
    names = await categories.in_both(tx, order.category, unit)
    clock, now = await clocks.known(tx, number), to_us(tx.at)
    promise = clock.promise if clock and clock.promise.ended_at is None else None
    late = now - to_us(promise.due_at) if promise and tx.at > promise.due_at else None
    still = stands_still_until(clock.pauses, now) if clock and promise and late is None else None
    hides = is_secret and not theirs.is_sure
    question = _question(tx, order, HIDDEN if hides and standing["question"] else standing["question"])
    answered = order.answer or (redacted(order.master_answer) if order.master_answer else None)
    held = _held(tx, order, standing, is_secret=is_secret)
    how = Standing(
        state=orders.stands(order, tx.at),
        zone=(await ground(tx)).zone,
        has_account=order.account is not None,
        can_rate=await _can_rate(tx, order),
        is_asked=question is not None,
        is_paused=still is not None,
        late_s=None if late is None else late // SECOND_US,
        hold_until=None if held is None else held.until,
    )
    return Progress(
        number=number,
        category=None if order.confidential else order.category,
        category_name=None if order.confidential else names.category,
        title=None if order.confidential else {lang: redacted(words) for lang, words in order.title.items()},
        state=order.state,
        sentence=in_words(order, tx.at, can_rate=how.can_rate),
        next_step=sentences.next_step(how),
        with_whom=sentences.with_whom(how.state, unit, names.unit, standing["roles_of_worker"]),
        opened_at=order.opened_at,
        updated_at=order.updated_at,
        promised_at=clock.promise.due_at if clock else None,
        promise_paused_until=None if still is None else to_datetime(still),
        overdue_seconds=how.late_s,
        on_hold=held,
        urge_from=await urges.possible_from(tx, order),
        question=question,
        answer=HIDDEN if hides and answered else answered,
    )


async def _can_rate(tx: Transaction, order: Order) -> bool:
    """Without an account nobody rates."""
    if order.account is None or not orders.is_to_be_rated(order, tx.at):
        return False
    return await guards.may_rate(tx, order, order.account)


def _question(tx: Transaction, order: Order, text: str | None) -> Asked | None:
    if text is None or order.asked_until is None or not orders.is_asked(order, tx.at):
        return None
    return Asked(text=text, until=order.asked_until)


def _held(tx: Transaction, order: Order, standing: dict[str, Any], *, is_secret: bool) -> OnHold | None:
    """Until when it rests, and why, as its reporter reads it in the history; of what is confidential not why."""
    if orders.stands(order, tx.at) is not State.ON_HOLD:
        return None
    why = None if is_secret or standing["held_why"] is None else redacted(standing["held_why"])
    return OnHold(until=standing["hold_until"], reason=why)
