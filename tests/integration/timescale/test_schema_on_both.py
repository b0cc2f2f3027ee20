"""The schema holds on both databases: the same migrations, keys, roles and row-level security."""

from __future__ import annotations

import pytest
from psycopg import errors

from herun.database.migrate import current_revision, head_revision, migrate
from tests.integration.timescale.rows import acting_as, copy, count, event, see_site


def test_the_schema_is_this_versions_and_migrating_again_changes_nothing(database_url: str) -> None:
    assert current_revision(database_url) == head_revision()
    assert migrate(database_url) == head_revision()


def test_a_duplicate_fails_the_whole_copy_and_the_rest_goes_in_afterwards(database_url: str) -> None:
    with acting_as(database_url, "herun_processor") as connection:
        copy(connection, [event("a", 1)])
        with pytest.raises(errors.UniqueViolation), connection.transaction():
            copy(connection, [event("a", 0), event("a", 1), event("a", 2)])
        assert count(connection, "SELECT count(*) FROM events") == 1
        copy(connection, [event("a", 0), event("a", 2)])
        assert count(connection, "SELECT count(*) FROM events") == 3


def test_the_api_sees_one_site_and_without_one_nothing(database_url: str) -> None:
    with acting_as(database_url, "herun_processor") as connection:
        copy(connection, [event("a", 1), event("b", 1), event("b", 2)])
        connection.commit()
    try:
        with acting_as(database_url, "herun_api") as connection:
            seen = []
            for site in ("", "a", "b", "*"):
                see_site(connection, site)
                seen.append(count(connection, "SELECT count(*) FROM events"))
        assert seen == [0, 1, 2, 3]
    finally:
        with acting_as(database_url, "herun_processor") as connection:
            connection.execute("TRUNCATE events")
            connection.commit()


def test_the_api_cannot_write_what_is_the_processors(database_url: str) -> None:
    with acting_as(database_url, "herun_api") as connection:
        see_site(connection, "a")
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            copy(connection, [event("a", 1)])
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            connection.execute("DELETE FROM alerts")


def test_every_table_with_a_site_has_row_level_security(database_url: str) -> None:
    with acting_as(database_url, None) as connection:
        open_tables = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE attname = 'site' AND relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
            " AND NOT relrowsecurity"
        ).fetchall()
    assert open_tables == []
