"""Work orders and their history."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from api.roles import READERS
from api.transactions import Transaction
from api.work_orders.order import Order, Person
from api.work_orders.schemas import HistoryEntry, Origin
from api.work_orders.states import State
from herun.alerts import Alert
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)
MAX_HISTORY: Final = 1000  # entries of one order that are shown; a dozen is usual


@dataclass(frozen=True, slots=True)
class Filter:
    """Which orders are asked for; None: any."""

    state: State | None = None
    worker: str | None = None
    origin: Origin | None = None


async def add(tx: Transaction, order: Order) -> bool:
    """Adds an order; False if its number is taken or its alert has one."""
    return await tx.one(_QUERIES["add"], **_columns(order)) is not None


async def save(tx: Transaction, order: Order) -> None:
    """Writes what can change of an order that this transaction has locked."""
    await tx.run(_QUERIES["save"], **_columns(order))


async def add_history(
    tx: Transaction, order: Order, *, action: str, from_state: State | None, reason: str | None, feed_seq: int, by: str
) -> None:
    """Adds the entry that made the order what it is."""
    await tx.run(
        _QUERIES["add_history"],
        number=order.number,
        n=order.version,
        action=action,
        from_state=from_state,
        to_state=order.state,
        actor=by,
        worker=order.worker,
        reason=reason,
        feed_seq=feed_seq,
    )


async def one(tx: Transaction, number: str) -> Order | None:
    """One order."""
    return _order(await tx.one(_QUERIES["one"], number=number))


async def locked(tx: Transaction, number: str | None = None, *, alert_id: UUID | None = None) -> Order | None:
    """One order, by number or alert; nobody else changes it until this transaction ends."""
    return _order(await tx.one(_QUERIES["locked"], number=number, alert_id=alert_id))


async def page(tx: Transaction, person: Person, wanted: Filter, *, older_than: int | None, limit: int) -> list[Order]:
    """Orders that a person sees, newest first."""
    rows = await tx.chosen(
        _QUERIES["page"],
        sees_all=person.has(*READERS),
        me=person.username,
        home_building=person.building,
        older_than=older_than,
        state=wanted.state,
        worker=wanted.worker,
        origin=wanted.origin,
        limit=limit,
    )
    return [order for row in rows if (order := _order(row))]


async def history(tx: Transaction, number: str) -> list[HistoryEntry]:
    """All that happened to an order, oldest first."""
    return [HistoryEntry(**row) for row in await tx.all(_QUERIES["history"], number=number, limit=MAX_HISTORY)]


async def closers(tx: Transaction, number: str) -> set[str]:
    """Who ever handled, resolved or answered an order."""
    return {row["actor"] for row in await tx.all(_QUERIES["closers"], number=number)}


async def fitting_worker(tx: Transaction, building: str, category: str) -> str | None:
    """Whom an order of this building and category goes to."""
    row = await tx.one(_QUERIES["fitting_worker"], building=building, category=category)
    return row["username"] if row else None


async def is_worker(tx: Transaction, username: str) -> bool:
    """True if orders can be dispatched to this person."""
    return await tx.one(_QUERIES["is_worker"], username=username) is not None


async def building_of_place(tx: Transaction, *, zone: str | None, device: str | None) -> str | None:
    """The building that a zone or a device lies in."""
    row = await tx.one(_QUERIES["building_of_place"], zone=zone, device=device)
    return row["building"] if row else None


async def is_hidden_by_now(tx: Transaction, alert: Alert) -> bool:
    """True if a later version of the alert says that another one hides it; that version has come or will come."""
    values = {"alert_id": UUID(alert.alert_id), "version": alert.version}
    return await tx.one(_QUERIES["hidden_by_now"], **values) is not None


def _columns(order: Order) -> dict[str, Any]:
    return {**asdict(order), "title": Jsonb(order.title), "text": Jsonb(order.text)}


def _order(row: dict[str, Any] | None) -> Order | None:
    return Order(**{**row, "origin": Origin(row["origin"]), "state": State(row["state"])}) if row else None
