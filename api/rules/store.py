"""Versions of rules, none of which is ever changed, and which of them are in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


async def newest(tx: Transaction, uids: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """By uid the newest version's number (0: none) and whether it is in force.

    Nobody else adds a version of any of the site's rules until this transaction ends.
    """
    await tx.all(_QUERIES["one_at_a_time"])
    rows = await tx.all(_QUERIES["newest"], uids=list(uids))
    return {row["uid"]: (row["version"], not row["removed"]) for row in rows}


async def add_versions(tx: Transaction, bodies: Mapping[str, dict[str, Any]], why: str | None) -> None:
    """Adds a version of each of these rules, by uid, and puts it in force."""
    versions = [{"uid": uid, "version": body["version"]} for uid, body in bodies.items()]
    rows = [{**each, "body": Jsonb(bodies[each["uid"]]), "why": why} for each in versions]
    await tx.many(_QUERIES["add_version"], rows)
    await tx.many(_QUERIES["put_in_force"], versions)


async def take_out(tx: Transaction, uid: str, version: int, why: str | None) -> None:
    """Adds a version without a body: the rule is in force no more."""
    await tx.run(_QUERIES["add_version"], uid=uid, version=version, body=None, why=why)
    await tx.run(_QUERIES["take_out_of_force"], uid=uid)


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
