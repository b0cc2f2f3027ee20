"""Arming of a site: zones, bypasses, service windows."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.arming import service, store
from api.arming.schemas import (
    Bypass,
    Bypasses,
    History,
    NewBypass,
    NewServiceWindow,
    ServiceWindow,
    ServiceWindows,
    SetMode,
    ZoneState,
    ZoneStates,
)
from api.cursors import Cursor, Limit
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import DESK, READERS, Role
from api.schema import SiteName, as_shown
from api.transactions import begin
from herun.arming import ArmingPlan
from herun.names import NAME_PATTERN

router = APIRouter(prefix="/sites/{site}/arming", tags=["arming"])

BypassAsShown = Annotated[NewBypass, as_shown("changed_by", "changed_at")]
WindowAsShown = Annotated[NewServiceWindow, as_shown("changed_by", "changed_at")]
PathName = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")]
Reader = Annotated[Caller, Depends(requires(*READERS))]
Arms = Annotated[Writer, Depends(writes(Role.ADMIN, *DESK))]
Plans = Annotated[Writer, Depends(writes(Role.ADMIN))]
Why = Annotated[str | None, Query(min_length=1, max_length=500, description="kept in the history")]


@router.get("/zones")
async def states(site: SiteName, resources: Held, caller: Reader) -> ZoneStates:
    """All zones: what is wanted, and what the engine has."""
    async with begin(resources, site, caller.username) as tx:
        return await service.states(tx)


@router.get("/zones/{zone}")
async def state(site: SiteName, zone: PathName, resources: Held, caller: Reader) -> ZoneState:
    """One zone."""
    async with begin(resources, site, caller.username) as tx:
        return await service.one(tx, zone)


@router.post("/zones/{zone}/mode", response_model=ZoneState)
async def set_mode(site: SiteName, zone: PathName, body: SetMode, writer: Arms) -> Response:
    """Arms or disarms. Whether a door stands open the engine says: see `actual`, a moment later."""
    return await writer.once(site, lambda tx: service.set_mode(tx, zone, body))


@router.put("/zones/{zone}/plan", response_model=ZoneState)
async def put_plan(site: SiteName, zone: PathName, body: ArmingPlan, writer: Plans, why: Why = None) -> Response:
    """Gives a zone its week."""
    return await writer.once(site, lambda tx: service.put_plan(tx, zone, body, why))


@router.delete("/zones/{zone}/plan", response_model=ZoneState)
async def remove_plan(site: SiteName, zone: PathName, writer: Plans, why: Why = None) -> Response:
    """The zone is armed no more, and may leave the layout."""
    return await writer.once(site, lambda tx: service.remove_plan(tx, zone, why))


@router.get("/bypasses")
async def bypasses(site: SiteName, resources: Held, caller: Reader) -> Bypasses:
    """Bypassed devices."""
    async with begin(resources, site, caller.username) as tx:
        return Bypasses(items=await store.bypasses(tx))


@router.put("/bypasses/{device}", response_model=Bypass)
async def put_bypass(site: SiteName, device: PathName, body: BypassAsShown, writer: Arms) -> Response:
    """Takes a faulty sensor out of service for a while."""
    return await writer.once(site, lambda tx: service.put_bypass(tx, device, body))


@router.delete("/bypasses/{device}", response_model=Bypass)
async def end_bypass(site: SiteName, device: PathName, writer: Arms) -> Response:
    """It counts again, now."""
    return await writer.once(site, lambda tx: service.end_bypass(tx, device))


@router.get("/service-windows")
async def windows(site: SiteName, resources: Held, caller: Reader) -> ServiceWindows:
    """Drills and maintenance that are not over."""
    async with begin(resources, site, caller.username) as tx:
        return ServiceWindows(items=await store.windows(tx))


@router.put("/service-windows/{name}", response_model=ServiceWindow)
async def put_window(
    site: SiteName,
    name: PathName,
    body: WindowAsShown,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))],
) -> Response:
    """Announces a drill or maintenance: events are stored, raise nothing and stay out of statistics."""
    return await writer.once(site, lambda tx: service.put_window(tx, name, body))


@router.delete("/service-windows/{name}", response_model=ServiceWindow)
async def end_window(
    site: SiteName, name: PathName, writer: Annotated[Writer, Depends(writes(Role.ADMIN, Role.SUPERVISOR))]
) -> Response:
    """Ends it now, or takes it back."""
    return await writer.once(site, lambda tx: service.end_window(tx, name))


@router.get("/history")
async def history(
    site: SiteName,
    resources: Held,
    caller: Reader,
    *,
    kind: Literal["zone", "device", "service_window", "calendar"] | None = None,
    subject: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> History:
    """Who changed what, when and why."""
    async with begin(resources, site, caller.username) as tx:
        return await service.history(tx, cursor=cursor, subject_kind=kind, subject=subject, limit=limit)
