"""GET /v1/sites/{site}/rules/{uid}/promotion."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from api.access import Caller, requires
from api.periods import Between
from api.promotions import service
from api.promotions.schemas import Promotion
from api.resources import Held
from api.roles import READERS
from api.schema import SiteName
from api.transactions import begin as begin_transaction
from herun.names import NAME_PATTERN

router = APIRouter(tags=["rules"])


@router.get("/sites/{site}/rules/{uid}/promotion")
async def report(
    site: SiteName,
    uid: Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")],
    resources: Held,
    caller: Annotated[Caller, Depends(requires(*READERS))],
    wanted: Annotated[Between, Query()],
) -> Promotion:
    """What a rule on trial (mode `monitor`) would have done; by default since its trial began."""
    async with begin_transaction(resources, site, caller.username) as tx:
        return await service.report(tx, uid, wanted.begin, wanted.end)
