"""Stuck: a value that has not changed for longer than it ever usually does."""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from processor.engine.detectors.contract import USUAL, Aspect, Detector, Score
from processor.engine.detectors.hours import HOUR_US

WARM_UP: Final = 20  # changes; until then the longest standstill is learnt without a limit
GROWTH: Final = 0.3  # by which the usual longest grows at most with one standstill


class Runs(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="stuck"):
    """The value at hand since when, when it was last told, how often it changed, and the usual longest standstill."""

    value: float
    since_us: int
    told_us: int
    changes: int
    longest_us: int


class Stuck(Detector[Runs]):
    """For analogue sensors: a flat line is a broken wire, not a quiet night. What stops talking is rhythm's."""

    name: ClassVar[str] = "stuck"
    least_excess: ClassVar[float] = 0.5
    grows: ClassVar[bool] = True
    calm_us: ClassVar[int] = HOUR_US  # what has changed once may be stuck again

    def start(self) -> Runs:
        return Runs(0.0, 0, 0, -1, 0)

    def observe(self, state: Runs, at_us: int, value: float, hour: int) -> tuple[Runs, Score]:
        if state.changes < 0:
            return Runs(value, at_us, at_us, 0, 0), USUAL
        if value == state.value:
            lasts_us = at_us - state.since_us
            state = Runs(value, state.since_us, at_us, state.changes, state.longest_us)
            if state.changes < WARM_UP or lasts_us <= state.longest_us:
                return state, USUAL
            return state, _score(lasts_us, state.longest_us)
        lasted_us = state.told_us - state.since_us
        if state.changes >= WARM_UP:
            lasted_us = min(lasted_us, _grown(state.longest_us, at_us - state.told_us))
        return Runs(value, at_us, at_us, state.changes + 1, max(state.longest_us, lasted_us)), USUAL

    def interrupted(self, state: Runs, for_us: int, at_us: int, hour: int) -> Runs:
        return msgspec.structs.replace(state, since_us=state.since_us + for_us, told_us=state.told_us + for_us)


def _grown(longest_us: int, interval_us: int) -> int:
    """As far as one standstill may move the longest; at least by the interval of the values."""
    return longest_us + max(int(longest_us * GROWTH), interval_us)


def _score(lasts_us: int, longest_us: int) -> Score:
    usual = max(longest_us, 1)
    return Score(
        (lasts_us - longest_us) / max(usual, HOUR_US),
        lasts_us / HOUR_US,
        0.0,
        0.0,
        longest_us / HOUR_US,
        Aspect.STANDSTILL,
    )
