"""Count in window: raised when so many distinct events match within a window of event time."""

from __future__ import annotations

from bisect import insort
from typing import Final

import msgspec

from herun.events import Event
from herun.rules import CountRule
from processor.engine.alerting import Evaluation, by_event, clear_alert, raise_alert
from processor.engine.conditions import Data, compile_condition
from processor.engine.kinds.compiled import SECOND_US, CompiledRule
from processor.engine.state import CellKey, TimerKey, Window

TIMER: Final = "count"


class Count(CompiledRule):
    """A window is half open: `count` events span less than `window_s`. Late events count where they belong.

    Kept are the times of two windows and at most twice the count: without more, no window of that span could be found.
    """

    def __init__(self, site: str, rule: CountRule) -> None:
        self._span = round(rule.window_s * SECOND_US)
        super().__init__(site, rule, self._span)
        self._count = rule.count
        self._holds = compile_condition(rule.condition) if rule.condition else None

    @property
    def reads_data(self) -> bool:
        return super().reads_data or self._holds is not None

    def on_event(self, ev: Evaluation, cell: CellKey, event: Event, data: Data, *, late: bool) -> None:
        del late
        if self._holds is not None and not self._holds(data):
            return
        window = ev.state.windows.get(cell)
        if window is None:
            window = Window((), ev.now)
            ev.timers.arm((TIMER, *cell), max(ev.now, event.event_time) + 2 * self._span)
        elif window.raised and event.event_time >= window.times[-self._count] + self._span:
            window = self._clear(ev, cell, window, window.times[-self._count] + self._span)
        window = self._with(window, event.event_time, ev.now)
        if not window.raised and event.event_time >= window.cleared_at:
            window = self._judge(ev, cell, window, event)
        elif window.raised:
            window = msgspec.structs.replace(window, due=self._due(window, window.times[-self._count], ev.now))
        ev.journal.put(ev.state.windows, cell, window)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        cell: CellKey = (timer[1], timer[2], timer[3])
        window = ev.state.windows.get(cell)
        if window is None:
            return
        if window.raised and window.due <= due:
            over_at = window.times[-self._count] + self._span
            clear_alert(ev, self.head, cell[2], due)
            window = self._emptied(window, over_at)
            ev.journal.put(ev.state.windows, cell, window)
        next_due = window.due if window.raised else max((window.touched, *window.times)) + 2 * self._span
        if next_due <= due:
            ev.journal.remove(ev.state.windows, cell)
        else:
            ev.timers.arm(timer, next_due)

    def _with(self, window: Window, at: int, now: int) -> Window:
        times = list(window.times)
        insort(times, at)
        kept = tuple(each for each in times[-2 * self._count :] if each > times[-1] - 2 * self._span)
        return msgspec.structs.replace(window, times=kept, touched=now)

    def _judge(self, ev: Evaluation, cell: CellKey, window: Window, event: Event) -> Window:
        """Raises if any window is full; one that is over already is cleared at once."""
        first = self._newest_full(window.times)
        if first is None:
            return window
        raised_at = window.times[first + self._count - 1]
        raise_alert(ev, self.head, cell[2], by_event(event, raised_at, count=self._count))
        over_at = window.times[first] + self._span
        if over_at <= window.times[-1]:
            return self._clear(ev, cell, window, over_at)
        due = self._due(window, window.times[first], ev.now)
        ev.timers.arm((TIMER, *cell), due)
        return msgspec.structs.replace(window, raised=True, due=due)

    def _newest_full(self, times: tuple[int, ...]) -> int | None:
        """Where the newest full window begins."""
        for first in range(len(times) - self._count, -1, -1):
            if times[first + self._count - 1] - times[first] < self._span:
                return first
        return None

    def _due(self, window: Window, first: int, now: int) -> int:
        """Engine time at which the window has too few, if nothing more comes; a slow clock does not hasten it."""
        newest = window.times[-1]
        return max(now, newest) + first + self._span - newest

    def _clear(self, ev: Evaluation, cell: CellKey, window: Window, at: int) -> Window:
        clear_alert(ev, self.head, cell[2], at)
        return self._emptied(window, at)

    def _emptied(self, window: Window, at: int) -> Window:
        """What has led to the alert that is over now does not count again."""
        left = tuple(time for time in window.times if time > at - self._span)
        return msgspec.structs.replace(window, times=left, raised=False, cleared_at=at)
