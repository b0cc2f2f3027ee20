"""People of a site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from api.people.schemas import NewPerson
from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def taken(tx: Transaction, usernames: Sequence[str]) -> dict[str, str]:
    """Which of these usernames exist, with their site, as far as this transaction sees."""
    return {row["username"]: row["site"] for row in await tx.all(_QUERIES["taken"], usernames=list(usernames))}


async def put(tx: Transaction, people: Sequence[NewPerson], hashes: dict[str, str]) -> None:
    """Makes or replaces people; `hashes` has the password hash by username. An existing password stays without one."""
    rows = [
        {
            **person.model_dump(exclude={"grids", "password", "roles"}),
            "roles": [role.value for role in person.roles],
            "password_hash": hashes.get(person.username),
        }
        for person in people
    ]
    await tx.many(_QUERIES["put"], rows)
    await tx.run(_QUERIES["leave_grids"], usernames=[person.username for person in people])
    pairs = [{"username": person.username, "grid": grid} for person in people for grid in person.grids]
    await tx.many(_QUERIES["join_grid"], pairs)


async def page(tx: Transaction, *, role: str | None, after: str | None, limit: int) -> list[dict[str, Any]]:
    """People by username."""
    return await tx.all(_QUERIES["page"], role=role, after=after, limit=limit)
