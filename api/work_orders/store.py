"""Work orders and their history."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from itertools import accumulate
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from api.categories.tree import Need
from api.roles import DESK, Role
from api.sites.store import NEWEST_HASH
from api.transactions import Transaction
from api.work_orders.kinds import Channel, Origin
from api.work_orders.order import Order, Rating
from api.work_orders.schemas import ChecklistItem, HistoryEntry
from api.work_orders.states import HANDS, State
from herun.alerts import Alert
from herun.database.queries import Queries
from herun.order_chain import BEGINNING, Entry, chained

_QUERIES: Final = Queries(__package__)
MAX_MERGED: Final = 1000  # orders in one: a whole estate without water
MAX_PARTS: Final = 20  # of one order
MAX_ITEMS: Final = 50  # of one checklist
MAX_SITES: Final = 1000  # looked after in one round
MAX_DESK: Final = 200  # people; an estate has a dozen
_RATING: Final = [field.name for field in fields(Rating)]
_ORDER: Final = [field.name for field in fields(Order) if field.name != "rating"]  # which has a table of its own


@dataclass(frozen=True, slots=True)
class Seal:
    """A salt, and the SHA-256 in hexadecimal of that and what it seals."""

    salt: bytes
    original: str


async def add(tx: Transaction, order: Order, salt: bytes) -> bool:
    """Adds an order, with the salt of its seal; False if its number is taken or its alert has one."""
    return await tx.one(_QUERIES["add"], **_columns(order), salt=salt) is not None


async def save(tx: Transaction, order: Order) -> None:
    """Writes what can change of an order that this transaction has locked."""
    await tx.run(_QUERIES["save"], **_columns(order))


async def add_rating(tx: Transaction, order: Order) -> bool:
    """Keeps the rating that an order now has; False if there is one of this round."""
    values = asdict(order.rating) if order.rating else {}
    found = await tx.one(
        _QUERIES["add_rating"], number=order.number, round=order.reopens, rater=order.rated_by, **values
    )
    return found is not None


async def add_history(tx: Transaction, *entries: Entry) -> None:
    """Adds entries, at least one, chained to the newest; who got their feed_seq has locked the counter and read it."""
    hashes = list(accumulate(entries, chained, initial=tx.known[NEWEST_HASH] or BEGINNING))[1:]
    tx.known[NEWEST_HASH] = hashes[-1]
    columns = {field.name: [getattr(entry, field.name) for entry in entries] for field in fields(Entry)}
    columns["detail"] = [Jsonb(detail) if detail is not None else None for detail in columns["detail"]]
    await tx.run(_QUERIES["add_history"], **{**columns, "site": tx.site}, hash=hashes, newest=hashes[-1])


async def touch(tx: Transaction, orders: Iterable[Order]) -> None:
    """Writes the versions of orders that got nothing but entries in their history."""
    await tx.many(_QUERIES["touch"], [{"number": order.number, "version": order.version} for order in orders])


async def one(tx: Transaction, number: str) -> Order | None:
    """One order."""
    return order_of(await tx.one(_QUERIES["one"], number=number))


async def locked(tx: Transaction, number: str | None = None, *, alert_id: UUID | None = None) -> Order | None:
    """One order, by number or alert; nobody else changes it until this transaction ends."""
    row = await tx.one(_QUERIES["lock"], number=number, alert_id=alert_id)
    return await one(tx, row["number"]) if row else None


async def known(tx: Transaction, number: str) -> Order:
    """One order that is there: this transaction has locked it. Raises LookupError if it is not."""
    order = await one(tx, number)
    if order is None:
        raise LookupError(number)
    return order


async def keep_together(tx: Transaction, *, to_change: bool) -> None:
    """Until this transaction ends only it changes which of the site's orders belong together; or nobody does.

    Asked for before any order is locked: what `related` gives stays true.
    """
    await tx.one(_QUERIES["change_relations" if to_change else "keep_relations"])


async def related(tx: Transaction, number: str) -> set[str]:
    """The orders that an order is merged into, that are merged into it, and that are parts of it."""
    limit = MAX_MERGED + MAX_PARTS + 1
    return {row["number"] for row in await tx.all(_QUERIES["related"], number=number, limit=limit)}


async def came_with(tx: Transaction, number: str) -> set[str]:
    """The orders that are in the same as a merged one because they were merged into that before."""
    return {row["number"] for row in await tx.all(_QUERIES["came_with"], number=number)}


async def locked_together(tx: Transaction, numbers: set[str]) -> dict[str, Order]:
    """Several orders by number; nobody else changes them until this transaction ends."""
    await tx.all(_QUERIES["lock_all"], numbers=sorted(numbers))
    return await several(tx, numbers)


async def locked_with_master(tx: Transaction, number: str) -> dict[str, Order]:
    """An order and what it is merged into: what is said of the one is heard there. Empty if there is no such order."""
    await keep_together(tx, to_change=False)
    before = await one(tx, number)
    return await locked_together(tx, {number, before.merged_into or number}) if before else {}


async def locked_at_once(tx: Transaction, numbers: set[str]) -> dict[str, Order]:
    """The same for who has locked more than orders, and so must not wait for any.

    Raises psycopg.errors.LockNotAvailable if somebody else has locked one.
    """
    await tx.all(_QUERIES["lock_all_at_once"], numbers=sorted(numbers))
    return await several(tx, numbers)


async def several(tx: Transaction, numbers: set[str]) -> dict[str, Order]:
    """Several orders by number."""
    rows = await tx.all(_QUERIES["several"], numbers=sorted(numbers))
    return {order.number: order for row in rows if (order := order_of(row))}


async def merged(tx: Transaction, number: str) -> list[str]:
    """The numbers of the orders that are merged into one."""
    return [row["number"] for row in await tx.all(_QUERIES["merged"], number=number, limit=MAX_MERGED)]


async def can_be_asked(
    tx: Transaction, numbers: Iterable[str], *, by_link: bool = False, with_merged: bool = False
) -> set[str]:
    """Those of these orders of which somebody can be asked: by account, by phone, or by a link where that will do; with
    what is merged into them also where it is one of its reporters.
    """
    asked = {"numbers": sorted(numbers), "by_link": by_link, "with_merged": with_merged}
    return {row["number"] for row in await tx.all(_QUERIES["can_be_asked"], **asked)}


async def parts(tx: Transaction, number: str) -> dict[str, State]:
    """The orders that one was split into, and how they stand."""
    rows = await tx.all(_QUERIES["parts"], number=number, limit=MAX_PARTS)
    return {row["number"]: State(row["state"]) for row in rows}


async def sites_with_something_due(tx: Transaction, answered_before: datetime) -> list[str]:
    """Sites with orders whose time to be rated, or on hold, is over. In a transaction of all sites."""
    rows = await tx.all(_QUERIES["sites_with_something_due"], answered_before=answered_before, limit=MAX_SITES)
    return [row["site"] for row in rows]


async def answered_before(tx: Transaction, before: datetime, limit: int) -> list[str]:
    """Orders that were answered at this time or earlier and that nobody has rated, the longest waiting first."""
    return [row["number"] for row in await tx.all(_QUERIES["answered_before"], before=before, limit=limit)]


async def in_hand_of(tx: Transaction, workers: list[str]) -> set[str]:
    """Orders that any of these have in hand."""
    return {row["number"] for row in await tx.all(_QUERIES["in_hand_of"], workers=workers)}


async def held_until(tx: Transaction, before: datetime, limit: int) -> list[str]:
    """Orders on hold whose time was over at this time or earlier."""
    return [row["number"] for row in await tx.all(_QUERIES["held_until"], before=before, limit=limit)]


async def checklist(tx: Transaction, number: str) -> list[ChecklistItem]:
    """What has to be done before an order is resolved."""
    return [ChecklistItem(**row) for row in await tx.all(_QUERIES["checklist"], number=number)]


async def add_item(tx: Transaction, number: str, text: str, *, required: bool) -> None:
    """Adds a line at the end of an order's checklist."""
    await tx.run(_QUERIES["add_item"], number=number, text=text, required=required)


