"""Residents of a site who agreed to be looked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from api.access import Caller, requires
from api.care import service
from api.care.schemas import Care, Cares, NewCare, Withdrawn
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import DESK, Role
from api.schema import SiteName
from api.transactions import begin
from herun.names import NAME_PATTERN

router = APIRouter(tags=["care"])

ResidentId = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$", description="an id that is no name; yours to choose")]
Keeper = Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
Reader = Annotated[Caller, Depends(requires(Role.ADMIN, *DESK))]


@router.put("/sites/{site}/care/{resident}", response_model=Care)
async def put(site: SiteName, resident: ResidentId, body: NewCare, writer: Keeper) -> Response:
    """Enters a resident's agreement, or changes it."""
    return await writer.once(site, lambda tx: service.put(tx, resident, body, writer.resources.personal_key))


@router.delete("/sites/{site}/care/{resident}", response_model=Withdrawn)
async def remove(site: SiteName, resident: ResidentId, writer: Keeper) -> Response:
    """Takes an agreement back: nobody looks any more, and nothing is remembered."""
    return await writer.once(site, lambda tx: service.remove(tx, resident))


@router.get("/sites/{site}/care")
async def everything(site: SiteName, resources: Held, caller: Reader) -> Cares:
    """All agreements, by resident; shown only to those who act on them."""
    async with begin(resources, site, caller.username) as tx:
        return await service.everything(tx)


@router.get("/sites/{site}/care/{resident}")
async def one(site: SiteName, resident: ResidentId, resources: Held, caller: Reader) -> Care:
    """One agreement."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, resident)
