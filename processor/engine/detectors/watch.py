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
    when it is out of service, in engine time: what is said then is not taken in, and no time passes for it. `usual_us`
    is since when what was told is not seen any more: NOT_YET if it is, NEVER if nothing that was told lasts.
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
    usual_us: int = NEVER
    limit: float = 0.0  # the excess from which on what was told is still seen

    @property
    def lasts(self) -> bool:
        """True from an alarm on until the series has been usual for its detector's calm."""
        return self.usual_us != NEVER


NOT_YET: Final = 2**62
MAX_BYTES: Final = 2_048
STRONGER: Final = log(8.0)  # by so much more an excess is told though a rest is on: an oddity hides no disaster
HELD: Final = 0.5  # of the excess that raises: what is over it is not usual yet
_HIGHEST: Final = 700.0  # the logarithm of about the largest number there is


class Settings(msgspec.Struct, frozen=True):
    """When a score is an alarm. Until `warm_up_us` after a series' first observation nothing is.

    What is unusual until then only shows how little was known: nothing is learnt from it about alarms."""

    false_alarms_per_week: float
    warm_up_us: int
    direction: Literal["both", "up", "down"] = "both"


class Alarm(msgspec.Struct, frozen=True):
    """A score that is an alarm. `probability` is that of a usual week having at least one as strong.

    `is_disaster`: it comes within the rest of another, because it is so much stronger."""

    score: Score
    probability: float
    is_disaster: bool = False


class Weighing(msgspec.Struct, frozen=True):
    """Whether a score is an alarm, or why it is none. `probability` as of an alarm, `wanted` the least excess of one.

    `until` is when the warm-up or the rest ends.
    """

    why: Literal["usual", "warming_up", "direction", "no_stronger", "resting", "too_weak", "alarm"]
    score: Score = USUAL
    probability: float | None = None
    wanted: float | None = None
    until: int | None = None
    is_disaster: bool = False  # within the rest after an alarm

    @property
    def alarm(self) -> Alarm | None:
        """The alarm, if it is one."""
        if self.why != "alarm" or self.probability is None:
            return None
        return Alarm(self.score, self.probability, self.is_disaster)


_USUAL: Final = Weighing("usual")


def begun(detector: Detector[Any], at_us: int, outage_us: int = 0) -> Watch:
    """The watch of a series that begins now."""
    return Watch(detector.start(), at_us, outage_us, calibrations.fresh(at_us, detector.least_excess))


def after_outages(detector: Detector[Any], watch: Watch, outage_us: int, at_us: int, *, hour: int) -> Watch:
    """The watch after our own outages have come to this sum; `hour` is that of the time at hand."""
    if outage_us == watch.outage_us:
        return watch
    for_us = outage_us - watch.outage_us
    known = detector.interrupted(watch.known, for_us, at_us, hour)
    return msgspec.structs.replace(watch, known=known, outage_us=outage_us, usual_us=_later(watch.usual_us, for_us))


def without_some(detector: Detector[Any], watch: Watch, at_us: int, *, hour: int) -> Watch:
    """The watch after something that belongs to it was out of service, and something else was not."""
    return msgspec.structs.replace(watch, known=detector.interrupted(watch.known, 0, at_us, hour))


def back_in_service(detector: Detector[Any], watch: Watch, at_us: int, *, hour: int) -> Watch:
    """The watch after it was out of service until now."""
    for_us = max(0, at_us - watch.out_us)
    known = detector.interrupted(watch.known, for_us, at_us, hour)
    return msgspec.structs.replace(watch, known=known, out_us=NEVER, usual_us=_later(watch.usual_us, for_us))


def _later(usual_us: int, for_us: int) -> int:
    """Since when it is usual, if so much of that was no time."""
    return usual_us + for_us if NEVER < usual_us < NOT_YET else usual_us


def observed(
    detector: Detector[Any], settings: Settings, watch: Watch, at_us: int, *, value: float, hour: int
) -> tuple[Watch, Alarm | None]:
    """Takes in one value; its time is not before the last one's."""
    known, score = detector.observe(watch.known, at_us, value, hour)
    return _taken_in(detector, settings, msgspec.structs.replace(watch, known=known, at_us=at_us), score)


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
    watch = msgspec.structs.replace(watch, known=known, at_us=at_us)
    return _taken_in(detector, settings, watch, score, has_come=False)


