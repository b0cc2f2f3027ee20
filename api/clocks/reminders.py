"""When somebody is reminded of a limit, and who. Pure; times are whole microseconds UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from herun.clock import DAY_US, MINUTE_US
from herun.schedule import Schedule

WHOLE: Final = 100
LIMIT: Final = f"{WHOLE}%"  # the step that is the limit itself; shares below it remind, what comes after repeats


class Level(StrEnum):
    """Who is told; whoever stands above is told later."""

    WORKER = "worker"
    DESK = "desk"
    SUPERVISOR = "supervisor"


_LADDER: Final = tuple(Level)


@dataclass(frozen=True, slots=True)
class Steps:
    """At which shares of a limit somebody is reminded (ascending, in percent), and how many times soon after it."""

    shares: tuple[int, ...]
    repeat_minutes: int
    repeats: int


@dataclass(frozen=True, slots=True)
class Reminder:
    """One deadline: `step` is the share (`80%`) or the repeat after the limit (`+1`).

    `reached_at` is when it is so, `due_at` when somebody is told: in the morning, if it is not urgent. `limit_at` is
    when the limit itself is over, or was.
    """

    step: str
    level: Level
    is_escalation: bool
    reached_at: int
    due_at: int
    limit_at: int


def reminders(owner: Level, steps: Steps, *, now: int, at_share: Callable[[int], int]) -> list[Reminder]:
    """The deadlines of one limit from now on, in their order.

    `at_share` says when so many percent of the limit are used up, or were. A share that is past was told, or is told by
    whoever hands the order over; a limit that is past is told at once.
    """
    limit = at_share(WHOLE)
    planned = [_reminder(f"{share}%", owner, 0, at_share(share), limit) for share in steps.shares if share < WHOLE]
    planned = [each for each in planned if now < each.reached_at < limit]
    planned.append(_reminder(LIMIT, owner, 1, max(limit, now), limit))
    for count in range(1, steps.repeats + 1):
        at = max(limit, now) + count * steps.repeat_minutes * MINUTE_US
        planned.append(_reminder(f"+{count}", owner, 1 + count, at, limit))
    return planned


def undecided(asked_at: int, steps: Steps) -> list[Reminder]:
    """When the supervisors are reminded of what was asked for and nobody has decided on: as often as of a limit."""
    repeat = steps.repeat_minutes * MINUTE_US if steps.repeats else DAY_US
    times = [(f"+{count}", asked_at + count * repeat) for count in range(1, max(steps.repeats, 1) + 1)]
    return [Reminder(step, Level.SUPERVISOR, False, at, at, asked_at) for step, at in times]


def once_more(step: str, level: Level, limit_at: int, *, is_escalation: bool, now: int) -> Reminder:
    """After the last word of a limit, or of a question: a day later one step further up, until somebody acts."""
    count = int(step) if step.startswith("+") else 0
    above = _LADDER[min(_LADDER.index(level) + 1, len(_LADDER) - 1)]
    return Reminder(f"+{count + 1}", above, is_escalation, now + DAY_US, now + DAY_US, limit_at)


def in_the_morning(reminder: Reminder, quiet: Schedule) -> Reminder:
    """The same, but not within the quiet hours: told when they end, if they ever do."""
    stretch = quiet.state_at(reminder.due_at)
    return replace(reminder, due_at=stretch.until) if stretch.value and stretch.changes else reminder


def told(planned: Iterable[Reminder], quiet: Schedule, apart: int) -> list[Reminder]:
    """The same, each out of the quiet hours. The steps after a limit stay so far apart, also from the morning on."""
    found: list[Reminder] = []
    for each in planned:
        follows = bool(found) and each.step.startswith("+")
        due = max(each.due_at, found[-1].due_at + apart) if follows else each.due_at
        found.append(in_the_morning(replace(each, due_at=due), quiet))
    return found


def _reminder(step: str, owner: Level, above: int, at: int, limit: int) -> Reminder:
    at_most = len(_LADDER) - 1
    rung = min(_LADDER.index(owner) + above, at_most)
    return Reminder(step, _LADDER[rung], _LADDER[rung] is not owner, at, at, limit)
