"""The Chinese statutory calendar: holidays and make-up workdays (调休), decreed year by year by the State Council.

The kept library knows the past decrees. The next year's, published each November, is data: a `Decree`. Of a year that
neither covers only the weekends are known, and the days that the law itself fixes by the sun's calendar; `is_known`
says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Final, NamedTuple

from chinese_calendar import constants
from pydantic import BaseModel, ConfigDict, Field, model_validator

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100  # bounds what a site can keep: one decree a year
MAX_DAYS: Final = 60  # of a year; the longest decree so far has 35
SATURDAY: Final = 5
DECEMBER: Final = 12
# 全国年节及纪念日放假办法 as it stands since 2025: the same each year, whatever is decreed of the days around them.
LAW_SINCE: Final = 2025
BY_LAW: Final = {
    (1, 1): "元旦", (5, 1): "劳动节", (5, 2): "劳动节", (10, 1): "国庆节", (10, 2): "国庆节", (10, 3): "国庆节",
}  # fmt: skip

Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]
Days = Annotated[list[date], Field(max_length=MAX_DAYS)]


class DayKind(StrEnum):
    """What a day is by law; a holiday may be any day of the week, a make-up workday is a Saturday or a Sunday."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP_WORKDAY = "make_up_workday"


class Decree(BaseModel):
    """One year's decree. New Year's may begin in the last days of December before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    year: Year
    holidays: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=50)], Annotated[Days, Field(min_length=1)]],
        Field(min_length=1, max_length=20),
    ]
    make_up_workdays: Days = []

    @model_validator(mode="after")
    def _makes_sense(self) -> Decree:
        free = [day for days in self.holidays.values() for day in days]
        work = self.make_up_workdays
        if len(free) > MAX_DAYS:
            raise ValueError(f"more than {MAX_DAYS} holidays")
        for day in (*free, *work):
            if day.year != self.year and (day.year, day.month) != (self.year - 1, DECEMBER):
                raise ValueError(f"{day} is not of the year {self.year}, nor of the December before")
        twice = sorted({day for day in (*free, *work) if (free + work).count(day) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(map(str, twice))}")
        week = sorted(day for day in work if day.weekday() < SATURDAY)
        if week:
            raise ValueError(f"make-up workdays are Saturdays and Sundays, these are not: {', '.join(map(str, week))}")
        return self


class _Exception(NamedTuple):
    """What a day is by a decree, of which holiday, and the year of the decree."""

    kind: DayKind
    name: str
    decreed: int


class Calendar:
    """The library's years and the given decrees, which come before it: a decree replaces what was decreed for its year.

    A decree's year has the last days of December before if they belong to its New Year's.
    """

    __slots__ = ("_exceptions", "_known")

    def __init__(self, decrees: Iterable[Decree] = ()) -> None:
        self._exceptions = dict(_library())
        self._known = {day.year for day in self._exceptions}
        for decree in sorted(decrees, key=lambda each: each.year):
            self._put(decree)

    def _put(self, decree: Decree) -> None:
        year = decree.year
        for day in [day for day, each in self._exceptions.items() if each.decreed == year]:
            del self._exceptions[day]
        for name, days in decree.holidays.items():
            self._exceptions.update(dict.fromkeys(days, _Exception(DayKind.HOLIDAY, name, year)))
        self._exceptions.update(dict.fromkeys(decree.make_up_workdays, _Exception(DayKind.MAKE_UP_WORKDAY, "", year)))
        self._known.add(year)

    def is_known(self, year: int) -> bool:
        """False if of this year nothing is known but its weekends and what is so by law."""
        return year in self._known

    def exceptions_of(self, year: int) -> tuple[dict[str, list[date]], list[date]]:
        """Holidays by name and make-up workdays, ascending: the year's, and what its decree says of December before."""
        holidays: dict[str, list[date]] = {}
        work: list[date] = []
        for day, (kind, name, decreed) in sorted(self._exceptions.items()):
            if year in {day.year, decreed}:
                (holidays.setdefault(name, []) if kind is DayKind.HOLIDAY else work).append(day)
        return holidays, work

    def kind_of(self, day: date) -> DayKind:
        """What this day is; without a decree by the law and the weekend alone."""
        exception = self._exceptions.get(day)
        if exception is not None:
            return exception.kind
        if self._by_law(day) is not None:
            return DayKind.HOLIDAY
        return DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKDAY

    def holiday_of(self, day: date) -> str | None:
        """The name of the holiday that this day belongs to."""
        exception = self._exceptions.get(day)
        if exception is None:
            return self._by_law(day)
        return exception.name if exception.kind is DayKind.HOLIDAY else None

    def is_workday(self, day: date) -> bool:
        """True on workdays and make-up workdays."""
        return self.kind_of(day) in {DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY}

    def _by_law(self, day: date) -> str | None:
        """The holiday that a day is in a year without a decree, which may well say more, but never less."""
        if day.year < LAW_SINCE or self.is_known(day.year):
            return None
        return BY_LAW.get((day.month, day.day))


def needed_years(today: date) -> list[int]:
    """The years whose decrees should be known today: this one, and in December the next, which is out by then."""
    return [today.year, today.year + 1] if today.month == DECEMBER else [today.year]


@lru_cache(maxsize=1)
def _library() -> dict[date, _Exception]:
    """By their Chinese names, as people who put a decree name them."""
    new_year = constants.Holiday.new_years_day.value
    chinese = {each.value: each.chinese for each in constants.Holiday}
    found = [(day, DayKind.HOLIDAY, chinese[name], name) for day, name in constants.holidays.items()]
    found += [(day, DayKind.MAKE_UP_WORKDAY, "", name) for day, name in constants.workdays.items()]
    return {
        day: _Exception(kind, told, day.year + (day.month == DECEMBER and name == new_year))
        for day, kind, told, name in found
    }
