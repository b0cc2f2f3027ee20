"""What the database server can do; the only file that knows whether TimescaleDB is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

_PROBE = """
SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb') AS available,
       EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') AS installed,
       current_setting('timescaledb.max_background_workers', true) IS NOT NULL AS preloaded
"""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`timescale`: series are hypertables; otherwise they are plain tables of the same columns and keys."""

    timescale: bool


def probe(connection: Connection[Any]) -> Capabilities:
    """Looks at the server; installs nothing. CREATE EXTENSION without preloading would be fatal, hence both probes."""
    row = connection.execute(_PROBE).fetchone()
    if row is None:
        return Capabilities(timescale=False)
    available, installed, preloaded = row
    return Capabilities(timescale=bool(installed or (available and preloaded)))


def make_hypertable(connection: Connection[Any], table: str, time_column: str, chunk: str) -> None:
    """Turns an empty table into a hypertable. No columnstore: it does not go with row-level security."""
    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    connection.execute(
        "SELECT create_hypertable(%s::regclass, by_range(%s::name, %s::interval), if_not_exists => true,"
        " create_default_indexes => false)",
        (table, time_column, chunk),
    )
