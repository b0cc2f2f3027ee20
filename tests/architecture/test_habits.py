"""Laws of habit, and the proof that each can be broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.architecture import habits
from tests.architecture.sources import Source, package_files, python_files, sql_files, text_files

Check = Callable[[Source], list[str]]

# The clock itself. Everything else is handed one.
MAY_READ_THE_CLOCK: Final = frozenset({"herun/clock.py"})

# The supervisor's one wait that may block: it stands in a command of its own, beside no loop.
MAY_SLEEP: Final = frozenset({"herun/stack/waiting.py"})

# The one file that knows whether TimescaleDB is there asks the server itself.
MAY_HOLD_SQL: Final = frozenset({"herun/database/capabilities.py"})


def complaints(check: Check, sources: tuple[Source, ...], allowed: frozenset[str]) -> list[str]:
    return [line for source in sources if source.path not in allowed for line in check(source)]


def test_only_the_clock_reads_the_clock() -> None:
    assert complaints(habits.clock_reads, package_files(), MAY_READ_THE_CLOCK) == []


def test_nobody_sleeps_to_hope() -> None:
    assert complaints(habits.sleeps, package_files(), MAY_SLEEP) == []


@pytest.mark.parametrize(
    ("check", "allowed"),
    [(habits.clock_reads, MAY_READ_THE_CLOCK), (habits.sleeps, MAY_SLEEP), (habits.sql_in_python, MAY_HOLD_SQL)],
)
def test_every_exception_to_a_law_is_still_needed(check: Check, allowed: frozenset[str]) -> None:
    using = {source.path for source in package_files() if check(source)}
    assert allowed - using == frozenset()


def test_no_failure_is_silent() -> None:
    assert complaints(habits.silent_failures, python_files(), frozenset()) == []


def test_sql_never_asks_for_the_time() -> None:
    assert complaints(habits.sql_clock_reads, sql_files(), frozenset()) == []


def test_sql_stands_in_sql_files() -> None:
    assert complaints(habits.sql_in_python, package_files(), MAY_HOLD_SQL) == []


def test_no_file_names_a_registry() -> None:
    assert complaints(habits.registry_addresses, text_files(), frozenset()) == []


def test_no_file_names_one_machine() -> None:
    assert complaints(habits.machine_paths, text_files(), frozenset()) == []


def test_every_module_is_named_for_what_it_is_about() -> None:
    assert complaints(habits.nameless_names, python_files(), frozenset()) == []


BAD: Final[list[tuple[Check, str]]] = [
    (habits.clock_reads, "import time\nat = time.time()"),
    (habits.clock_reads, "from datetime import datetime, UTC\nat = datetime.now(UTC)"),
    (habits.sleeps, "import asyncio\nasync def f():\n    await asyncio.sleep(1)"),
    (habits.sleeps, "import time\ntime.sleep(1)"),
    (habits.sleeps, "import time\ntime.sleep(RETRY_PAUSE_S)"),
    (habits.sleeps, "async def f(delay):\n    await asyncio.sleep(delay)"),
    (habits.silent_failures, "try:\n    f()\nexcept:\n    log()"),
    (habits.silent_failures, "try:\n    f()\nexcept Exception:\n    pass"),
    (habits.silent_failures, "for x in y:\n    try:\n        f()\n    except (OSError, Exception):\n        continue"),
    (habits.silent_failures, "def g():\n    try:\n        f()\n    except BaseException:\n        return None"),
    (habits.silent_failures, "from contextlib import suppress\nwith suppress(Exception):\n    f()"),
    (habits.sql_clock_reads, "SELECT NOW ( ) FROM t"),
    (habits.sql_clock_reads, "-- name: touch\nUPDATE t SET at = current_timestamp"),
    (habits.sql_in_python, "q = 'SELECT a FROM t'"),
    (habits.sql_in_python, "q = f'INSERT INTO t VALUES ({x})'"),
    (habits.registry_addresses, "/".join(("https:", "", ".".join(("files", "pythonhosted", "org")), "x.whl"))),
    (
        habits.registry_addresses,
        '"resolved": "' + "/".join(("https:", "", ".".join(("registry", "npmjs", "org")), 'x.tgz"')),
    ),
    (habits.machine_paths, "home = '/home/" + "li/herun'"),
]


@pytest.mark.parametrize(("check", "text"), BAD)
def test_a_bad_habit_is_seen(check: Check, text: str) -> None:
    assert len(check(Source("herun/sample.py", text))) == 1


def test_a_nameless_module_is_seen() -> None:
    assert habits.nameless_names(Source("api/utils.py", "")) == ["api/utils.py"]


GOOD: Final[list[tuple[Check, str]]] = [
    (habits.clock_reads, "at = clock.now_us()"),
    (habits.sleeps, "async def f():\n    await asyncio.sleep(RETRY_PAUSE_S)"),
    (habits.sleeps, "async def f(stop):\n    await stop.wait()"),
    (habits.silent_failures, "try:\n    f()\nexcept Exception:\n    log.exception('f failed')\n    raise"),
    (habits.silent_failures, "try:\n    f()\nexcept FileNotFoundError:\n    pass"),
    (habits.sql_clock_reads, "-- now() is never called\nSELECT known()"),
    (habits.sql_in_python, "word = 'Select a site from the list'\nother = 'update'"),
]


@pytest.mark.parametrize(("check", "text"), GOOD)
def test_a_good_habit_is_let_be(check: Check, text: str) -> None:
    assert check(Source("herun/sample.py", text)) == []
