"""ISO weeks in a site's time. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from api.problems import invalid

PATTERN: Final = r"^20[0-9]{2}-W[0-5][0-9]$"
WEEK: Final = timedelta(days=7)

WeekName = Annotated[str, Field(pattern=PATTERN, examples=["2026-W20"], description="an ISO week, as 2026-W20")]


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """An ISO week: it begins on Monday, and the first of a year is that of its first Thursday."""

    monday: date

    @property
    def name(self) -> str:
        """As 2026-W20."""
        year, week, _ = self.monday.isocalendar()
        return f"{year}-W{week:02d}"

    @property
    def last_year(self) -> Week | None:
        """The week of the same number a year before; None for a week 53 that the year before did not have."""
        year, week, _ = self.monday.isocalendar()
        try:
            return Week(date.fromisocalendar(year - 1, week, 1))
        except ValueError:
            return None

    def earlier(self, weeks: int) -> Week:
        """So many weeks before."""
        return Week(self.monday - weeks * WEEK)

    def begins_at(self, zone: ZoneInfo) -> datetime:
        """Monday's first moment there."""
        return datetime.combine(self.monday, time(), zone).astimezone(UTC)

    def ends_at(self, zone: ZoneInfo) -> datetime:
        """The first moment after it."""
        return self.earlier(-1).begins_at(zone)


def week_of(at: datetime, zone: ZoneInfo) -> Week:
    """The week that a moment lies in."""
    day = at.astimezone(zone).date()
    return Week(day - timedelta(days=day.weekday()))


def week_named(name: str) -> Week:
    """Raises Problem 422 if the year has no such week."""
    year, _, week = name.partition("-W")
    try:
        return Week(date.fromisocalendar(int(year), int(week), 1))
    except ValueError as error:
        raise invalid("no_such_week", f"there is no week {name}") from error
