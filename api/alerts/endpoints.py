"""Alerts of a site."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.access import Caller, requires
from api.alerts import service
from api.alerts.schemas import Acknowledge, Alert, Alerts, Close
from api.alerts.store import Filter
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import DESK, READERS
from api.schema import SiteName
from api.transactions import begin
from herun.alerts import AlertState

router = APIRouter(tags=["alerts"])

Reader = Annotated[Caller, Depends(requires(*READERS))]
Desk = Annotated[Writer, Depends(writes(*DESK))]


@router.get("/sites/{site}/alerts")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    state: AlertState | None = None,
    rule_uid: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    is_open: Annotated[bool | None, Query(alias="open", description="not closed by people yet")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Alerts:
    """Alerts, newest first."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(
            tx, Filter(state=state, rule_uid=rule_uid, is_open=is_open), cursor=cursor, limit=limit
        )


@router.get("/sites/{site}/alerts/{alert_id}")
async def one(site: SiteName, alert_id: UUID, resources: Held, caller: Reader) -> Alert:
    """One alert."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, alert_id)


@router.post("/sites/{site}/alerts/{alert_id}/acknowledge", response_model=Alert)
async def acknowledge(site: SiteName, alert_id: UUID, body: Acknowledge, writer: Desk) -> Response:
    """Says that you have seen it."""
    return await writer.once(site, lambda tx: service.acknowledge(tx, alert_id, body))


@router.post("/sites/{site}/alerts/{alert_id}/close", response_model=Alert)
async def close(site: SiteName, alert_id: UUID, body: Close, writer: Desk) -> Response:
    """Closes it with a verdict."""
    return await writer.once(site, lambda tx: service.close(tx, alert_id, body))
