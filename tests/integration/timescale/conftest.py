"""The two databases that the schema has to hold on: the one-box PostgreSQL, and a real TimescaleDB without a server.

The latter is PGlite in a Node process, one connection at a time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psycopg
import pytest
from dotenv import dotenv_values

from herun.database.migrate import migrate
from tests.support.box import until
from tests.support.ports import wish_for_ports

ROOT: Final = Path(__file__).resolve().parents[3]
FRONT: Final = Path(__file__).with_name("front.mjs")
NODE: Final = Path(sys.executable).with_name("node")


@pytest.fixture(scope="session")
def timescale_url() -> Iterator[str]:
    """A DSN of an empty TimescaleDB; it holds one connection, a second one waits for the first to close."""
    if not (ROOT / "node_modules" / "@unni-craftsman" / "pglite").is_dir():
        pytest.fail("TimescaleDB in WASM is not installed: run make venv")
    with subprocess.Popen([NODE, FRONT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as front:
        assert front.stdin is not None
        assert front.stdout is not None
        port = json.loads(front.stdout.readline())["port"]
        yield f"postgresql://postgres:any@127.0.0.1:{port}/postgres?sslmode=disable"
        front.stdin.close()
        front.wait(timeout=30)


@pytest.fixture(scope="session")
def migrated_url(timescale_url: str) -> str:
    """The same database with this version's schema, seen by the login of the services.

    As in a deployment: the extension is there first, and the login that migrates is no superuser.
    """
    with psycopg.connect(timescale_url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION timescaledb")
        connection.execute("CREATE ROLE herun LOGIN CREATEROLE")
        connection.execute("ALTER DATABASE template1 OWNER TO herun")  # the one that PGlite works in
    login_url = timescale_url.replace("//postgres:", "//herun:")
    migrate(login_url)
    return login_url


@pytest.fixture(scope="session")
def plain_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A DSN of the one-box PostgreSQL, migrated by `herun up`."""
    folder = tmp_path_factory.mktemp("plain")
    wish_for_ports(folder)
    command = [sys.executable, "-m", "herun.stack", "up", "--backbone-only", "--data-dir", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as supervisor:
        until(lambda: (folder / "ready").exists() or supervisor.poll() is not None, 60, "broker and database are ready")
        url = dotenv_values(folder / "stack.env")["HERUN_DATABASE_URL"]
        assert url is not None
        yield url
        supervisor.terminate()


@pytest.fixture(scope="session", params=["plain", "timescale"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Both, one after the other."""
    url: str = request.getfixturevalue("plain_url" if request.param == "plain" else "migrated_url")
    return url
