"""Lists of orders: what is for a person's eyes, newest first."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import product
from typing import Any, Final

from api.clocks.limits import Severity
from api.roles import READERS, WORKERS
from api.transactions import Transaction
from api.work_orders import store
from api.work_orders.kinds import Channel, Origin
from api.work_orders.order import CONFIDANTS, Order, Person, is_at_work
from api.work_orders.states import State
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_TIED: Final = 500  # orders that somebody helps with or may take, and sees for it; the newest


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders are asked for; None: any. `states`: in any of these; none of them: in whichever.

    `is_open`: neither answered, over nor merged. `undecided`: a pause or more time is asked for, and nobody has
    decided. Opened from `begin` on, and before `end`.
    """

    states: frozenset[State] = frozenset()
    is_open: bool | None = None
    severity: Severity | None = None
    channel: Channel | None = None
    worker: str | None = None
    origin: Origin | None = None
    master: str | None = None
    parent: str | None = None
    category: str | None = None
    unit: str | None = None
    grid: str | None = None
    building: str | None = None
    overdue: bool | None = None
    undecided: bool | None = None
    begin: datetime | None = None
    end: datetime | None = None
    phone: str | None = None


async def page(tx: Transaction, person: Person, wanted: Filter, *, older_than: int | None, limit: int) -> list[Order]:
    """Orders that a person sees, newest first.

    Each state is asked for by itself, as each ground is: it walks its index from the newest on.
    """
    found: dict[str, Order] = {}
    states: list[State | None] = [*sorted(wanted.states)] or [None]
    tied = await _tied(tx, person)
    for ground, state in product(await _grounds(tx, person, tied, wanted.master or wanted.parent), states):
        values = {**_EVERY, **ground, "inside": tied, **_asked(wanted, state)}
        rows = await tx.chosen(_QUERIES["page"], older_than=older_than, limit=limit, **eyes(person) | values)
        found |= {order.number: order for row in rows if (order := store.order_of(row))}
    return sorted(found.values(), key=lambda order: order.opened_seq, reverse=True)[:limit]


def _asked(wanted: Filter, state: State | None) -> dict[str, Any]:
    values = asdict(wanted)
    del values["states"]
    return {**values, "state": state}


def eyes(person: Person) -> dict[str, Any]:
    """What statements ask to tell whether what is confidential is for a person's eyes."""
    return {"me": person.username, "is_worker": person.has(*WORKERS), "is_confidant": person.has(*CONFIDANTS)}


_EVERY: Final[dict[str, Any]] = {
    "is_confidant": True,
    "sees_inside": True,
    "inside": [],
    "of_worker": None,
    "of_reporter": None,
    "of_building": None,
    "tied": None,
}
_OUTSIDE: Final = {"sees_inside": False}


async def _grounds(tx: Transaction, person: Person, tied: list[str], above: str | None) -> list[dict[str, Any]]:
    """Why orders are for a person's eyes; the same as `order.sees`, but what is merged into the orders that they work
    on, or a part of them, is listed only where one of these is asked for: it is not theirs to do.

    Each is asked for by itself and walks an index from the newest on. Asked for as one with OR, somebody who has few
    orders would have all of the site's looked through.
    """
    others: list[dict[str, Any]] = [{"tied": tied}] if tied else []
    if person.has(*READERS):
        return [{"is_confidant": person.has(*CONFIDANTS)}, *others]
    if person.has(*WORKERS):
        others.append({"of_worker": person.username})
        others += await _below(tx, person, above)
    own = [{"of_reporter": person.username, **_OUTSIDE}, *others]
    return [*own, {"of_building": person.building, **_OUTSIDE}] if person.building else own


async def _below(tx: Transaction, person: Person, above: str | None) -> list[dict[str, Any]]:
    """The ground of what is merged into an order, or a part of it: the filter itself narrows to that, by its index."""
    order = await store.one(tx, above) if above else None
    return [{"is_confidant": False}] if order and is_at_work(person, order) else []


async def _tied(tx: Transaction, person: Person) -> list[str]:
    """What a worker sees besides their own: looked up before, so that the page can go by its indexes."""
    if not person.has(*WORKERS):
        return []
    return [row["number"] for row in await tx.all(_QUERIES["tied"], me=person.username, limit=MAX_TIED)]
