"""Devices of a site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from psycopg.errors import UniqueViolation

from api.devices.schemas import NewDevice
from api.problems import conflict
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)

_CLASHES: Final = {
    "devices_by_topic_root": "the first level of a base_topic, or a serial number, is used by another device",
    "devices_behind_bridge": "two devices behind one bridge have the same external_id",
}


async def existing(tx: Transaction, devices: Sequence[str]) -> dict[str, str]:
    """Kinds by name of those that exist; nobody else changes them until this transaction ends."""
    return {row["device"]: row["kind"] for row in await tx.all(_QUERIES["existing"], devices=list(devices))}


async def put(tx: Transaction, devices: Sequence[NewDevice], hashes: dict[str, str]) -> None:
    """Makes or replaces devices; `hashes` has the secrets' hashes by name. Raises Problem 409 if topics clash."""
    rows = [
        {**device.model_dump(), "topic_root": device.topic_root, "secret_sha256": hashes.get(device.device)}
        for device in devices
    ]
    try:
        await tx.many(_QUERIES["put"], rows)
    except UniqueViolation as error:
        raise conflict("topics_clash", _CLASHES.get(error.diag.constraint_name or "", "devices clash")) from error


async def uplinks_above(tx: Transaction, devices: Sequence[str], levels: int) -> dict[str, str]:
    """What these devices hang on, and what that hangs on, so many levels up."""
    rows = await tx.all(_QUERIES["uplinks_above"], devices=list(devices), levels=levels)
    return {row["device"]: row["uplink"] for row in rows}


async def change(tx: Transaction, device: str, changes: dict[str, Any]) -> None:
    """Changes what it hangs on and where it is; `enabled` and `secret_sha256` stay where they are None."""
    await tx.run(_QUERIES["change"], device=device, **changes)


async def one(tx: Transaction, device: str) -> dict[str, Any] | None:
    """One device with its partition and its secret's hash."""
    return await tx.one(_QUERIES["one"], device=device)


async def page(tx: Transaction, *, kind: str | None, after: str | None, limit: int) -> list[dict[str, Any]]:
    """Devices by name."""
    return await tx.all(_QUERIES["page"], kind=kind, after=after, limit=limit)
