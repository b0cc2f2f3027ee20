"""The desk or the worker asks, the order waits for its reporter, the reporter answers; a forgotten question lapses."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import Final

from api.problems import Problem, conflict, not_found
from api.questions import store
from api.questions.schemas import NewQuestion, Questions
from api.roles import WORKERS
from api.transactions import SYSTEM, Transaction
from api.work_orders import order as orders
from api.work_orders import steps
from api.work_orders import store as work_orders
from api.work_orders.kinds import Origin
from api.work_orders.order import Order, Person
from api.work_orders.states import OPEN, Bond
from herun.order_words import Word

MAX_QUESTIONS: Final = 10  # about one order: whoever has more calls the reporter
_BATCH: Final = 100  # questions that one transaction lets lapse


async def ask(tx: Transaction, person: Person, number: str, new: NewQuestion) -> Questions:
    """Asks the reporter something. Raises Problem 404, 403, or 409 while another question is open or nothing can be."""
    order = await _seen(tx, person, number)
    if not (_works_on_master(person, order) or orders.bonds(person, order, set()) & {Bond.DESK, Bond.WORKER}):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "questions are asked by: desk, worker")
    if order.origin is not Origin.REPORT or not await work_orders.can_be_asked(tx, {number}, by_link=True):
        raise conflict(
            "no_reporter",
            "nobody is to be asked: no account, no phone, no link; ask of what is merged into it, if anything is",
        )
    if orders.stands(order, tx.at) not in OPEN:
        raise conflict("wrong_state", f"its reporter is asked nothing while the order is {orders.stands(order, tx.at)}")
    if order.asked_until is not None:
        raise conflict("asked_already", "the question before is still open")
    asked = len(await store.everything(tx, number))
    if asked >= MAX_QUESTIONS:
        raise conflict("too_many_questions", f"a reporter is asked at most {MAX_QUESTIONS} times about one order")
    until = tx.at + timedelta(hours=new.hours)
    await store.add(tx, number, asked + 1, new.text, until)
    await steps.note(tx, order, Word.ASK, by=person.username, reason=new.text, detail={"until": until.isoformat()})
    return await _all(tx, number)


async def answer(tx: Transaction, person: Person, number: str, text: str) -> Questions:
    """The reporter's answer. Raises Problem 404, 403 for anybody else, 409 if no question is open."""
    order = await work_orders.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    if order.reporter != person.username:
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "a question is answered by: reporter")
    await answer_for_reporter(tx, number, text, by=person.username)
    return await _all(tx, number)


async def answer_for_reporter(tx: Transaction, number: str, text: str, *, by: str) -> None:
    """The answer of whoever has shown to be the reporter of this order. Raises Problem 409.

    Of a merged order whoever works on the one that stands for it reads it there; the reporter of that one does not.
    """
    held = await work_orders.locked_with_master(tx, number)
    order = held[number]
    if not orders.is_asked(order, tx.at):
        raise conflict("nothing_asked", "no question is open")
    n = await store.end_open(tx, number, "answered", text)
    await steps.note(tx, order, Word.TOLD, by=by, reason=text, detail={"question": n})
    if order.merged_into is not None:
        await steps.note_beside(tx, held[order.merged_into], order, Word.NOTED, by=by, reason=text)


async def page(tx: Transaction, person: Person, number: str) -> Questions:
    """All that was asked. Raises Problem 404."""
    order = await work_orders.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    return await _all(tx, number)


async def lapse(tx: Transaction) -> int:
    """Ends the questions of the site that nobody answered in time; says how many."""
    held = await work_orders.locked_together(tx, set(await store.lapsing(tx, _BATCH)))
    due = [order for order in held.values() if order.asked_until is not None and order.asked_until <= tx.at]
    for order in due:
        n = await store.end_open(tx, order.number, "lapsed")
        await steps.note(tx, order, Word.LAPSED, by=SYSTEM, detail={"question": n})
    return len(due)


async def _seen(tx: Transaction, person: Person, number: str) -> Order:
    order = await work_orders.locked(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    return order


def _works_on_master(person: Person, order: Order) -> bool:
    """True if they work on what stands for this merged order: what its reporter knows is for them to ask."""
    is_theirs = order.merged_into is not None and person.username in order.crew_above
    return is_theirs and person.has(*WORKERS) and not order.confidential


async def _all(tx: Transaction, number: str) -> Questions:
    return Questions(number=number, items=await store.everything(tx, number))
