"""The live feed. Reads the database in the order of its commits: who resumes misses and doubles nothing.

A wake-up only says "look now". A batch is read when the one before has been sent: a slow reader holds one batch and no
connection, and one that does not take it within `SEND_TIMEOUT_S` is let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from pydantic import BaseModel

from api import background
from api.access import recognise
from api.events.store import shown
from api.live import store
from api.live.cursor import Cursor
from api.live.schemas import Kind, LiveAlert, LiveAlertAction, LiveOrder
from api.problems import TRANSIENT, Problem
from api.resources import Resources
from api.roles import READERS, WORKERS
from api.sessions.tokens import Claims
from api.transactions import Transaction, begin
from api.work_orders.order import Person
from api.work_orders.shown import actor_for_reporters, hushed_actor, is_for_reporters, reason_for_reporters
from herun import metrics
from herun.alerts import Alert, AlertState
from herun.clock import to_datetime

log = structlog.get_logger(__name__)

BATCH: Final = 200  # rows of each sequence that are read at once
POLL_S: Final = 1.0  # between looks when nobody wakes us
PAUSE_S: Final = 0.05  # at least between two looks: a thousand events a second come in twenty batches
RECOGNISE_S: Final = 5.0  # between looks at who reads: a right that was taken away ends within it
SEND_TIMEOUT_S: Final = 30.0  # of one batch to a reader
HEARTBEAT_S: Final = 15  # between comments that keep proxies from closing a silent feed
MAX_FEEDS: Final = 200  # open at once in this process; each looks at the database at least once a second
KEPT_FOR_STAFF: Final = 80  # of them; residents have no more than the rest
# Open at once of one person: some pages, a phone, and what a lost network left behind; of a desk's many screens more.
MAX_OF_ONE: Final = 12
MAX_OF_ONE_AT_WORK: Final = 60
READY: Final = "ready"

_feeds = metrics.gauge("herun_api_live_feeds")
_open: list[Person] = []  # whose feeds are open


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads what of which site."""

    site: str
    person: Person
    kinds: frozenset[Kind]
    expires_wall_us: int


def refuse_if_full(person: Person) -> None:
    """Raises Problem 429 for one feed too many of this person, 503 if no more can be opened: the last ones are kept for
    the staff.
    """
    most = MAX_OF_ONE_AT_WORK if _is_staff(person) else MAX_OF_ONE
    if sum(each.username == person.username for each in _open) >= most:
        raise _too_many(HTTPStatus.TOO_MANY_REQUESTS, f"{most} feeds of yours are open; close one of them")
    others = sum(not _is_staff(each) for each in _open)
    if len(_open) >= MAX_FEEDS or (not _is_staff(person) and others >= MAX_FEEDS - KEPT_FOR_STAFF):
        raise _too_many(HTTPStatus.SERVICE_UNAVAILABLE, "too many live feeds")


@contextmanager
def counted(person: Person) -> Iterator[None]:
    """Holds a feed's place as long as it is open. Raises as `refuse_if_full` does."""
    refuse_if_full(person)
    _open.append(person)
    _feeds.set(len(_open))
    try:
        yield
    finally:
        _open.remove(person)
        _feeds.set(len(_open))


def _is_staff(person: Person) -> bool:
    return person.has(*READERS, *WORKERS)


def _too_many(status: HTTPStatus, why: str) -> Problem:
    return Problem(status, "too_many_feeds", why, headers={"Retry-After": "10"})


async def start(resources: Resources, reader: Reader) -> Cursor:
    """Where a reader begins who has no cursor: now."""
    async with begin(resources, reader.site, reader.person.username) as tx:
        return await store.now(tx)


async def feed(resources: Resources, reader: Reader, cursor: Cursor) -> AsyncIterator[bytes]:
    """Batches after the cursor until the process stops, or the reader's token ends or their rights become others.

    The first item tells where it begins.
    """
    loop = asyncio.get_running_loop()
    with resources.wakeups.waiting(reader.site) as woken:
        yield _item(READY, "{}", cursor)
        recognised = loop.time()
        while not resources.wakeups.closing.is_set() and resources.wall.now_us() < reader.expires_wall_us:
            if loop.time() - recognised >= RECOGNISE_S:
                if not await _is_as_before(resources, reader):
                    return
                recognised = loop.time()
            woken.clear()
            items, cursor, more = await _look(resources, reader, cursor)
            if items:
                yield b"".join(items)
            if not more:
                await background.wait(resources.wakeups.closing, PAUSE_S)
                await background.wait(woken, POLL_S)


