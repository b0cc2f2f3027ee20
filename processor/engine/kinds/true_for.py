"""True for: raised when a condition has held for a duration of event time."""

from __future__ import annotations

from typing import Final

from herun.events import Event
from herun.rules import TrueForRule
from processor.engine.alerting import Evaluation, by_timer, hold, release
from processor.engine.conditions import Data, compile_condition
from processor.engine.kinds.compiled import SECOND_US, CompiledRule
from processor.engine.state import CellKey, Held, TimerKey, WatchKey

TIMER: Final = "true_for"


class TrueFor(CompiledRule):
    """Measured between a device's own events; when they stop coming, a timer closes the duration in engine time.

    The timer counts from the arrival, so a wrong device clock raises neither early nor late.
    """

    def __init__(self, site: str, rule: TrueForRule) -> None:
        self._duration = round(rule.duration_s * SECOND_US)
        super().__init__(site, rule, self._duration)
        self._holds = compile_condition(rule.condition)

    @property
    def reads_data(self) -> bool:
        return True

    def on_event(self, ev: Evaluation, cell: CellKey, event: Event, data: Data, *, late: bool) -> None:
        if late:
            return
        watch = (*cell, event.device)
        held = ev.state.held.get(watch)
        if held is not None and event.event_time - held.since >= self._duration:
            self._raise(ev, watch, held, held.since + self._duration)
            held = None
        holds, holding = self._holds(data), event.device in ev.state.holders.get(cell, ())
        if holds and held is None and not holding:
            self._begin(ev, watch, event)
        elif not holds and held is not None:
            self._end(ev, watch)
        elif not holds and holding:
            release(ev, self.head, cell[2], event.device, event.event_time)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        _, site, uid, key, device = timer
        watch = (site, uid, key, device)
        held = ev.state.held.get(watch)
        if held is not None:
            self._raise(ev, watch, held, due)

    def _begin(self, ev: Evaluation, watch: WatchKey, event: Event) -> None:
        due = ev.now + self._duration
        ev.journal.put(ev.state.held, watch, Held(event.event_time, due, event.event_id))
        ev.timers.arm((TIMER, *watch), due)

    def _end(self, ev: Evaluation, watch: WatchKey) -> None:
        ev.journal.remove(ev.state.held, watch)
        ev.timers.disarm((TIMER, *watch))

    def _raise(self, ev: Evaluation, watch: WatchKey, held: Held, due: int) -> None:
        self._end(ev, watch)
        _, _, key, device = watch
        hold(ev, self.head, key, device, by_timer(TIMER, device, held.event_id, due))
