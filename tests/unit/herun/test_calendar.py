"""The statutory calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from herun.calendar import FIRST_YEAR, LAST_YEAR, Calendar, DayKind, Decree, needed_years

# 国务院办公厅关于2026年部分节假日安排的通知: first and last day of each holiday, and the days worked for it.
DECREE_OF_2026 = {
    "元旦": ("01-01", "01-03", ["01-04"]),
    "春节": ("02-15", "02-23", ["02-14", "02-28"]),
    "清明": ("04-04", "04-06", []),
    "劳动节": ("05-01", "05-05", ["05-09"]),
    "端午": ("06-19", "06-21", []),
    "中秋": ("09-25", "09-27", []),
    "国庆节": ("10-01", "10-07", ["09-20", "10-10"]),
}
OF_2027 = {
    "year": 2027,
    "holidays": {"元旦": ["2026-12-31", "2027-01-01"], "春节": ["2027-02-06", "2027-02-08"]},
    "make_up_workdays": ["2027-02-14"],
}


def days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def of_2026(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


def test_every_day_of_2026_is_what_the_decree_says() -> None:
    holidays = {
        day: name for name, (first, last, _) in DECREE_OF_2026.items() for day in days(of_2026(first), of_2026(last))
    }
    make_up = {of_2026(text) for _, _, texts in DECREE_OF_2026.values() for text in texts}
    calendar = Calendar()
    assert calendar.is_known(2026)
    listed, worked = calendar.exceptions_of(2026)
    assert (sum(map(len, listed.values())), worked) == (len(holidays), sorted(make_up))
    assert {day: name for name, each in listed.items() for day in each} == holidays
    for day in days(of_2026("01-01"), of_2026("12-31")):
        weekend = DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY
        wanted = DayKind.HOLIDAY if day in holidays else DayKind.MAKE_UP_WORKDAY if day in make_up else weekend
        assert (day, calendar.kind_of(day)) == (day, wanted)
        assert calendar.holiday_of(day) == holidays.get(day)
        assert calendar.is_workday(day) == (wanted in {DayKind.WORKDAY, DayKind.MAKE_UP_WORKDAY})


def test_of_a_year_without_decree_only_weekends_and_the_days_of_the_law_are_known() -> None:
    calendar = Calendar()
    by_law = {
        "01-01": "元旦",
        "05-01": "劳动节",
        "05-02": "劳动节",
        **dict.fromkeys(("10-01", "10-02", "10-03"), "国庆节"),
    }
    for year in (2027, 2040):
        assert not calendar.is_known(year)
        wanted = {date.fromisoformat(f"{year}-{day}"): name for day, name in by_law.items()}
        for day in days(date(year, 1, 1), date(year, 12, 31)):
            weekend = DayKind.WEEKEND if day.weekday() >= 5 else DayKind.WORKDAY
            assert (day, calendar.kind_of(day)) == (day, DayKind.HOLIDAY if day in wanted else weekend)
            assert calendar.holiday_of(day) == wanted.get(day)
        assert calendar.exceptions_of(year) == ({}, [])
    assert Calendar().kind_of(date(1990, 1, 1)) is DayKind.WORKDAY  # the law was another one then


def test_what_is_decreed_of_a_year_is_all_that_is_so_in_it() -> None:
    calendar = Calendar([Decree.model_validate(OF_2027)])
    assert calendar.kind_of(date(2027, 10, 1)) is DayKind.WORKDAY
    assert calendar.kind_of(date(2028, 10, 2)) is DayKind.HOLIDAY


def test_a_decree_adds_its_year_and_the_days_before_it() -> None:
    calendar = Calendar([Decree.model_validate(OF_2027)])
    assert calendar.is_known(2027)
    assert calendar.is_known(2026)
    assert calendar.holiday_of(date(2026, 12, 31)) == calendar.holiday_of(date(2027, 1, 1)) == "元旦"
    assert calendar.kind_of(date(2027, 2, 14)) is DayKind.MAKE_UP_WORKDAY
    assert calendar.kind_of(date(2026, 10, 10)) is DayKind.MAKE_UP_WORKDAY
    assert Calendar().kind_of(date(2026, 12, 31)) is DayKind.WORKDAY


def test_a_decree_replaces_what_the_library_knows_of_its_year() -> None:
    calendar = Calendar([Decree.model_validate({"year": 2026, "holidays": {"元旦": ["2026-01-01"]}})])
    assert calendar.kind_of(date(2026, 1, 2)) is DayKind.WORKDAY
    assert calendar.kind_of(date(2026, 1, 4)) is DayKind.WEEKEND
    assert calendar.kind_of(date(2025, 10, 1)) is DayKind.HOLIDAY


def as_put_back(calendar: Calendar, year: int) -> Decree:
    holidays, work = calendar.exceptions_of(year)
    return Decree(year=year, holidays=holidays, make_up_workdays=work)


def test_what_a_year_is_told_as_can_be_put_back_and_loses_no_day() -> None:
    calendar = Calendar([Decree.model_validate(OF_2027)])
    assert as_put_back(calendar, 2027) == Decree.model_validate(OF_2027)
    assert date(2026, 12, 31) in calendar.exceptions_of(2026)[0]["元旦"]
    years = [year for year in range(FIRST_YEAR, LAST_YEAR) if calendar.is_known(year)]
    again = Calendar(as_put_back(calendar, year) for year in years)
    assert [again.exceptions_of(year) for year in years] == [calendar.exceptions_of(year) for year in years]
    for day in days(date(years[0], 1, 1), date(years[-1], 12, 31)):
        assert (day, again.kind_of(day), again.holiday_of(day)) == (
            day,
            calendar.kind_of(day),
            calendar.holiday_of(day),
        )


def test_a_decree_takes_no_december_day_from_the_years_that_come_after_and_replaces_its_own() -> None:
    assert Calendar().holiday_of(date(2023, 12, 30)) == "元旦"
    of_2023 = Decree.model_validate({"year": 2023, "holidays": {"春节": ["2023-01-22"]}})
    assert Calendar([of_2023]).kind_of(date(2023, 12, 30)) is DayKind.HOLIDAY
    assert Calendar([of_2023]).kind_of(date(2023, 10, 2)) is DayKind.WORKDAY
    of_2024 = Decree.model_validate({"year": 2024, "holidays": {"元旦": ["2024-01-01"]}})
    assert Calendar([of_2024]).kind_of(date(2023, 12, 30)) is DayKind.WEEKEND


def test_from_december_on_the_next_years_decree_should_be_there() -> None:
    assert [needed_years(date(2026, month, 30)) for month in (1, 11, 12)] == [[2026], [2026], [2026, 2027]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"holidays": {"元旦": ["2028-01-01"]}}, "is not of the year 2027"),
        ({"holidays": {"元旦": ["2026-11-30"]}}, "is not of the year 2027"),
        ({"make_up_workdays": ["2027-02-15"]}, "Saturdays and Sundays"),
        ({"make_up_workdays": ["2027-02-06"]}, "named twice"),
        ({"holidays": {}}, "at least 1 item"),
        ({"year": 1999}, "greater than or equal"),
    ],
)
def test_a_decree_that_cannot_be_is_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Decree.model_validate(OF_2027 | change)
