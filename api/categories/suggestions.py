"""Suggesting a category, keeping what was suggested and chosen, correcting it, and learning from that."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from api import background
from api.categories import learning, service, store
from api.categories.schemas import (
    Candidate,
    Choices,
    Correction,
    NewAttribute,
    NewValue,
    Suggested,
    Suggestion,
    Why,
)
from api.categories.shipped import default_tree
from api.categories.suggester import Suggester
from api.categories.tree import AT_ITS_END, SEVERITIES, Attribute, Category, Tree
from api.clocks.terms import CRITICAL
from api.dispatch import service as dispatch
from api.notices import rules
from api.notices import service as notices
from api.open311.attributes import Values
from api.problems import Problem, conflict, not_found
from api.reports import answered
from api.resources import Resources
from api.transactions import SYSTEM, Transaction, begin
from api.work_orders import joining, opening, steps
from api.work_orders import order as orders
from api.work_orders import store as order_store
from api.work_orders.order import Order, Person
from api.work_orders.states import Bond, State
from herun.collector import settle
from herun.order_words import Word

if TYPE_CHECKING:
    from api.categories.classifier import Scored

TASK: Final = "category_learning"
MAX_CORRECTIONS: Final = 20  # of one order; more is a quarrel, which people have to settle
KEPT_CANDIDATES: Final = 3  # of a suggestion, with the order
_LATE: Final = frozenset({State.RATED, State.CLOSED})
FIRST_S: Final = 15.0  # after a start, when requests come first; at once if somebody asks
EVERY_S: Final = 60.0  # a look whether there is something to learn, if nobody asks
PAUSE_S: Final = 30.0  # between two times of learning: it takes a core for a second or two

SENTENCES: Final = {
    True: {"zh": "您说的可能是以下事项,请确认。", "en": "This may be what it is about; please confirm."},
    False: {"zh": "没有很贴切的分类,请自行选择。", "en": "Nothing fits well; please choose yourself."},
}


async def suggest(resources: Resources, site: str, actor: str, text: str) -> Suggestion:
    """What fits a text, and why; nothing does by a tree with fewer than two categories that have keywords."""
    from api.categories.classifier import fits

    async with begin(resources, site, actor) as tx:
        state = await store.in_force(tx)
    model = await resources.suggester.best(site, state)
    found = [] if model is None else model.suggest(text)
    is_apt = fits(found)
    return Suggestion(
        fits=is_apt,
        sentence=SENTENCES[is_apt],
        candidates=[_candidate(state.tree, text, _kept(each)) for each in found],
        tree_version=state.version,
        learned_from=0 if model is None else model.size,
    )


async def note_report(tx: Transaction, suggester: Suggester, number: str, *, text: str, chosen: str) -> None:
    """Keeps with a new order what is suggested for its text, beside what its reporter chose.

    Nothing is waited for: as long as no model has been learned, that is kept as null.
    """
    model = suggester.now(tx.site, await store.in_force(tx))
    suggested = [_kept(each) for each in model.suggest(text, KEPT_CANDIDATES)] if model else None
    await store.add_choice(tx, number, 1, chosen, by=tx.actor, suggested=suggested)


async def correct(tx: Transaction, person: Person, number: str, asked: Correction) -> Choices:
    """Gives an order another category, and learns it. What is rated or closed the desk corrects, for the figures.

    Raises Problem 404 if this person does not see the order, 403 if they are neither desk nor its worker, 409 if the
    order is merged, cancelled or has the category, 422 for a category that is not there and for answers to what it does
    not ask.
    """
    await order_store.keep_together(tx, to_change=False)  # it may become confidential, and its parts with it
    held = await order_store.locked_together(tx, {number} | await order_store.related(tx, number))
    order = held.get(number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    if orders.bonds(person, order, set()).isdisjoint({Bond.DESK, Bond.WORKER}):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "only the desk and its worker say what an order is about")
    is_desk = Bond.DESK in orders.bonds(person, order, set())
    if order.state in service.OVER - (_LATE if is_desk else set()):
        raise conflict("wrong_state", f"the order is {order.state}: what it was about is settled")
    if order.category == asked.category:
        raise conflict("no_change", "that is the category which it has")
    made = await store.choices(tx, number)
    if len(made) > MAX_CORRECTIONS:
        raise conflict("too_many_corrections", f"an order is corrected at most {MAX_CORRECTIONS} times")
    chosen = await service.for_report(tx, asked.category)
    said = answered.in_part(chosen, asked.attributes)
    became = _became(order, chosen, said)
    detail = await _detail(tx, order, became, said)
    if is_desk:
        became = await _routed(tx, became, chosen)
    else:
        detail |= await _owed(tx, order, became, chosen)
    moved = await steps.note(
        tx, became, Word.CATEGORISED, by=tx.actor, reason=asked.reason, detail=detail, before=order
    )
    if chosen.confidential and not moved.confidential:
        moved = await joining.confide(tx, held, moved, asked.reason)
    if not made:  # an alert's order, or one from before there were suggestions
        await store.add_choice(tx, number, 1, order.category, by=order.reporter or SYSTEM)
    await store.add_choice(tx, number, max(len(made), 1) + 1, chosen.category, by=tx.actor, reason=asked.reason)
    await learning.teach(tx, moved, chosen, "correction")
    placed = await dispatch.place(tx, moved) if is_desk else moved  # if nobody fits, who corrects it knows
    if moved.severity == CRITICAL != order.severity and placed.version == moved.version:
        await _tell_that_it_is_critical(tx, placed)
    return await _choices(tx, moved)  # to whom it is confidential from now on, this is the last that they see of it


async def _tell_that_it_is_critical(tx: Transaction, order: Order) -> None:
    """Whoever has it hears it at once, as whom it is given or offered to now does by that."""
    telling = rules.turned_critical(order)
    if telling is not None:
        cause = f"order:{order.number}:{order.version}:{telling.kind}"
        await notices.tell(tx, telling, cause, order, but_not=tx.actor)


def _became(order: Order, chosen: Category, said: Values) -> Order:
    """The order as what it turned out to be, with what it was said to be before where that is not said anew.

    How severe it is becomes no milder: what was promised as urgent stays so.
    """
    became = replace(order, category=chosen.category, attributes={**(order.attributes or {}), **said} or None)
    return replace(became, severity=opening.raised(became, chosen))


async def _detail(tx: Transaction, order: Order, became: Order, said: Values) -> dict[str, Any]:
    """What the history says of a correction: of answers which, and what seals them. They stand with the order alone."""
    detail: dict[str, Any] = {"from": order.category, "to": became.category}
    if became.severity != order.severity:
        detail["severity"] = became.severity
    if said:
        seal = await opening.sealed_anew(tx, order, became)
        detail |= {"answered": sorted(said)} | ({} if seal is None else {"original": seal})
    return detail


async def _owed(tx: Transaction, order: Order, became: Order, chosen: Category) -> dict[str, Any]:
    """What a worker still has to bring along after their correction, for the history.

    It neither hides an order nor spares them what is asked of them, or what was said. Who sees that it is worse than
    it was taken for says so at once: what they are not asked for any more they owe. Raises Problem 403.
    """
    if order.reopens:
        raise Problem(HTTPStatus.FORBIDDEN, "for_the_desk", "what was answered once is corrected by the desk")
    before = await service.category(tx, order.category)
    spared = set(before.required) - set(chosen.required)
    is_worse = SEVERITIES.index(became.severity) > SEVERITIES.index(order.severity)
    hides = chosen.confidential and not before.confidential
    if hides or (spared and not is_worse):
        less = ", ".join(sorted(spared)) or "the desk's eyes"
        raise Problem(HTTPStatus.FORBIDDEN, "for_the_desk", f"the desk corrects to a category that spares: {less}")
    asked = {*before.required, *(await order_store.owed(tx, order.number))} & AT_ITS_END
    owed = sorted(asked - set(chosen.required))
    return {"owed": owed} if owed else {}


async def choices(tx: Transaction, person: Person, number: str) -> Choices:
    """How an order came to its category. Raises Problem 404 if it is not for this person's eyes."""
    order = await order_store.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    found = await _choices(tx, order)
    return found if orders.is_inside(person, order) else _for_reporters(found)


