"""Notices, from the step of an order to the inbox of each who hears of it.

`follow` and `about_deadlines` are called in the transaction of what they tell of: a notice exists if and only if it has
happened. Everything after that (by which channels, when, again) is `spreading.py` and `delivery.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api import cursors
from api.audit import store as audit
from api.categories import store as categories
from api.categories.tree import Tree
from api.notices import rules, store, texts
from api.notices.rules import Audience, DeadlineKind, Kind, Step, Telling, Urgency
from api.notices.schemas import Deliveries, Figures, Inbox, InboxNotice, Read, ReadNotices
from api.notices.store import New, Wanted
from api.sites import store as sites
from api.transactions import SYSTEM, Transaction
from api.work_orders.order import Order

# Of one person within 24 hours, besides what leaves at once; a worker has some dozen orders a day with a handful of
# notices each.
MAX_A_DAY: Final = 300
MAX_AT_ONCE_A_DAY: Final = 2000  # of these: no emergency has so many, and nobody would read them
DAY: Final = timedelta(days=1)
KEPT: Final = timedelta(days=90)
_SOONEST: Final = tuple(Urgency)
MAX_UNREAD: Final = 1000  # counted; beyond, it is "a thousand or more"
GROUP_SIGN: Final = "@"  # stands in no username
SUPERVISORS: Final = f"{GROUP_SIGN}supervisors"
UNIT_PREFIX: Final = f"{GROUP_SIGN}unit:"
_ASKS_FOR_SUPERVISORS: Final = {Audience.DESK, Audience.SUPERVISORS, Audience.WHO_ASKED}


@dataclass(frozen=True, slots=True)
class Deadline:
    """What a clock tells: `id` names this firing for ever (told twice it is heard once), `due_at` is the limit.

    `to`: whom the clock names. `by`: who moved it, and is not told. `limit`: which limit, a name of `texts.LIMITS`.
    """

    id: str
    kind: DeadlineKind
    order: Order
    due_at: datetime
    to: Audience | None = None
    by: str = SYSTEM
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class _Word:
    """One telling of what has happened to an order, by its cause: what is told with the same cause is the same."""

    telling: Telling
    cause: str
    order: Order
    former: Order | None = None
    but_not: str = SYSTEM
    asked_by: str | None = None
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Crew:
    """Who may have to be told besides those whom an order names."""

    reporters: list[dict[str, Any]]
    operators: list[str]
    supervisors: list[str]


@dataclass(frozen=True, slots=True)
class _Heard:
    """One recipient of one telling, and which order it is to them."""

    recipient: str
    number: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Names:
    """What people call the categories and buildings of notices."""

    tree: Tree
    buildings: dict[str, str]

    def of(self, place: dict[str, Any]) -> dict[str, Any]:
        """The names of one place, as far as there are any: an alert's order may have a category of no tree."""
        category, building = self.tree.categories.get(place.get("category", "")), place.get("building")
        found: dict[str, Any] = {} if category is None else {"category_name": {"zh": category.zh, "en": category.en}}
        return {**found, "building_name": self.buildings[building]} if building in self.buildings else found


async def follow(tx: Transaction, step: Step) -> None:
    """Tells of one step of an order whose row this transaction has locked. The actor is not told what they did."""
    order = step.after
    about = f"order:{order.number}:{order.version}"
    told = [
        _Word(each, f"{about}:{each.kind}", order, former=step.before, but_not=step.by, asked_by=step.asked_by)
        for each in rules.tellings(step)
    ]
    await _tell(tx, told)


async def about_deadlines(tx: Transaction, deadlines: Iterable[Deadline]) -> None:
    """Tells that clocks have reached something; telling the same deadline again does nothing."""
    site = await sites.site(tx)
    zone = ZoneInfo(site.time_zone if site else "UTC")
    told = [
        _Word(
            telling,
            f"deadline:{each.id}:{telling.kind}",
            each.order,
            but_not=each.by,
            more={"due": f"{each.due_at.astimezone(zone):%m-%d %H:%M}"} | ({"limit": each.limit} if each.limit else {}),
        )
        for each in deadlines
        for telling in rules.about(each.kind, each.order, each.to)
    ]
    await _tell(tx, told)


async def tell(tx: Transaction, telling: Telling, cause: str, order: Order, *, but_not: str = SYSTEM) -> None:
    """Writes one telling to the inbox of everybody whom it is for but one; one with the same `cause` is the same."""
    await _tell(tx, [_Word(telling, cause, order, but_not=but_not)])


async def _tell(tx: Transaction, told: Sequence[_Word]) -> None:
    """A few statements for all, however many are told."""
    heard = await _heard(tx, told)
    if not heard:
        return
    news = _once(heard, await _names(tx, heard))
    counted = sorted({each.recipient for each in news if _is_counted(each)})
    made = Counter(await store.made_since(tx, counted, tx.at - DAY))
    wanted, too_many = [], Counter[str]()
    for new in news:
        if _is_counted(new):
            at_once = new.urgency is Urgency.NOW
            if made[new.recipient, at_once] >= (MAX_AT_ONCE_A_DAY if at_once else MAX_A_DAY):
                too_many[new.recipient] += 1
                continue
            made[new.recipient, at_once] += 1
        wanted.append(new)
    # In one order everywhere, so that two transactions never wait for each other.
    await store.add(tx, sorted(wanted, key=lambda one: (one.recipient, one.cause)))
    for recipient, count in sorted(too_many.items()):
        await store.count_overflow(tx, recipient, f"overflow:{tx.at:%Y-%m-%d}", count)


