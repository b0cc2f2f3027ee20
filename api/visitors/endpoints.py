"""Announced visits of a site."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import READERS, Role
from api.schema import SiteName, as_shown
from api.transactions import begin
from api.visitors import service
from api.visitors.schemas import NewVisitor, Removed, Visitor, Visitors
from herun.names import NAME_PATTERN

router = APIRouter(tags=["visitors"])

ANNOUNCERS: Final = (Role.ADMIN, Role.OPERATOR, Role.SUPERVISOR, Role.PROPERTY_STAFF)

AsShown = Annotated[NewVisitor, as_shown("changed_by", "changed_at")]
VisitorId = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$", description="the visit's id; yours to choose")]
Announcer = Annotated[Writer, Depends(writes(*ANNOUNCERS))]
Reader = Annotated[Caller, Depends(requires(*READERS, Role.PROPERTY_STAFF))]


@router.put("/sites/{site}/visitors/{visitor}", response_model=Visitor)
async def put(site: SiteName, visitor: VisitorId, body: AsShown, writer: Announcer) -> Response:
    """Announces a visit, or changes it; the whole plate is never shown again. A masked one changes nothing."""
    return await writer.once(site, lambda tx: service.put(tx, visitor, body, writer.resources.personal_key))


@router.delete("/sites/{site}/visitors/{visitor}", response_model=Removed)
async def remove(site: SiteName, visitor: VisitorId, writer: Announcer) -> Response:
    """Calls a visit off."""
    return await writer.once(site, lambda tx: service.remove(tx, visitor))


@router.get("/sites/{site}/visitors")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    now: Annotated[bool, Query(description="only those that may be here at this moment")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Visitors:
    """Visits by id, plates masked."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, now=now, cursor=cursor, limit=limit)


@router.get("/sites/{site}/visitors/{visitor}")
async def one(site: SiteName, visitor: VisitorId, resources: Held, caller: Reader) -> Visitor:
    """One visit."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, visitor)
