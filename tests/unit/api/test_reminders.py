"""When somebody is reminded of a limit, and who; limits by category and severity."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.clocks.limits import DEFAULTS, LimitRule, Limits, chosen
from api.clocks.reminders import Level, Reminder, Steps, in_the_morning, once_more, reminders, told, undecided
from herun.calendar import Calendar
from herun.clock import MINUTE_US, parse_time
from herun.schedule import WeeklyPlan

STEPS: Final = Steps((50, 80), repeat_minutes=60, repeats=3)
HOUR: Final = 60 * MINUTE_US


def since(begin: int, limit: int, now: int) -> Callable[[int], int]:
    return lambda share: max(now, begin + limit * share // 100)


def test_a_limit_is_spoken_of_at_its_shares_and_then_further_and_further_up() -> None:
    planned = reminders(Level.WORKER, STEPS, now=0, at_share=since(0, 10 * HOUR, 0))
    assert [(each.step, each.level.value, each.is_escalation, each.due_at // HOUR) for each in planned] == [
        ("50%", "worker", False, 5), ("80%", "worker", False, 8), ("100%", "desk", True, 10),
        ("+1", "supervisor", True, 11), ("+2", "supervisor", True, 12), ("+3", "supervisor", True, 13),
    ]  # fmt: skip


def test_what_is_past_is_not_told_again_but_a_limit_that_is_over_is_told_at_once() -> None:
    taken_over = reminders(Level.WORKER, STEPS, now=9 * HOUR, at_share=since(0, 10 * HOUR, 9 * HOUR))
    assert [each.step for each in taken_over] == ["100%", "+1", "+2", "+3"]
    late = reminders(Level.DESK, STEPS, now=20 * HOUR, at_share=since(0, 10 * HOUR, 20 * HOUR))
    assert [(each.step, each.due_at // HOUR) for each in late] == [("100%", 20), ("+1", 21), ("+2", 22), ("+3", 23)]


@given(
    st.sampled_from(Level),
    st.lists(st.integers(1, 99), max_size=5, unique=True).map(sorted),
    st.integers(5, 1440),
    st.integers(0, 10),
    st.tuples(st.integers(0, 10**12), st.integers(1, 10**12), st.integers(0, 10**12)),
)
def test_reminders_ascend_are_bounded_and_climb(
    owner: Level, shares: list[int], repeat: int, repeats: int, times: tuple[int, int, int]
) -> None:
    begin, limit, later = times
    now = begin + later
    planned = reminders(owner, Steps(tuple(shares), repeat, repeats), now=now, at_share=since(begin, limit, now))
    assert 1 + repeats <= len(planned) <= len(shares) + 1 + repeats
    assert [each.due_at for each in planned] == sorted(each.due_at for each in planned)
    rungs = [list(Level).index(each.level) for each in planned]
    assert rungs == sorted(rungs)
    assert all(each.due_at >= now for each in planned)
    assert len({each.step for each in planned}) == len(planned)
    assert {each.limit_at for each in planned} == {max(now, begin + limit)}


def test_what_is_due_in_the_night_is_told_in_the_morning() -> None:
    windows = [{"days": ["workday", "day_off"], "from": "22:00", "to": "07:00"}]
    quiet = WeeklyPlan.model_validate({"windows": windows}).compiled("Asia/Shanghai", Calendar())
    morning = parse_time("2026-06-02T07:00:00+08:00")
    for at, at_once in [("2026-06-01T23:15:00+08:00", morning), ("2026-06-02T06:59:59+08:00", morning)]:
        due = parse_time(at)
        moved = in_the_morning(Reminder("50%", Level.WORKER, False, due, due, due + HOUR), quiet)
        assert (moved.reached_at, moved.due_at, moved.limit_at) == (due, at_once, due + HOUR)
    noon = parse_time("2026-06-02T12:00:00+08:00")
    awake = Reminder("50%", Level.WORKER, False, noon, noon, noon)
    assert in_the_morning(awake, quiet) == awake


def test_who_was_told_in_the_morning_is_told_again_and_the_next_above_them() -> None:
    windows = [{"days": ["workday", "day_off"], "from": "22:00", "to": "07:00"}]
    quiet = WeeklyPlan.model_validate({"windows": windows}).compiled("Asia/Shanghai", Calendar())
    late = parse_time("2026-06-01T22:30:00+08:00")
    planned = reminders(Level.WORKER, STEPS, now=late, at_share=since(late, HOUR, late))
    morning = parse_time("2026-06-02T07:00:00+08:00")
    assert [(each.step, (each.due_at - morning) // HOUR) for each in told(planned, quiet, HOUR)] == [
        ("50%", 0), ("80%", 0), ("100%", 0), ("+1", 1), ("+2", 2), ("+3", 3),
    ]  # fmt: skip
    by_day = reminders(Level.WORKER, STEPS, now=morning, at_share=since(morning, HOUR, morning))
    assert told(by_day, quiet, HOUR) == by_day


def test_hours_that_are_always_quiet_silence_nobody() -> None:
    windows = [{"days": ["workday", "day_off"], "from": "00:00", "to": "24:00"}]
    quiet = WeeklyPlan.model_validate({"windows": windows}).compiled("Asia/Shanghai", Calendar())
    reminder = Reminder("50%", Level.WORKER, False, 0, 0, 0)
    assert in_the_morning(reminder, quiet) == reminder


def limits(hours: int) -> Limits:
    return Limits(*(timedelta(hours=hours),) * 4, calendar="always")


def test_the_category_says_more_than_the_severity_and_both_say_most() -> None:
    rules = [
        LimitRule(None, None, limits(1)),
        LimitRule(None, "critical", limits(2)),
        LimitRule("lift", None, limits(3)),
        LimitRule("lift", "critical", limits(4)),
    ]
    wanted = {("noise", "info"): 1, ("noise", "critical"): 2, ("lift", "info"): 3, ("lift", "critical"): 4}
    for (category, severity), hours in wanted.items():
        assert chosen(reversed(rules), category, severity) == limits(hours)


def test_what_no_rule_speaks_of_has_the_default_of_its_severity() -> None:
    for severity, default in [("critical", DEFAULTS[0]), ("warning", DEFAULTS[1]), ("info", DEFAULTS[2])]:
        assert chosen([LimitRule("lift", None, limits(3))], "noise", severity) == default.limits


@pytest.mark.parametrize("severity", ["info", "warning", "critical"])
def test_a_rule_for_everything_leaves_no_severity_to_the_defaults(severity: str) -> None:
    assert chosen([LimitRule(None, None, limits(3))], "noise", severity) == limits(3)


def test_what_nobody_decides_on_is_told_to_the_supervisors_again() -> None:
    planned = undecided(7 * HOUR, STEPS)
    assert [(each.step, each.due_at // HOUR) for each in planned] == [("+1", 8), ("+2", 9), ("+3", 10)]
    assert {(each.level, each.is_escalation, each.due_at - each.reached_at) for each in planned} == {
        (Level.SUPERVISOR, False, 0)
    }
    assert [each.due_at // HOUR for each in undecided(7 * HOUR, Steps((), repeat_minutes=60, repeats=0))] == [7 + 24]


@pytest.mark.parametrize(
    ("step", "level", "next_step", "next_level"),
    [
        ("100%", Level.WORKER, "+1", Level.DESK), ("100%", Level.DESK, "+1", Level.SUPERVISOR),
        ("+3", Level.SUPERVISOR, "+4", Level.SUPERVISOR), ("+9", Level.DESK, "+10", Level.SUPERVISOR),
    ],
)  # fmt: skip
def test_after_the_last_word_it_is_said_again_a_day_later_one_step_further_up(
    step: str, level: Level, next_step: str, next_level: Level
) -> None:
    found = once_more(step, level, 5 * HOUR, is_escalation=True, now=7 * HOUR)
    assert found == Reminder(next_step, next_level, True, 31 * HOUR, 31 * HOUR, 5 * HOUR)
