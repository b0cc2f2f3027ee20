"""Limits that can be put and make no sense: told when they are put, with their place. Pure.

Limits that are in force already are not asked again: what was put once still loads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Final

from api.clocks.hours import due_at
from api.clocks.limits import DEFAULTS, Limits, contradiction
from api.clocks.schemas import ClockSettings
from herun.calendar import Calendar
from herun.clock import DAY_US, parse_time
from herun.schedule import DEFAULT_TIME_ZONE, Schedule, WeeklyPlan

Fault = tuple[list[str | int], str]

_A_MONDAY_US: Final = parse_time("2026-06-01T00:00:00+08:00")  # of a week without holidays
_WORKDAYS: Final = 5
LONGEST_US: Final = 2 * 366 * DAY_US  # that a promise may take by the calendar


def faults(
    settings: ClockSettings, categories: Collection[str], of_tree: Iterable[Limits], worked: Schedule
) -> Iterator[Fault]:
    """What makes no sense, and where.

    `categories` are those that an order can have, `of_tree` the limits of the category tree, `worked` the working
    hours.
    """
    for index, rule in enumerate(settings.limits):
        if rule.category is not None and rule.category not in categories:
            yield ["limits", index, "category"], f"no order can have the category {rule.category}"
        if what := contradiction(rule.as_rule().limits):
            yield ["limits", index, "promise_minutes"], what
    every = [*(each.as_rule().limits for each in settings.limits), *(each.limits for each in DEFAULTS), *of_tree]
    longest = max((each.promise for each in every if each.calendar == "working_hours"), default=timedelta())
    if _is_never_over(longest // timedelta(microseconds=1), worked):
        yield ["working_hours"], f"too few: a promise of {longest // timedelta(minutes=1)} minutes would take years"
    if _is_never_awake(settings.quiet_hours):
        yield ["quiet_hours"], "all hours of all workdays are quiet: nobody would ever be told of a limit in time"


def _is_never_over(limit_us: int, worked: Schedule) -> bool:
    return due_at(_A_MONDAY_US, limit_us, worked) > _A_MONDAY_US + LONGEST_US


def _is_never_awake(quiet: WeeklyPlan) -> bool:
    stretch = quiet.compiled(DEFAULT_TIME_ZONE, Calendar()).state_at(_A_MONDAY_US)
    return stretch.value and stretch.until >= _A_MONDAY_US + _WORKDAYS * DAY_US
