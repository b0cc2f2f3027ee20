"""Pictures: taken in, shown to those who see the order, deleted when their time is over."""

from __future__ import annotations

import asyncio
import re
import uuid
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from uuid import UUID

import structlog

from api.audit import store as audit
from api.pictures import images, store
from api.pictures.images import NoPictureError, Taken
from api.pictures.objects import Folder, Objects
from api.pictures.schemas import Kind, Picture, Pictures, SentAhead, Size
from api.problems import Problem, conflict, invalid, not_found
from api.resources import Resources
from api.transactions import ALL_SITES, Transaction, begin
from api.work_orders import order as orders
from api.work_orders import steps
from api.work_orders import store as work_orders
from api.work_orders.kinds import NOBODY
from api.work_orders.order import Order, Person
from api.work_orders.states import OPEN, Bond, State
from herun.order_pictures import KEPT, key
from herun.order_words import Word

log = structlog.get_logger(__name__)

WAITS: Final = timedelta(hours=1)  # a picture for its report
# A picture's file is written before its row is committed, which takes seconds. A day is also time to put a database
# back beside pictures that are newer than it.
ORPHANS_KEPT: Final = timedelta(days=1)
# Of one order. Nobody can delete one, and resolving may ask for some: its reporter never takes the room of the others.
MAX_OF_REPORTER: Final = 12
MAX_OF_OTHERS: Final = 20
MAX_WAITING: Final = 10  # of one person
_UUID: Final = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_OURS: Final = re.compile(rf"(?P<site>[^/]+)/(?P<picture>{_UUID})\.(?:{'|'.join(Size)})\.(?:jpg|part)")
ONE_MORE: Final = "并入的诉求补充了照片。A picture was added to an order that is merged into this one."
_MAY_SEND: Final = frozenset({Bond.DESK, Bond.WORKER, Bond.REPORTER})


async def take_in(resources: Resources, data: bytes) -> Taken:
    """Decodes what was sent, one at a time. Raises Problem 422 for what is no picture that is taken in."""
    async with resources.decoding:
        try:
            return await asyncio.to_thread(images.take_in, data)
        except NoPictureError as error:
            raise invalid("no_picture", str(error)) from error


async def add(
    tx: Transaction, resources: Resources, person: Person, number: str, picture: tuple[Kind, Taken]
) -> Pictures:
    """Adds a picture to an order. Raises Problem 404, 403 or 409."""
    kind, taken = picture
    held = await work_orders.locked_with_master(tx, number)
    order = held.get(number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    bonds = orders.bonds(person, order, set()) & _MAY_SEND
    if not bonds:
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "pictures are sent by: desk, reporter, worker")
    if kind is Kind.AFTER and bonds == {Bond.REPORTER}:
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "what it looks like afterwards is shown by: desk, worker")
    stands = order.master_state or order.state
    if stands not in OPEN | {State.RESOLVED, State.ANSWERED}:
        raise conflict("wrong_state", f"no pictures are added while the order is {stands}")
    await _has_room(tx, order, person, kind, is_only_reporter=bonds == {Bond.REPORTER})
    await _is_another_one(tx, order, picture)
    made = await _keep(tx, resources, taken, kind, number)
    # With its hash in the chained history nobody can exchange it unnoticed.
    detail = {"picture": str(made), "kind": kind, "sha256": taken.sha256}
    await steps.note(tx, order, Word.PICTURED, by=person.username, detail=detail)
    if order.merged_into is not None:
        await steps.note_beside(tx, held[order.merged_into], order, Word.NOTED, by=person.username, reason=ONE_MORE)
    return Pictures(number=number, items=await store.everything(tx, number))


async def send_ahead(tx: Transaction, resources: Resources, taken: Taken, most: int = MAX_WAITING) -> SentAhead:
    """Keeps a picture that a report will name. Raises Problem 409 if too many wait."""
    if await store.waiting(tx) >= most:
        raise conflict("too_many_pictures", "too many pictures wait for a report")
    made = await _keep(tx, resources, taken, Kind.BEFORE, None)
    return SentAhead(id=made, expires_at=tx.at + WAITS)


async def attach(tx: Transaction, order: Order, ids: list[UUID], by: str) -> None:
    """Makes pictures that were sent ahead the order's. Raises Problem 422 for one that is not there, or not theirs."""
    found = await store.attach(tx, order.number, ids, tx.at + KEPT)
    if len(found) != len(ids):
        raise invalid("unknown_picture", "a picture is not there, is not yours, or has waited too long; send it again")
    detail = {"pictures": [str(each) for each in ids], "sha256": [found.get(each) for each in ids]}
    await steps.note(tx, order, Word.PICTURED, by=by, detail=detail)


