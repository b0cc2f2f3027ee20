"""Why an order went to whom, and to whom it would go: read only."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from api.categories import service as categories
from api.categories.tree import SEVERITIES
from api.dispatch import service, store
from api.dispatch.schemas import DispatchExplanation, DryRun, DryRunExplanation, TakenAs
from api.problems import FieldError, Problem, invalid
from api.reports import answered
from api.sites import locating
from api.sites import store as places
from api.transactions import Transaction
from api.work_orders import opening
from api.work_orders.kinds import Channel, Origin
from api.work_orders.order import Order
from api.work_orders.states import State

_PLACES: Final = ("building", "zone", "grid")
_ORIGINS: Final = {Channel.ALERT: Origin.ALERT, Channel.SPLIT: Origin.SPLIT}


async def of_order(tx: Transaction, order: Order) -> DispatchExplanation:
    """How an order last came to its worker, and what the rules last said of it."""
    move = await store.last_move(tx, order.number)
    choice = await store.last_choice(tx, order.number)
    is_by_choice = choice is not None and (move is None or choice[0] >= move["n"])
    return DispatchExplanation(
        number=order.number,
        worker=order.worker,
        action=move["action"] if move else None,
        by=move["actor"] if move else None,
        dispatched_at=move["at"] if move else None,
        is_by_choice=is_by_choice,
        choice=choice[1] if choice else None,
    )


async def dry_run(tx: Transaction, asked: DryRun) -> DryRunExplanation:
    """Who would get such an order now, and why; nothing is written. Raises Problem 422 for unknown names."""
    unknown = await places.unknown_places(
        tx, buildings=_named(asked.building), zones=_named(asked.zone), grids=_named(asked.grid)
    )
    for field in _PLACES:
        if unknown[field]:
            raise _unknown(field, min(unknown[field]))
    if asked.category not in (await categories.names(tx)).categories:
        raise _unknown("category", asked.category)
    if asked.unit is not None:
        await categories.must_have(tx, categories=(), units=[(("body", "unit"), asked.unit)])
    category = await categories.category(tx, asked.category)
    if asked.attributes is not None and (errors := [*answered.wrong(category, asked.attributes)]):
        raise invalid("incomplete", f"{asked.category} asks for more: {errors[0].msg}", errors)
    order = _order(tx, asked)
    building = asked.building or await locating.building_of(
        tx,
        zone=asked.zone,
        words=asked.address,
        point=order.where.point,
        told=asked.text if asked.channel is Channel.ACCOUNT else "",
    )
    order = await opening.routed(tx, replace(order, building=building))
    order = replace(order, severity=asked.severity or opening.raised(replace(order, origin=Origin.REPORT), category))
    decision = await service.decide(tx, order, at=asked.at, to_assign=order.confidential, dry=True)
    told = service.explanation_of(decision, asked.at or tx.at)
    taken_as = TakenAs(building=order.building, grid=order.grid, unit=order.unit, severity=order.severity)
    return DryRunExplanation(**told.model_dump(), taken_as=taken_as)


def _order(tx: Transaction, asked: DryRun) -> Order:
    return Order(
        number="",
        origin=_ORIGINS.get(asked.channel, Origin.REPORT),
        state=State.ACCEPTED,
        title={"zh": "", "en": ""},
        text={"zh": asked.text, "en": asked.text},
        opened_seq=0,
        opened_at=tx.at,
        updated_at=tx.at,
        severity=SEVERITIES[0],
        **asked.model_dump(exclude={"text", "at", "severity"}),
    )


def _named(name: str | None) -> list[str]:
    return [name] if name is not None else []


def _unknown(field: str, name: str) -> Problem:
    error = FieldError(loc=["body", field], msg=f"the site has no {field} {name}", type="unknown")
    return invalid("unknown_place" if field in _PLACES else "unknown_category", error.msg, [error])
