"""People of a site."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.people import service
from api.people.schemas import NewPeople, People, PeopleAdded
from api.resources import Held
from api.roles import DESK, Role
from api.schema import SiteName
from api.transactions import begin

router = APIRouter(tags=["people"])


@router.post("/sites/{site}/people", status_code=HTTPStatus.CREATED, response_model=PeopleAdded)
async def add(
    site: SiteName,
    body: NewPeople,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN))],
    replace: Annotated[bool, Query(description="replace those that exist, instead of refusing (409)")] = False,
) -> Response:
    """Makes people known: all of them or none."""
    return await writer.once(
        site, lambda tx: service.add(writer.resources, tx, body, replace=replace), HTTPStatus.CREATED
    )


@router.get("/sites/{site}/people")
async def page(
    site: SiteName,
    resources: Held,
    caller: Annotated[Caller, Depends(requires(Role.ADMIN, *DESK))],
    role: Role | None = None,
    cursor: Cursor = None,
    *,
    limit: Limit = 50,
) -> People:
    """People by username, phones masked."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, role=role, cursor=cursor, limit=limit)
