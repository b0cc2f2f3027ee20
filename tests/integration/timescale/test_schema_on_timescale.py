"""The schema on a real TimescaleDB: the same migrations, keys, roles and row-level security as on plain PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import psycopg
import pytest
from psycopg import errors

from herun.clock import DAY_US, to_text
from herun.database.capabilities import probe
from herun.database.migrate import current_revision, head_revision, migrate
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


def test_the_schema_is_this_versions_and_migrating_again_changes_nothing(migrated_url: str) -> None:
    assert current_revision(migrated_url) == head_revision()
    assert migrate(migrated_url) == head_revision()


def test_the_event_tables_are_hypertables_without_columnstore(migrated_url: str) -> None:
    with acting_as(migrated_url, None) as connection:
        assert probe(connection).timescale
        tables = connection.execute(
            "SELECT hypertable_name, compression_enabled FROM timescaledb_information.hypertables ORDER BY 1"
        ).fetchall()
    assert tables == [("events", False), ("events_personal", False)]


def test_copy_fills_as_many_chunks_as_there_are_weeks(migrated_url: str) -> None:
    with acting_as(migrated_url, "herun_processor") as connection:
        copy(connection, [event("a", n, day=day) for day in (0, 7, 14) for n in range(700)])
        assert count(connection, "SELECT count(*) FROM events") == 2100
        assert count(connection, "SELECT count(*) FROM show_chunks('events')") == 3


def test_a_duplicate_fails_the_whole_copy_and_the_rest_goes_in_afterwards(migrated_url: str) -> None:
    with acting_as(migrated_url, "herun_processor") as connection:
        copy(connection, [event("a", 1)])
        with pytest.raises(errors.UniqueViolation), connection.transaction():
            copy(connection, [event("a", 0), event("a", 1), event("a", 2)])
        assert count(connection, "SELECT count(*) FROM events") == 1
        copy(connection, [event("a", 0), event("a", 2)])
        assert count(connection, "SELECT count(*) FROM events") == 3


def test_the_api_sees_one_site_and_without_one_nothing(migrated_url: str) -> None:
    with acting_as(migrated_url, "herun_processor") as connection:
        copy(connection, [event("a", 1), event("b", 1), event("b", 2)])
        connection.commit()
    try:
        with acting_as(migrated_url, "herun_api") as connection:
            seen = []
            for site in ("", "a", "b", "*"):
                see_site(connection, site)
                seen.append(count(connection, "SELECT count(*) FROM events"))
        assert seen == [0, 1, 2, 3]
    finally:
        with acting_as(migrated_url, "herun_processor") as connection:
            connection.execute("TRUNCATE events")
            connection.commit()


def test_the_api_cannot_write_what_is_the_processors(migrated_url: str) -> None:
    with acting_as(migrated_url, "herun_api") as connection:
        see_site(connection, "a")
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            copy(connection, [event("a", 1)])
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            connection.execute("DELETE FROM alerts")


def test_every_table_with_a_site_has_row_level_security(migrated_url: str) -> None:
    with acting_as(migrated_url, None) as connection:
        open_tables = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE attname = 'site' AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND NOT relrowsecurity"
        ).fetchall()
    assert open_tables == []


def test_old_chunks_can_be_dropped_whole(migrated_url: str) -> None:
    with acting_as(migrated_url, "herun_processor") as connection:
        copy(connection, [event("a", 1, day=0), event("a", 1, day=21)])
        connection.execute("SELECT drop_chunks('events', %s::timestamptz)", (to_text(START_US + 14 * DAY_US),))
        assert count(connection, "SELECT count(*) FROM events") == 1