def held_back(before: Watch, after: Watch) -> Watch:
    """The watch after an alarm that may not be told now: as if it had not been weighed, so that later what lasts is."""
    usual_us = after.usual_us if before.lasts else NEVER
    return msgspec.structs.replace(before, known=after.known, at_us=after.at_us, usual_us=usual_us)


def untold(watch: Watch) -> Watch:
    """The watch if what lasts had not been told: the next that is as unusual is an alarm."""
    if not watch.lasts:
        return watch
    rest = msgspec.structs.replace(watch.rest, bar=0.0)
    return msgspec.structs.replace(watch, rest=rest, told_us=NEVER, told=0.0, usual_us=NEVER)


def judged(watch: Watch, verdict: str) -> Watch:
    """People have said what its last alarm was."""
    return msgspec.structs.replace(watch, calibration=calibrations.judged(watch.calibration, verdict))


def _taken_in(
    detector: Detector[Any], settings: Settings, watch: Watch, score: Score, *, has_come: bool = True
) -> tuple[Watch, Alarm | None]:
    """What comes of a score; `has_come`: of something that was said, and not of time that has passed."""
    lasted, alarm = watch.lasts, None
    if score.excess > 0.0:
        watch, weighing = _weighed(detector, settings, watch, score)
        alarm = weighing.alarm
        score = USUAL if _is_unwanted(settings, score) else score
    return (_followed(detector, watch, score, has_come=has_come) if lasted else watch), alarm


def _followed(detector: Detector[Any], watch: Watch, score: Score, *, has_come: bool) -> Watch:
    """The watch of what was told and lasts. That nothing came may show something unusual, but never that it is over."""
    if not detector.is_usual(watch.known, score, watch.limit):
        return msgspec.structs.replace(watch, usual_us=NOT_YET)
    if not has_come:
        return watch
    since = min(watch.usual_us, watch.at_us)
    is_over = watch.at_us - since >= detector.calm_us
    return msgspec.structs.replace(watch, usual_us=NEVER if is_over else since)


def _is_unwanted(settings: Settings, score: Score) -> bool:
    return settings.direction != "both" and score.is_up != (settings.direction == "up")


def _weighed(detector: Detector[Any], settings: Settings, watch: Watch, score: Score) -> tuple[Watch, Weighing]:
    """Whether a score is an alarm. Peaks closer than a rest are one: its highest is taken in when the next begins."""
    at_us, begun_us = watch.at_us, watch.calibration.since_us
    if score.excess <= 0.0:
        return watch, _USUAL
    if at_us - begun_us < settings.warm_up_us:
        return watch, Weighing("warming_up", score, until=begun_us + settings.warm_up_us)
    if _is_unwanted(settings, score):
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
    is_rested = at_us - watch.told_us > REST_US
    is_new = is_rested or (height > watch.told + STRONGER and not detector.grows)
    bar = calibrations.bar(calibration, settings.false_alarms_per_week, detector.least_excess)
    chance = calibrations.probability(calibrations.weekly(calibration, height))
    kept = msgspec.structs.replace(watch, calibration=calibration, rest=rest, peak=peak)
    if height < bar:
        return kept, Weighing("too_weak", score, chance, exp(min(bar, _HIGHEST)) - detector.least_excess)
    if not is_new:
        return kept, Weighing("resting", score, chance, until=watch.told_us + REST_US)
    told = msgspec.structs.replace(kept, told_us=at_us, told=height)
    if not watch.lasts:
        limit = max(detector.least_excess, HELD * (exp(min(bar, _HIGHEST)) - detector.least_excess))
        is_over = detector.is_usual(watch.known, score, limit)
        told = msgspec.structs.replace(told, usual_us=NEVER if is_over else NOT_YET, limit=limit)
    return told, Weighing("alarm", score, chance, is_disaster=not is_rested)
