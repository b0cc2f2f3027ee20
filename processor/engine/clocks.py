"""How far a device's clock is off, told from how long its events seem to take.

An event cannot arrive before it happened, and most arrive at once: the smallest delay seen lately is what the clock is
behind (less than nothing: ahead). A device that was away sends old events in a burst, with delays that shrink: they do
not count as long as a quick one is remembered, and a device that is new is believed to be right. A clock that is wrong
shows as one and the same delay, over minutes. Until then it may be so (`may_be_behind`): who has no use for events that
are so late anyway may take them for events that happen now.
"""

from __future__ import annotations

from typing import Final

import msgspec

SECOND_US: Final = 1_000_000
BLOCK_US: Final = 3_600 * SECOND_US  # the smallest delay is that of this hour of arrivals and the one before
SLOW_US: Final = 5 * SECOND_US  # a delay so much above the smallest may be a clock that was set
STEADY_US: Final = 2 * SECOND_US  # how far delays may differ and still be one and the same
STEADY_FOR_US: Final = 120 * SECOND_US  # of arrivals, after which it is believed
STEADY_EVENTS: Final = 8
APART_US: Final = 10 * SECOND_US  # of arrivals with one delay: a burst has others, or is over by then
OFF_US: Final = 5 * SECOND_US  # less is the network's delay, not the clock's
UNKNOWN: Final = 2**62


class DeviceClock(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Delays in microseconds: smallest of this block and of the one before; the run of steady slow ones."""

    smallest: int
    before: int = UNKNOWN
    block_since: int = 0
    run_low: int = 0
    run_high: int = 0
    run_since: int = 0
    run_events: int = 0

    @property
    def offset_us(self) -> int:
        """How far the clock is behind (below zero: ahead); 0 if that cannot be told from the network's delay."""
        least = min(self.smallest, self.before)
        return least if abs(least) > OFF_US else 0

    @property
    def behind_us(self) -> int:
        """How far the clock is behind; 0 for one that is ahead: its events count as happening when they arrive."""
        return max(0, self.offset_us) if self.smallest > OFF_US else 0

    def may_be_behind(self, now: int) -> bool:
        """Whether the event that has just come now may be late by the clock alone.

        Nothing else was ever heard of the device, or the delay has been one and the same for a while.
        """
        return self.run_events > 0 and now - self.run_since >= APART_US


def seen(clock: DeviceClock | None, now: int, event_time: int) -> DeviceClock:
    """The clock after an event that arrived at `now`, the same object if it says nothing new."""
    delay = now - event_time
    if clock is None:
        first = DeviceClock(min(delay, 0), block_since=now)
        return first if delay <= SLOW_US else _slow(first, now, delay, now - APART_US)
    if now - clock.block_since > BLOCK_US:
        if delay - clock.smallest <= SLOW_US:
            return DeviceClock(delay, clock.smallest, now)
        clock = msgspec.structs.replace(clock, smallest=delay, before=clock.smallest, block_since=now)
    elif delay < clock.smallest:
        return DeviceClock(delay, clock.before, clock.block_since)
    if delay - min(clock.smallest, clock.before) <= SLOW_US:
        return clock if not clock.run_events else DeviceClock(clock.smallest, clock.before, clock.block_since)
    return _slow(clock, now, delay, now)


def _slow(clock: DeviceClock, now: int, delay: int, since: int) -> DeviceClock:
    """One more of the run of slow ones, which began then if it begins with this one."""
    low, high = min(delay, clock.run_low), max(delay, clock.run_high)
    if not clock.run_events or high - low > STEADY_US:
        return DeviceClock(clock.smallest, clock.before, clock.block_since, delay, delay, since, 1)
    events = clock.run_events + 1
    if events >= STEADY_EVENTS and now - clock.run_since >= STEADY_FOR_US:
        return DeviceClock(low, block_since=now)
    return DeviceClock(clock.smallest, clock.before, clock.block_since, low, high, clock.run_since, events)
