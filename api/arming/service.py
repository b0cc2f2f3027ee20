"""Arming zones, bypassing sensors, announcing drills. The engine decides; what it decided comes back as events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel

from api import cursors
from api.arming import store
from api.arming.schemas import (
    Bypass,
    History,
    HistoryEntry,
    NewBypass,
    NewServiceWindow,
    ServiceWindow,
    SetMode,
    ZoneState,
    ZoneStates,
)
from api.audit import store as audit
from api.calendar import service as calendar
from api.outbox import store as outbox
from api.problems import conflict, invalid, must_be_of, not_found
from api.sites import store as sites
from api.transactions import Transaction
from herun.arming import (
    MAX_SERVICE_WINDOWS,
    ArmingPlan,
    BypassSet,
    ModeSet,
    PlanPut,
    PlanRemoved,
    ServiceWindowPut,
    ServiceWindowRemoved,
)
from herun.clock import to_us
from herun.control import ControlKind

LONGEST: Final = timedelta(days=31)  # of a bypass or service window: what is broken for longer is removed
FARTHEST: Final = timedelta(days=366)  # into the future
KEPT: Final = timedelta(hours=1)  # the engine holds late events against windows for so long after their end


async def states(tx: Transaction) -> ZoneStates:
    """All zones, wanted and actual."""
    return ZoneStates(items=await store.zones(tx), unknown_years=await calendar.unknown_years(tx))


async def one(tx: Transaction, zone: str) -> ZoneState:
    """One zone. Raises Problem 404."""
    found = await store.zones(tx, zone)
    if not found:
        raise not_found("zone")
    return found[0]


async def put_plan(tx: Transaction, zone: str, plan: ArmingPlan, why: str | None) -> ZoneState:
    """Gives the zone a plan. Raises Problem 404, and 422 for entry doors that are not of the zone."""
    await one(tx, zone)
    elsewhere = await store.unknown_devices(tx, plan.entry_doors, zone)
    if elsewhere:
        raise invalid("unknown_device", f"entry doors are devices of the zone; these are not: {elsewhere[:5]}")
    change = await store.change_plan(tx, zone, plan, why)
    body = PlanPut(zone=zone, change=change, who=tx.actor, why=why or "", plan=plan)
    await _tell(tx, ControlKind.ARMING_PLAN_PUT, body)
    await _write_down(tx, "zone", zone, "plan_put", detail={"plan": plan.model_dump(mode="json")}, why=why)
    return await one(tx, zone)


async def remove_plan(tx: Transaction, zone: str, why: str | None) -> ZoneState:
    """The zone is armed no more. Raises Problem 404 if nobody has armed it."""
    await one(tx, zone)
    change = await store.remove_zone(tx, zone)
    if change is None:
        raise not_found("plan")
    await _tell(tx, ControlKind.ARMING_PLAN_REMOVED, PlanRemoved(zone=zone, change=change, who=tx.actor, why=why or ""))
    await _write_down(tx, "zone", zone, "plan_removed", detail={}, why=why)
    return await one(tx, zone)


async def set_mode(tx: Transaction, zone: str, new: SetMode) -> ZoneState:
    """Asks the engine for a mode. Raises Problem 404, and 422 for a time that is over or too far away."""
    await one(tx, zone)
    if new.until is not None:
        _check_time(tx, new.until, "until", FARTHEST)
    change = await store.change_mode(tx, zone, new)
    body = ModeSet(
        zone=zone,
        change=change,
        mode=new.mode,
        until_us=None if new.until is None else to_us(new.until),
        force=new.force,
        who=tx.actor,
        why=new.why or "",
    )
    await _tell(tx, ControlKind.ARMING_MODE_SET, body)
    await _write_down(tx, "zone", zone, "mode_set", detail=new.model_dump(mode="json", exclude={"why"}), why=new.why)
    return await one(tx, zone)


async def put_bypass(tx: Transaction, device: str, new: NewBypass) -> Bypass:
    """Bypasses a device. Raises Problem 404, and 422 for a time that is over or too far away."""
    must_be_of(device, "device", new.device)
    if await store.unknown_devices(tx, [device]):
        raise not_found("device")
    _check_time(tx, new.until, "until", LONGEST)
    kept = await store.put_bypass(tx, device, new)
    body = BypassSet(device=device, until_us=to_us(new.until), who=tx.actor, why=new.why)
    await _tell(tx, ControlKind.ARMING_BYPASS, body)
    await _write_down(tx, "device", device, "bypassed", detail={"until": new.until.isoformat()}, why=new.why)
    return kept


async def end_bypass(tx: Transaction, device: str) -> Bypass:
    """Ends a bypass now. Raises Problem 404 if there is none."""
    ended = await store.end_bypass(tx, device)
    if ended is None:
        raise not_found("bypass")
    await _tell(tx, ControlKind.ARMING_BYPASS, BypassSet(device=device, who=tx.actor))
    await _write_down(tx, "device", device, "bypass_ended", detail={}, why=None)
    return ended


async def put_window(tx: Transaction, name: str, new: NewServiceWindow) -> ServiceWindow:
    """Announces a drill or maintenance, or changes it. Raises Problem 422, and 409 beyond MAX_SERVICE_WINDOWS."""
    must_be_of(name, "name", new.name)
    _check_time(tx, new.ends_at, "ends_at", FARTHEST + LONGEST)
    if not timedelta(0) < new.ends_at - new.begins_at <= LONGEST:
        raise invalid("bad_time", f"it must end after it begins, at most {LONGEST.days} days later")
    unknown = (await sites.unknown_places(tx, zones=new.zones))["zone"]
    if unknown:
        raise invalid("unknown_place", f"the site has no zones {sorted(unknown)[:5]}")
    await _check_devices(tx, new.devices)
    if await store.other_windows(tx, name, tx.at - KEPT) >= MAX_SERVICE_WINDOWS:
        raise conflict("too_many", f"the site has {MAX_SERVICE_WINDOWS} service windows already")
    kept = await store.put_window(tx, name, new)
    await _tell(tx, ControlKind.SERVICE_WINDOW_PUT, _control_of(tx, kept))
    detail = new.model_dump(mode="json", exclude={"why"})
    await _write_down(tx, "service_window", name, "service_window_put", detail=detail, why=new.why)
    return kept


async def end_window(tx: Transaction, name: str) -> ServiceWindow:
    """Ends a window now, or takes back one that has not begun. Raises Problem 404 if there is none."""
    ended = await store.end_window(tx, name)
    if ended is None:
        raise not_found("service window")
    await _tell(tx, ControlKind.SERVICE_WINDOW_REMOVED, ServiceWindowRemoved(window=name, who=tx.actor))
    await _write_down(tx, "service_window", name, "service_window_removed", detail={}, why=None)
    return ended


async def history(
    tx: Transaction, *, cursor: str | None, subject_kind: str | None, subject: str | None, limit: int
) -> History:
    """One page, newest first."""
    before = cursors.decode_numbers(cursor, 1)
    rows = await store.history(
        tx, before=before[0] if before else None, subject_kind=subject_kind, subject=subject, limit=limit + 1
    )
    return History(
        items=[HistoryEntry(**{name: row[name] for name in HistoryEntry.model_fields}) for row in rows[:limit]],
        next_cursor=cursors.encode(rows[limit - 1]["id"]) if len(rows) > limit else None,
    )


def _control_of(tx: Transaction, window: ServiceWindow) -> ServiceWindowPut:
    return ServiceWindowPut(
        window=window.name,
        kind=window.kind,
        zones=window.zones,
        devices=window.devices,
        begin_us=max(0, to_us(window.begins_at)),
        end_us=to_us(window.ends_at),
        who=tx.actor,
        why=window.why,
    )


def _check_time(tx: Transaction, at: datetime, name: str, farthest: timedelta) -> None:
    if not tx.at < at <= tx.at + farthest:
        raise invalid("bad_time", f"{name} must lie in the future, at most {farthest.days} days away")


async def _check_devices(tx: Transaction, devices: list[str]) -> None:
    unknown = await store.unknown_devices(tx, devices)
    if unknown:
        raise invalid("unknown_device", f"the site has no devices {unknown[:5]}")


async def _tell(tx: Transaction, kind: ControlKind, body: BaseModel) -> None:
    await outbox.put(tx, kind, body.model_dump(mode="json"))


async def _write_down(
    tx: Transaction, subject_kind: str, subject: str, action: str, *, detail: dict[str, Any], why: str | None
) -> None:
    await store.add_history(tx, subject_kind, subject, action, detail=detail, why=why)
    await audit.record(tx, f"arming.{action}", subject, {})
