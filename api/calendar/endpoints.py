"""The statutory calendar of a site, year by year."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.calendar import service
from api.calendar.schemas import DecreeAsShown, YearView
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import READERS, Role
from api.schema import SiteName
from api.transactions import begin
from herun.calendar import FIRST_YEAR, LAST_YEAR

router = APIRouter(tags=["calendar"])

Why = Annotated[str | None, Query(min_length=1, max_length=500, description="why, for the history")]
PathYear = Annotated[int, Path(ge=FIRST_YEAR, le=LAST_YEAR)]


@router.get("/sites/{site}/calendar/{year}")
async def one(
    site: SiteName, year: PathYear, resources: Held, caller: Annotated[Caller, Depends(requires(*READERS))]
) -> YearView:
    """Holidays and make-up workdays of a year."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, year)


@router.put("/sites/{site}/calendar/{year}", response_model=YearView)
async def put(
    site: SiteName,
    year: PathYear,
    body: DecreeAsShown,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))],
    why: Why = None,
) -> Response:
    """Puts the State Council's decree of a year; it replaces all that is known of that year."""
    return await writer.once(site, lambda tx: service.put(tx, year, body, why))
