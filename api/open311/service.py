"""A request's way, top to bottom: sent in, opened as a work order, told about."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import structlog
from pydantic import ConfigDict, StringConstraints

from api.categories import store as categories
from api.open311 import store
from api.open311.asking import MAX_ROWS, Asked
from api.open311.attributes import in_language, told
from api.open311.catalogue import Service
from api.open311.errors import refused, unknown
from api.open311.forms import MAX_FILES, Sent
from api.open311.intake import NewRequest
from api.open311.schemas import Key, Kind
from api.open311.services import listed, services
from api.pictures import service as pictures
from api.problems import Problem
from api.reports import service as reports
from api.reports.schemas import NewReport
from api.resources import Resources
from api.sites import locating
from api.transactions import Transaction
from api.work_orders.kinds import Channel
from api.work_orders.order import Person
from herun.personal import keyed_hash
from herun.visible import title_of

log = structlog.get_logger(__name__)

# The specification has no idempotency key: the same again within this time is a client that did not hear our answer.
REPEATED_WITHIN: Final = timedelta(minutes=10)
MAX_ID_CHARS: Final = 100
_TOKEN_BYTES: Final = 16  # nobody tries out 2^128


class ReportFromOpen311(NewReport):
    """A report whose words may be as long as the specification allows, and what else was asked for after them."""

    model_config = ConfigDict(hide_input_in_errors=True)  # which are logged

    text: Annotated[str, StringConstraints(min_length=1)]
    address: str | None = None
    attributes: dict[str, Any] | None = None


def person_of(key_id: str) -> Person:
    """Whom an order has for its reporter that came by a client: a name that no person can have."""
    return Person(f"open311:{key_id}", frozenset(), None)


def service_of(offered: list[Service], code: str) -> Service:
    """The service with a code. Raises Problem 404 for one that there is not."""
    found = next((service for service in offered if service.code == code), None)
    if found is None:
        raise unknown(f"service_code {code[:MAX_ID_CHARS]}")
    return found


async def submit(
    tx: Transaction, key: Key, service: Service, new: NewRequest, jpegs: list[bytes], *, secret: bytes
) -> dict[str, Any]:
    """Takes a request in, or finds that it was taken in before, and adds pictures that did not come along then.

    Answers with its number, its token, or neither. Raises Problem 400 if there are too many pictures by now.
    """
    token = secrets.token_hex(_TOKEN_BYTES)
    fingerprint = new.fingerprint(key.key_id, service.code)
    held = await store.claim(tx, fingerprint, token, tx.wall - REPEATED_WITHIN)
    if held == token:
        hashes = {
            f"{name}_hash": keyed_hash(secret, f"open311_{name}", value) if value else None
            for name, value in (("account", new.account_id), ("device", new.device_id))
        }
        await store.add_request(tx, new, token=token, key_id=key.key_id, service_code=service.code, **hashes)
        if service.kind is not Kind.BATCH:
            await open_order(tx, token)
    elif new.media_url is not None:
        await store.put_media_url(tx, held, new.media_url)
    await add_pictures(tx, held, jpegs)
    found = await store.by_token(tx, held)
    account = {"account_id": new.account_id}
    match service.kind:
        case Kind.REALTIME:
            return {"service_request_id": found["number"] if found else None, **account}
        case Kind.BATCH:
            return {"token": held, **account}
        case _:
            return account


async def add_pictures(tx: Transaction, token: str, jpegs: list[bytes], update_id: str | None = None) -> None:
    """Adds pictures to a request, or to what was said of it later; none twice. Raises Problem 400 for too many."""
    for jpeg in jpegs:
        await store.add_picture(tx, token, secrets.token_hex(_TOKEN_BYTES), jpeg, update_id)
    if jpegs and await store.count_pictures(tx, token, update_id) > MAX_FILES:
        raise refused(f"a request has at most {MAX_FILES} pictures, and so has each update")


async def open_order(tx: Transaction, token: str) -> str | None:
    """Opens the order of a request that has none; None if it has one, or another process is at it."""
    row = await store.to_open(tx, token)
    if row is None:
        return None
    known = {service.code: service for service in await services(tx)}
    service = known.get(row["service_code"])
    words = row["description"] or in_language(service.name if service else {"zh": row["service_code"]}, "zh")
    report = ReportFromOpen311(
        category=row["service_code"],
        title=title_of(words),
        text="\n".join([words, *told(service.attributes if service else (), row["attributes"], "zh")]),
        building=await locating.building_of(tx, words=row["address_id"]),
        lat=row["lat"],
        lon=row["lon"],
        address=row["address_string"],
        attributes=row["attributes"] or None,
    )
    order = await reports.opened(tx, person_of(row["key_id"]), report, row["phone"], Channel.OPEN311, said=words)
    await store.opened(tx, token, order.number)
    return order.number


async def pictures_of(resources: Resources, sent: Sent) -> tuple[list[bytes], list[str]]:
    """The pictures that came along, drawn anew as JPEG, and their flaws. Takes seconds: in no transaction."""
    jpegs, flaws = [], []
    for n, picture in enumerate(sent.pictures, 1):
        try:
            jpegs.append((await pictures.take_in(resources, picture)).whole)
        except Problem as error:
            flaws.append(f"media {n}: {error.detail}")
    return jpegs, flaws


async def number_of(tx: Transaction, token: str) -> dict[str, Any]:
    """What a token stands for; the number is None until the order is open. Raises Problem 404."""
    found = await store.by_token(tx, token)
    known = {service.code: service for service in await services(tx)}
    if found is None or found["service_code"] not in known or not known[found["service_code"]].is_listed:
        raise unknown("token")
    return {"service_request_id": found["number"], "token": token}


async def requests(tx: Transaction, asked: Asked) -> tuple[list[dict[str, Any]], dict[str, Service]]:
    """Rows of published requests, with the names of who is responsible, and the services that they are of."""
    offered = await services(tx)
    rows = await store.requests(tx, asked, *listed(offered))
    units = (await categories.in_force(tx)).tree.units
    for row in rows:
        unit = units.get(row["unit"])  # a tree may have lost it since
        row["agency"] = {"zh": unit.zh, "en": unit.en} if unit else row["unit"] and {"zh": row["unit"]}
    return rows, {service.code: service for service in offered}


async def request(tx: Transaction, number: str) -> tuple[dict[str, Any], dict[str, Service]]:
    """One published request. Raises Problem 404."""
    rows, offered = await requests(tx, only(number))
    if not rows:
        raise unknown("service_request_id")
    return rows[0], offered


def only(number: str) -> Asked:
    """What asks for one request."""
    return Asked([number], None, None, None, None, None, None, limit=MAX_ROWS, offset=0, extended=False)


async def updates(tx: Transaction, asked: Asked) -> list[dict[str, Any]]:
    """Rows of what happened to published requests."""
    return await store.updates(tx, asked, *listed(await services(tx)))


async def picture(tx: Transaction, media_id: str) -> bytes:
    """A picture of a published request, as JPEG. Raises Problem 404."""
    found = await store.picture(tx, media_id)
    offered = listed(await services(tx))
    if found is None or not found["number"] or not await store.is_published(tx, found["number"], *offered):
        raise unknown("media")
    return bytes(found["picture"])


async def changeset(tx: Transaction) -> datetime | None:
    """When what is offered anywhere was last changed."""
    return await store.changed(tx)
