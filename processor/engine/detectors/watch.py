"""Watch: one series under one detector, from observation to alarm."""

from __future__ import annotations

from math import exp, log
from typing import Any, Final, Literal

import msgspec

from processor.engine.detectors import calibration as calibrations
from processor.engine.detectors.calibration import Calibration
from processor.engine.detectors.contract import USUAL, Detector, Score
from processor.engine.detectors.counts import Counts, OpenHour
from processor.engine.detectors.default import Default, Views
from processor.engine.detectors.drift import Drift, Leaning
from processor.engine.detectors.level import Level, Usual
from processor.engine.detectors.rest import NEVER, REST_US, Rest, rested
from processor.engine.detectors.rhythm import Gaps, Rhythm
from processor.engine.detectors.seasonal import Season, Seasonal
from processor.engine.detectors.stuck import Runs, Stuck

Known = Views | Usual | Season | OpenHour | Runs | Leaning | Gaps

DETECTORS: Final[dict[str, Detector[Any]]] = {
    each.name: each for each in (Default(), Level(), Seasonal(), Counts(), Stuck(), Drift(), Rhythm())
}


class Watch(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """All that is kept of a series: at most MAX_BYTES, whatever comes.

    `at_us` is the time of what was last taken in, `outage_us` the sum of our own outages until then. `out_us` is since
    when it is out of service, in engine time: what is said then is not taken in, and no time passes for it.
    """

    known: Known
    at_us: int
    outage_us: int
    calibration: Calibration
    rest: Rest = Rest()
    peak: float = 0.0  # the highest since the last rest
    told_us: int = NEVER  # when it last was an alarm
    told: float = 0.0  # and how high that was
    out_us: int = NEVER


MAX_BYTES: Final = 2_048
STRONGER: Final = log(8.0)  # by so much more an excess is told though a rest is on: an oddity hides no disaster


class Settings(msgspec.Struct, frozen=True):
    """When a score is an alarm. Until `warm_up_us` after a series' first observation nothing is.

    What is unusual until then only shows how little was known: nothing is learnt from it about alarms."""

    false_alarms_per_week: float
    warm_up_us: int
    direction: Literal["both", "up", "down"] = "both"


class Alarm(msgspec.Struct, frozen=True):
    """A score that is an alarm. `probability` is that of a usual week having at least one as strong."""

    score: Score
    probability: float


class Weighing(msgspec.Struct, frozen=True):
    """Whether a score is an alarm, or why it is none. `probability` as of an alarm, `wanted` the least excess of one.

    `until` is when the warm-up or the rest ends.
    """

    why: Literal["usual", "warming_up", "direction", "no_stronger", "resting", "too_weak", "alarm"]
    score: Score = USUAL
    probability: float | None = None
    wanted: float | None = None
    until: int | None = None

    @property
    def alarm(self) -> Alarm | None:
        """The alarm, if it is one."""
        if self.why != "alarm" or self.probability is None:
            return None
        return Alarm(self.score, self.probability)


_USUAL: Final = Weighing("usual")


def begun(detector: Detector[Any], at_us: int, outage_us: int = 0) -> Watch:
    """The watch of a series that begins now."""
    return Watch(detector.start(), at_us, outage_us, calibrations.fresh(at_us, detector.least_excess))


def after_outages(detector: Detector[Any], watch: Watch, outage_us: int, at_us: int, *, hour: int) -> Watch:
    """The watch after our own outages have come to this sum; `hour` is that of the time at hand."""
    if outage_us == watch.outage_us:
        return watch
    known = detector.interrupted(watch.known, outage_us - watch.outage_us, at_us, hour)
    return msgspec.structs.replace(watch, known=known, outage_us=outage_us)


def without_some(detector: Detector[Any], watch: Watch, at_us: int, *, hour: int) -> Watch:
    """The watch after something that belongs to it was out of service, and something else was not."""
    return msgspec.structs.replace(watch, known=detector.interrupted(watch.known, 0, at_us, hour))


def back_in_service(detector: Detector[Any], watch: Watch, at_us: int, *, hour: int) -> Watch:
    """The watch after it was out of service until now."""
    known = detector.interrupted(watch.known, max(0, at_us - watch.out_us), at_us, hour)
    return msgspec.structs.replace(watch, known=known, out_us=NEVER)


def observed(
    detector: Detector[Any], settings: Settings, watch: Watch, at_us: int, *, value: float, hour: int
) -> tuple[Watch, Alarm | None]:
    """Takes in one value; its time is not before the last one's."""
    known, score = detector.observe(watch.known, at_us, value, hour)
    return _taken(detector, settings, msgspec.structs.replace(watch, known=known, at_us=at_us), score)


def weighing_of(
    detector: Detector[Any], settings: Settings, watch: Watch, at_us: int, *, value: float, hour: int
) -> Weighing:
    """What `observed` makes of the value, and why."""
    known, score = detector.observe(watch.known, at_us, value, hour)
    return _weighed(detector, settings, msgspec.structs.replace(watch, known=known, at_us=at_us), score)[1]


def waited(
    detector: Detector[Any], settings: Settings, watch: Watch, at_us: int, *, hour: int
) -> tuple[Watch, Alarm | None]:
    """Time has passed to what the detector said was due."""
    known, score = detector.pass_time(watch.known, at_us, hour)
    return _taken(detector, settings, msgspec.structs.replace(watch, known=known, at_us=at_us), score)


def _taken(detector: Detector[Any], settings: Settings, watch: Watch, score: Score) -> tuple[Watch, Alarm | None]:
    if score.excess <= 0.0:
        return watch, None
    weighed, weighing = _weighed(detector, settings, watch, score)
    return weighed, weighing.alarm


def held_back(before: Watch, after: Watch) -> Watch:
    """The watch after an alarm that may not be told now: as if it had not been weighed, so that later what lasts is."""
    return msgspec.structs.replace(before, known=after.known, at_us=after.at_us)


def judged(watch: Watch, verdict: str) -> Watch:
    """People have said what its last alarm was."""
    return msgspec.structs.replace(watch, calibration=calibrations.judged(watch.calibration, verdict))


def _weighed(detector: Detector[Any], settings: Settings, watch: Watch, score: Score) -> tuple[Watch, Weighing]:
    """Whether a score is an alarm. Peaks closer than a rest are one: its highest is taken in when the next begins."""
    at_us, begun_us = watch.at_us, watch.calibration.since_us
    if score.excess <= 0.0:
        return watch, _USUAL
    if at_us - begun_us < settings.warm_up_us:
        return watch, Weighing("warming_up", score, until=begun_us + settings.warm_up_us)
    if settings.direction != "both" and score.is_up != (settings.direction == "up"):
        return watch, Weighing("direction", score)
    rest, strength = rested(watch.rest, at_us, score.excess)
    if strength <= 0.0:
        return watch, Weighing("no_stronger", score)
    calibration = calibrations.aged(watch.calibration, max(at_us, watch.calibration.at_us))
    height = peak = calibrations.height_of(score.excess, detector.least_excess)
    if at_us - watch.rest.at <= REST_US:
        peak = max(peak, watch.peak)
    elif watch.rest.at != NEVER:
        calibration = calibrations.taken_in(calibration, watch.peak)
    is_new = at_us - watch.told_us > REST_US or (height > watch.told + STRONGER and not detector.grows)
    bar = calibrations.bar(calibration, settings.false_alarms_per_week, detector.least_excess)
    chance = calibrations.probability(calibrations.weekly(calibration, height))
    kept = msgspec.structs.replace(watch, calibration=calibration, rest=rest, peak=peak)
    if height < bar:
        return kept, Weighing("too_weak", score, chance, exp(bar) - detector.least_excess)
    if not is_new:
        return kept, Weighing("resting", score, chance, until=watch.told_us + REST_US)
    return msgspec.structs.replace(kept, told_us=at_us, told=height), Weighing("alarm", score, chance)
