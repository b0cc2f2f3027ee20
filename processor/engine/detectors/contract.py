"""What a detector is: a state and an observation in, the next state and a score out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import ClassVar, Final, Generic, TypeVar

import msgspec

from processor.engine.detectors.rest import REST_US

S = TypeVar("S")


class Aspect(StrEnum):
    """What of the series was looked at; it chooses the sentence (wording.py)."""

    VALUE = "value"  # the value itself
    HOUR = "hour"  # the value against what is usual at this hour
    LATELY = "lately"  # the same, on average over the last values
    JUMP = "jump"  # the step from the value before
    UNREST = "unrest"  # how much it moves from value to value
    COUNT = "count"  # events in an hour
    STANDSTILL = "standstill"  # how long the value has not changed, hours
    DRIFT = "drift"  # the value, lately, where many small deviations were to one side
    SILENCE = "silence"  # how long nothing came, hours


class Score(msgspec.Struct, frozen=True, gc=False):
    """How unusual one observation is. `excess` is its distance from the usual range in widths of that range, 0 within.

    `value`, `expected`, `low` and `high` are what the sentence says, in the aspect's unit. `rose` is whether the series
    went up, where these do not say it.
    """

    excess: float
    value: float = 0.0
    expected: float = 0.0
    low: float = 0.0
    high: float = 0.0
    aspect: Aspect = Aspect.VALUE
    rose: bool | None = None

    @property
    def is_up(self) -> bool:
        """True if it is too much, false if too little."""
        return self.value > self.expected if self.rose is None else self.rose


USUAL: Final = Score(0.0)


class Detector(ABC, Generic[S]):
    """One way to look at a series. It holds nothing: all it knows is the state, an immutable Struct of bounded size.

    Times are microseconds UTC and never go back. `hour` is the hour of the week of that time (hours.py). `least_excess`
    is the excess below which nothing is worth an alarm, however rare it is.
    """

    name: ClassVar[str]
    least_excess: ClassVar[float]
    # So long it must have been usual before what was told is over. What came back within a rest would not be told.
    calm_us: ClassVar[int] = REST_US
    grows: ClassVar[bool] = False  # true: its excess grows while an anomaly lasts, so that more of it is nothing new
    reads_values: ClassVar[bool] = True  # false: it takes 1 for each event, whatever its data

    @abstractmethod
    def start(self) -> S:
        """The state of a series of which nothing is known."""

    @abstractmethod
    def observe(self, state: S, at_us: int, value: float, hour: int) -> tuple[S, Score]:
        """Takes in one finite value."""

    def is_usual(self, state: S, score: Score, limit: float) -> bool:
        """Whether what was told does not show (any more) in the state and its score.

        `limit` is the excess from which on it still does."""
        del state
        return score.excess < limit

    def due(self, state: S) -> int | None:
        """When it wants to be told that time has passed, if nothing comes before; None if silence says nothing."""
        del state
        return None

    def interrupted(self, state: S, for_us: int, at_us: int, hour: int) -> S:
        """For so long, up to this time, nobody listened or nothing counted: that is no silence of the series'.

        `hour` is that time's. What was heard between (0: only a part of it was left out) is not in the state."""
        del for_us, at_us, hour
        return state

    def pass_time(self, state: S, at_us: int, hour: int) -> tuple[S, Score]:
        """Time has passed to what `due` said. `hour` is that time's."""
        raise AssertionError(f"{self.name} waits for nothing, but was told {at_us} ({hour})")
