"""What is so already: to do it again would change nothing and only make a history longer, without a bound. Pure."""

from __future__ import annotations

from api.work_orders.order import Order
from api.work_orders.states import Action, State


def is_so_already(order: Order, action: Action) -> bool:
    """True for what this order is, or where its worker is, already."""
    match action:
        case Action.CONFIDE:
            return order.confidential
        case Action.DISCLOSE:
            return not order.confidential
        case Action.ARRIVE:
            return order.state is State.HANDLING and is_there(order)
    return False


def is_there(order: Order) -> bool:
    """True if the worker of an order that is handled has arrived; whoever had it before may have, which is no arrival
    of whoever has it now.
    """
    return order.arrived_at is not None and (order.handled_at is None or order.arrived_at >= order.handled_at)
