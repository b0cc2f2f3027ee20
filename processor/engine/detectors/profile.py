"""Profile: what is usual at each hour of the week, in two tables: one stands in for what the other never saw."""

from __future__ import annotations

from typing import Final

from processor.engine.detectors.hours import HOLIDAY, HOURS_A_DAY
from processor.engine.detectors.tables import moved, number_at

RATE: Final = 0.25  # of an hour of the week: about four weeks
DAY_RATE: Final = 0.1  # of an hour of any day
_HOLIDAYS: Final = HOLIDAY * HOURS_A_DAY


def usual_at(week: bytes, day: bytes, hour: int) -> tuple[float | None, bool]:
    """What is usual at this hour of the week, None if nothing is known; and whether that very hour was ever seen.

    A first holiday is taken for a Sunday, any other hour that was not seen for the same hour of any day.
    """
    usual = number_at(week, hour)
    if usual == usual:  # noqa: PLR0124 - not NaN
        return usual, True
    if hour >= _HOLIDAYS:
        usual = number_at(week, hour - HOURS_A_DAY)
    if usual != usual:  # noqa: PLR0124 - NaN
        usual = number_at(day, hour % HOURS_A_DAY)
    return (usual, False) if usual == usual else (None, False)  # noqa: PLR0124


def learnt(week: bytes, day: bytes, hour: int, value: float) -> tuple[bytes, bytes]:
    """Both tables after an hour that had this value."""
    return moved(week, hour, value, RATE), moved(day, hour % HOURS_A_DAY, value, DAY_RATE)
