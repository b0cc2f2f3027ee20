"""What a site's own people do about Open311."""

from __future__ import annotations

from typing import Final

from api.audit import store as audit
from api.categories import service as categories
from api.open311 import store
from api.open311.schemas import (
    OfferedService,
    Participation,
    Reading,
    Removed,
    SentIn,
    ServiceSettings,
    SiteParticipation,
)
from api.problems import not_found
from api.transactions import Transaction
from api.work_orders import service as work_orders
from api.work_orders.order import Person
from api.work_orders.shown import reads_contact

_NEVER: Final = SiteParticipation(
    enabled=False, reading=Reading.PUBLIC, shows_media=False, changed_by=None, changed_at=None
)


async def put_site(tx: Transaction, new: Participation) -> SiteParticipation:
    """Makes the site a jurisdiction, or no more."""
    await store.put_site(tx, new)
    await audit.record(tx, "open311.put", tx.site, new.model_dump(mode="json"))
    return await site(tx)


async def site(tx: Transaction) -> SiteParticipation:
    """How the site takes part."""
    return await store.site(tx) or _NEVER


async def put_service(tx: Transaction, code: str, new: ServiceSettings) -> OfferedService:
    """Sets how a category is offered. Raises Problem 422, with the nearest names, for none of the tree."""
    await categories.for_report(tx, code, loc=["path", "service_code"])
    await store.put_service(tx, code, new)
    await audit.record(tx, "open311.service_put", code, new.model_dump(mode="json"))
    return OfferedService(service_code=code, **new.model_dump())


async def service(tx: Transaction, code: str) -> OfferedService:
    """What was set of a service. Raises Problem 404 if nothing was."""
    found = (await store.service_settings(tx)).get(code)
    if found is None:
        raise not_found("service settings")
    return OfferedService(service_code=code, **found.model_dump())


async def remove_service(tx: Transaction, code: str) -> Removed:
    """Takes back what was set. Raises Problem 404 if nothing was."""
    if not await store.remove_service(tx, code):
        raise not_found("service settings")
    await audit.record(tx, "open311.service_removed", code, {})
    return Removed(service_code=code)


async def sent_in(tx: Transaction, person: Person, number: str) -> SentIn:
    """All that came with a request; who sent it only for the desk and its worker, as its phone elsewhere.

    Raises Problem 404 for an order that is not for this person, or not of Open311.
    """
    order = await work_orders.seen(tx, person, number)
    row = await store.sent_in(tx, number)
    if row is None:
        raise not_found("request")
    token = row.pop("token")
    contact = await store.contact(tx, token) if reads_contact(person, order) else None
    await audit.record(tx, "open311.request_read", number, {"contact": contact is not None})
    return SentIn(**row, contact=contact)


async def picture(tx: Transaction, person: Person, number: str, media_id: str) -> bytes:
    """A picture of this request, as JPEG; that it was looked at is written down. Raises Problem 404."""
    await work_orders.seen(tx, person, number)
    found = await store.picture(tx, media_id)
    if found is None or found["number"] != number:
        raise not_found("picture")
    await audit.record(tx, "open311.picture_read", number, {"media": media_id})
    return bytes(found["picture"])
