"""Limits that can be put and make no sense: told when they are put, with their place. Pure.

Limits that are in force already are not asked again: what was put once still loads.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from api.clocks.schemas import ClockSettings, NewLimits
from herun.calendar import Calendar
from herun.clock import DAY_US, parse_time
from herun.schedule import DEFAULT_TIME_ZONE, WeeklyPlan

Fault = tuple[list[str | int], str]

_A_MONDAY_US: Final = parse_time("2026-06-01T00:00:00+08:00")  # of a week without holidays
_WORKDAYS: Final = 5


def faults(settings: ClockSettings, categories: Collection[str]) -> Iterator[Fault]:
    """What makes no sense, and where; `categories` are those that an order can have."""
    for index, rule in enumerate(settings.limits):
        if rule.category is not None and rule.category not in categories:
            yield ["limits", index, "category"], f"no order can have the category {rule.category}"
        if what := _of_limits(rule):
            yield ["limits", index, "promise_minutes"], what
    if _is_never_awake(settings.quiet_hours):
        yield ["quiet_hours"], "all hours of all workdays are quiet: nobody would ever be told of a limit in time"


def _of_limits(rule: NewLimits) -> str | None:
    whole = rule.accept_minutes + rule.arrive_minutes + rule.solve_minutes
    if whole <= rule.promise_minutes:
        return None
    return (
        f"whoever keeps the limits breaks the promise of {rule.promise_minutes} minutes: to accept, arrive and solve"
        f" may take {rule.accept_minutes} + {rule.arrive_minutes} + {rule.solve_minutes} = {whole}"
    )


def _is_never_awake(quiet: WeeklyPlan) -> bool:
    stretch = quiet.compiled(DEFAULT_TIME_ZONE, Calendar()).state_at(_A_MONDAY_US)
    return stretch.value and stretch.until >= _A_MONDAY_US + _WORKDAYS * DAY_US
