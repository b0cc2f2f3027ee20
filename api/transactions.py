"""One transaction a request, bound to one site."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from psycopg import AsyncConnection

from api.resources import Resources
from herun.clock import to_datetime
from herun.database.queries import Queries

ALL_SITES: Final = "*"
SYSTEM: Final = "system"  # the actor of what no person did

_QUERIES: Final = Queries("api", "transactions.sql")


class Touched(StrEnum):
    """What a transaction added to, and so who has to be woken when it has committed."""

    OUTBOX = "outbox"
    FEED = "feed"
    NOTICES = "notices"


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction: sees and writes rows of `site` only (`*`: of all).

    `at` is the estate's time of all that it does, `wall` the machine's. `known` is what was read of the site's
    settings, which are asked for at every step: read once, and taken out by whoever changes them.
    """

    connection: AsyncConnection[dict[str, Any]]
    site: str
    actor: str
    at: datetime
    wall: datetime
    touched: set[Touched] = field(default_factory=set)
    known: dict[str, Any] = field(default_factory=dict)

    async def all(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a statement, which may use `site`, `actor` and `at` besides the values."""
        cursor = await self.connection.execute(statement, self._with_own(values))
        return await cursor.fetchall()

    async def chosen(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """The same for a statement with filters that may be left out: planned each time, for the filters decide how."""
        cursor = await self.connection.execute(statement, self._with_own(values), prepare=False)
        return await cursor.fetchall()

    async def one(self, statement: str, **values: Any) -> dict[str, Any] | None:
        """The first row of a statement, or None."""
        cursor = await self.connection.execute(statement, self._with_own(values))
        return await cursor.fetchone()

    async def run(self, statement: str, **values: Any) -> int:
        """Runs a statement that gives no rows; returns how many it changed."""
        return (await self.connection.execute(statement, self._with_own(values))).rowcount

    async def many(self, statement: str, values: Iterable[dict[str, Any]]) -> None:
        """Runs a statement for each of the values, in one go."""
        async with self.connection.cursor() as cursor:
            await cursor.executemany(statement, [self._with_own(each) for each in values])

    def _with_own(self, values: dict[str, Any]) -> dict[str, Any]:
        return {"site": self.site, "actor": self.actor, "at": self.at, **values}


async def enter(transaction: Transaction, site: str) -> None:
    """From now on the transaction sees and writes rows of this site (`*`: of all), whatever it was begun for."""
    await transaction.connection.execute(_QUERIES["enter_site"], {"site": site})


@asynccontextmanager
async def begin(resources: Resources, site: str, actor: str = SYSTEM) -> AsyncIterator[Transaction]:
    """A transaction that commits when its block ends, rolls back if the block raises, and wakes who waits for it.

    Raises psycopg.OperationalError or PoolTimeout while the database is away.
    """
    async with resources.pool.connection() as connection, connection.transaction():
        transaction = Transaction(
            connection=connection,
            site=site,
            actor=actor,
            at=to_datetime(resources.clock.now_us()),
            wall=to_datetime(resources.wall.now_us()),
        )
        await enter(transaction, site)
        yield transaction
    if Touched.OUTBOX in transaction.touched:
        resources.outbox_filled.set()
    if Touched.FEED in transaction.touched:
        resources.wakeups.notify(site)
    if Touched.NOTICES in transaction.touched:
        resources.notices_made.set()
