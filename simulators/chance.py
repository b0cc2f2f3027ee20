"""What goes wrong between a device and the broker: copies, delays, wrong order, wrong clocks, lost connections.

Nothing here may change what is true: the estate's answers are the same with and without it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import Final

from herun.clock import DAY_US, MINUTE_US, SECOND_US
from simulators.happenings import Happening, Message

COPY_SHARE: Final = 0.01  # of messages come twice, with the same id
LONGEST_COPY_DELAY_US: Final = 20 * SECOND_US
LATE_SHARE: Final = 0.004  # of messages arrive after others that were later
LONGEST_DELAY_US: Final = 8 * MINUTE_US
USUAL_SKEW_US: Final = SECOND_US  # standard deviation of a clock that is set over the network
WRONG_CLOCK_SHARE: Final = 0.03  # of devices
WRONG_CLOCK_US: Final = 2 * MINUTE_US
OUTAGES_A_DAY: Final = 0.03  # chance that a device loses its connection on a given day
SHORTEST_OUTAGE_US: Final = 5 * MINUTE_US
LONGEST_OUTAGE_US: Final = 40 * MINUTE_US
TRANSMISSION_US: Final = 200_000  # longest time an ordinary message needs to leave the device


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch without connection; what was to be sent is kept and sent at the end."""

    from_us: int
    until_us: int


def clock_skew(rng: random.Random) -> int:
    """How far a device's clock is ahead, in microseconds: a little for most, two minutes either way for a few."""
    if rng.random() < WRONG_CLOCK_SHARE:
        return rng.choice((-WRONG_CLOCK_US, WRONG_CLOCK_US))
    return int(rng.gauss(0, USUAL_SKEW_US))


def outages(rng: random.Random, start_us: int) -> Iterator[Outage]:
    """A connection's outages from `start_us` on, without end, never two at a time."""
    day_us = start_us
    while True:
        if rng.random() < OUTAGES_A_DAY:
            length_us = rng.randint(SHORTEST_OUTAGE_US, LONGEST_OUTAGE_US)
            from_us = day_us + rng.randrange(DAY_US - length_us)
            yield Outage(from_us, from_us + length_us)
        day_us += DAY_US


def disturb(spoken: Iterable[tuple[Message, Happening]], rng: random.Random) -> Iterator[Message]:
    """The messages as they leave the device, in order of departure.

    Takes each message with what it tells of, in order of truth. What a scenario wrote is never delayed by chance;
    copies of it may still follow.
    """
    waiting: list[tuple[int, int, Message]] = []
    number = count()

    def send(message: Message, at_us: int) -> None:
        heappush(waiting, (at_us, next(number), replace(message, at_us=at_us)))

    for message, happening in spoken:
        while waiting and waiting[0][0] <= message.at_us:
            yield heappop(waiting)[2]
        leaves_us = message.at_us + rng.randrange(TRANSMISSION_US) + happening.late_us
        is_late = rng.random() < LATE_SHARE
        if is_late and not happening.scripted:
            leaves_us += rng.randrange(LONGEST_DELAY_US)
        copies = happening.again + (rng.random() < COPY_SHARE)
        send(message, leaves_us)
        for _ in range(copies):
            send(message, leaves_us + rng.randrange(LONGEST_COPY_DELAY_US))
    while waiting:
        yield heappop(waiting)[2]


def hold_back(messages: Iterator[Message], breaks: Iterator[Outage]) -> Iterator[Message]:
    """The messages with those of an outage sent together at its end, in their order."""
    outage = next(breaks, None)
    for message in messages:
        while outage and message.at_us >= outage.until_us:
            outage = next(breaks, None)
        if outage and message.at_us >= outage.from_us:
            yield replace(message, at_us=outage.until_us)
        else:
            yield message
