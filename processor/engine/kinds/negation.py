"""Negation: raised when something happens and what should follow it does not."""

from __future__ import annotations

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import NegationRule
from processor.engine.kinds.fold import NO_ALARMS, SECOND_US, WHOLE_KEY, Fold, cleared
from processor.engine.kinds.steps import CompiledSteps
from processor.engine.tracks import EVENT, LEFT, NO_EDGES, Edge, Edges, Pending, Sample, Value, Waiting


class Negation(Fold[Waiting]):
    """Of several beginnings the first counts, until what should follow has come."""

    def __init__(self, rule: NegationRule) -> None:
        self.span = round(rule.within_s * SECOND_US)
        self._steps = CompiledSteps([rule.first, rule.then], rule.condition)

    def start(self) -> Waiting:
        return Waiting()

    def read(self, event: Event, data: Data, subject: Subject) -> int | None:
        return self._steps.met_by(event, data, subject)

    def calms(self, value: Value) -> bool:
        return value == 2  # what should follow, and nothing that begins

    def step(self, state: Waiting, sample: Sample) -> tuple[Waiting, Edges]:
        edges, since = NO_EDGES, state.since
        if sample.what == LEFT and since is not None and since.device == sample.device:
            return Waiting(), (cleared(sample),) if state.is_raised else NO_EDGES
        if since is not None and not state.is_raised and sample.at >= since.since + self.span:
            edges = (Edge(True, since.since + self.span, since.device, since.event_id, timed=True),)
            state = Waiting(since, is_raised=True)
        if sample.what != EVENT or not isinstance(sample.value, int):
            return state, edges
        if sample.value & 2:
            if state.is_raised:
                edges = (*edges, cleared(sample))
            state = Waiting()
        if sample.value & 1 and state.since is None and not state.is_raised:
            state = Waiting(Pending(sample.device, sample.at, sample.event_id))
        return state, edges

    def alarms(self, state: Waiting) -> tuple[tuple[str, int], ...]:
        if state.since is None or state.is_raised:
            return NO_ALARMS
        return ((WHOLE_KEY, state.since.since + self.span),)

    def is_raised(self, state: Waiting) -> bool:
        return state.is_raised