async def untick(tx: Transaction, number: str) -> None:
    """Unticks all lines."""
    await tx.run(_QUERIES["untick"], number=number)


async def tick(tx: Transaction, number: str, item: int) -> bool:
    """Ticks a line off; False if there is none such, or it was."""
    return await tx.one(_QUERIES["tick"], number=number, item=item) is not None


async def history(
    tx: Transaction, number: str, *, after: int | None, hidden: AbstractSet[str], limit: int
) -> list[HistoryEntry]:
    """What happened to an order after its entry of a number, oldest first, without actions that are hidden."""
    asked = {"number": number, "after": after, "hidden": sorted(hidden), "limit": limit}
    return [HistoryEntry(**row) for row in await tx.all(_QUERIES["history"], **asked)]


async def hands(tx: Transaction, number: str) -> set[str]:
    """Who ever had a hand in an order, in one that stands for it or did, or in what is merged into these or a part."""
    return {row["who"] for row in await tx.all(_QUERIES["hands"], number=number, acts=sorted(HANDS))}


async def desk(tx: Transaction, order: Order) -> dict[str, frozenset[Role]]:
    """Who is the desk of an order, with all of their roles: of what is confidential supervisors alone."""
    roles = [Role.SUPERVISOR] if order.confidential else list(DESK)
    rows = await tx.all(_QUERIES["desk"], roles=roles, limit=MAX_DESK)
    return {row["username"]: frozenset(map(Role, row["roles"])) for row in rows}


