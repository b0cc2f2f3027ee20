"""Who gets an order: the first rule that matches, those who fit and are on shift, and of them the mode's choice.

Dispatches of a site come one after the other: each sees what the one before gave to whom, so that loads and turns are
right however many there are at once.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from api.categories import service as categories
from api.categories.tree import Category
from api.dispatch import store, words
from api.dispatch.choice import Candidate, Choice, Errand, Passed, Stage, choose, stages, unfitness
from api.dispatch.explaining import explained
from api.dispatch.rules import Mode, Rule, first_match
from api.dispatch.schemas import Explanation
from api.dispatch.shifts import calendar
from api.dispatch.store import Ground
from api.problems import Problem, conflict
from api.transactions import SYSTEM, Transaction
from api.work_orders import steps
from api.work_orders import store as work_orders
from api.work_orders.order import Move, Order
from api.work_orders.states import Action, State
from herun.clock import to_us
from herun.order_words import Word
from herun.schedule import WEEK, local_time, zone_named


@dataclass(frozen=True, slots=True)
class Decision:
    """What was looked at, and what came of it."""

    ground: Ground
    rule: Rule
    errand: Errand
    candidates: list[Candidate]
    choice: Choice
    failed: dict[str, str]  # rules that could not be evaluated, and why
    untaken_by: int = 0  # people who might have taken it, and did not in time


async def place(tx: Transaction, order: Order) -> Order:
    """Dispatches an accepted order, or offers it to those who may take it; leaves it to the desk if nobody fits.

    An order that is not accepted, as one that waits for an arbiter, is left as it is.
    """
    if order.state is not State.ACCEPTED:
        return order
    decision = await decide(tx, order, to_assign=order.confidential)
    return await _carry_out(tx, order, decision)


async def assign(tx: Transaction, order: Order) -> Order:
    """Dispatches an order that nobody took in time, or may take any more; leaves it to the desk if nobody fits."""
    untaken_by = 0 if order.confidential else len(order.pool)
    decision = replace(await decide(tx, order, to_assign=True), untaken_by=untaken_by)
    return await _carry_out(tx, order, decision)


async def choice_of_desk(tx: Transaction, order: Order, move: Move) -> Move:
    """The desk's dispatch to whom it fits best. Raises Problem 409 if that is nobody."""
    decision = await decide(tx, order, to_assign=True)
    if decision.choice.worker is None:
        reason = words.of_choice(decision.choice)["en"]
        raise conflict("nobody_fits", f"{reason}; name a worker, or look at the explanation of a dry run")
    await _keep(tx, order, decision, order.version + 1)
    return replace(move, worker=decision.choice.worker, detail=_told(decision))


async def check_claim(tx: Transaction, order: Order, username: str, move: Move) -> Move:
    """The claim of somebody who fits: by the rule that offered it to them, whatever rule would hold by now.

    Raises Problem 403 that says why they do not.
    """
    offer = await _offer(tx, order) if username in order.pool else None
    decision = await decide(tx, order, by=offer.rule if offer else None)
    me = next((each for each in decision.candidates if each.username == username), None)
    if me is None:
        raise Problem(HTTPStatus.FORBIDDEN, "does_not_fit", "orders cannot be dispatched to you")
    along = offer.stages if offer else stages(decision.errand, decision.rule, decision.ground.settings.chain)
    reasons = [unfitness(me, decision.errand, decision.rule, stage) for stage in along]
    if all(reasons):
        why = next(reason for reason in reasons if reason)
        said = words.of_passed(Passed(username, why, {}))
        raise Problem(HTTPStatus.FORBIDDEN, "does_not_fit", f"{said['en']} / {said['zh']}")
    return replace(move, detail={"rule": decision.rule.name, "offered_to": len(order.pool)})


@dataclass(frozen=True, slots=True)
class _Offer:
    """By which rule an order was offered, and where people were looked for until some were found."""

    rule: Rule
    stages: tuple[Stage, ...]


async def _offer(tx: Transaction, order: Order) -> _Offer | None:
    found = await store.last_choice(tx, order.number)
    if found is None:
        return None
    said = found[1]
    named = [rule for rule in await store.rules_in(tx, said.book_version) if rule.name == said.rule]
    return _Offer(named[0], tuple(each.stage for each in said.looked)) if named else None


