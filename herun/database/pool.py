"""Connections: one login, but each service acts as its own database role, so that a table has one writer."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection, conninfo
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

Pool = AsyncConnectionPool[AsyncConnection[dict[str, Any]]]

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 30_000  # of any one statement: nothing of ours should take longer


def role_conninfo(url: str, role: str | None, application: str) -> str:
    """The DSN with the role set at connect, UTC, and a name that shows in pg_stat_activity."""
    options = [f"-c statement_timeout={STATEMENT_TIMEOUT_MS}", "-c timezone=UTC"]
    if role:
        options.append(f"-c role={role}")
    return conninfo.make_conninfo(
        url, options=" ".join(options), application_name=application, connect_timeout=CONNECT_TIMEOUT_S
    )


def make_pool(
    url: str, role: str, application: str, max_size: int
) -> AsyncConnectionPool[AsyncConnection[dict[str, Any]]]:
    """A closed pool of at most `max_size` connections that give rows as dicts; open it with `async with`."""
    return AsyncConnectionPool(
        role_conninfo(url, role, application),
        min_size=1,
        max_size=max_size,
        open=False,
        kwargs={"row_factory": dict_row},
        check=AsyncConnectionPool.check_connection,
        timeout=10,
        max_waiting=500,
        reconnect_timeout=60,
        connection_class=AsyncConnection[dict[str, Any]],
    )
