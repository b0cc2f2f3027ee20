"""Topics of a site's reports."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from api.cursors import Cursor, Limit
from api.figures.endpoints import FigureReader
from api.figures.weeks import WeekName
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import Role
from api.schema import SiteName
from api.topics import service
from api.topics.ids import PATTERN
from api.topics.schemas import Members, Pass, Run, Topics, TopicsAsked
from api.topics.service import MembersAsked
from api.transactions import begin
from api.work_orders.endpoints import person_of

router = APIRouter(tags=["topics"], prefix="/sites/{site}/topics")

TopicId = Annotated[str, Path(pattern=PATTERN, examples=["T0a1b2c3d4e5f"])]
Sorter = Annotated[Writer, Depends(writes(Role.SUPERVISOR))]
Nothing = Annotated[Run, Body(default_factory=Run)]  # there need not be a body


@router.get("")
async def page(site: SiteName, resources: Held, caller: FigureReader, asked: Annotated[TopicsAsked, Query()]) -> Topics:
    """What was reported in a week, by how many different people and places."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, asked)


@router.get("/{topic}/orders")
async def members(
    site: SiteName,
    topic: TopicId,
    resources: Held,
    caller: FigureReader,
    *,
    week: Annotated[WeekName | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Members:
    """The orders of a topic, by number: those that are counted in a week, or all that were ever sorted in."""
    async with begin(resources, site, caller.username) as tx:
        return await service.members(tx, person_of(caller), MembersAsked(topic, week), cursor=cursor, limit=limit)


@router.post("/pass", response_model=Pass)
async def sort_now(site: SiteName, _body: Nothing, writer: Sorter) -> Response:
    """Sorts what waits to be sorted now, the oldest first."""
    return await writer.once(site, service.sort_now)
