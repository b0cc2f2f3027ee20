"""Who decides on what comes back: the desk on a return, but its worker; supervisors arbitrate who never gave it back.

Where nobody such is left somebody else does: an order that nobody may decide on would wait for ever.
"""

from __future__ import annotations

from collections.abc import Mapping
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


def deciders(desk: Desk, action: Action, had_part: AbstractSet[str]) -> set[str]:
    """Who of these decides: who had no part in it, to arbitrate supervisors first. Never nobody, if there is a desk."""
    supervisors = {who for who, roles in desk.items() if Role.SUPERVISOR in roles}
    first = supervisors if action is Action.ARBITRATE else set(desk)
    return first - had_part or desk.keys() - had_part or supervisors or set(desk)


async def decides(tx: Transaction, order: Order, person: Person, action: Action) -> bool:
    """True if this one of the desk may do what decides on an order that came back."""
    had_part = await _had_part(tx, order, action)
    is_first = action is not Action.ARBITRATE or person.has(Role.SUPERVISOR)
    if is_first and person.username not in had_part:
        return True
    return person.username in deciders(await store.desk(tx, order), action, had_part)


async def not_theirs(tx: Transaction, order: Order, person: Person) -> set[Action]:
    """The decisions that an order waits for and that are for others, and not for this person."""
    waits_for = [action for action in DECISIONS if order.state in TRANSITIONS[action].sources]
    is_desk = person.has(*DESK)
    return {action for action in waits_for if not is_desk or not await decides(tx, order, person, action)}


async def follow(tx: Transaction, step: Step) -> None:
    """Tells the desk of what it has to decide on where no supervisor does: these hear of it by the table of notices."""
    order = step.after
    if step.action == Action.RETURN:
        kind, action = Kind.RETURNED, Action.SIGN_OFF
    elif order.state is State.ARBITRATION and (step.before is None or step.before.state is not order.state):
        kind, action = Kind.ARBITRATION, Action.ARBITRATE
    else:
        return
    desk = await store.desk(tx, order)
    if any(Role.SUPERVISOR in desk[who] for who in deciders(desk, action, await _had_part(tx, order, action))):
        return
    cause = f"order:{order.number}:{order.version}:{kind}"
    await notices.tell(tx, Telling(Audience.DESK, kind, Urgency.SOON), cause, order, but_not=step.by)


async def _had_part(tx: Transaction, order: Order, action: Action) -> AbstractSet[str]:
    if action is Action.ARBITRATE:
        return await store.returners(tx, order.number)
    return {order.worker} if order.worker else set()
