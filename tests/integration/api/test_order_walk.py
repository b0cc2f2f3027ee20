"""Whatever people do to orders, in whatever order and at once: API and a book kept by hand come to the same."""

from __future__ import annotations

import os
from typing import Final

import pytest

from tests.integration.api.cycle.looks import LOOKS
from tests.integration.api.cycle.walk import STEPS, Walk
from tests.integration.api.running import World

SEED: Final = int(os.environ.get("HERUN_CYCLE_SEED", "1"))


@pytest.mark.timeout(0 if STEPS > 10_000 else 1200)  # one or two minutes, if nothing else runs
async def test_the_cycle_is_what_a_book_kept_by_hand_says(world: World) -> None:
    await Walk(world, SEED, LOOKS).go(STEPS)
