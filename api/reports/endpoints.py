"""Reports of residents, callers, and of whoever does not say who they are."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api import access
from api.categories import suggestions
from api.categories.schemas import NewSuggestion, Suggestion
from api.idempotency.service import Once, Writer, writes, written_by_nobody
from api.pictures import service as pictures
from api.pictures.endpoints import PICTURE
from api.pictures.schemas import SentAhead
from api.problems import not_found
from api.reports import service
from api.reports.schemas import AnonymousForm, AnonymousReport, Caller, NewAnonymousReport, NewReport, Reported
from api.resources import Held
from api.roles import DESK, WORKERS, Role
from api.schema import SiteName
from api.sites import store as sites
from api.throttles import service as throttles
from api.throttles.address import Address
from api.transactions import Transaction, begin
from api.work_orders.endpoints import Number, person_of
from api.work_orders.kinds import NOBODY

router = APIRouter(tags=["reports"], prefix="/sites/{site}")

MAX_WAITING_ANONYMOUS = 200  # pictures of a site that wait for the reports of nobody


@router.post("/reports", status_code=HTTPStatus.CREATED, response_model=Reported)
async def submit(
    site: SiteName, body: NewReport, writer: Annotated[Writer, Depends(writes(Role.RESIDENT, *WORKERS, *DESK))]
) -> Response:
    """Sends in a report; the answer is its work order, and whether it was not joined to the one that it names."""
    person, resources = person_of(writer.caller), writer.resources
    return await writer.once(site, lambda tx: service.submit(tx, resources, person, body), HTTPStatus.CREATED)


@router.post("/anonymous-reports", status_code=HTTPStatus.CREATED, response_model=AnonymousReport)
async def submit_anonymously(
    site: SiteName, body: NewAnonymousReport, writer: Annotated[Once, Depends(written_by_nobody)], address: Address
) -> Response:
    """Sends in a report without saying who one is, where the category allows it; few from one address."""
    resources = writer.resources
    # What is refused counts by itself: who mistakes the category is heard on, and who floods is not.
    await throttles.allow(resources, throttles.ANONYMOUS_TRIES, address)

    async def submitted(tx: Transaction) -> AnonymousReport:
        limits = {throttles.ANONYMOUS: address, throttles.ANONYMOUS_SITE: site}
        await throttles.allow_if_done(tx, resources, limits)
        return await service.submit_anonymously(tx, resources, body)

    return await writer.once(site, submitted, HTTPStatus.CREATED)


@router.get("/anonymous-reports/form")
async def anonymous_form(site: SiteName, resources: Held, address: Address) -> AnonymousForm:
    """What may be reported without saying who one is, with its questions, and the names of the buildings."""
    await throttles.allow(resources, throttles.ANONYMOUS_LOOKS, address)
    async with begin(resources, site, NOBODY) as tx:
        return await service.anonymous_form(tx)


@router.post("/anonymous-reports/suggestions")
async def suggest_anonymously(site: SiteName, body: NewSuggestion, resources: Held, address: Address) -> Suggestion:
    """What a Chinese text may be about; each candidate says whether it may be anonymous. Writes nothing."""
    await throttles.allow(resources, throttles.ANONYMOUS_LOOKS, address)
    async with begin(resources, site, NOBODY) as tx:
        if await sites.site(tx) is None:
            raise not_found("site")
    return await suggestions.suggest(resources, site, NOBODY, body.text)


@router.post("/anonymous-reports/pictures", status_code=HTTPStatus.CREATED, openapi_extra=PICTURE)
async def send_picture_anonymously(site: SiteName, request: Request, resources: Held, address: Address) -> SentAhead:
    """Sends a picture before an anonymous report, which names it within an hour."""
    await throttles.allow(resources, throttles.ANONYMOUS_PICTURES, address)
    taken = await pictures.take_in(resources, await request.body())
    async with begin(resources, site, NOBODY) as tx:
        if await sites.site(tx) is None:
            raise not_found("site")
        return await pictures.send_ahead(tx, resources, taken, MAX_WAITING_ANONYMOUS)


@router.get("/work-orders/{number}/caller")
async def caller(
    site: SiteName, number: Number, resources: Held, caller: Annotated[access.Caller, Depends(access.requires(*DESK))]
) -> Caller:
    """Who called, of a report that the desk took down; that you looked is written down."""
    async with begin(resources, site, caller.username) as tx:
        return await service.caller(tx, person_of(caller), number)
