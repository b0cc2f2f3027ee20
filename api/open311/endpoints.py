"""How a site takes part in Open311: its keys, its services, and what came with a request."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from api.access import Caller, requires
from api.idempotency.service import Writer, writes
from api.open311 import desk, keys, store
from api.open311.schemas import (
    Key,
    Keys,
    MadeKey,
    NewKey,
    OfferedService,
    Participation,
    Removed,
    SentIn,
    ServiceSettings,
    SiteParticipation,
)
from api.pictures.endpoints import JPEG
from api.resources import Held
from api.roles import DESK, READERS, WORKERS, Role
from api.schema import SiteName, as_shown
from api.transactions import begin
from api.work_orders.endpoints import Number, person_of
from herun.names import NAME_PATTERN

router = APIRouter(tags=["open311"], prefix="/sites/{site}")

AsShown = Annotated[Participation, as_shown("changed_by", "changed_at")]
Code = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$", description="a category of orders")]
Administrator = Annotated[Writer, Depends(writes(Role.ADMIN))]
Handler = Annotated[Caller, Depends(requires(*DESK, *WORKERS))]
Reader = Annotated[Caller, Depends(requires(*READERS))]


@router.put("/open311", response_model=SiteParticipation)
async def put_site(site: SiteName, body: AsShown, writer: Administrator) -> Response:
    """Whether the site is a jurisdiction, who may read its requests, and whether pictures are shown."""
    return await writer.once(site, lambda tx: desk.put_site(tx, body))


@router.get("/open311")
async def get_site(site: SiteName, resources: Held, caller: Reader) -> SiteParticipation:
    """How the site takes part; until somebody says so it does not."""
    async with begin(resources, site, caller.username) as tx:
        return await desk.site(tx)


@router.post("/open311-keys", status_code=HTTPStatus.CREATED, response_model=MadeKey)
async def make_key(site: SiteName, body: NewKey, writer: Administrator) -> Response:
    """Makes a key for a client; it is shown in this answer and never again."""
    return await writer.once(site, lambda tx: keys.make(tx, body), HTTPStatus.CREATED)


@router.get("/open311-keys")
async def list_keys(site: SiteName, resources: Held, caller: Reader) -> Keys:
    """The site's clients."""
    async with begin(resources, site, caller.username) as tx:
        return Keys(items=await store.keys(tx))


@router.delete("/open311-keys/{key_id}", response_model=Key)
async def revoke_key(
    site: SiteName, key_id: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")], writer: Administrator
) -> Response:
    """Revokes a key, for good."""
    return await writer.once(site, lambda tx: keys.revoke(tx, key_id))


@router.put("/open311-services/{service_code}", response_model=OfferedService)
async def put_service(site: SiteName, service_code: Code, body: ServiceSettings, writer: Administrator) -> Response:
    """How a category is offered: at once, by token or as a blackbox, what is asked for, whether at all."""
    return await writer.once(site, lambda tx: desk.put_service(tx, service_code, body))


@router.get("/open311-services/{service_code}")
async def get_service(site: SiteName, service_code: Code, resources: Held, caller: Reader) -> OfferedService:
    """The settings of one service."""
    async with begin(resources, site, caller.username) as tx:
        return await desk.service(tx, service_code)


@router.delete("/open311-services/{service_code}", response_model=Removed)
async def remove_service(site: SiteName, service_code: Code, writer: Administrator) -> Response:
    """Takes the settings back: the category is offered as every other."""
    return await writer.once(site, lambda tx: desk.remove_service(tx, service_code))


@router.get("/open311-requests/{number}")
async def sent_in(site: SiteName, number: Number, resources: Held, caller: Handler) -> SentIn:
    """What came with a request, for whoever looks after it; who sent it, for the desk and its worker. The audit log
    keeps who looked.
    """
    async with begin(resources, site, caller.username) as tx:
        return await desk.sent_in(tx, person_of(caller), number)


@router.get("/open311-requests/{number}/media/{media_id}", response_class=Response)
async def picture(
    site: SiteName,
    number: Number,
    media_id: Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")],
    resources: Held,
    caller: Handler,
) -> Response:
    """A picture that came with a request, whether it is published or not."""
    async with begin(resources, site, caller.username) as tx:
        content = await desk.picture(tx, person_of(caller), number, media_id)
    return Response(content, media_type=JPEG, headers={"X-Content-Type-Options": "nosniff"})
