"""Servers once; for each test an API with a database of its own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.api.running import Servers, World, running_world


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="herun-api-", ignore_cleanup_errors=True) as folder:
        made = Servers(Path(folder))
        yield made
        made.stop()


@pytest_asyncio.fixture
async def bare(servers: Servers, tmp_path: Path) -> AsyncIterator[World]:
    """An API with an administrator and nothing else."""
    async with running_world(servers, tmp_path) as world:
        yield world


@pytest_asyncio.fixture
async def world(servers: Servers, tmp_path: Path) -> AsyncIterator[World]:
    """An API with site s1, its layout and its people."""
    if servers.furnished is None:
        async with running_world(servers, tmp_path) as first:
            await first.furnish()
            servers.furnished = first.database_url
    async with running_world(servers, tmp_path, servers.furnished) as made:
        yield made
