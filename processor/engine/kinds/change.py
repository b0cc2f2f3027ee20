"""Rate of change: raised when a value differs by so much from what it was within a time."""

from __future__ import annotations

from typing import Final

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import ChangeRule
from processor.engine.kinds.fold import SECOND_US, Fold, cleared, optional, raised, sides
from processor.engine.tracks import EVENT, NO_EDGES, Edges, History, Sample

POINTS: Final = 60  # kept of the time looked back upon: what was is known to a sixtieth of it
_NUMBERS: Final = frozenset({int, float})


class Change(Fold[History]):
    """The newest value less the oldest one within `over_s`."""

    def __init__(self, rule: ChangeRule) -> None:
        self.span = round(rule.over_s * SECOND_US)
        self._apart = self.span // POINTS
        self._field = rule.field
        self._raises, self._clears = sides(rule)
        self._condition = optional(rule.condition)

    def start(self) -> History:
        return History()

    def read(self, event: Event, data: Data, subject: Subject) -> float | None:
        del event
        found = data.get(self._field)
        if type(found) not in _NUMBERS or (self._condition and not self._condition(data, subject)):
            return None
        return float(found)  # type: ignore[arg-type] # a number, as was just seen

    def step(self, state: History, sample: Sample) -> tuple[History, Edges]:
        if sample.what != EVENT or not isinstance(sample.value, float):
            return state, NO_EDGES
        points, is_raised = state.points, state.is_raised
        if points and points[0][0] < sample.at - self.span:
            points = tuple(point for point in points if point[0] >= sample.at - self.span)
        changed = sample.value - points[0][1] if points else 0.0
        if not points or sample.at - points[-1][0] >= self._apart:
            points = (*points, (sample.at, sample.value))
        edges: Edges = NO_EDGES
        if is_raised and self._clears(changed):
            edges, is_raised = (cleared(sample),), False
        elif is_raised or self._raises(changed):
            edges, is_raised = (raised(sample, changed),), True
        is_same = points is state.points and is_raised == state.is_raised
        return (state if is_same else History(points, is_raised)), edges

    def is_raised(self, state: History) -> bool:
        return state.is_raised
