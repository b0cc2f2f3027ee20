"""Servers for the processor's tests: PostgreSQL once, a stream and a database for each test."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.processor.running import DatabaseServer, StreamServer, World


@pytest.fixture(scope="session")
def postgres() -> Iterator[DatabaseServer]:
    with tempfile.TemporaryDirectory(prefix="herun-processor-") as folder:
        server = DatabaseServer(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest_asyncio.fixture
async def world(postgres: DatabaseServer, tmp_path: Path) -> AsyncIterator[World]:
    nats = StreamServer(tmp_path / "jetstream")
    nats.start()
    made = World(tmp_path, nats, postgres, postgres.new_database())
    await made.connect()
    yield made
    await made.close()
    nats.kill()
