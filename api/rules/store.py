"""Versions of rules, none of which is ever changed, and which of them are in force."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from psycopg.types.json import Jsonb

from api.transactions import Transaction
from herun.database.queries import Queries
from herun.rules import SWITCHED_OFF_UID

_QUERIES: Final = Queries(__package__)
MAX_HISTORY: Final = 200  # versions of one rule that are shown


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rules are asked for; None: any."""

    uid: str | None = None
    kind: str | None = None
    mode: str | None = None
    category: str | None = None
    event_type: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """What rules name."""

    devices: list[str]
    device_kinds: list[str]
    zones: list[str]
    buildings: list[str]
    plate_lists: list[str]


async def newest(tx: Transaction, uid: str) -> tuple[int, bool]:
    """The newest version's number (0: none) and whether it is in force; nobody else adds one until this ends."""
    await tx.all(_QUERIES["lock_uid"], uid=uid)
    row = await tx.one(_QUERIES["newest"], uid=uid)
    return (row["version"], not row["removed"]) if row else (0, False)


async def add_version(tx: Transaction, uid: str, version: int, body: dict[str, Any] | None, why: str | None) -> None:
    """Adds a version and puts it in force; None as body: removed."""
    await tx.run(_QUERIES["add_version"], uid=uid, version=version, body=None if body is None else Jsonb(body), why=why)
    if body is None:
        await tx.run(_QUERIES["take_out_of_force"], uid=uid)
    else:
        await tx.run(_QUERIES["put_in_force"], uid=uid, version=version)


async def count(tx: Transaction) -> int:
    """How many are in force."""
    row = await tx.one(_QUERIES["count"])
    return int(row["rules"]) if row else 0


async def page(tx: Transaction, wanted: Filter, *, after: str | None = None, limit: int) -> list[dict[str, Any]]:
    """Those in force whose uid is after this one, by uid."""
    return await tx.chosen(
        _QUERIES["page"], after=after, limit=limit, switched_off_uid=SWITCHED_OFF_UID, **asdict(wanted)
    )


async def version(tx: Transaction, uid: str, number: int) -> dict[str, Any] | None:
    """One version of one rule, in force or not."""
    return await tx.one(_QUERIES["version"], uid=uid, version=number)


async def history(tx: Transaction, uid: str) -> list[dict[str, Any]]:
    """Versions of one rule, newest first."""
    return await tx.all(_QUERIES["history"], uid=uid, limit=MAX_HISTORY)


async def unknown(tx: Transaction, named: Named) -> set[tuple[str, str]]:
    """What the site does not have, as (device, d1) and the like."""
    return {(row["what"], row["name"]) for row in await tx.all(_QUERIES["unknown"], **asdict(named))}
