"""Rows, copies and connections for the tests of the schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg

from herun.clock import DAY_US, to_text
from herun.database.pool import role_conninfo

START_US: Final = 1_790_000_000_000_000
COLUMNS: Final = (
    "site, device, event_time, event_id, event_type, schema_version, recorded_time, position, n, sequence, flags, data"
)
COPY: Final[LiteralString] = f"COPY events ({COLUMNS}) FROM STDIN"


@contextmanager
def acting_as(url: str, role: str | None) -> Iterator[psycopg.Connection[Any]]:
    """A connection in the way that a service connects, rolled back at the end unless the test commits."""
    with psycopg.connect(role_conninfo(url, role, "test"), prepare_threshold=None) as connection:
        yield connection
        connection.rollback()


def event(site: str, n: int, *, day: int = 0) -> tuple[object, ...]:
    """One row of events: n makes it unique, day says in which chunk it falls."""
    at = to_text(START_US + day * DAY_US + n)
    return (site, "gate-1", at, f"e-{day}-{n}", "vehicle.passed", 1, at, n, 0, n, 0, '{"plate_hash": "k"}')


def copy(connection: psycopg.Connection[Any], rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY) as stream:
        for row in rows:
            stream.write_row(row)


def count(connection: psycopg.Connection[Any], statement: LiteralString) -> int:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return int(row[0])


def see_site(connection: psycopg.Connection[Any], site: str) -> None:
    connection.execute("SELECT set_config('herun.site', %s, true)", (site,))
