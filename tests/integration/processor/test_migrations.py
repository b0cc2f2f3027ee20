"""What a migration does with what is there already."""

from __future__ import annotations

import psycopg

from herun.database.migrate import migrate
from tests.integration.processor.running import DatabaseServer


def test_the_engine_will_hear_the_time_zone_of_sites_that_are_there_already(postgres: DatabaseServer) -> None:
    dsn = postgres.new_database("0002")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("INSERT INTO sites VALUES ('s1', 'S', 3, 'Asia/Urumqi', '2026-01-01 00:00Z')")
        migrate(dsn)
        rows = connection.execute("SELECT site, partition, kind, body FROM api_outbox").fetchall()
    assert rows == [("s1", 3, "site.put", {"time_zone": "Asia/Urumqi"})]


def test_the_engine_will_hear_what_places_are_called_that_are_there_already(postgres: DatabaseServer) -> None:
    dsn = postgres.new_database("0023")
    with psycopg.connect(dsn, autocommit=True) as connection:
        for site in ("s1", "s2"):
            connection.execute(
                "INSERT INTO sites VALUES (%(site)s, 'S', 3, 'Asia/Shanghai', '2026-01-01 00:00Z')", {"site": site}
            )
        connection.execute("INSERT INTO buildings (site, building, name) VALUES ('s1', 'b1', '一号楼')")
        connection.execute("INSERT INTO zones (site, zone, name) VALUES ('s1', 'z1', '东门'), ('s1', 'z2', '西门')")
        migrate(dsn)
        rows = connection.execute("SELECT site, partition, kind, body FROM api_outbox").fetchall()
    assert rows == [("s1", 3, "layout.put", {"zones": {"z1": "东门", "z2": "西门"}, "buildings": {"b1": "一号楼"}})]
