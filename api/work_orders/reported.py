"""Orders that people's reports open, and those opened before anybody reports again."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Final, NamedTuple

from api.distance import are_apart
from api.problems import conflict
from api.reports.schemas import NewReport
from api.sites import locating
from api.sites import store as sites
from api.transactions import SYSTEM, Transaction
from api.work_orders import joining, opening, steps, store
from api.work_orders.kinds import Channel, Origin
from api.work_orders.order import Move, Order, Person
from api.work_orders.schemas import WorkOrder
from api.work_orders.shown import shown
from api.work_orders.states import OPEN, Action, State
from herun.order_words import Word
from herun.visible import title_of

# Why an order was merged that its reporter joined to another one.
JOINED: Final = "报事人确认为同一问题。Its reporter says that it is the same."
# What the history of a report says that was to be joined to an order, and was not.
TOO_SEVERE: Final = "本单更紧急,未并入 {master}。It is more severe than {master}, so it was not joined to that."
KNOWN: Final = "同一情况已在处理。The same is being dealt with already."
_WITHOUT_ACCOUNT: Final = frozenset({Channel.PHONE, Channel.ANONYMOUS})
_REPORT_SEVERITY: Final = "info"


async def open_for_report(
    tx: Transaction, reporter: Person, report: NewReport, phone: str | None, channel: Channel = Channel.ACCOUNT
) -> WorkOrder:
    """Opens the order of a report; it is accepted at once, and dispatched if somebody fits."""
    new = await _of_report(tx, reporter, report, phone, channel)
    order = await opening.open_order(tx, new, by=reporter.username)
    return shown(order, reporter, tx.at)


async def open_and_join(
    tx: Transaction,
    reporter: Person,
    report: NewReport,
    phone: str | None,
    *,
    master: str,
    channel: Channel,
    is_said: bool = True,
    in_states: AbstractSet[State] = OPEN,
) -> WorkOrder | None:
    """Opens the order of a report that is about the same as an order, and merges it into that.

    `is_said`: its reporter says that it is the same; else the rules do, and the reporter is told. `in_states`: where
    that order has to be.

    What is more severe than that order is not merged but goes its own way; its history says so, if it is said to be
    the same. None if nobody may join that order any more: it is over, merged, or confidential by now; or if the rules
    would join it to what its reporter reported before, or to what stands for as many others as it may.
    """
    # Its row first: the order of locks is rows, then the feed.
    await store.keep_together(tx, to_change=True)
    held = await store.locked_together(tx, {master})
    if master not in held or not may_be_joined(held[master]) or held[master].state not in in_states:
        return None
    if not is_said and len(await store.merged(tx, master)) >= store.MAX_MERGED:
        return None
    new = await _of_report(tx, reporter, report, phone, channel)
    if is_said and await _are_apart(tx, new, held[master]):
        raise conflict("another_place", "that order is of another place; send the report without join")
    if new.account is not None and (own := await store.reported_by(tx, master, new.account)):
        if not is_said:
            return None  # they say more, or of something else: what it is a person decides
        raise conflict("reported_already", f"you have reported it already: {own}")
    order = await opening.open_order(tx, new, by=reporter.username, dispatched=False)
    if order.confidential:
        raise conflict("confidential", "a confidential report is not joined to another order")
    if joining.is_too_severe_for(order, held[master]):
        # Somebody in danger waits for nobody's limits: whether it is the same a person says.
        if is_said:
            order = await steps.note(tx, order, Word.NOTED, by=SYSTEM, reason=TOO_SEVERE.format(master=master))
        return shown(await opening.place(tx, order, reporter.username), reporter, tx.at)
    move = Move(Action.MERGE, JOINED if is_said else KNOWN, master=master)
    by = reporter.username if is_said else SYSTEM
    return shown(await joining.merge(tx, {**held, order.number: order}, order, move, by), reporter, tx.at)


def may_be_joined(order: Order) -> bool:
    """True if whoever reports the same may have their report merged into this order."""
    return not order.confidential and order.state in OPEN and order.parent is None


async def _are_apart(tx: Transaction, one: Order, other: Order) -> bool:
    buildings = await sites.buildings(tx)
    return are_apart(
        *(locating.place_of(each.building, each.where.point, each.address, buildings) for each in (one, other))
    )


async def building_of(tx: Transaction, reporter: Person, report: NewReport, channel: Channel) -> str | None:
    """The building that a report names, or that the place which it names belongs to.

    Who reports by account, and names no building by address or words, speaks of their own. Where they name several, or
    one that there is not, a person decides.
    """
    if report.building is not None:
        return report.building
    place: dict[str, Any] = {"zone": report.zone, "words": report.address, "point": report.point}
    if channel is Channel.OPEN311:  # which has fields for it, and answers what was sent in them
        return await locating.building_of(tx, **place)
    own = None if channel in _WITHOUT_ACCOUNT else reporter.building
    return await locating.building_of(tx, **place, own=own, told=f"{report.title or ''}\n{report.text}")


async def _of_report(
    tx: Transaction, reporter: Person, report: NewReport, phone: str | None, channel: Channel
) -> Order:
    words = report.title or title_of(report.text)
    has_account = channel not in _WITHOUT_ACCOUNT
    return Order(
        number="",
        origin=Origin.REPORT,
        channel=channel,
        state=State.SUBMITTED,
        category=report.category,
        severity=_REPORT_SEVERITY,
        title={"zh": words, "en": words},
        text={"zh": report.text, "en": report.text},
        building=await building_of(tx, reporter, report, channel),
        zone=report.zone,
        lat=report.lat,
        lon=report.lon,
        address=report.address,
        attributes=report.attributes,
        confidential=report.confidential,
        reporter=reporter.username if has_account else None,
        contact_phone=phone,
        opened_seq=0,
        opened_at=tx.at,
        updated_at=tx.at,
    )


class Matter(NamedTuple):
    """What an order of a topic is about; as severe as it, or as its category says, if that is more."""

    category: str
    severity: str
    building: str | None
    zone: str | None  # of what lies in no building
    grid: str | None  # of what is of several buildings


async def open_for_topic(tx: Transaction, matter: Matter, title: dict[str, str], text: dict[str, str]) -> str:
    """Opens the order that answers for a topic: nobody reported it, and it goes the way of all. Returns its number."""
    order = Order(
        number="", origin=Origin.REPORT, channel=Channel.PATTERN, state=State.SUBMITTED, category=matter.category,
        severity=matter.severity, title=title, text=text, building=matter.building,
        zone=matter.zone, grid=matter.grid, opened_seq=0, opened_at=tx.at, updated_at=tx.at,
    )  # fmt: skip
    return (await opening.open_order(tx, order, by=SYSTEM)).number
