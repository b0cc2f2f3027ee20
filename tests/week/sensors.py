"""The sensors of the labelled week: what each kind measures, hour by hour, on workdays, weekends and holidays."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from math import cos, pi
from typing import Final

from herun.calendar import Calendar, DayKind

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US
WEEK_US: Final = 7 * DAY_US
LOCAL: Final = timezone(timedelta(hours=8))
READ_EVERY_US: Final = 15 * MINUTE_US
LOST_SHARE: Final = 0.01  # readings that never arrive
# How lively each hour is: workdays, weekends, holidays.
LIVELY: Final = {
    DayKind.WORKDAY: (1, 1, 1, 1, 2, 6, 18, 34, 28, 14, 11, 13, 15, 12, 10, 12, 17, 30, 38, 32, 24, 14, 7, 3),
    DayKind.WEEKEND: (2, 1, 1, 1, 1, 3, 8, 14, 20, 24, 26, 25, 24, 20, 20, 22, 24, 26, 28, 26, 22, 16, 10, 5),
    DayKind.HOLIDAY: (6, 4, 2, 1, 1, 2, 5, 9, 15, 22, 27, 26, 25, 21, 22, 24, 25, 27, 30, 31, 28, 24, 18, 11),
}
_CALENDAR: Final = Calendar()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sensor: how many there are, its noise, and which detectors an operator would put on it."""

    name: str
    share: int
    detectors: tuple[str, ...]
    shape: str  # lively: follows people; sun: follows the day; steady: neither; count, beat: events without a value
    base: float = 0.0
    swing: float = 0.0
    noise: float = 0.0
    memory: float = 0.0  # of the noise from reading to reading


_READINGS: Final = ("stuck", "drift", "rhythm")
KINDS: Final = (
    Kind("noise", 80, ("seasonal", *_READINGS), "lively", base=42.0, swing=16.0, noise=1.5, memory=0.5),
    Kind("power", 60, ("seasonal", *_READINGS), "lively", base=8.0, swing=30.0, noise=1.6, memory=0.6),
    Kind("flow", 40, ("seasonal", *_READINGS), "lively", base=0.6, swing=9.0, noise=0.4, memory=0.3),
    Kind("outdoor temperature", 40, ("seasonal", *_READINGS), "sun", base=22.0, swing=4.0, noise=0.9, memory=0.97),
    Kind("room temperature", 40, ("level", *_READINGS), "steady", base=24.0, noise=0.4, memory=0.8),
    Kind("water pressure", 60, ("level", *_READINGS), "steady", base=3.2, noise=0.04),
    Kind("passages", 60, ("count", "rhythm"), "count", base=260.0),
    Kind("heartbeat", 20, ("count", "rhythm"), "beat", base=60.0),
)
DECIMALS: Final = {"water pressure": 3, "flow": 2}


@lru_cache(maxsize=4096)
def day_and_hour(hour_number: int) -> tuple[DayKind, int]:
    """What kind of day a local hour belongs to (make-up workdays are workdays), and which hour of it."""
    local = datetime.fromtimestamp(hour_number * 3600, UTC).astimezone(LOCAL)
    kind = _CALENDAR.kind_of(local.date())
    return (DayKind.WORKDAY if kind is DayKind.MAKE_UP_WORKDAY else kind), local.hour


def liveliness(at_us: int) -> float:
    """From 0 to 1, gliding from hour to hour."""
    number, part = divmod(at_us, HOUR_US)
    here, there = day_and_hour(number), day_and_hour(number + 1)
    share = part / HOUR_US
    return (LIVELY[here[0]][here[1]] * (1 - share) + LIVELY[there[0]][there[1]] * share) / 40.0


@dataclass(slots=True)
class Sensor:
    """One sensor. `scale` makes it differ from others of its kind."""

    name: str
    kind: Kind
    scale: float
    phase_us: int

    def usual(self, at_us: int) -> float:
        """The value without noise."""
        kind = self.kind
        if kind.shape == "lively":
            return kind.base + kind.swing * self.scale * liveliness(at_us)
        if kind.shape == "sun":
            return kind.base + kind.swing * self.scale * cos(2 * pi * ((at_us + 8 * HOUR_US) % DAY_US / DAY_US - 0.6))
        return kind.base * self.scale

    def readings(self, rng: random.Random, start_us: int, end_us: int) -> Iterator[tuple[int, float]]:
        """(time, value) in order; some are lost on the way."""
        kind, noise, decimals = self.kind, 0.0, DECIMALS.get(self.kind.name, 1)
        fresh = kind.noise * (1 - kind.memory**2) ** 0.5
        for at_us in range(start_us + self.phase_us, end_us, READ_EVERY_US):
            noise = kind.memory * noise + rng.gauss(0, fresh)
            if rng.random() >= LOST_SHARE:
                yield at_us + rng.randrange(5 * SECOND_US), round(max(0.0, self.usual(at_us) + noise), decimals)

    def events(self, rng: random.Random, start_us: int, end_us: int) -> Iterator[tuple[int, float]]:
        """(time, 1) in order: passages by the hour's liveliness, or beats once a minute times `scale`."""
        at_us = start_us + self.phase_us
        if self.kind.shape == "beat":
            every_us = int(self.kind.base * self.scale * SECOND_US)
            yield from ((each + rng.randrange(SECOND_US), 1.0) for each in range(at_us, end_us, every_us))
            return
        most_an_hour = self.kind.base * self.scale / 10
        while (at_us := at_us + max(1, int(rng.expovariate(most_an_hour) * HOUR_US))) < end_us:
            if rng.random() < liveliness(at_us):
                yield at_us, 1.0


def make_sensors(rng: random.Random, count: int) -> list[Sensor]:
    """So many sensors, the kinds in their shares."""
    whole = sum(kind.share for kind in KINDS)
    kinds = [kind for kind in KINDS for _ in range(max(1, round(kind.share * count / whole)))]
    return [
        Sensor(f"{kind.name} {n}", kind, rng.uniform(0.7, 1.4), rng.randrange(READ_EVERY_US))
        for n, kind in enumerate(kinds)
    ]
