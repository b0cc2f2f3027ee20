"""Count in window: raised when so many distinct events match within a window of event time."""

from __future__ import annotations

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import CountRule
from processor.engine.kinds.fold import NO_ALARMS, SECOND_US, WHOLE_KEY, Fold, cleared, optional, raised
from processor.engine.tracks import EVENT, Edge, Edges, Sample, Times


class Count(Fold[Times]):
    """Raised while `count` events lie within the last `window_s`, which is half open: they span less than it."""

    def __init__(self, rule: CountRule) -> None:
        self.span = round(rule.window_s * SECOND_US)
        self._count = rule.count
        self._condition = optional(rule.condition)

    def start(self) -> Times:
        return Times()

    def read(self, event: Event, data: Data, subject: Subject) -> bool | None:
        del event
        return True if self._condition is None or self._condition(data, subject) else None

    def step(self, state: Times, sample: Sample) -> tuple[Times, Edges]:
        edges: tuple[Edge, ...] = ()
        times, is_raised = state.times, state.is_raised
        if is_raised and sample.at >= times[0] + self.span:
            edges, is_raised = (cleared(sample, times[0] + self.span),), False
        if sample.what == EVENT:
            times = (*times, sample.at)[-self._count :]
            if is_raised or (len(times) == self._count and sample.at - times[0] < self.span):
                edges, is_raised = (*edges, raised(sample, count=self._count)), True
        elif not edges:
            return state, edges
        return Times(times, is_raised), edges

    def alarms(self, state: Times) -> tuple[tuple[str, int], ...]:
        return ((WHOLE_KEY, state.times[0] + self.span),) if state.is_raised else NO_ALARMS

    def is_raised(self, state: Times) -> bool:
        return state.is_raised