async def confided_alone(tx: Transaction, numbers: list[str]) -> set[str]:
    """Those of these orders that ever became confidential by themselves, and not with what they are a part of."""
    return {row["number"] for row in await tx.all(_QUERIES["confided_alone"], numbers=numbers)}


async def returners(tx: Transaction, numbers: Iterable[str]) -> dict[str, set[str]]:
    """Who ever gave these orders back, by number; without those that nobody did."""
    found: dict[str, set[str]] = {}
    for row in await tx.all(_QUERIES["returners"], numbers=sorted(numbers)):
        found.setdefault(row["number"], set()).add(row["actor"])
    return found


async def rated_same_answer(tx: Transaction, order: Order, rater: str) -> bool:
    """True if somebody has rated the answer of an order with another order that it is the answer to."""
    values = {"number": order.number, "master": order.merged_into or order.number, "rater": rater}
    return await tx.one(_QUERIES["rated_same_answer"], **values) is not None


async def reported_by(tx: Transaction, master: str, reporter: str) -> str | None:
    """The number under which somebody has reported what an order is about, if they have."""
    row = await tx.one(_QUERIES["reported_by"], master=master, reporter=reporter)
    return row["number"] if row else None


async def has_verdict(tx: Transaction, alert_id: UUID) -> bool:
    """True if somebody has said what an alert was."""
    return await tx.one(_QUERIES["has_verdict"], alert_id=alert_id) is not None


async def seal(tx: Transaction, number: str) -> Seal | None:
    """How an order was sealed last; None without a seal, and once its salt is gone."""
    row = await tx.one(_QUERIES["seal"], number=number)
    return Seal(**row) if row else None


async def owed(tx: Transaction, number: str) -> set[Need]:
    """What an order has to bring along besides what its category asks for: what a worker's correction left owed."""
    row = await tx.one(_QUERIES["owed"], number=number)
    return {Need(each) for each in (row["owed"] or [])} if row else set()


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
    attributes = Jsonb(order.attributes) if order.attributes is not None else None
    columns = {name: getattr(order, name) for name in _ORDER}  # no copies, as `asdict` would make of all that it holds
    return {**columns, "title": Jsonb(order.title), "text": Jsonb(order.text), "attributes": attributes}


def order_of(row: dict[str, Any] | None) -> Order | None:
    if row is None:
        return None
    said = {name: row.pop(name) for name in _RATING}
    return Order(
        **{
            **row,
            "origin": Origin(row["origin"]),
            "state": State(row["state"]),
            "channel": Channel(row["channel"]),
            "state_before": _state(row["state_before"]),
            "master_state": _state(row["master_state"]),
            "rating": Rating(**said) if said["score"] is not None else None,
            "pool": tuple(row["pool"] or ()),
            "helpers": tuple(row["helpers"]),
            "crew_above": tuple(row["crew_above"]),
        }
    )


def _state(text: str | None) -> State | None:
    return State(text) if text else None
