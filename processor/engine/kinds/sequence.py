"""Sequence: raised when steps happen one after the other within a time."""

from __future__ import annotations

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import SequenceRule
from processor.engine.kinds.fold import SECOND_US, Fold, raised
from processor.engine.kinds.steps import CompiledSteps
from processor.engine.tracks import EVENT, NO_EDGES, Edges, Partials, Pending, Sample


class Sequence(Fold[Partials]):
    """Of several beginnings the newest counts; what has led to an alert does not lead to another one."""

    lasting = False

    def __init__(self, rule: SequenceRule) -> None:
        self.span = round(rule.within_s * SECOND_US)
        self._steps = CompiledSteps(rule.steps, rule.condition)
        self._last = len(rule.steps) - 1
        self._start = Partials((None,) * self._last)

    def start(self) -> Partials:
        return self._start

    def read(self, event: Event, data: Data, subject: Subject) -> int | None:
        return self._steps.met_by(event, data, subject)

    def step(self, state: Partials, sample: Sample) -> tuple[Partials, Edges]:
        if sample.what != EVENT or not isinstance(sample.value, int):
            return state, NO_EDGES
        reached, edges = list(state.reached), NO_EDGES
        for step in range(self._last, 0, -1):
            begun = reached[step - 1] if sample.value >> step & 1 else None
            if begun is None or sample.at - begun.since > self.span:
                continue
            if step == self._last:
                reached, edges = [None] * self._last, (raised(sample),)
                break
            reached[step - 1], reached[step] = None, begun
        if sample.value & 1:
            reached[0] = Pending(sample.device, sample.at, sample.event_id)
        return Partials(tuple(reached)), edges
