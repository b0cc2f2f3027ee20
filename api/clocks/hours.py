"""Time that counts: within working hours, outside pauses. Pure; all times are whole microseconds UTC.

`plan` says when it counts (None: always); pauses may overlap and need not be in order. What is added up is exact: the
time of a stretch is the time of its parts, wherever it is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from herun.clock import DAY_US
from herun.schedule import Schedule

FARTHEST_US: Final = 20 * 366 * DAY_US  # the longest limit lies nearer, however few hours a week are worked


class Span(NamedTuple):
    """From `begin` up to before `end`."""

    begin: int
    end: int


def elapsed(begin: int, end: int, plan: Schedule | None, pauses: Sequence[Span] = ()) -> int:
    """How much time counts from `begin` up to `end`; 0 if it ends before it begins."""
    return sum(counted.end - counted.begin for counted in _counted(begin, end, plan, pauses))


def due_at(begin: int, limit: int, plan: Schedule | None, pauses: Sequence[Span] = ()) -> int:
    """The first moment at which `limit` has elapsed since `begin`.

    FARTHEST_US after it where that is never, or decades away, as a plan has hardly any hours: no order fails for that.
    """
    if limit <= 0:
        return begin
    left = limit
    for counted in _counted(begin, begin + FARTHEST_US, plan, pauses):
        if counted.end - counted.begin >= left:
            return counted.begin + left
        left -= counted.end - counted.begin
    return begin + FARTHEST_US


def _counted(begin: int, end: int, plan: Schedule | None, pauses: Sequence[Span]) -> Iterator[Span]:
    at = begin
    while at < end:
        counts, until = True, end
        if plan is not None:
            stretch = plan.state_at(at)
            counts, until = stretch.value, min(end, stretch.until)
        for pause in pauses:
            if pause.begin <= at < pause.end:
                counts, until = False, min(until, pause.end)
            elif at < pause.begin:
                until = min(until, pause.begin)
        if counts:
            yield Span(at, until)
        at = until
