"""Servers once; for each test an API on rows that are put back to how they were."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.integration.api.running import Servers, World, fresh_world


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="herun-api-", ignore_cleanup_errors=True) as folder:
        made = Servers(Path(folder))
        yield made
        made.stop()


@pytest_asyncio.fixture
async def world(servers: Servers, tmp_path: Path) -> AsyncIterator[World]:
    """An API with an administrator, site s1, its layout and its people."""
    async with fresh_world(servers, tmp_path) as made:
        yield made
        made.look_at_the_chain()
