"""Whatever people do to orders, in whatever order and at once: API and a book kept by hand come to the same."""

from __future__ import annotations

import logging
import os
import time
from typing import Final

import pytest

from tests.integration.api.cycle.looks import LOOKS
from tests.integration.api.cycle.walk import Walk
from tests.integration.api.running import World

say: Final = logging.getLogger(__name__).info
STEPS: Final = int(os.environ.get("HERUN_CYCLE_STEPS", "20000"))
SEED: Final = int(os.environ.get("HERUN_CYCLE_SEED", "1"))


@pytest.mark.timeout(0 if STEPS > 20_000 else 1200)  # five minutes, if nothing else runs
async def test_the_cycle_is_what_a_book_kept_by_hand_says(world: World) -> None:
    walk = Walk(world, SEED, LOOKS)
    began = time.monotonic()
    await walk.go(STEPS)
    say(f"{walk.steps} steps, {walk.done} done, {len(walk.book.papers)} orders, {time.monotonic() - began:.0f} s")
    assert walk.done > 0.3 * walk.steps  # a walk that is refused everywhere shows nothing