def _for_reporters(found: Choices) -> Choices:
    """Without why it was corrected: as in the history, that is said among those who look after the order."""
    return found.model_copy(update={"items": [each.model_copy(update={"reason": None}) for each in found.items]})


async def _choices(tx: Transaction, order: Order) -> Choices:
    routed = await service.route(tx, await service.category(tx, order.category), order.building, opening.said(order))
    return Choices(
        number=order.number,
        category=order.category,
        unit=order.unit or routed.unit,
        grid=order.grid or routed.grid,
        items=await store.choices(tx, order.number),
    )


async def keep_learning(resources: Resources, stop: asyncio.Event) -> None:
    """Learns the shipped tree soon after the start, and each site anew that has taught something, until `stop`."""
    suggester = resources.suggester
    await background.wait(suggester.wanted, FIRST_S)
    if not stop.is_set():
        await suggester.of_tree(default_tree())
        settle()
    while not stop.is_set():
        if await learn_once(resources):
            settle()
            await background.wait(stop, PAUSE_S)
        await background.wait(suggester.wanted, EVERY_S)


async def learn_once(resources: Resources) -> int:
    """Learns anew for every site that has taught something; returns how many there were, also those that failed."""
    suggester = resources.suggester
    waiting, suggester.stale = sorted(suggester.stale), set()
    suggester.wanted.clear()
    await background.each_site(TASK, waiting, partial(_learn, resources))
    return len(waiting)