async def page(tx: Transaction, person: Person, number: str) -> Pictures:
    """What pictures of an order are for this person's eyes. Raises Problem 404."""
    return Pictures(number=number, items=await _seen(tx, person, number))


async def one(tx: Transaction, resources: Resources, person: Person, number: str, wanted: tuple[UUID, Size]) -> bytes:
    """The JPEG itself; whoever looks is written down. Raises Problem 404."""
    picture, size = wanted
    if picture not in {each.id for each in await _seen(tx, person, number)}:
        raise not_found("picture")
    data = await stored(resources, tx.site, picture, size)
    if data is None:
        raise not_found("picture")
    await audit.record(tx, "picture.seen", number, {"picture": str(picture), "size": size})
    return data


async def stored(resources: Resources, site: str, picture: UUID, size: Size = Size.WHOLE) -> bytes | None:
    """The bytes of a picture for whoever has seen to it that they may be shown; None if they are gone."""
    return await _objects(resources).get(key(site, picture, size))


async def forget(resources: Resources, limit: int) -> int:
    """Deletes pictures of any site whose time is over, first themselves and then what is known of them."""
    async with begin(resources, ALL_SITES) as tx:
        over = await store.expired(tx, tx.at, limit)
        for site, picture in over:
            for size in Size:
                await _objects(resources).delete(key(site, picture, size))
        await store.forget(tx, over)
    return len(over)


async def forget_orphans(resources: Resources, after: str, limit: int) -> str:
    """Deletes, of the objects behind a key, those that a transaction wrote and then did not keep: nothing is known of
    them, and they are older than any transaction. Returns the last key that was looked at; empty: there were no more.

    Sites that the database does not know are left alone: it may be another one than that of these pictures.
    """
    listed = await _objects(resources).listed(after, limit)
    written_before = resources.wall.now_us() - ORPHANS_KEPT // timedelta(microseconds=1)
    old = {
        each.key: (found["site"], UUID(found["picture"]))
        for each in listed
        if each.written_us < written_before and (found := _OURS.fullmatch(each.key))
    }
    if old:
        async with begin(resources, ALL_SITES) as tx:
            unknown = await store.unknown(tx, set(old.values()))
        orphans = [key for key, picture in old.items() if picture in unknown]
        for key in orphans:
            await _objects(resources).delete(key)
        if orphans:
            log.warning("orphan_pictures_deleted", objects=len(orphans))
    return listed[-1].key if len(listed) == limit else ""


async def _keep(tx: Transaction, resources: Resources, taken: Taken, kind: Kind, number: str | None) -> UUID:
    picture = uuid.uuid4()
    await store.add(tx, picture, taken, kind, number=number, expires_at=tx.at + (KEPT if number else WAITS))
    for size, data in ((Size.WHOLE, taken.whole), (Size.THUMBNAIL, taken.thumbnail)):
        await _objects(resources).put(key(tx.site, picture, size), data)
    return picture


async def _is_another_one(tx: Transaction, order: Order, picture: tuple[Kind, Taken]) -> None:
    """Raises Problem 409 for one picture that is to show both how it was and how it is, or this once more."""
    kind, taken = picture
    if kind is Kind.EVIDENCE:
        return
    if await store.shows_the_same(tx, order, taken, None if kind is Kind.AFTER else Kind.AFTER):
        raise conflict("same_picture", "the order has this very picture: before and after are two, and of each round")


async def _has_room(tx: Transaction, order: Order, person: Person, kind: Kind, *, is_only_reporter: bool) -> None:
    """Raises Problem 409 if whose side they are on has sent all that it may.

    What the present round has none of yet is taken in all the same of who looks after the order: it may be what
    resolving asks for, and each round asks anew. That is one of before, and one of after each time it is dispatched.
    """
    is_reporters = person.username == order.reporter
    everything = await store.everything(tx, order.number)
    # What came with an anonymous report is its reporter's.
    sent = [each for each in everything if (each.sent_by in {order.reporter, NOBODY}) == is_reporters]
    most = MAX_OF_REPORTER if is_reporters else MAX_OF_OTHERS
    if len(sent) < most:
        return
    if is_only_reporter or kind is Kind.EVIDENCE or kind in await store.kinds(tx, order):
        whose = "its reporter sends" if is_reporters else "desk and workers send"
        raise conflict("too_many_pictures", f"{whose} at most {most} pictures of an order")


async def _seen(tx: Transaction, person: Person, number: str) -> list[Picture]:
    """Neighbours see what it looks like afterwards alone: the others may show the inside of somebody's flat."""
    order = await work_orders.one(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    found = await store.everything(tx, number)
    is_shown_all = person.username == order.reporter or orders.is_inside(person, order)
    return [each for each in found if is_shown_all or each.kind is Kind.AFTER]


def _objects(resources: Resources) -> Objects:
    return Folder(resources.settings.objects)
