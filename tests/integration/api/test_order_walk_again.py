"""Another walk, so that two workers share twenty thousand steps."""

from __future__ import annotations

import pytest

from tests.integration.api.cycle.looks import LOOKS
from tests.integration.api.cycle.walk import STEPS, Walk
from tests.integration.api.running import World
from tests.integration.api.test_order_walk import SEED


@pytest.mark.timeout(0 if STEPS > 10_000 else 1200)
async def test_another_walk_comes_to_what_the_book_says(world: World) -> None:
    await Walk(world, SEED + 1, LOOKS).go(STEPS)
