"""One clock for all processes, injected everywhere; it can run fast so that a night passes in a minute.

Times are integer microseconds since 1970-01-01 UTC, durations integer microseconds.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

SECOND_US: Final = 1_000_000
MINUTE_US: Final = 60 * SECOND_US
HOUR_US: Final = 60 * MINUTE_US
DAY_US: Final = 24 * HOUR_US

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Tells the estate's time; `from_wall` is what makes stream timestamps part of the same time."""

    @property
    def speed(self) -> float:
        """Seconds of the estate in a second of the machine."""

    def now_us(self) -> int:
        """The estate's time, in microseconds."""

    def from_wall(self, wall_us: int) -> int:
        """The estate's time at a moment of the machine's clock, in microseconds."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    speed: float = 1.0

    def now_us(self) -> int:
        return time.time_ns() // 1000

    def from_wall(self, wall_us: int) -> int:
        return wall_us


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """A clock that stood at `start_us` when the machine's clock stood at `epoch_us`, and runs `speed` times as fast."""

    start_us: int
    epoch_us: int
    speed: float

    def now_us(self) -> int:
        return self.from_wall(time.time_ns() // 1000)

    def from_wall(self, wall_us: int) -> int:
        return self.start_us + int((wall_us - self.epoch_us) * self.speed)


@dataclass(slots=True)
class ManualClock:
    """A clock that a test moves by hand."""

    at_us: int
    speed: float = 1.0

    def now_us(self) -> int:
        return self.at_us

    def from_wall(self, wall_us: int) -> int:
        return wall_us

    def advance(self, duration_us: int) -> None:
        self.at_us += duration_us


def parse_clock(text: str | None, epoch_us: int | None) -> Clock:
    """The clock that `HERUN_CLOCK=<ISO start>@<speed>` and `HERUN_CLOCK_EPOCH` describe; the machine's without them.

    Raises ValueError with the expected form.
    """
    if not text:
        return SystemClock()
    start, at, speed = text.rpartition("@")
    if not at or epoch_us is None:
        raise ValueError(
            "HERUN_CLOCK is <ISO 8601 time with offset>@<speed> and needs HERUN_CLOCK_EPOCH (wall microseconds)"
        )
    factor = float(speed)
    if not 0.001 <= factor <= 100_000:
        raise ValueError(f"HERUN_CLOCK: speed {speed} is outside 0.001 to 100000")
    return ScaledClock(start_us=parse_time(start), epoch_us=epoch_us, speed=factor)


def parse_time(text: str) -> int:
    """Microseconds of an ISO 8601 / RFC 3339 time with offset. Raises ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without offset: {text!r}")
    return to_us(moment)


def to_us(moment: datetime) -> int:
    """Microseconds of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def to_datetime(us: int) -> datetime:
    """The aware UTC datetime of microseconds. Raises OverflowError outside of the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=us)


def to_text(us: int) -> str:
    """RFC 3339 in UTC with microseconds: the form of every time in JSON."""
    return to_datetime(us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
