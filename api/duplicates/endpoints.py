"""Orders that may be about the same matter."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.access import Caller, requires
from api.duplicates import service
from api.duplicates.schemas import LikeOrders, MergeCandidates, NewMatter
from api.resources import Held
from api.roles import DESK, WORKERS, Role
from api.schema import SiteName
from api.throttles import service as throttles
from api.transactions import begin
from api.work_orders.endpoints import Number, person_of

router = APIRouter(tags=["reports"], prefix="/sites/{site}")


@router.post("/reports/duplicates")
async def like(
    site: SiteName,
    body: NewMatter,
    resources: Held,
    caller: Annotated[Caller, Depends(requires(Role.RESIDENT, *WORKERS, *DESK))],
) -> LikeOrders:
    """What is open already and may be the same as what you are about to report; nothing is changed."""
    await throttles.allow(resources, throttles.LIKE_ORDERS, f"{site}/{caller.username}")
    async with begin(resources, site, caller.username) as tx:
        return await service.like(tx, resources, person_of(caller), body)


@router.get("/work-orders/{number}/duplicates")
async def merge_candidates(
    site: SiteName, number: Number, resources: Held, caller: Annotated[Caller, Depends(requires(*DESK))]
) -> MergeCandidates:
    """What the order could be merged into."""
    async with begin(resources, site, caller.username) as tx:
        return await service.merge_candidates(tx, person_of(caller), number)
