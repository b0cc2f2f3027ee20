"""The register of residents who agreed to be looked for."""

from __future__ import annotations

from typing import Final

from api.care.schemas import Care, NewCare
from api.transactions import Transaction
from herun.database.queries import Queries
from herun.passages import MAX_CARES

_QUERIES: Final = Queries(__package__)


async def lock(tx: Transaction) -> None:
    """Nobody else changes the register until this transaction ends."""
    await tx.all(_QUERIES["lock"])


async def put(tx: Transaction, resident: str, new: NewCare, face_hashes: list[str]) -> None:
    """Makes or replaces an agreement."""
    await tx.run(
        _QUERIES["put"],
        resident=resident,
        name=new.name,
        hours=new.hours,
        devices=new.devices,
        face_hashes=face_hashes,
        consent_by=new.consent.by,
        consent_at=new.consent.at,
    )


async def everything(tx: Transaction) -> list[Care]:
    """All agreements, by resident."""
    return [Care(**row) for row in await tx.all(_QUERIES["everything"], limit=MAX_CARES)]


async def one(tx: Transaction, resident: str) -> Care | None:
    """One agreement."""
    row = await tx.one(_QUERIES["one"], resident=resident)
    return Care(**row) if row else None


async def unknown_devices(tx: Transaction, devices: list[str]) -> list[str]:
    """Which of these the site does not have."""
    return [row["name"] for row in await tx.all(_QUERIES["unknown_devices"], devices=devices)]


async def remove(tx: Transaction, resident: str) -> bool:
    """Takes an agreement out of the register; False if there was none."""
    return bool(await tx.run(_QUERIES["remove"], resident=resident))
