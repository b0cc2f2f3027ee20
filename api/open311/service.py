"""A request's way, top to bottom: sent in, opened as a work order, told about, added to."""

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
from api.open311.intake import NewRequest, media_url
from api.open311.schemas import Key, Kind
from api.open311.services import listed, services
from api.pictures import service as pictures
from api.problems import Problem
from api.reports.schemas import NewReport
from api.resources import Resources
from api.sites import locating
from api.transactions import Transaction
from api.work_orders import reported
from api.work_orders import service as work_orders
from api.work_orders.kinds import Channel
from api.work_orders.order import Move, Person
from api.work_orders.states import Action
from herun.personal import keyed_hash
from herun.visible import title_of

log = structlog.get_logger(__name__)

# The specification has no idempotency key: the same again within this time is a client that did not hear our answer.
REPEATED_WITHIN: Final = timedelta(minutes=10)
MAX_UPDATE_CHARS: Final = 2000  # as everything that people say of an order
MAX_ID_CHARS: Final = 100
_TOKEN_BYTES: Final = 16  # nobody tries out 2^128
# What else an update may say than words: it is done in the name of who sent the request in, where the order allows it.
_MOVES: Final = {"reopen": Action.REOPEN, "cancelled": Action.CANCEL}


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
    await _add_pictures(tx, held, jpegs)
    found = await store.by_token(tx, held)
    account = {"account_id": new.account_id}
    match service.kind:
        case Kind.REALTIME:
            return {"service_request_id": found["number"] if found else None, **account}
        case Kind.BATCH:
            return {"token": held, **account}
        case _:
            return account


async def _add_pictures(tx: Transaction, token: str, jpegs: list[bytes]) -> None:
    for jpeg in jpegs:
        await store.add_picture(tx, token, secrets.token_hex(_TOKEN_BYTES), jpeg)
    if jpegs and await store.count_pictures(tx, token) > MAX_FILES:
        raise refused(f"a request has at most {MAX_FILES} pictures")


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
    order = await reported.open_for_report(tx, person_of(row["key_id"]), report, row["phone"], channel=Channel.OPEN311)
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


async def update(tx: Transaction, key: Key, sent: Sent) -> str:
    """Adds what a client says of a request that it sent in; returns the update's id, the same for the same again.

    Raises Problem 400 and 404, and what the order machine raises where it is asked to reopen or to cancel.
    """
    new = _new_update(key, sent)
    number, move = new["number"], _MOVES.get(new["status"])
    if not await store.lock_request(tx, number, key.key_id):
        raise unknown("service_request_id")
    earlier = await store.earlier_update(tx, new, tx.wall - REPEATED_WITHIN, moves=move is not None)
    if earlier is not None:
        return earlier
    update_id = f"U{secrets.token_hex(_TOKEN_BYTES)}"
    await store.add_update(tx, new, update_id)
    if move is not None:
        await work_orders.act(tx, person_of(key.key_id), number, Move(move, new["description"]))
    return update_id


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


def _new_update(key: Key, sent: Sent) -> dict[str, Any]:
    flaws: list[str] = []
    number = sent.one("service_request_id")
    if number is None:
        flaws.append("service_request_id was not provided")
    description = sent.one("description") or ""
    if not description:
        flaws.append("description was not provided")
    if len(description) > MAX_UPDATE_CHARS:
        flaws.append(f"description has more than {MAX_UPDATE_CHARS} characters")
    too_long = [name for name in ("update_id", "status") if len(sent.one(name) or "") > MAX_ID_CHARS]
    flaws += [f"{name} has more than {MAX_ID_CHARS} characters" for name in too_long]
    url = media_url(sent, flaws)
    if flaws:
        raise refused(*flaws)
    return {
        "number": number,
        "key_id": key.key_id,
        "client_update_id": sent.one("update_id"),
        "status": (sent.one("status") or "").lower() or None,
        "description": description,
        "media_url": url,
    }
