"""A work order as one person sees it."""

from __future__ import annotations

from api.roles import DESK
from api.work_orders.order import Order, Person
from api.work_orders.schemas import GivenRating, OrderAlert, WorkOrder
from api.work_orders.states import SENTENCES, possible
from herun.personal import mask


def shown(order: Order, person: Person) -> WorkOrder:
    """The order; the reporter's phone is whole only for the desk, the worker and the reporter."""
    return WorkOrder(
        number=order.number,
        origin=order.origin,
        state=order.state,
        sentence=SENTENCES[order.state],
        possible_actions=possible(order.state),
        category=order.category,
        severity=order.severity,
        title=order.title,
        text=order.text,
        building=order.building,
        zone=order.zone,
        alert=_alert(order),
        reporter=order.reporter,
        contact_phone=_phone(order, person),
        worker=order.worker,
        resolution=order.resolution,
        answer=order.answer,
        rating=_rating(order),
        opened_at=order.opened_at,
        updated_at=order.updated_at,
        version=order.version,
    )


def _phone(order: Order, person: Person) -> str | None:
    if order.contact_phone is None:
        return None
    whole = person.has(*DESK) or person.username in {order.worker, order.reporter}
    return order.contact_phone if whole else mask(order.contact_phone)


def _alert(order: Order) -> OrderAlert | None:
    if order.alert_id is None:
        return None
    return OrderAlert(
        alert_id=str(order.alert_id),
        rule_uid=order.alert_rule_uid or "",
        count=order.alert_count or 0,
        cleared_at=order.alert_cleared_at,
    )


def _rating(order: Order) -> GivenRating | None:
    if order.score is None or order.solved is None or order.rated_by is None:
        return None
    return GivenRating(score=order.score, solved=order.solved, comment=order.comment, rated_by=order.rated_by)
