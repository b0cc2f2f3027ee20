"""GET /v1/sites/{site}/rules/{uid}/promotion, and the alerts that it counts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.periods import Begin, Between, End, check_order
from api.promotions import service
from api.promotions.schemas import Promotion, TrialAlerts
from api.resources import Held
from api.roles import READERS
from api.schema import SiteName
from api.transactions import begin as begin_transaction
from herun.names import NAME_PATTERN

router = APIRouter(tags=["rules"])

Uid = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")]
Reader = Annotated[Caller, Depends(requires(*READERS))]


@router.get("/sites/{site}/rules/{uid}/promotion")
async def report(
    site: SiteName,
    uid: Uid,
    resources: Held,
    caller: Reader,
    wanted: Annotated[Between, Query()],
) -> Promotion:
    """What a rule on trial (mode `monitor`) would have done; by default since its trial began."""
    async with begin_transaction(resources, site, caller.username) as tx:
        return await service.report(tx, uid, wanted.begin, wanted.end)


@router.get("/sites/{site}/rules/{uid}/promotion/alerts")
async def alerts(
    site: SiteName,
    uid: Uid,
    resources: Held,
    caller: Reader,
    *,
    begin: Begin = None,
    end: End = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> TrialAlerts:
    """Each alert that a rule on trial would have raised, newest first; they are kept for 90 days."""
    check_order(begin, end)
    async with begin_transaction(resources, site, caller.username) as tx:
        return await service.alerts(tx, uid, begin, end, cursor=cursor, limit=limit)
