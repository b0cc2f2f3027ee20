"""Return visits of a site."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.return_visits import service
from api.return_visits.schemas import Draws, NewOutcome, NewVisitPlan, Visit, VisitCounts, VisitPlan, Visits
from api.roles import DESK, READERS, Role
from api.schema import SiteName, as_shown
from api.transactions import begin
from api.work_orders.endpoints import person_of

router = APIRouter(tags=["return visits"], prefix="/sites/{site}/return-visits")

Reader = Annotated[Caller, Depends(requires(*READERS))]
Planner = Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
PlanAsShown = Annotated[NewVisitPlan, as_shown("drawn_day", "changed_by", "changed_at")]
VisitId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@router.get("")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    is_open: Annotated[bool | None, Query(alias="open", description="only those that are open, or are not")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Visits:
    """Return visits, newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, person_of(caller), is_open=is_open, cursor=cursor, limit=limit)


@router.get("/counts")
async def counts(site: SiteName, resources: Held, caller: Reader) -> VisitCounts:
    """What came of the visits of the last 90 days, by reason."""
    async with begin(resources, site, caller.username) as tx:
        return await service.counts(tx)


@router.get("/plan")
async def plan(site: SiteName, resources: Held, caller: Reader) -> VisitPlan:
    """Which share of the closed orders is visited."""
    async with begin(resources, site, caller.username) as tx:
        return await service.plan(tx)


@router.put("/plan", response_model=VisitPlan)
async def put_plan(site: SiteName, body: PlanAsShown, writer: Planner) -> Response:
    """Makes it this one; it holds for the days that are not drawn yet."""
    return await writer.once(site, lambda tx: service.put_plan(tx, body))


@router.get("/draws")
async def draws(site: SiteName, resources: Held, caller: Reader, *, cursor: Cursor = None, limit: Limit = 50) -> Draws:
    """What was drawn, with the seeds, the newest days first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.draws(tx, person_of(caller), cursor=cursor, limit=limit)


@router.post("/{visit}/outcome", response_model=Visit)
async def close(
    site: SiteName, visit: VisitId, body: NewOutcome, writer: Annotated[Writer, Depends(writes(*DESK))]
) -> Response:
    """What the reporter said; for nobody who handled or answered the order."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.close(tx, person, visit, body))
