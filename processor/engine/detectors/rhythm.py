"""Rhythm: what comes again and again, and now does not. A silence is as long as what should have come in it.

Ten hours of night may be nothing and ten minutes at noon too long, so a gap is measured in events that were to be
expected in it, by how many each hour of the day usually has.
"""

from __future__ import annotations

from typing import ClassVar, Final

import msgspec

from processor.engine.detectors.contract import USUAL, Aspect, Detector, Score
from processor.engine.detectors.hours import HOUR_US, HOURS_A_DAY
from processor.engine.detectors.tables import moved, number_at, unknown

RATE: Final = 0.1  # of how many an hour of the day has: ten days
WARM_UP: Final = 48  # gaps; until then the usual longest is learnt without a limit, and nothing is told
GROWTH: Final = 0.3
SHRINKING: Final = 0.0005  # by which the usual longest gap shrinks with each one that is shorter: habits change
LATER: Final = 1.25  # a silence is looked at again when it is longer by this factor, so seldom and seldom
MOST_HOURS: Final = 8 * HOURS_A_DAY  # that are looked ahead or back over
UNSEEN: Final = -1
NOT_WHOLE: Final = -1


class Gaps(msgspec.Struct, array_like=True, frozen=True, gc=False, tag="rhythm"):
    """When it last came, in which hour of the day, how often in that hour; gaps seen; when to look; usual longest gap.

    `count` is NOT_WHOLE if not all of that hour was heard. `longest` is in events that were expected, `rates` are
    events an hour by hour of the day.
    """

    last_us: int
    hour: int
    count: int
    gaps: int
    look_us: int
    longest: float
    rates: bytes


class Rhythm(Detector[Gaps]):
    """For heartbeats, patrols, and doors that open every morning. It says nothing of what came: level and count do."""

    name: ClassVar[str] = "rhythm"
    least_excess: ClassVar[float] = 0.5
    grows: ClassVar[bool] = True
    calm_us: ClassVar[int] = HOUR_US  # a battery that dies has a last word
    reads_values: ClassVar[bool] = False

    def start(self) -> Gaps:
        return Gaps(0, UNSEEN, 0, -1, 0, 1.0, unknown(HOURS_A_DAY))

    def observe(self, state: Gaps, at_us: int, value: float, hour: int) -> tuple[Gaps, Score]:
        rates, longest = state.rates, state.longest
        passed = at_us // HOUR_US - state.last_us // HOUR_US
        if passed and state.hour != UNSEEN:
            rates = _learnt(state, min(passed, MOST_HOURS))
        if state.gaps >= 0:
            longest = _towards(_expected(rates, state, at_us), longest, is_warm=state.gaps >= WARM_UP)
        count = 1 if passed else NOT_WHOLE if state.count == NOT_WHOLE else state.count + 1
        state = Gaps(at_us, hour % HOURS_A_DAY, count, state.gaps + 1, 0, longest, rates)
        return msgspec.structs.replace(state, look_us=_when(state, LATER * longest)), USUAL

    def due(self, state: Gaps) -> int | None:
        return state.look_us if state.gaps >= WARM_UP else None

    def interrupted(self, state: Gaps, for_us: int, at_us: int, hour: int) -> Gaps:
        last_us = state.last_us + for_us
        last_hour = (hour - (at_us // HOUR_US - last_us // HOUR_US)) % HOURS_A_DAY
        return msgspec.structs.replace(
            state, last_us=last_us, look_us=state.look_us + for_us, hour=last_hour, count=NOT_WHOLE
        )

    def pass_time(self, state: Gaps, at_us: int, hour: int) -> tuple[Gaps, Score]:
        missed = _expected(state.rates, state, at_us)
        later = max(_when(state, LATER * max(missed, state.longest)), at_us + HOUR_US // 60)
        lasts_us, usual_us = at_us - state.last_us, _when(state, state.longest) - state.last_us
        excess = missed / state.longest - 1.0
        score = Score(excess, lasts_us / HOUR_US, 0.0, 0.0, usual_us / HOUR_US, Aspect.SILENCE)
        return msgspec.structs.replace(state, look_us=later), score if excess > 0 else USUAL


def _learnt(state: Gaps, passed: int) -> bytes:
    """The rates after the hour of the last event, if all of it was heard, and the empty ones that followed."""
    rates = state.rates if state.count == NOT_WHOLE else moved(state.rates, state.hour, state.count, RATE)
    for later in range(1, passed):
        rates = moved(rates, (state.hour + later) % HOURS_A_DAY, 0.0, RATE)
    return rates


def _rate(rates: bytes, hour: int) -> float:
    """Events an hour; none are expected in an hour that was not seen yet."""
    rate = number_at(rates, hour % HOURS_A_DAY)
    return rate if rate == rate else 0.0  # noqa: PLR0124 - not NaN


def _expected(rates: bytes, state: Gaps, until_us: int) -> float:
    """How many should have come since the last event."""
    at_us, hour, expected = state.last_us, max(state.hour, 0), 0.0
    for _ in range(MOST_HOURS):
        ends_us = at_us - at_us % HOUR_US + HOUR_US
        expected += _rate(rates, hour) * (min(ends_us, until_us) - at_us) / HOUR_US
        if ends_us >= until_us:
            break
        at_us, hour = ends_us, hour + 1
    return expected


def _when(state: Gaps, expected: float) -> int:
    """When so many should have come since the last event; at most MOST_HOURS later."""
    at_us, hour = state.last_us, max(state.hour, 0)
    for _ in range(MOST_HOURS):
        ends_us = at_us - at_us % HOUR_US + HOUR_US
        rate = _rate(state.rates, hour)
        within = rate * (ends_us - at_us) / HOUR_US
        if within > expected:
            return at_us + int(expected / rate * HOUR_US) + 1
        expected -= within
        at_us, hour = ends_us, hour + 1
    return at_us


def _towards(gap: float, longest: float, *, is_warm: bool) -> float:
    """The usual longest gap after one more; one event is never too few to wait for."""
    if gap <= longest:
        return max(1.0, longest - SHRINKING * (longest - gap))
    return min(gap, longest * (1.0 + GROWTH)) if is_warm else gap
