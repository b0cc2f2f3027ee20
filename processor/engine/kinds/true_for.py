"""True for: raised when a condition has held for a duration of event time."""

from __future__ import annotations

from herun.cel import Data, Subject, compile_expression
from herun.events import Event
from herun.rules import TrueForRule
from processor.engine.kinds.fold import SECOND_US, Fold, cleared
from processor.engine.tracks import LAPSED, LEFT, NO_EDGES, Edge, Edges, Holding, Pending, Sample, Value


class TrueFor(Fold[Holding]):
    """Each device holds for itself, measured between its own events; an alarm closes it when they stop coming.

    An event of which the condition says nothing neither begins nor ends it.
    """

    def __init__(self, rule: TrueForRule) -> None:
        self.span = round(rule.duration_s * SECOND_US)
        condition = compile_expression(rule.condition)
        self._is_true, self._is_false = condition.is_true, condition.is_false

    def start(self) -> Holding:
        return Holding()

    def read(self, event: Event, data: Data, subject: Subject) -> bool | None:
        del event
        if self._is_true(data, subject):
            return True
        return False if self._is_false(data, subject) else None

    def calms(self, value: Value) -> bool:
        return value is False

    def step(self, state: Holding, sample: Sample) -> tuple[Holding, Edges]:
        edges, device = NO_EDGES, sample.device
        is_known = device in state.holders
        for pending in state.pending:
            if pending.device == device:
                is_known = True
                if sample.at >= pending.since + self.span and sample.what != LEFT:  # it has said nothing since
                    state, edges = self._promoted(state, pending)
        holds = sample.value is True  # a device that has left holds no more
        if holds == is_known or sample.what == LAPSED:
            return state, edges
        if holds:
            begun = Pending(device, sample.at, sample.event_id)
            return Holding((*state.pending, begun), state.holders, state.raised_at), edges
        return self._ended(state, sample, edges)

    def alarms(self, state: Holding) -> tuple[tuple[str, int], ...]:
        return tuple([(pending.device, pending.since + self.span) for pending in state.pending])

    def holders(self, state: Holding) -> tuple[str, ...]:
        return state.holders

    def is_raised(self, state: Holding) -> bool:
        return bool(state.holders)

    def _promoted(self, state: Holding, done: Pending) -> tuple[Holding, Edges]:
        """Only a device's own events tell that it held so long: another one's may have been told of before."""
        pending = tuple(each for each in state.pending if each is not done)
        due, holders = done.since + self.span, (*state.holders, done.device)
        raised_at = min(state.raised_at, due) if state.holders else due
        return Holding(pending, holders, raised_at), (Edge(True, due, done.device, done.event_id, timed=True),)

    def _ended(self, state: Holding, sample: Sample, edges: Edges) -> tuple[Holding, Edges]:
        pending = tuple([each for each in state.pending if each.device != sample.device])
        holders = tuple([device for device in state.holders if device != sample.device])
        over = (cleared(sample),) if state.holders and not holders else NO_EDGES
        return Holding(pending, holders, state.raised_at), (*edges, *over)
