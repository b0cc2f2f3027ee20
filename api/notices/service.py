"""Notices, from the step of an order to the inbox of each who hears of it.

`follow` and `about_deadline` are called in the transaction of what they tell of: a notice exists if and only if it has
happened. Everything after that (by which channels, when, again) is `spreading.py` and `delivery.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api import cursors
from api.audit import store as audit
from api.notices import rules, store, texts
from api.notices.rules import Audience, DeadlineKind, Kind, Step, Telling
from api.notices.schemas import Deliveries, Figures, Inbox, InboxNotice, Read, ReadNotices
from api.notices.store import New, Wanted
from api.sites import store as sites
from api.transactions import SYSTEM, Transaction
from api.work_orders.order import Order

# Of one recipient within 24 hours; a worker has some dozen orders a day with a handful of notices each.
MAX_A_DAY: Final = 300
DAY: Final = timedelta(days=1)
KEPT: Final = timedelta(days=90)
MAX_UNREAD: Final = 1000  # counted; beyond, it is "a thousand or more"
GROUP_SIGN: Final = "@"  # stands in no username
SUPERVISORS: Final = f"{GROUP_SIGN}supervisors"
UNIT_PREFIX: Final = f"{GROUP_SIGN}unit:"


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a clock tells: `id` names this firing for ever (told twice it is heard once), `due_at` is the limit."""

    id: str
    kind: DeadlineKind
    order: Order
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _Heard:
    """One recipient of one telling, and which order it is to them."""

    recipient: str
    number: str
    details: dict[str, Any]


async def follow(tx: Transaction, step: Step) -> None:
    """Tells of one step of an order whose row this transaction has locked. The actor is not told what they did."""
    order = step.after
    for telling in rules.tellings(step):
        cause = f"order:{order.number}:{order.version}:{telling.kind}"
        await tell(tx, telling, cause, order, former=step.before, but_not=step.by)


async def about_deadline(tx: Transaction, deadline: Deadline) -> None:
    """Tells that a clock has reached something; telling the same deadline again does nothing."""
    site = await sites.site(tx)
    local = deadline.due_at.astimezone(ZoneInfo(site.time_zone if site else "UTC"))
    for telling in rules.about(deadline.kind, deadline.order):
        cause = f"deadline:{deadline.id}:{telling.kind}"
        await tell(tx, telling, cause, deadline.order, more={"due": f"{local:%m-%d %H:%M}"})


async def tell(
    tx: Transaction,
    telling: Telling,
    cause: str,
    order: Order,
    *,
    former: Order | None = None,
    but_not: str = SYSTEM,
    more: dict[str, Any] | None = None,
) -> None:
    """Writes one telling to the inbox of everybody whom it is for; one with the same `cause` is the same."""
    heard = [each for each in await _recipients(tx, telling.audience, order, former) if each.recipient != but_not]
    if not heard:
        return
    made = await store.made_since(tx, [each.recipient for each in heard], tx.at - DAY)
    wanted = []
    # In one order everywhere, so that two transactions never wait for each other.
    for each in sorted(heard, key=lambda one: (one.recipient, one.number)):
        if made.get(each.recipient, 0) >= MAX_A_DAY:
            await store.count_overflow(tx, each.recipient, f"overflow:{tx.at:%Y-%m-%d}")
            continue
        # A person who reported one thing twice hears of both of their orders.
        own_cause = cause if each.number == order.number else f"{cause}:{each.number}"
        details = {**each.details, **(more or {})}
        wanted.append(New(each.recipient, own_cause, telling.kind, each.number, details, telling.urgency))
    await store.add(tx, wanted)


async def inbox(tx: Transaction, me: str, *, unread: bool, cursor: str | None, limit: int) -> Inbox:
    """One page of a person's notices, newest first."""
    key = cursors.decode_numbers(cursor, 1)
    rows = await store.inbox(tx, me, unread=unread, older_than=key[0] if key else None, limit=limit + 1)
    items = [_shown(row) for row in rows[:limit]]
    return Inbox(
        items=items,
        unread=await store.unread(tx, me, MAX_UNREAD),
        next_cursor=cursors.encode(items[-1].id) if len(rows) > limit else None,
    )


async def read(tx: Transaction, me: str, which: ReadNotices) -> Read:
    """Marks notices as read; what is nobody's or another's is not touched and not told apart."""
    marked = await store.read(tx, me, ids=which.ids, up_to=which.up_to)
    return Read(marked=marked, unread=await store.unread(tx, me, MAX_UNREAD))


async def deliveries(
    tx: Transaction, wanted: Wanted, *, is_confidant: bool, cursor: str | None, limit: int
) -> Deliveries:
    """One page of what became of notices of the site, newest first, without contents. The look is written down."""
    key = cursors.decode_numbers(cursor, 1)
    asked = {name: value for name, value in asdict(wanted).items() if value is not None}
    await audit.record(tx, "notices.seen", tx.site, asked)
    older_than = key[0] if key else None
    found = await store.deliveries(tx, wanted, is_confidant=is_confidant, older_than=older_than, limit=limit + 1)
    items = found[:limit]
    return Deliveries(items=items, next_cursor=cursors.encode(items[-1].id) if len(found) > limit else None)


async def figures(tx: Transaction, days: int) -> Figures:
    """How many notices of the last days became what, by channel."""
    since = tx.at - timedelta(days=days)
    return Figures(since=since, items=await store.figures(tx, since))


def _shown(row: dict[str, Any]) -> InboxNotice:
    title, text = texts.in_both(Kind(row["kind"]), row["number"], row.pop("details"))
    return InboxNotice(**row, title=title, text=text)


async def _recipients(tx: Transaction, audience: Audience, order: Order, former: Order | None) -> Iterable[_Heard]:
    match audience:
        case Audience.WORKER:
            return _one(order, order.worker)
        case Audience.FORMER_WORKER:
            return _one(order, former.worker if former else None)
        case Audience.POOL:
            return [_about(order, each) for each in order.pool]
        case Audience.NEW_HELPERS:
            known = former.helpers if former else ()
            return [_about(order, each) for each in order.helpers if each not in known]
        case Audience.REPORTER:
            return _one(order, order.reporter)
        case Audience.REPORTERS:
            # Each hears of their own order, and nothing of the others.
            return [
                _Heard(row["reporter"], row["number"], _place(order.confidential, row["category"], row["building"]))
                for row in await store.reporters(tx, order.number)
            ]
        case Audience.SUPERVISORS:
            people = [] if order.confidential else [SUPERVISORS]
            people += await store.supervisors(tx)
            return [_about(order, each) for each in people]
        case Audience.UNIT:
            return _one(order, f"{UNIT_PREFIX}{order.unit}" if order.unit and not order.confidential else None)


def _one(order: Order, recipient: str | None) -> list[_Heard]:
    return [_about(order, recipient)] if recipient else []


def _about(order: Order, recipient: str) -> _Heard:
    return _Heard(recipient, order.number, _place(order.confidential, order.category, order.building))


def _place(confidential: bool, category: str, building: str | None) -> dict[str, Any]:
    return {} if confidential else {"category": category, "building": building}
