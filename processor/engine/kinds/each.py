"""Each event: an occurrence for every event for which the condition holds."""

from __future__ import annotations

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import EventRule
from processor.engine.kinds.fold import Fold, optional, raised
from processor.engine.tracks import EVENT, NO_EDGES, Edges, Nothing, Sample, Value


class Each(Fold[Nothing]):
    """Remembers nothing; the rule's cool-down makes one alert of several."""

    lasting = False

    def __init__(self, rule: EventRule) -> None:
        self._field = rule.field
        self._condition = optional(rule.condition)

    def start(self) -> Nothing:
        return Nothing()

    def read(self, event: Event, data: Data, subject: Subject) -> Value:
        del event
        if self._condition is not None and not self._condition(data, subject):
            return None
        found = data.get(self._field)
        return found if isinstance(found, str | int | float) else ""

    def step(self, state: Nothing, sample: Sample) -> tuple[Nothing, Edges]:
        return state, (raised(sample, sample.value),) if sample.what == EVENT else NO_EDGES
