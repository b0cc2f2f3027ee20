"""The hour of the week, which knows holidays: 24 hours of eight kinds of day.

Monday to Sunday, and statutory holidays, which are like no weekday. A make-up workday (调休) is a workday though it
falls on a weekend: it is taken for a Wednesday, the workday that is least like a weekend's neighbour.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final

from herun.calendar import Calendar, DayKind

HOURS_A_DAY: Final = 24
HOUR_US: Final = 3_600_000_000
SUNDAY: Final = 6
HOLIDAY: Final = 7
HOURS: Final = 8 * HOURS_A_DAY
_WEDNESDAY: Final = 2


class WeekHours:
    """Tells the hour of the week of a time, for one time zone; without a calendar no holiday is known."""

    def __init__(self, zone: tzinfo, calendar: Calendar | None) -> None:
        self._zone = zone
        self._calendar = calendar
        self._of_quarter = lru_cache(maxsize=64)(self._look)  # an hour's four quarters: no zone is finer

    def at(self, at_us: int) -> int:
        """0 to 191: 24 times the kind of day, and the local hour."""
        return self._of_quarter(at_us // (HOUR_US // 4))

    def _look(self, quarter: int) -> int:
        local = datetime.fromtimestamp(quarter * 900, UTC).astimezone(self._zone)
        kind = self._calendar.kind_of(local.date()) if self._calendar else None
        row = HOLIDAY if kind is DayKind.HOLIDAY else _WEDNESDAY if kind is DayKind.MAKE_UP_WORKDAY else local.weekday()
        return row * HOURS_A_DAY + local.hour
