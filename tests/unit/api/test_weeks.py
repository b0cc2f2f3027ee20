"""ISO weeks in a site's time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.figures.weeks import Week, week_named, week_of
from api.problems import Problem

ZONES = [ZoneInfo(name) for name in ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Chatham")]
BEGIN = datetime(2001, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(), timedelta(days=36_000)).map(lambda passed: BEGIN + passed)


@given(MOMENTS, st.sampled_from(ZONES))
def test_every_moment_is_in_one_week_and_the_weeks_leave_no_gap(at: datetime, zone: ZoneInfo) -> None:
    week = week_of(at, zone)
    assert week.begins_at(zone) <= at < week.ends_at(zone)
    assert week.ends_at(zone) == week.earlier(-1).begins_at(zone)
    year, number, _ = at.astimezone(zone).isocalendar()
    assert week.name == f"{year}-W{number:02d}"
    assert week_named(week.name) == week


@given(st.dates(date(2001, 1, 1), date(2098, 1, 1)))
def test_the_same_week_a_year_ago_has_the_same_number_or_is_none(day: date) -> None:
    week = Week(day - timedelta(days=day.weekday()))
    year, number, _ = day.isocalendar()
    if week.last_year is None:
        assert number == 53
    else:
        assert week.last_year.name == f"{year - 1}-W{number:02d}"


def test_week_53_is_compared_to_nothing_where_the_year_before_had_none() -> None:
    assert week_named("2026-W53").last_year is None
    assert week_named("2027-W01").last_year == week_named("2026-W01")


def test_a_week_with_a_changed_clock_is_an_hour_shorter() -> None:
    week = week_named("2026-W13")
    assert week.ends_at(ZONES[1]) - week.begins_at(ZONES[1]) == timedelta(days=7, hours=-1)


@pytest.mark.parametrize("name", ["2025-W53", "2026-W00", "2026-W54"])
def test_a_week_that_its_year_does_not_have_is_refused(name: str) -> None:
    with pytest.raises(Problem) as refused:
        week_named(name)
    assert refused.value.status_code == 422
