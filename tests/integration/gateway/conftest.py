"""A broker of its own for each test: what one leaves behind cannot help another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.gateway.running import Estate, GatewayProcess, running_estate


@pytest.fixture
async def estate(tmp_path: Path) -> AsyncIterator[Estate]:
    async with running_estate(tmp_path) as running:
        yield running


@pytest.fixture
async def gateway(estate: Estate) -> AsyncIterator[GatewayProcess]:
    """Not started yet: a test registers its devices first."""
    process = GatewayProcess(estate.broker, estate.folder)
    try:
        yield process
    finally:
        process.end()
