"""People as those who sign in and call."""

from __future__ import annotations

from typing import Any, Final

from api.transactions import Transaction
from herun.database.queries import Queries

_QUERIES: Final = Queries(__package__)


async def credentials(tx: Transaction, username: str) -> dict[str, Any] | None:
    """Site, roles and password hash of an enabled person."""
    return await tx.one(_QUERIES["credentials"], username=username)


async def caller(tx: Transaction, username: str, wanted: str | None) -> dict[str, Any] | None:
    """An enabled person, and whether the site that they ask for exists."""
    return await tx.one(_QUERIES["caller"], username=username, wanted=wanted)


async def grids_of(tx: Transaction, home: str, username: str) -> list[str]:
    """The grids that a person looks after."""
    return [row["grid"] for row in await tx.all(_QUERIES["grids_of"], home=home, username=username)]


async def add_first_admin(tx: Transaction, username: str, roles: list[str], password_hash: str) -> bool:
    """Makes the administrator of all sites; False if the name is taken already."""
    row = await tx.one(_QUERIES["add_first_admin"], username=username, roles=roles, password_hash=password_hash)
    return row is not None
