"""What is open already and may be the same: told to a resident without anybody's name, to the desk whole."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from api.categories import service as categories
from api.duplicates import handles, store
from api.duplicates.likeness import ENOUGH, SINCE, Matter, likeness
from api.duplicates.schemas import Because, LikeOrder, LikeOrders, MergeCandidate, MergeCandidates, NewMatter
from api.problems import not_found
from api.resources import Resources
from api.sites import locating
from api.sites import store as sites
from api.sites.schemas import Building
from api.transactions import Transaction
from api.work_orders import deciders, joining, reported
from api.work_orders import order as orders
from api.work_orders import store as work_orders
from api.work_orders.kinds import Channel, Origin
from api.work_orders.order import Order, Person
from api.work_orders.shown import shown
from api.work_orders.states import sentence
from herun.redaction import redacted

MAX_FOUND: Final = 5
_EXCERPT_CHARS: Final = 80
_Found = list[tuple[Order, float, list[Because]]]


async def like(tx: Transaction, resources: Resources, reporter: Person, new: NewMatter) -> LikeOrders:
    """Open orders that may be about what somebody is about to report; nothing for what is confidential."""
    if new.confidential or (await categories.category(tx, new.category)).confidential:
        return LikeOrders(items=[])
    looks = await store.looks_of_waiting(tx, new.pictures)
    channel = Channel.ACCOUNT if new.caller is None else Channel.PHONE
    building = await reported.building_of(tx, reporter, new, channel)
    buildings = await sites.buildings(tx)
    where = locating.place_of(building, new.point, new.address, buildings)
    matter = Matter(new.category, new.text, where, tx.at, new.zone, looks)
    items = []
    for order, score, because in await _found(tx, matter, None, buildings):
        # Nobody joins what they have reported: a caller is none of the desk's.
        yours = await work_orders.reported_by(tx, order.number, reporter.username) if new.caller is None else None
        items.append(
            LikeOrder(
                handle=handles.sealed(resources, tx, order.number) if yours is None else None,
                yours=yours,
                category=order.category,
                building=order.building,
                state=order.state,
                sentence=sentence(order.state),
                opened_at=order.opened_at,
                text=redacted(order.text["zh"])[:_EXCERPT_CHARS],
                likeness=score,
                because=because,
            )
        )
    return LikeOrders(items=items)


async def merge_candidates(tx: Transaction, person: Person, number: str) -> MergeCandidates:
    """Open orders that this one could be merged into, and may be about the same. Raises Problem 404."""
    order = await work_orders.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    if not await joining.can_be_merged(tx, order):
        return MergeCandidates(number=number, items=[])
    looks = await store.looks_of_order(tx, number)
    buildings = await sites.buildings(tx)
    where = locating.place_of(order.building, order.where.point, order.address, buildings)
    matter = Matter(order.category, compared_words(order), where, order.opened_at, order.zone, looks)
    found = await _found(tx, matter, order, buildings)
    not_theirs = await deciders.not_theirs(tx, [each for each, _, _ in found], person)
    items = [
        MergeCandidate(
            order=shown(each, person, tx.at, not_theirs=not_theirs[each.number]),
            likeness=score,
            because=because,
        )
        for each, score, because in found
    ]
    return MergeCandidates(number=number, items=items)


def compared_words(order: Order) -> str:
    """What an order is about: of an alert its title, because its text is made of the names and numbers of devices."""
    return (order.title if order.origin == Origin.ALERT else order.text)["zh"]


async def _found(tx: Transaction, matter: Matter, of: Order | None, buildings: list[Building]) -> _Found:
    others = await store.open_orders(tx, tx.at - SINCE, of, buildings)
    scored = await asyncio.to_thread(_scored, matter, others)  # thousands of texts: nobody else waits for them
    best = sorted(scored, key=lambda number: -scored[number][0])[:MAX_FOUND]
    whole = {number: await work_orders.known(tx, number) for number in best}
    return [(whole[number], *scored[number]) for number in best]


def _scored(matter: Matter, others: Mapping[str, Matter]) -> dict[str, tuple[float, list[Because]]]:
    """Those that are like enough, by number."""
    scored = {number: likeness(matter, other) for number, other in others.items()}
    return {number: found for number, found in scored.items() if found[0] >= ENOUGH}
