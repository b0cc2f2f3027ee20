"""POST /v1/sites/{site}/work-orders/{number}/urge."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Response

from api.idempotency.service import Writer, writes
from api.roles import DESK, WORKERS, Role
from api.schema import SiteName
from api.urges import service
from api.urges.schemas import NewUrge, Urged
from api.work_orders.endpoints import Number, person_of

router = APIRouter(tags=["progress"])


@router.post("/sites/{site}/work-orders/{number}/urge", response_model=Urged)
async def urge(
    site: SiteName,
    number: Number,
    body: Annotated[NewUrge, Body(default_factory=NewUrge)],
    writer: Annotated[Writer, Depends(writes(Role.RESIDENT, *WORKERS, *DESK))],
) -> Response:
    """Urges the desk; for the reporter alone, once a day, after half of the promised time."""
    person = person_of(writer.caller)
    return await writer.once(site, lambda tx: service.urge(tx, person, number, body.reason))
