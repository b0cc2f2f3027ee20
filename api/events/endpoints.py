"""GET /v1/sites/{site}/events and /v1/event-types."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.events import service
from api.events.schemas import Events, EventTypes
from api.events.store import Filter
from api.periods import check_order
from api.resources import Held
from api.roles import READERS
from api.schema import MomentInQuery, SiteName
from api.transactions import begin

router = APIRouter(tags=["events"])

Text = Annotated[str | None, Query(min_length=1, max_length=64)]
Time = Annotated[MomentInQuery | None, Query(description="event time, RFC 3339 with offset")]


@router.get("/event-types")
async def types(caller: Annotated[Caller, Depends(requires(*READERS))]) -> EventTypes:
    """Which events there are, with their fields, what these can be, and an example of each."""
    del caller
    return service.types()


@router.get("/sites/{site}/events")
async def page(
    site: SiteName,
    resources: Held,
    caller: Annotated[Caller, Depends(requires(*READERS))],
    *,
    device: Text = None,
    type_: Annotated[Text, Query(alias="type")] = None,
    after: Time = None,
    before: Time = None,
    reveal: Annotated[bool, Query(description="show personal values; operators and supervisors, logged")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Events:
    """Events, newest first in the order of processing."""
    check_order(after, before, ("after", "before"))
    wanted = Filter(device=device, event_type=type_, after=after, before=before)
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, caller, wanted, cursor=cursor, limit=limit, reveal=reveal)
