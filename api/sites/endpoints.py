"""Sites and their layout."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api.access import Caller, requires
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import EVERYBODY, Role
from api.schema import SiteName
from api.sites import service, store
from api.sites.schemas import Layout, NewSite, Site, Sites
from api.transactions import ALL_SITES, begin

router = APIRouter(tags=["sites"])


@router.post("/sites", status_code=HTTPStatus.CREATED, response_model=Site)
async def create(body: NewSite, writer: Annotated[Writer, Depends(writes(Role.ADMIN, everywhere=True))]) -> Response:
    """Makes a site; asks for an administrator of all sites."""
    partitions = writer.resources.settings.partitions
    return await writer.once(ALL_SITES, lambda tx: service.create(tx, body, partitions), HTTPStatus.CREATED)


@router.get("/sites")
async def sites(resources: Held, caller: Annotated[Caller, Depends(requires(*EVERYBODY))]) -> Sites:
    """The sites that you may see: your own, or all."""
    async with begin(resources, caller.home, caller.username) as tx:
        return Sites(items=await store.sites(tx))


@router.get("/sites/{site}")
async def one(site: SiteName, resources: Held, caller: Annotated[Caller, Depends(requires(*EVERYBODY))]) -> Site:
    """One site."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx)


@router.put("/sites/{site}/layout", response_model=Layout)
async def put_layout(site: SiteName, body: Layout, writer: Annotated[Writer, Depends(writes(Role.ADMIN))]) -> Response:
    """Replaces buildings, zones and grids."""
    return await writer.once(site, lambda tx: service.put_layout(tx, body))


@router.get("/sites/{site}/layout")
async def layout(site: SiteName, resources: Held, caller: Annotated[Caller, Depends(requires(*EVERYBODY))]) -> Layout:
    """Buildings, zones and grids, by name."""
    async with begin(resources, site, caller.username) as tx:
        return await store.layout(tx)
