"""Waiting for the estate's clock, for a pause, or for the end: whichever comes first."""

from __future__ import annotations

import asyncio

from herun.clock import SECOND_US, Clock


async def pause(stop: asyncio.Event, seconds: float) -> bool:
    """Waits at most `seconds` of the machine's time; True as soon as `stop` is set."""
    if seconds <= 0:
        return stop.is_set()
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True


async def until(clock: Clock, at_us: int, stop: asyncio.Event) -> bool:
    """Waits until the estate's clock stands at `at_us`; True as soon as `stop` is set."""
    return await pause(stop, (at_us - clock.now_us()) / SECOND_US / clock.speed)
