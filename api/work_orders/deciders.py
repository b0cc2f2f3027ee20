"""Who decides on what comes back: the desk on a return, but its worker; supervisors arbitrate who never gave it back.

Where nobody such is left somebody else does: an order that nobody may decide on would wait for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING

from api.notices import service as notices
from api.notices.rules import Audience, Kind, Telling, Urgency
from api.roles import DESK, Role
from api.transactions import Transaction
from api.work_orders import store
from api.work_orders.order import Order, Person
from api.work_orders.states import DECISIONS, TRANSITIONS, Action, State

if TYPE_CHECKING:
    from api.work_orders.effects import Step

Desk = Mapping[str, AbstractSet[Role]]  # who is the desk of an order, with all of their roles


def deciders(desk: Desk, had_part: AbstractSet[str], *, supervisors_first: bool) -> set[str]:
    """Who of these decides: who had no part in it. Never nobody, if there is a desk."""
    supervisors = {who for who, roles in desk.items() if Role.SUPERVISOR in roles}
    first = supervisors if supervisors_first else set(desk)
    return first - had_part or desk.keys() - had_part or supervisors or set(desk)


async def decides(tx: Transaction, order: Order, person: Person, action: Action) -> bool:
    """True if this one of the desk may do what decides on an order that came back."""
    return not await _for_others(tx, [(order, action)], person)


async def not_theirs(tx: Transaction, found: Sequence[Order], person: Person) -> dict[str, set[Action]]:
    """By the number of each of these orders the decisions that it waits for and that are for others, and not for this
    person. However many orders they are, it takes the same few statements.
    """
    waits = [(order, action) for order in found for action in DECISIONS if order.state in TRANSITIONS[action].sources]
    theirs: dict[str, set[Action]] = {order.number: set() for order in found}
    for order, action in await _for_others(tx, waits, person) if person.has(*DESK) else waits:
        theirs[order.number].add(action)
    return theirs


async def _for_others(
    tx: Transaction, decisions: Sequence[tuple[Order, Action]], person: Person
) -> list[tuple[Order, Action]]:
    """Those of these decisions that this one of the desk may not make."""
    gave_back = await _who_gave_back(tx, decisions)
    desks: dict[bool, Desk] = {}  # of what is confidential, and of all else: read where they are asked for
    others = []
    for order, action in decisions:
        had_part = _had_part(order, action, gave_back)
        is_first = action is not Action.ARBITRATE or person.has(Role.SUPERVISOR)
        if is_first and person.username not in had_part:
            continue
        if order.confidential not in desks:
            desks[order.confidential] = await store.desk(tx, order)
        is_arbitration = action is Action.ARBITRATE
        if person.username not in deciders(desks[order.confidential], had_part, supervisors_first=is_arbitration):
            others.append((order, action))
    return others


async def follow(tx: Transaction, step: Step) -> None:
    """Tells the desk of what it has to arbitrate where no supervisor does: these hear of it by the table of notices."""
    order, action = step.after, Action.ARBITRATE
    if order.state is not State.ARBITRATION or (step.before is not None and step.before.state is order.state):
        return
    desk = await store.desk(tx, order)
    had_part = _had_part(order, action, await _who_gave_back(tx, [(order, action)]))
    if any(Role.SUPERVISOR in desk[who] for who in deciders(desk, had_part, supervisors_first=True)):
        return
    cause = f"order:{order.number}:{order.version}:{Kind.ARBITRATION}"
    await notices.tell(tx, Telling(Audience.DESK, Kind.ARBITRATION, Urgency.SOON), cause, order, but_not=step.by)


async def _who_gave_back(tx: Transaction, decisions: Sequence[tuple[Order, Action]]) -> Mapping[str, AbstractSet[str]]:
    numbers = {order.number for order, action in decisions if action is Action.ARBITRATE}
    return await store.returners(tx, numbers) if numbers else {}


def _had_part(order: Order, action: Action, gave_back: Mapping[str, AbstractSet[str]]) -> AbstractSet[str]:
    if action is Action.ARBITRATE:
        return gave_back.get(order.number, set())
    return {order.worker} if order.worker else set()
