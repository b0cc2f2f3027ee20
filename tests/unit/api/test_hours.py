"""Time that counts, against a reference that asks every minute of the wall clock."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.clocks.hours import FARTHEST_US, Span, due_at, elapsed
from herun.calendar import Calendar, Decree
from herun.clock import DAY_US, HOUR_US, MINUTE_US, parse_time, to_datetime
from herun.schedule import Schedule, WeeklyPlan

SHANGHAI: Final = "Asia/Shanghai"
DECREE: Final = Decree(
    year=2026,
    holidays={"国庆节": [date(2026, 10, day) for day in range(1, 8)]},
    make_up_workdays=[date(2026, 9, 27), date(2026, 10, 10)],
)
CALENDAR: Final = Calendar([DECREE])
# The week before the holiday: an ordinary week, a Sunday that is worked, seven days off, a Saturday that is worked.
FIRST_US: Final = parse_time("2026-09-24T00:00:00+08:00")
PLANS: Final = {
    "office": [("workday", "08:30", "12:00"), ("workday", "14:00", "17:30")],
    "shift": [("mon", "22:00", "06:00"), ("thu", "20:00", "24:00"), ("holiday", "09:00", "10:00")],
    "overlap": [("workday", "08:00", "12:00"), ("fri", "11:00", "18:00"), ("day_off", "10:00", "11:00")],
}
WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

minutes = st.integers(0, 17 * 24 * 60)
moments = st.integers(FIRST_US, FIRST_US + 17 * DAY_US)
plan_names = st.sampled_from([*PLANS, None])


def pause(begin: int, length: int) -> Span:
    return Span(FIRST_US + begin * MINUTE_US, FIRST_US + (begin + length) * MINUTE_US)


pause_lists = st.lists(st.builds(pause, minutes, st.integers(0, 3 * 24 * 60)), max_size=3)


def schedule(name: str | None, zone: str = SHANGHAI) -> Schedule | None:
    if name is None:
        return None
    windows = [{"days": [day], "from": begin, "to": end} for day, begin, end in PLANS[name]]
    return WeeklyPlan.model_validate({"windows": windows}).compiled(zone, CALENDAR)


def is_named(day: date, name: str) -> bool:
    is_holiday = date(2026, 10, 1) <= day <= date(2026, 10, 7)
    is_worked = day in DECREE.make_up_workdays or (day.weekday() < 5 and not is_holiday)
    return {"workday": is_worked, "day_off": not is_worked, "holiday": is_holiday}.get(
        name, WEEK[day.weekday()] == name
    )


def counts(at_us: int, name: str | None, pauses: list[Span]) -> bool:
    """Whether the minute that begins then counts, looked up on the wall."""
    if any(pause.begin <= at_us < pause.end for pause in pauses):
        return False
    if name is None:
        return True
    wall = to_datetime(at_us).astimezone(ZoneInfo(SHANGHAI)).replace(tzinfo=None)
    for begun in (wall.date(), wall.date() - timedelta(days=1)):
        since = (wall - datetime.combine(begun, time())) // timedelta(minutes=1)
        for day, begin, end in PLANS[name]:
            first, last = (int(text[:2]) * 60 + int(text[3:]) for text in (begin, end))
            if is_named(begun, day) and first <= since < (last if last > first else last + 24 * 60):
                return True
    return False


@given(minutes, st.integers(0, 5 * 24 * 60), plan_names, pause_lists)
def test_what_elapsed_is_the_number_of_minutes_that_count(
    first: int, length: int, name: str | None, pauses: list[Span]
) -> None:
    begin = FIRST_US + first * MINUTE_US
    expected = sum(counts(begin + minute * MINUTE_US, name, pauses) for minute in range(length))
    assert elapsed(begin, begin + length * MINUTE_US, schedule(name), pauses) == expected * MINUTE_US


@given(minutes, st.integers(1, 30 * 60), plan_names, pause_lists)
def test_a_limit_is_due_when_so_many_minutes_have_counted(
    first: int, limit: int, name: str | None, pauses: list[Span]
) -> None:
    begin = at = FIRST_US + first * MINUTE_US
    left = min(limit, 600) if name != "shift" else min(limit, 240)
    expected = left
    while left:
        left -= counts(at, name, pauses)
        at += MINUTE_US
    assert due_at(begin, expected * MINUTE_US, schedule(name), pauses) == at


@given(moments, moments, moments, plan_names, pause_lists)
def test_time_adds_up_wherever_it_is_cut(a: int, b: int, c: int, name: str | None, pauses: list[Span]) -> None:
    a, b, c = sorted((a, b, c))
    plan = schedule(name)
    assert elapsed(a, c, plan, pauses) == elapsed(a, b, plan, pauses) + elapsed(b, c, plan, pauses)


@given(moments, st.integers(0, 40 * HOUR_US), plan_names, pause_lists, st.sampled_from([SHANGHAI, "Europe/Berlin"]))
def test_a_limit_is_due_when_it_has_elapsed_and_not_a_microsecond_before(
    begin: int, limit: int, name: str | None, pauses: list[Span], zone: str
) -> None:
    plan = schedule(name, zone)
    due = due_at(begin, limit, plan, pauses)
    assert elapsed(begin, due, plan, pauses) == limit
    if limit:
        assert elapsed(begin, due - 1, plan, pauses) == limit - 1


@pytest.mark.parametrize(
    ("begin", "hours", "due"),
    [
        ("2026-09-25T16:30:00+08:00", 2, "2026-09-27T09:30:00+08:00"),  # Friday afternoon: the Sunday is worked
        ("2026-09-30T16:30:00+08:00", 2, "2026-10-08T09:30:00+08:00"),  # the holiday lies between
        ("2026-10-09T16:30:00+08:00", 7, "2026-10-10T16:30:00+08:00"),  # the Saturday is worked
        ("2026-10-10T17:30:00+08:00", 1, "2026-10-12T09:30:00+08:00"),
        ("2026-09-24T11:59:59+08:00", 1, "2026-09-24T14:59:59+08:00"),  # over noon
    ],
)
def test_working_hours_know_holidays_and_make_up_workdays(begin: str, hours: int, due: str) -> None:
    assert due_at(parse_time(begin), hours * HOUR_US, schedule("office")) == parse_time(due)


def test_a_limit_without_any_hours_is_decades_away() -> None:
    assert due_at(FIRST_US, 1, WeeklyPlan().compiled(SHANGHAI, CALENDAR)) == FIRST_US + FARTHEST_US
