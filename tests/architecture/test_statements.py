"""Every named SQL statement is used, every used one exists, and the migrations are numbered without a gap."""

from __future__ import annotations

import re

from tests.architecture.sources import Source, package_files, sql_files, text_files
from tests.architecture.statements import mismatches

MIGRATIONS = "herun/database/migrations/versions/"

SQL = Source("api/alerts/queries.sql", "-- name: close_alert\nUPDATE alerts SET closed = true\n")
LOADED = "from herun.database.queries import Queries\nQUERIES = Queries(__package__)\n"


def test_every_statement_is_used_and_every_used_one_exists() -> None:
    assert mismatches(sql_files(), package_files()) == []


def test_a_used_statement_is_let_be() -> None:
    store = Source("api/alerts/store.py", f"{LOADED}x = QUERIES['close_alert']")
    assert mismatches([SQL], [store]) == []
    assert (
        mismatches(
            [SQL],
            [
                Source(store.path, LOADED),
                Source("api/app.py", "from api.alerts.store import QUERIES as Q\nQ['close_alert']"),
            ],
        )
        == []
    )


def test_an_unused_statement_is_seen() -> None:
    assert mismatches([SQL], [Source("api/alerts/store.py", LOADED)]) == [
        "api/alerts/queries.sql: close_alert: nobody uses it"
    ]


def test_a_statement_of_another_file_does_not_count() -> None:
    other = Source("api/orders/store.py", f"{LOADED}x = QUERIES['close_alert']")
    assert len(mismatches([SQL], [other])) == 2


def test_a_missing_statement_is_seen() -> None:
    store = Source("api/alerts/store.py", f"{LOADED}x = QUERIES['close_alert'], QUERIES['open_alert']")
    assert mismatches([SQL], [store]) == ["api/alerts/queries.sql: open_alert: there is no such statement"]


def test_a_name_in_a_variable_is_one_of_the_files_own_strings() -> None:
    store = Source("api/alerts/store.py", f"{LOADED}for name in ('close_alert',):\n    x = QUERIES[name]")
    assert mismatches([SQL], [store]) == []


def test_a_hidden_name_is_seen() -> None:
    store = Source("api/alerts/store.py", f"{LOADED}x = QUERIES[name]")
    assert mismatches([SQL], [store])[1:] == ["api/alerts/store.py:3: which statement?"]


def test_migrations_are_numbered_without_a_gap_and_never_go_back() -> None:
    names = sorted(s.path.removeprefix(MIGRATIONS) for s in text_files() if re.match(rf"{MIGRATIONS}\d", s.path))
    numbers = [int(name[:4]) for name in names if name.endswith(".py")]
    assert numbers == list(range(1, len(numbers) + 1))
    assert {name.removesuffix(".sql") for name in names if name.endswith(".sql")} <= {
        name.removesuffix(".py") for name in names
    }
    backwards = [
        s.path
        for s in text_files()
        if s.path.startswith(MIGRATIONS) and "def downgrade" in s.text and "raise" not in s.text
    ]
    assert backwards == []
