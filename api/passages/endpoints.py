"""Passages of a site: who went in and out, who is inside, and how it is judged."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.passages import service, store
from api.passages.schemas import Cars, Direction, Kind, Occupancy, Passages, Settings, SettingsInForce
from api.passages.store import Filter
from api.periods import check_order
from api.resources import Held
from api.roles import READERS, Role
from api.schema import MomentInQuery, SiteName, as_shown
from api.transactions import begin

router = APIRouter(tags=["passages"])

Reader = Annotated[Caller, Depends(requires(*READERS))]
Text = Annotated[str | None, Query(min_length=1, max_length=64)]
Time = Annotated[MomentInQuery | None, Query(description="event time, RFC 3339 with offset")]
SettingsAsShown = Annotated[Settings, as_shown("changed_by", "changed_at", within="settings")]
Reveal = Annotated[bool, Query(description="show whole plates; operators and supervisors, logged")]


@router.get("/sites/{site}/passages")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    kind: Kind | None = None,
    direction: Direction | None = None,
    device: Text = None,
    after: Time = None,
    before: Time = None,
    reveal: Reveal = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Passages:
    """Passages, newest first in the order of processing."""
    check_order(after, before, ("after", "before"))
    wanted = Filter(kind=kind, direction=direction, device=device, after=after, before=before)
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, caller, wanted, cursor=cursor, limit=limit, reveal=reveal)


@router.get("/sites/{site}/passages/inside")
async def inside(
    site: SiteName, resources: Held, caller: Reader, *, reveal: Reveal = False, cursor: Cursor = None, limit: Limit = 50
) -> Cars:
    """The cars that are inside, the newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.inside(tx, caller, cursor=cursor, limit=limit, reveal=reveal)


@router.get("/sites/{site}/passages/occupancy")
async def occupancy(site: SiteName, resources: Held, caller: Reader, since: Time = None) -> Occupancy:
    """How many cars are inside, and how many cars and persons came and went since a time (left out: local midnight)."""
    async with begin(resources, site, caller.username) as tx:
        return await service.occupancy(tx, since)


@router.get("/sites/{site}/passages/settings")
async def settings(site: SiteName, resources: Held, caller: Reader) -> SettingsInForce:
    """How passages are judged."""
    async with begin(resources, site, caller.username) as tx:
        return await store.settings(tx)


@router.put("/sites/{site}/passages/settings", response_model=SettingsInForce)
async def put_settings(
    site: SiteName, body: SettingsAsShown, writer: Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
) -> Response:
    """Sets how passages are judged; what is left out is the default."""
    return await writer.once(site, lambda tx: service.put_settings(tx, body))
