"""Alerts of a site."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Response

from api.access import Caller, requires
from api.alerts import figures, service
from api.alerts.schemas import Acknowledge, Alert, Alerts, Close, Figures, FiguresAsked, Verdict
from api.alerts.store import Filter
from api.clocks.limits import Severity
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.periods import Begin, End, check_order, period
from api.resources import Held
from api.roles import DESK, READERS
from api.schema import SiteName
from api.transactions import begin as begin_transaction
from herun.alerts import AlertState

router = APIRouter(tags=["alerts"])

Reader = Annotated[Caller, Depends(requires(*READERS))]
Desk = Annotated[Writer, Depends(writes(*DESK))]
Seen = Annotated[Acknowledge, Body(default_factory=Acknowledge)]  # there need not be a body
Short = Annotated[str | None, Query(min_length=1, max_length=64)]


def asked(
    *,
    state: Annotated[list[AlertState] | None, Query(description="repeated: any of them")] = None,
    rule_uid: Short = None,
    is_open: Annotated[bool | None, Query(alias="open", description="not closed by people yet")] = None,
    acknowledged: bool | None = None,
    verdict: Verdict | None = None,
    device: Short = None,
    has_device: bool | None = None,
    merged: Annotated[bool | None, Query(description="hidden by another alert")] = None,
    merged_into: UUID | None = None,
    severity: Severity | None = None,
    category: Short = None,
    zone: Short = None,
    building: Short = None,
    begin: Begin = None,
    end: End = None,
) -> Filter:
    """The alerts that a query asks for. Raises Problem 422."""
    check_order(begin, end)
    return Filter(
        states=frozenset(state or ()),
        rule_uid=rule_uid,
        is_open=is_open,
        is_acknowledged=acknowledged,
        verdict=verdict,
        device=device,
        has_device=has_device,
        is_merged=merged,
        merged_into=merged_into,
        severity=severity,
        category=category,
        zone=zone,
        building=building,
        begin=begin,
        end=end,
    )


@router.get("/sites/{site}/alerts")
async def page(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    wanted: Annotated[Filter, Depends(asked)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Alerts:
    """Alerts, newest first."""
    async with begin_transaction(resources, site, caller.username) as tx:
        return await service.page(tx, wanted, cursor=cursor, limit=limit)


@router.get("/sites/{site}/alerts/figures")
async def counted(site: SiteName, resources: Held, caller: Reader, wanted: Annotated[FiguresAsked, Query()]) -> Figures:
    """How many alerts there were, what people made of them, and how often it was a false alarm; by default 28 days."""
    async with begin_transaction(resources, site, caller.username) as tx:
        asked_for = period(tx.at, wanted.begin, wanted.end)
        return await figures.figures(tx, wanted.by, asked_for, rule_uid=wanted.rule_uid, device=wanted.device)


@router.get("/sites/{site}/alerts/{alert_id}")
async def one(site: SiteName, alert_id: UUID, resources: Held, caller: Reader) -> Alert:
    """One alert."""
    async with begin_transaction(resources, site, caller.username) as tx:
        return await service.one(tx, alert_id)


@router.post("/sites/{site}/alerts/{alert_id}/acknowledge", response_model=Alert)
async def acknowledge(site: SiteName, alert_id: UUID, body: Seen, writer: Desk) -> Response:
    """Says that you have seen it; there need not be a body."""
    return await writer.once(site, lambda tx: service.acknowledge(tx, alert_id, body))


@router.post("/sites/{site}/alerts/{alert_id}/close", response_model=Alert)
async def close(site: SiteName, alert_id: UUID, body: Close, writer: Desk) -> Response:
    """Closes it with a verdict."""
    return await writer.once(site, lambda tx: service.close(tx, alert_id, body))