async def _learn(resources: Resources, site: str) -> int:
    async with begin(resources, site) as tx:
        state = await store.in_force(tx)
        lessons = await store.lessons(tx)
    await resources.suggester.learn(site, state, lessons)
    return 1


def _kept(scored: Scored) -> Suggested:
    why = [Why(text=each.text, weight=each.weight, word_of=each.word_of) for each in scored.reasons]
    return Suggested(category=scored.category, probability=scored.probability, why=why)


def _candidate(tree: Tree, text: str, suggested: Suggested) -> Candidate:
    leaf = tree.categories[suggested.category]
    unit, because = leaf.unit_for(text)
    return Candidate(
        category=leaf.category,
        top_class=leaf.top_class,
        name={"zh": leaf.zh, "en": leaf.en},
        probability=suggested.probability,
        unit=unit,
        unit_name={"zh": tree.units[unit].zh, "en": tree.units[unit].en},
        unit_because=because,
        why=suggested.why,
        required=list(leaf.required),
        attributes=[_question(each) for each in leaf.attributes],
        anonymous=leaf.anonymous,
        confidential=leaf.confidential,
        advice=None if leaf.advice is None else dict(leaf.advice),
    )


def _question(attribute: Attribute) -> NewAttribute:
    values = [NewValue(key=key, zh=zh, en=en) for key, zh, en in attribute.values]
    own = {name: getattr(attribute, name) for name in ("code", "datatype", "required", "zh", "en")}
    return NewAttribute(**own, values=values)


async def _routed(tx: Transaction, became: Order, chosen: Category) -> Order:
    """The order with who is responsible for it now.

    A worker says what it is about. Whose it is the desk says, or they would hand it on and begin their time anew.
    """
    route = await service.route(tx, chosen, became.building, opening.said(became))
    return replace(became, unit=route.unit, grid=route.grid or became.grid)
