"""Plate lists of a site."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.idempotency.service import Writer, writes
from api.plate_lists import service, store
from api.plate_lists.schemas import NewPlateList, PlateListEntries, PlateLists
from api.resources import Held
from api.roles import READERS, Role
from api.schema import SiteName, as_shown
from api.transactions import begin
from herun.names import NAME_PATTERN

router = APIRouter(tags=["plate lists"])

Why = Annotated[str | None, Query(min_length=1, max_length=500, description="why, for the audit log")]
ListName = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")]
ListAsShown = Annotated[NewPlateList, as_shown("count", "changed_by", "changed_at")]
Reader = Annotated[Caller, Depends(requires(*READERS))]


@router.put("/sites/{site}/plate-lists/{name}", response_model=PlateListEntries)
async def put(
    site: SiteName,
    name: ListName,
    body: ListAsShown,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))],
    why: Why = None,
) -> Response:
    """Replaces a list; whole plates are never shown again. All plates as they are shown leave it as it is."""
    return await writer.once(site, lambda tx: service.put(tx, name, body, writer.resources.personal_key, why))


@router.get("/sites/{site}/plate-lists")
async def lists(site: SiteName, resources: Held, caller: Reader) -> PlateLists:
    """All lists, by name."""
    async with begin(resources, site, caller.username) as tx:
        return PlateLists(items=await store.lists(tx))


@router.get("/sites/{site}/plate-lists/{name}")
async def one(site: SiteName, name: ListName, resources: Held, caller: Reader) -> PlateListEntries:
    """One list, plates masked."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, name)
