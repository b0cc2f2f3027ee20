"""Who makes a return visit: whoever of the desk had no hand in the order; a supervisor, if nobody is left. Never who
reported it: nobody asks themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from api.notices import service as notices
from api.notices.rules import Audience, Kind, Telling, Urgency
from api.return_visits import store
from api.return_visits.schemas import Why
from api.roles import Role
from api.transactions import SYSTEM, Transaction
from api.work_orders import store as work_orders
from api.work_orders.order import Order

Desk = Mapping[str, AbstractSet[Role]]


def visitors(desk: Desk, hands: AbstractSet[str]) -> set[str]:
    """Who of these, none of whom reported it, may make the visit; never nobody, as long as there are any."""
    supervisors = {who for who, roles in desk.items() if Role.SUPERVISOR in roles}
    return desk.keys() - hands or supervisors or set(desk)


async def may_visit(tx: Transaction, who: str, order: Order) -> bool:
    """True if somebody of the desk may make the visit of an order."""
    hands = await work_orders.hands(tx, order.number)
    if who == order.reporter:
        return False
    return who not in hands or who in visitors(await _desk(tx, order), hands)


async def open_visit(tx: Transaction, order: Order, why: Why) -> None:
    """Opens a visit of the present round. Where all of the desk had a hand in it they are told that they make it."""
    await store.add(tx, order.number, order.reopens, why)
    desk = await _desk(tx, order)
    if desk and desk.keys() <= await work_orders.hands(tx, order.number):
        has_supervisors = any(Role.SUPERVISOR in roles for roles in desk.values())
        telling = _TO_SUPERVISORS if has_supervisors else _TO_DESK
        but_not = order.reporter or SYSTEM
        await notices.tell(tx, telling, f"visit:{order.number}:{order.reopens}", order, but_not=but_not)


async def _desk(tx: Transaction, order: Order) -> Desk:
    return {who: roles for who, roles in (await work_orders.desk(tx, order)).items() if who != order.reporter}


_TO_SUPERVISORS: Final = Telling(Audience.SUPERVISORS, Kind.NOBODY_ELSE_TO_VISIT, Urgency.SOON)
_TO_DESK: Final = Telling(Audience.DESK, Kind.NOBODY_ELSE_TO_VISIT, Urgency.SOON)