def _is_counted(new: New) -> bool:
    """To groups robots write at a pace, and much together."""
    return not new.recipient.startswith(GROUP_SIGN)


def _once(heard: Iterable[tuple[_Word, _Heard]], names: _Names) -> Collection[New]:
    """What is written: who hears one thing for two reasons hears it once, as the more urgent of them has it."""
    found: dict[tuple[str, str], New] = {}
    for word, each in heard:
        # A person who reported one thing twice hears of both of their orders.
        cause = word.cause if each.number == word.order.number else f"{word.cause}:{each.number}"
        details = {**each.details, **names.of(each.details), **word.more}
        new = New(each.recipient, cause, word.telling.kind, each.number, details, word.telling.urgency)
        if _SOONEST.index(new.urgency) < _SOONEST.index(found.setdefault((each.recipient, cause), new).urgency):
            found[each.recipient, cause] = new
    return found.values()


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
    details, is_hidden = row.pop("details"), row.pop("is_hidden")
    title, text = texts.in_both(
        Kind(row["kind"]), row["number"], texts.without_place(details) if is_hidden else details
    )
    return InboxNotice(**row, title=title, text=text)


async def _names(tx: Transaction, heard: Sequence[tuple[_Word, _Heard]]) -> _Names:
    """The names as they are now: a notice goes on saying what it said. One statement, and one for the tree."""
    buildings = {each.details["building"] for _, each in heard if each.details.get("building")}
    tree = (await categories.in_force(tx)).tree
    return _Names(tree, await sites.building_names(tx, buildings) if buildings else {})


async def _heard(tx: Transaction, told: Sequence[_Word]) -> list[tuple[_Word, _Heard]]:
    """Who hears of which; whoever did it themselves does not."""
    audiences = {each.telling.audience for each in told}
    numbers = sorted({each.order.number for each in told if each.telling.audience is Audience.REPORTERS})
    supervisors = await store.supervisors(tx) if audiences & _ASKS_FOR_SUPERVISORS else []
    stand_in = Audience.SUPERVISORS in audiences and not supervisors
    crew = _Crew(
        reporters=await store.reporters(tx, numbers) if numbers else [],
        operators=await store.operators(tx) if stand_in or audiences & {Audience.DESK, Audience.OPERATORS} else [],
        supervisors=supervisors,
    )
    return [(word, each) for word in told for each in _recipients(word, crew) if each.recipient != word.but_not]


def _recipients(word: _Word, crew: _Crew) -> list[_Heard]:
    order = word.order
    match word.telling.audience:
        case Audience.POOL:
            return [_about(order, each) for each in order.pool]
        case Audience.NEW_HELPERS:
            known = word.former.helpers if word.former else ()
            return [_about(order, each) for each in order.helpers if each not in known]
        case Audience.REPORTERS:
            # Each hears of their own order, and nothing of the others.
            return [
                _Heard(row["reporter"], row["number"], _place(order.confidential, row["category"], row["building"]))
                for row in crew.reporters
                if order.number in {row["number"], row["merged_into"]}
            ]
        case Audience.DESK | Audience.OPERATORS | Audience.SUPERVISORS:
            return [_about(order, each) for each in _console(word.telling, order, crew)]
    one = _one(word, crew)
    return [_about(order, one)] if one else []


def _one(word: _Word, crew: _Crew) -> str | None:
    """Of an audience that is one recipient who that is; None if there is nobody such."""
    order = word.order
    match word.telling.audience:
        case Audience.WORKER:
            return order.worker
        case Audience.FORMER_WORKER:
            return word.former.worker if word.former else None
        case Audience.WHO_ASKED:
            # Of what became confidential since nobody hears who may not read it; whoever has it is told anyway.
            may_know = not order.confidential or word.asked_by in crew.supervisors
            return word.asked_by if may_know else None
        case Audience.UNIT:
            return f"{UNIT_PREFIX}{order.unit}" if order.unit and not order.confidential else None
    return order.reporter


def _console(telling: Telling, order: Order, crew: _Crew) -> list[str]:
    """Each stands in for the other where there is nobody such; of what is confidential no operator hears."""
    operators = [] if order.confidential else crew.operators
    match telling.audience:
        case Audience.OPERATORS:
            return operators
        case Audience.DESK:
            return operators or crew.supervisors
    group = [] if order.confidential else [SUPERVISORS]
    # Of a reopened order that waits they hear as the desk, and of one that somebody has nothing.
    stand_in = [] if telling.kind is Kind.REOPENED else operators
    return [*group, *(crew.supervisors or stand_in)]


def _about(order: Order, recipient: str) -> _Heard:
    return _Heard(recipient, order.number, _place(order.confidential, order.category, order.building))


def _place(confidential: bool, category: str, building: str | None) -> dict[str, Any]:
    return {} if confidential else {"category": category, "building": building}
