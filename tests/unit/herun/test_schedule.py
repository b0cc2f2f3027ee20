"""Weekly plans, against a reference that looks at the clock on the wall minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from herun.calendar import Calendar, Decree
from herun.schedule import SECOND_US, Schedule, Timeline, WeeklyPlan, Window

MINUTE_US = 60 * SECOND_US
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CALENDAR = Calendar()
# Zone and a day about which something happens.
PLACES = (
    ("Asia/Shanghai", date(2026, 2, 14)),  # a make-up Saturday before nine days of Spring Festival
    ("Asia/Shanghai", date(2026, 9, 30)),  # National Day and a month's end
    ("Asia/Shanghai", date(2025, 12, 31)),  # a year's end and a holiday
    ("Asia/Shanghai", date(2027, 2, 28)),  # of a year that nobody has decreed yet
    ("America/New_York", date(2026, 3, 8)),  # 02:00 to 03:00 is not there
    ("America/New_York", date(2026, 11, 1)),  # 01:00 to 02:00 is there twice
    ("America/Havana", date(2026, 3, 8)),  # midnight is not there
    ("America/Havana", date(2026, 11, 1)),  # 00:00 to 01:00 is there twice
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that is not there
)

clock_times = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
day_names = st.lists(st.sampled_from([*WEEK, "workday", "day_off", "holiday"]), min_size=1, max_size=3, unique=True)
windows = st.builds(
    lambda days, begin, end: {"days": days, "from": begin, "to": end},
    day_names,
    clock_times,
    clock_times | st.just("24:00"),
).filter(lambda each: each["from"] != each["to"])


def plan(*each: dict[str, Any]) -> WeeklyPlan:
    return WeeklyPlan.model_validate({"windows": list(each)})


def us(moment: datetime) -> int:
    return round(moment.timestamp()) * SECOND_US


def is_of(day: date, names: list[str]) -> bool:
    workday = CALENDAR.is_workday(day)
    holiday = CALENDAR.holiday_of(day) is not None
    is_so = {"workday": workday, "day_off": not workday, "holiday": holiday, WEEK[day.weekday()]: True}
    return any(is_so.get(name, False) for name in names)


@cache
def clock_of(zone: str, about: date) -> tuple[list[int], list[datetime]]:
    """The minutes of three days before and after, and what the clock on the wall shows in each."""
    middle = datetime(about.year, about.month, about.day, 12, tzinfo=UTC)
    minutes = [us(middle) + n * MINUTE_US for n in range(-3 * 1440, 3 * 1440)]
    return minutes, [datetime.fromtimestamp(at // SECOND_US, ZoneInfo(zone)).replace(tzinfo=None) for at in minutes]


def reference(body: list[dict[str, Any]], zone: str, about: date) -> list[tuple[int, int | None]]:
    """(minute, index of the first window that holds) for the days around one, by reading the clock each minute."""
    minutes, shown = clock_of(zone, about)
    held: list[int | None] = [None] * len(minutes)
    for index in reversed(range(len(body))):
        window = body[index]
        for offset in range(-4, 4):
            day = about + timedelta(days=offset)
            if not is_of(day, window["days"]):
                continue
            begin = datetime.fromisoformat(f"{day} {window['from']}")
            to_midnight = window["to"] == "24:00"
            end = datetime.fromisoformat(f"{day} {'00:00' if to_midnight else window['to']}")
            end += timedelta(days=1 if to_midnight or end <= begin else 0)
            first = next((n for n, each in enumerate(shown) if each >= begin), len(shown))
            behind = next((n + 1 for n in reversed(range(len(shown))) if shown[n] < end), 0)
            held[first:behind] = [index] * max(0, behind - first)
    inner = slice(1440, 5 * 1440)
    return list(zip(minutes, held, strict=True))[inner]


@settings(max_examples=120, deadline=None)
@given(st.lists(windows, min_size=1, max_size=3), st.sampled_from(PLACES), st.randoms(use_true_random=False))
def test_a_plan_holds_what_the_clock_on_the_wall_says(body: list[dict[str, Any]], place: Any, random: Any) -> None:
    zone, about = place
    timeline = Timeline(
        [(Window.model_validate(each), n) for n, each in enumerate(body)], otherwise=None, zone=zone, calendar=CALENDAR
    )
    wanted = reference(body, zone, about)
    for at, value in wanted:
        assert (at, timeline.value_at(at)) == (at, value)
    for at, value in random.sample(wanted, 200):
        stretch = timeline.state_at(at)
        assert (stretch.value, stretch.since <= at < stretch.until) == (value, True)
    change = next((at for at, value in wanted if value != wanted[0][1]), None)
    found = timeline.next_change(wanted[0][0])
    assert found == change if change is not None else found is None or found > wanted[-1][0]


def test_what_ends_where_the_clock_is_set_back_to_ends_when_it_first_shows_it() -> None:
    zone = ZoneInfo("America/Havana")  # on 1 November 2026 at 01:00 it is 00:00 again
    midnight = us(datetime(2026, 11, 1, tzinfo=zone))
    for end, wanted in (("24:00", midnight), ("00:30", midnight + 90 * MINUTE_US)):
        schedule = plan({"days": ["sat"], "from": "23:00", "to": end}).compiled(zone.key, CALENDAR)
        assert schedule.next_change(midnight - MINUTE_US) == wanted


def test_a_window_across_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    schedule = plan({"days": ["fri"], "from": "22:00", "to": "06:00"}).compiled("Asia/Shanghai", CALENDAR)
    zone = ZoneInfo("Asia/Shanghai")
    friday, saturday = datetime(2026, 7, 3, tzinfo=zone), datetime(2026, 7, 4, tzinfo=zone)
    assert not schedule.is_on(us(friday.replace(hour=5)))
    assert schedule.is_on(us(friday.replace(hour=22)))
    assert schedule.is_on(us(saturday.replace(hour=6)) - 1)
    assert not schedule.is_on(us(saturday.replace(hour=6)))
    assert not schedule.is_on(us(saturday.replace(hour=23)))


def test_a_change_that_is_far_away_is_found_and_one_that_never_comes_is_none() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    schedule = plan({"days": ["holiday"], "from": "00:00", "to": "24:00"}).compiled("Asia/Shanghai", CALENDAR)
    assert schedule.next_change(us(datetime(2026, 6, 30, tzinfo=zone))) == us(datetime(2026, 9, 25, tzinfo=zone))
    assert schedule.next_change(us(datetime(2026, 10, 2, tzinfo=zone))) == us(datetime(2026, 10, 8, tzinfo=zone))
    assert schedule.next_change(us(datetime(2026, 10, 8, tzinfo=zone))) == us(datetime(2027, 1, 1, tzinfo=zone))
    for always in (plan(), plan({"days": list(WEEK), "from": "00:00", "to": "24:00"})):
        assert always.compiled("Asia/Shanghai", CALENDAR).next_change(us(datetime(2026, 1, 1, tzinfo=zone))) is None


def test_a_decree_moves_the_plan() -> None:
    workdays = plan({"days": ["workday"], "from": "08:00", "to": "18:00"})
    decree = Decree.model_validate({"year": 2027, "holidays": {"春节": ["2027-02-08"]}})
    at = us(datetime(2027, 2, 8, 12, tzinfo=ZoneInfo("Asia/Shanghai")))
    assert workdays.compiled("Asia/Shanghai", Calendar()).is_on(at)
    assert not workdays.compiled("Asia/Shanghai", Calendar([decree])).is_on(at)


def test_a_hot_path_does_not_look_again_within_a_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = plan({"days": ["workday"], "from": "22:00", "to": "06:00"}).compiled("Asia/Shanghai", CALENDAR)
    looks: list[int] = []
    look = Schedule._look

    def counted(self: Schedule, at: int) -> Any:
        looks.append(at)
        return look(self, at)

    monkeypatch.setattr(Schedule, "_look", counted)
    night = us(datetime(2026, 7, 1, 23, tzinfo=ZoneInfo("Asia/Shanghai")))
    for n in range(60):
        assert schedule.is_on(night + n * MINUTE_US)
        assert not schedule.is_on(night - 61 * MINUTE_US - n)
    assert len(looks) == 2


@pytest.mark.parametrize(
    "window",
    [
        {"days": ["mon"], "from": "08:00", "to": "08:00"},
        {"days": ["mon"], "from": "24:00", "to": "06:00"},
        {"days": ["mon"], "from": "8:00", "to": "09:00"},
        {"days": ["monday"], "from": "08:00", "to": "09:00"},
        {"days": [], "from": "08:00", "to": "09:00"},
        {"days": ["mon"], "from": "08:00", "to": "09:00", "until": "x"},
    ],
)
def test_a_window_that_says_nothing_is_refused(window: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plan(window)
