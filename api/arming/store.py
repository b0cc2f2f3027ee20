"""What people want of zones and devices, what the engine said of them, and who changed what."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.arming.schemas import (
    Actual,
    Bypass,
    LeftOpen,
    NewBypass,
    NewServiceWindow,
    Refused,
    ServiceWindow,
    SetMode,
    Wanted,
    ZoneState,
)
from api.transactions import Transaction
from herun.arming import ArmingPlan, Mode
from herun.database.queries import Queries
from herun.events import FLAG_DERIVED

_QUERIES: Final = Queries(__package__)


async def change_plan(tx: Transaction, zone: str, plan: ArmingPlan, why: str | None) -> int:
    """Keeps the plan; the number of this change of the zone. Its row stays locked: changes come in their order."""
    row = await tx.one(_QUERIES["change_plan"], zone=zone, plan=Jsonb(plan.model_dump(mode="json")), why=why)
    return _change(row)


async def change_mode(tx: Transaction, zone: str, new: SetMode) -> int:
    """Keeps the mode that somebody wants, as `change_plan`."""
    row = await tx.one(
        _QUERIES["change_mode"], zone=zone, mode=new.mode, until=new.until, forced=new.force, why=new.why
    )
    return _change(row)


async def remove_zone(tx: Transaction, zone: str) -> int | None:
    """Nothing is wanted of the zone any more; the number of this change, or None if nothing was."""
    row = await tx.one(_QUERIES["remove_zone"], zone=zone)
    return _change(row) + 1 if row else None


async def zones(tx: Transaction, zone: str | None = None) -> list[ZoneState]:
    """All zones of the layout, or one."""
    rows = await tx.all(_QUERIES["zones"], zone=zone, derived=FLAG_DERIVED)
    return [ZoneState(zone=row["zone"], name=row["name"], wanted=_wanted(row), actual=_actual(row)) for row in rows]


async def zones_entered_by(tx: Transaction, device: str) -> list[str]:
    """Zones whose plan has this device as an entry door, by name."""
    return [row["zone"] for row in await tx.all(_QUERIES["zones_entered_by"], device=device)]


async def put_bypass(tx: Transaction, device: str, new: NewBypass) -> Bypass:
    """Keeps a bypass."""
    return Bypass(**_row(await tx.one(_QUERIES["put_bypass"], device=device, until=new.until, why=new.why)))


async def end_bypass(tx: Transaction, device: str) -> Bypass | None:
    """Takes a bypass that is not over out."""
    row = await tx.one(_QUERIES["end_bypass"], device=device)
    return Bypass(**row) if row else None


async def bypasses(tx: Transaction) -> list[Bypass]:
    """Those that are not over, by device."""
    return [Bypass(**row) for row in await tx.all(_QUERIES["bypasses"])]


async def unknown_devices(tx: Transaction, devices: list[str], zone: str | None = None) -> list[str]:
    """Which of these the site, or its zone, does not have."""
    return [row["device"] for row in await tx.all(_QUERIES["unknown_devices"], devices=devices, zone=zone)]


async def put_window(tx: Transaction, name: str, new: NewServiceWindow) -> ServiceWindow:
    """Keeps a service window."""
    return ServiceWindow(**_row(await tx.one(_QUERIES["put_window"], name=name, **new.model_dump())))


async def other_windows(tx: Transaction, name: str, before: datetime) -> int:
    """How many others the site has, after those that ended before have been dropped."""
    await tx.run(_QUERIES["drop_old_windows"], before=before)
    return int(_row(await tx.one(_QUERIES["count_other_windows"], name=name))["windows"])


async def end_window(tx: Transaction, name: str) -> ServiceWindow | None:
    """Takes a window that is not over out."""
    row = await tx.one(_QUERIES["end_window"], name=name)
    return ServiceWindow(**row) if row else None


async def windows(tx: Transaction) -> list[ServiceWindow]:
    """Those that are not over, by beginning."""
    return [ServiceWindow(**row) for row in await tx.all(_QUERIES["windows"])]


async def add_history(
    tx: Transaction, subject_kind: str, subject: str, action: str, *, detail: dict[str, Any], why: str | None
) -> None:
    """Writes down what this transaction does."""
    await tx.run(
        _QUERIES["add_history"],
        subject_kind=subject_kind,
        subject=subject,
        action=action,
        detail=Jsonb(detail),
        why=why,
    )


async def history(
    tx: Transaction, *, before: int | None, subject_kind: str | None, subject: str | None, limit: int
) -> list[dict[str, Any]]:
    """Entries before an id, newest first."""
    return await tx.chosen(_QUERIES["history"], before=before, subject_kind=subject_kind, subject=subject, limit=limit)


def _row(row: dict[str, Any] | None) -> dict[str, Any]:
    assert row is not None  # noqa: S101 - the statement gives one always
    return row


def _change(row: dict[str, Any] | None) -> int:
    return int(_row(row)["change"])


def _wanted(row: dict[str, Any]) -> Wanted | None:
    if row["change"] is None:
        return None
    own: dict[str, Any] = {
        name: row[name] for name in ("plan", "plan_changed_by", "plan_changed_at", "plan_why", "mode", "forced")
    }
    own |= {name: None if row["mode"] is None else row[name] for name in ("changed_by", "changed_at", "why")}
    return Wanted(**own, until=row["mode_until"])


def _actual(row: dict[str, Any]) -> Actual | None:
    """The state that the engine's newest word leaves the zone in."""
    said, at, data = row["said"], row["said_at"], row["said_data"]
    if said is None:
        return None
    is_arming, is_refused = said == "zone.arming", said == "arming.refused"
    mode = Mode.DISARMED if is_arming else data["stays"] if is_refused else data["mode"]
    whose = row["stands_data"] or data
    return Actual(
        mode=mode,
        since=row["stands_since"] or at,
        who=whose["who"],
        why=whose["why"],
        arming=data["mode"] if is_arming or (is_refused and data["waits"]) else None,
        armed_at=at + timedelta(seconds=data["delay_s"]) if is_arming else None,
        refused=_refused(data, at) if is_refused else None,
        entered_at=row["detected_at"] if row["detected"] == "entry.begun" else None,
        intruded_at=row["detected_at"] if row["detected"] == "intrusion.confirmed" else None,
        left_open=LeftOpen(at=row["left_at"], door=row["left_door"]) if row["left_door"] is not None else None,
    )


def _refused(data: dict[str, Any], at: datetime) -> Refused:
    return Refused(at=at, **{name: data[name] for name in ("mode", "doors", "open", "waits", "who", "why")})
