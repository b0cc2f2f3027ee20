"""Distinct count: raised when a field has so many different values within a window of event time."""

from __future__ import annotations

from typing import Final

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import DistinctRule
from processor.engine.kinds.fold import NO_ALARMS, SECOND_US, WHOLE_KEY, Fold, cleared, optional, raised
from processor.engine.tracks import EVENT, Edges, Sample, Values

_COUNTED: Final = frozenset({str, int, float})
DEVICE: Final = "device"  # as a field: which devices spoke


class Distinct(Fold[Values]):
    """The newest `count` values are enough to know: who was seen before all of them cannot complete a window."""

    def __init__(self, rule: DistinctRule) -> None:
        self.span = round(rule.window_s * SECOND_US)
        self._field = rule.field
        self._count = rule.count
        self._condition = optional(rule.condition)

    def start(self) -> Values:
        return Values()

    def read(self, event: Event, data: Data, subject: Subject) -> str | int | float | None:
        if self._condition is not None and not self._condition(data, subject):
            return None
        if self._field == DEVICE:
            return event.device
        found = data.get(self._field)
        if type(found) is bool:
            return str(found).lower()
        return found if type(found) in _COUNTED else None

    def step(self, state: Values, sample: Sample) -> tuple[Values, Edges]:
        edges: Edges = ()
        values, is_raised = state.values, state.is_raised
        if is_raised and sample.at >= values[0][1] + self.span:
            edges, is_raised = (cleared(sample, values[0][1] + self.span),), False
        if sample.what == EVENT and isinstance(sample.value, str | int | float):
            others = (each for each in values if each[0] != sample.value)
            values = (*others, (sample.value, sample.at))[-self._count :]
            if is_raised or (len(values) == self._count and sample.at - values[0][1] < self.span):
                edges, is_raised = (*edges, raised(sample, count=self._count)), True
        elif not edges:
            return state, edges
        return Values(values, is_raised), edges

    def alarms(self, state: Values) -> tuple[tuple[str, int], ...]:
        return ((WHOLE_KEY, state.values[0][1] + self.span),) if state.is_raised else NO_ALARMS

    def is_raised(self, state: Values) -> bool:
        return state.is_raised