async def _is_as_before(resources: Resources, reader: Reader) -> bool:
    """False if the person is gone or has other rights: whoever may still read opens a new feed, with the new ones."""
    try:
        caller = await recognise(resources, Claims(reader.person.username, reader.expires_wall_us), reader.site)
    except Problem:
        return False
    except TRANSIENT as error:
        log.warning("feed_waits", error=repr(error))
        return True  # nothing can be read either, and the next round asks again
    return Person(caller.username, caller.roles, caller.building) == reader.person


async def _look(resources: Resources, reader: Reader, cursor: Cursor) -> tuple[list[bytes], Cursor, bool]:
    """One batch, the cursor after it, and whether there is more at once."""
    try:
        async with begin(resources, reader.site, reader.person.username) as tx:
            return await read(tx, reader, cursor)
    except TRANSIENT as error:
        log.warning("feed_waits", error=repr(error))
        return [], cursor, False


async def read(tx: Transaction, reader: Reader, cursor: Cursor) -> tuple[list[bytes], Cursor, bool]:
    """At most one batch of each kind after the cursor; every item's id is the cursor after it."""
    items: list[bytes] = []
    more = False
    if Kind.EVENT in reader.kinds:
        rows = await store.events_after(tx, cursor.event, BATCH)
        more |= len(rows) == BATCH
        for row in rows:
            cursor = replace(cursor, event=(row["position"], row["n"]))
            items.append(_item(Kind.EVENT, shown(row).model_dump_json(), cursor))
    if Kind.ALERT in reader.kinds:
        rows = await store.alerts_after(tx, cursor.alert, BATCH)
        more |= len(rows) == BATCH
        for row in rows:
            cursor = replace(cursor, alert=(row["position"], row["n"]))
            items.append(_item(Kind.ALERT, _alert(row["body"]).model_dump_json(), cursor))
    if reader.kinds & {Kind.ALERT, Kind.ORDER}:
        rows = await store.acts_after(tx, reader.person, cursor.feed_seq, BATCH)
        more |= len(rows) == BATCH
        for row in rows:
            cursor = replace(cursor, feed_seq=row["feed_seq"])
            if row["visible"] and row["kind"] in reader.kinds and _is_for(row):
                items.append(_item(row["kind"], _act(row, reader.person.username).model_dump_json(), cursor))
    return items, cursor, more


def _item(event: str, data: str, cursor: Cursor) -> bytes:
    """One server-sent event; `data` is JSON on one line."""
    return f"id: {cursor}\r\nevent: {event}\r\ndata: {data}\r\n\r\n".encode()


def _alert(body: dict[str, Any]) -> LiveAlert:
    alert = msgspec.convert(body, Alert)
    raised = "raised" if alert.version == 1 else "amended"
    times = {"raised_at": to_datetime(alert.raised_at), "updated_at": to_datetime(alert.updated_at)}
    own = {name: getattr(alert, name) for name in LiveAlert.model_fields if hasattr(alert, name)}
    return LiveAlert(
        **{
            **own,
            **times,
            "action": "cleared" if alert.state is AlertState.CLEARED else raised,
            "cleared_at": to_datetime(alert.cleared_at) if alert.cleared_at is not None else None,
        }
    )


def _is_for(row: dict[str, Any]) -> bool:
    return row["inside"] or is_for_reporters(row["action"], of_follower=row["of_follower"])


def _act(row: dict[str, Any], me: str) -> BaseModel:
    if row["kind"] == Kind.ALERT:
        return LiveAlertAction(**row, note=row["reason"])
    if row["of_hidden"]:
        row = row | {"reason": None, "actor": hushed_actor(row["action"], row["actor"])}
    if not row["inside"]:
        row = row | {
            "actor": actor_for_reporters(row["action"], row["actor"], me),
            "reason": reason_for_reporters(row["action"], row["actor"], row["reason"], me),
        }
    return LiveOrder(**row, number=row["subject"], state=row["to_state"])
