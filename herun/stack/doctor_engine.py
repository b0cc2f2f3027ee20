"""What `herun doctor` finds by asking the processor: clocks of devices that are off, parts of the engine that throw."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from herun.stack.findings import Finding, Level
from herun.stack.ports import LOOPBACK
from herun.stack.status import PartStatus
from herun.stack.web import get

PROCESSOR: Final = "processor"  # the process that is asked
LEAST_S: Final = 5.0  # of the machine's time; less is the network's delay
MOST_NAMED: Final = 5  # devices of one site, those that are furthest off; GET /clocks of the processor has all


async def check_engine(processor: PartStatus, speed: float = 1.0) -> list[Finding]:
    """Nothing of a processor that is not ready: that is told already. `speed` is that of the estate's clock."""
    if not processor.ready:
        return []
    clocks, errors = await _ask(processor, "/clocks"), await _ask(processor, "/part-errors")
    if clocks is None or errors is None:
        return [Finding("engine", Level.WARNING, f"{processor.name} is ready and does not say how its engine fares")]
    return [*judge_clocks(clocks, speed), *judge_parts(errors)]


def judge_clocks(clocks: Mapping[str, Mapping[str, float]], speed: float = 1.0) -> Iterator[Finding]:
    """By site and device, how many seconds a clock is behind; below zero: ahead.

    Where time is made to pass `speed` times as fast, so does what an event takes on its way: that is no wrong clock.
    """
    by_site = {
        site: {device: seconds for device, seconds in found.items() if abs(seconds) > LEAST_S * speed}
        for site, found in sorted(clocks.items())
    }
    if not any(by_site.values()):
        yield Finding("clock", Level.OK, "no clock of a device whose events are taken is known to be off")
    for site, off in by_site.items():
        if not off:
            continue
        worst = sorted(off.items(), key=lambda each: (-abs(each[1]), each[0]))
        named = ", ".join(f"{device} {_off(seconds)}" for device, seconds in worst[:MOST_NAMED])
        more = f", and {len(worst) - MOST_NAMED} more" if len(worst) > MOST_NAMED else ""
        what = "the clock of a device is off" if len(off) == 1 else f"the clocks of {len(off)} devices are off"
        yield Finding("clock", Level.WARNING, f"site {site}: {what}: {named}{more}: set them, best by NTP")


def judge_parts(errors: Mapping[str, int]) -> Iterator[Finding]:
    """How often each part of the engine has thrown."""
    for part, times in sorted(errors.items()):
        yield Finding(
            "engine",
            Level.PROBLEM,
            f"{part} failed {times} times since the processor's start, and what it should have found then is missing:"
            " its log says why (part_threw)",
        )


def _off(seconds: float) -> str:
    return f"{abs(seconds):.0f} s {'behind' if seconds > 0 else 'ahead'}"


async def _ask(processor: PartStatus, path: str) -> dict[str, Any] | None:
    answer = await get(LOOPBACK, processor.ports["http"], path)
    if answer is None or answer[0] != 200:
        return None
    try:
        found: dict[str, Any] = json.loads(answer[1])
    except ValueError:
        return None
    return found
