"""Threshold with hysteresis: raised beyond one value, cleared behind another."""

from __future__ import annotations

from collections.abc import Callable

from herun.events import Event
from herun.rules import ThresholdRule
from processor.engine.alerting import Evaluation, by_event, hold, release
from processor.engine.conditions import Data, number
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.state import CellKey

Crosses = Callable[[float], bool]


class Threshold(CompiledRule):
    """Late events say how it was, not how it is: they change nothing."""

    def __init__(self, site: str, rule: ThresholdRule) -> None:
        super().__init__(site, rule)
        self._field = rule.field
        self._raises, self._clears = _sides(rule)

    @property
    def reads_data(self) -> bool:
        return True

    def on_event(self, ev: Evaluation, cell: CellKey, event: Event, data: Data, *, late: bool) -> None:
        value = number(data, self._field)
        if late or value is None:
            return
        if event.device in ev.state.holders.get(cell, ()):
            if self._clears(value):
                release(ev, self.head, cell[2], event.device, event.event_time)
        elif self._raises(value):
            hold(ev, self.head, cell[2], event.device, by_event(event, event.event_time, value))


def _sides(rule: ThresholdRule) -> tuple[Crosses, Crosses]:
    """When it is raised and when it is cleared; without a clear value, as soon as it is not crossed."""
    if rule.raise_above is not None:
        above, below = rule.raise_above, rule.clear_below
        return (lambda value: value > above), (
            (lambda value: value <= above) if below is None else (lambda value: value < below)
        )
    if rule.raise_below is None:
        raise ValueError(f"rule {rule.uid} has no threshold")
    low, high = rule.raise_below, rule.clear_above
    return (lambda value: value < low), ((lambda value: value >= low) if high is None else (lambda value: value > high))
