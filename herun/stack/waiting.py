"""Waiting for something outside of this process that tells nobody when it changes: look, pause, look again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

PAUSE_S: Final = 0.03  # between two looks


async def until(condition: Callable[[], Awaitable[bool]], within_s: float) -> bool:
    """True as soon as the condition holds, False if it does not within so many seconds."""
    deadline = time.monotonic() + within_s
    while not await condition():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(PAUSE_S)
    return True


def until_true(condition: Callable[[], bool], within_s: float) -> bool:
    """The same for a command that has nothing else to do meanwhile."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(PAUSE_S)
    return True
