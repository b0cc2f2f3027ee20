"""Devices of a site."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from api.access import Caller, requires
from api.cursors import Cursor, Limit
from api.devices import service
from api.devices.schemas import Device, DeviceChange, DeviceChanged, Devices, DevicesAdded, NewDevices, Registering
from api.idempotency.service import Writer, writes
from api.resources import Held
from api.roles import DESK, READERS, Role
from api.schema import SiteName
from api.transactions import begin
from herun.names import NAME_PATTERN
from herun.registry import DeviceKind

router = APIRouter(tags=["devices"])

DeviceName = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$")]


@router.post("/sites/{site}/devices", status_code=HTTPStatus.CREATED, response_model=DevicesAdded)
async def register(
    site: SiteName,
    body: NewDevices,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN))],
    how: Annotated[Registering, Query()],
) -> Response:
    """Registers up to a thousand devices and returns their secrets, this once."""
    return await writer.once(site, lambda tx: service.register(tx, body, replace=how.replace), HTTPStatus.CREATED)


@router.get("/sites/{site}/devices")
async def page(
    site: SiteName,
    resources: Held,
    caller: Annotated[Caller, Depends(requires(*READERS))],
    *,
    kind: DeviceKind | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Devices:
    """Devices by name."""
    async with begin(resources, site, caller.username) as tx:
        return await service.page(tx, kind=kind, cursor=cursor, limit=limit)


@router.get("/sites/{site}/devices/{device}")
async def one(
    site: SiteName, device: DeviceName, resources: Held, caller: Annotated[Caller, Depends(requires(*READERS))]
) -> Device:
    """One device."""
    async with begin(resources, site, caller.username) as tx:
        return Device(**await service.one_row(tx, device))


@router.patch("/sites/{site}/devices/{device}", response_model=DeviceChanged)
async def change(
    site: SiteName,
    device: DeviceName,
    body: DeviceChange,
    writer: Annotated[Writer, Depends(writes(Role.ADMIN, *DESK))],
) -> Response:
    """Moves a device, switches it on or off, gives it a new secret or another uplink; the desk may only move it."""
    service.must_be_theirs(body, is_admin=writer.caller.has(Role.ADMIN))
    return await writer.once(site, lambda tx: service.change(tx, device, body))
