"""What TimescaleDB adds: chunks, made and dropped."""

from __future__ import annotations

from herun.clock import DAY_US, to_text
from herun.database.capabilities import probe
from tests.integration.timescale.rows import START_US, acting_as, copy, count, event


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


def test_old_chunks_can_be_dropped_whole(migrated_url: str) -> None:
    with acting_as(migrated_url, "herun_processor") as connection:
        copy(connection, [event("a", 1, day=0), event("a", 1, day=21)])
        connection.execute("SELECT drop_chunks('events', %s::timestamptz)", (to_text(START_US + 14 * DAY_US),))
        assert count(connection, "SELECT count(*) FROM events") == 1