async def decide(
    tx: Transaction,
    order: Order,
    *,
    at: datetime | None = None,
    without: AbstractSet[str] = frozenset(),
    to_assign: bool = False,
    dry: bool = False,
    by: Rule | None = None,
) -> Decision:
    """Who fits an order. `to_assign`: it is not offered. `dry`: nobody waits, nothing follows. `by`: by this rule."""
    if not dry:
        await store.one_at_a_time(tx)
    when = at or tx.at
    ground = await store.ground(tx, order.building)
    category = await categories.category(tx, order.category)
    match = first_match(ground.rules, facts(order, category, ground, when))
    rule = by or match.rule
    if to_assign and rule.mode is Mode.GRAB:
        rule = rule.model_copy(update={"mode": Mode.ASSIGN})
    everybody = await store.candidates(tx, ground, rule.name, when)
    candidates = [each for each in everybody if each.username not in without]
    given_back_by = await work_orders.returners(tx, {order.number}) if order.returns else {}
    errand = errand_of(order, category, ground, given_back_by.get(order.number, set()))
    choice = choose(candidates, errand, rule, ground.settings.chain)
    return Decision(ground, rule, errand, candidates, choice, match.failed)


def explanation_of(decision: Decision, at: datetime) -> Explanation:
    """What was decided, as people read it."""
    return explained(
        decision.choice,
        decision.ground.book_version,
        at,
        decision.failed,
        handled_by=decision.errand.handled_by,
        untaken_by=decision.untaken_by,
    )


def facts(order: Order, category: Category, ground: Ground, at: datetime) -> dict[str, Any]:
    """What the condition of a rule sees of an order; times are the site's."""
    local = local_time(zone_named(ground.time_zone), to_us(at))
    grids = _grids(order, ground)
    return {
        "category": order.category,
        "top": category.top_class,
        "handled_by": category.handled_by,
        "severity": order.severity,
        "building": order.building,
        "zone": order.zone,
        "grid": order.grid or (grids[0] if grids else None),
        "unit": order.unit,
        "text": order.text.get("zh", ""),
        "channel": order.channel.value,
        "origin": order.origin.value,
        "hour": local.hour,
        "weekday": WEEK[local.weekday()],
        "workday": calendar(ground.decrees).is_workday(local.date()),
    }


def errand_of(order: Order, category: Category, ground: Ground, given_back_by: AbstractSet[str]) -> Errand:
    """What of an order decides on who fits."""
    grids = frozenset(_grids(order, ground))
    beside = {name for grid in grids for name in ground.settings.neighbours.get(grid, [])}
    return Errand(
        category=order.category,
        handled_by=category.handled_by,
        grids=grids,
        neighbours=frozenset(beside - grids),
        unit=order.unit,
        place=order.where.point or ground.place,
        given_back_by=frozenset(given_back_by),
    )


def _grids(order: Order, ground: Ground) -> list[str]:
    """A building may lie in several grids, of which the order names one; another grid was put by hand."""
    return ground.grids if order.grid is None or order.grid in ground.grids else [order.grid]


async def _carry_out(tx: Transaction, order: Order, decision: Decision) -> Order:
    choice = decision.choice
    await _keep(tx, order, decision, order.version + (1 if choice.worker or choice.pool else 0))
    if choice.worker is not None:
        move = Move(Action.DISPATCH, worker=choice.worker, detail=_told(decision))
        return await steps.step(tx, order, move, SYSTEM)
    if choice.pool:
        until = tx.at + timedelta(seconds=decision.rule.claim_within_s)
        await store.offer(tx, order.number, choice.pool, until)
        offered = replace(order, pool=choice.pool)
        return await steps.note(
            tx, offered, Word.OFFERED, by=SYSTEM, detail=_told(decision) | {"until": until.isoformat()}
        )
    if order.pool:  # to whom it was offered does not fit any more: it is theirs no longer, but the desk's
        await store.drop_offer(tx, order.number)
        order = replace(order, pool=())
    return order


async def _keep(tx: Transaction, order: Order, decision: Decision, n: int) -> None:
    await store.keep_choice(tx, order.number, n, explanation_of(decision, tx.at))
    if decision.choice.worker is not None and decision.choice.mode is Mode.ROUND_ROBIN:
        await store.take_turn(tx, decision.rule.name, decision.choice.worker)


def _told(decision: Decision) -> dict[str, Any]:
    """What the order's history says: its reporter reads it, so nothing of anybody's load or whereabouts."""
    choice = decision.choice
    said: dict[str, Any] = {
        "rule": choice.rule,
        "book_version": decision.ground.book_version,
        "mode": choice.mode.value,
        "stage": choice.stage.value,
        "fitting": choice.looked[-1].fitting,
    }
    more = {"offered_to": len(choice.pool), "untaken_by": decision.untaken_by}
    return said | {name: people for name, people in more.items() if people}
