"""Negation: raised when something happens and what should follow it does not."""

from __future__ import annotations

from msgspec.structs import replace

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import NegationRule
from processor.engine.kinds.fold import SECOND_US, WHOLE_KEY, Fold, cleared
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
        if sample.what == LEFT:
            return self._left(state, sample)
        state, edges = self._passed(state, sample.at)
        if sample.what != EVENT or not isinstance(sample.value, int):
            return state, edges
        if sample.value & 2:
            if state.is_raised:
                edges = (*edges, cleared(sample))
            state = Waiting()
        if sample.value & 1:
            state = _begun(state, Pending(sample.device, sample.at, sample.event_id))
        return state, edges

    def alarms(self, state: Waiting) -> tuple[tuple[str, int], ...]:
        others = tuple((each.device, each.since + self.span) for each in state.others)
        if state.since is None or state.is_raised:
            return others
        return ((WHOLE_KEY, state.since.since + self.span), *others)

    def holders(self, state: Waiting) -> tuple[str, ...]:
        first = (state.since.device,) if state.since is not None else ()
        return (*first, *(each.device for each in state.late))

    def _passed(self, state: Waiting, at: int) -> tuple[Waiting, Edges]:
        """What has not come by this time."""
        edges, since = NO_EDGES, state.since
        if since is not None and not state.is_raised and at >= since.since + self.span:
            edges, state = (self._not_come(since),), replace(state, is_raised=True)
        late = tuple(each for each in state.others if at >= each.since + self.span)
        if late:
            edges = (*edges, *(self._not_come(each) for each in late))
            state = replace(state, others=state.others[len(late) :], late=(*state.late, *late))
        return state, edges

    def _not_come(self, begun: Pending) -> Edge:
        return Edge(True, begun.since + self.span, begun.device, begun.event_id, timed=True)

    def _left(self, state: Waiting, sample: Sample) -> tuple[Waiting, Edges]:
        """Its door does not stand open any more as far as anybody knows; another one may."""
        others = tuple(each for each in state.others if each.device != sample.device)
        late = tuple(each for each in state.late if each.device != sample.device)
        since = state.since
        if since is None or since.device != sample.device:
            is_same = (others, late) == (state.others, state.late)
            return (state if is_same else replace(state, others=others, late=late)), NO_EDGES
        if state.is_raised and late:
            return Waiting(late[0], True, others, late[1:]), NO_EDGES
        edges = (cleared(sample),) if state.is_raised else NO_EDGES
        return (Waiting(others[0], False, others[1:]) if others else Waiting()), edges

    def is_raised(self, state: Waiting) -> bool:
        return state.is_raised


def _begun(state: Waiting, begun: Pending) -> Waiting:
    """Of several beginnings by one device the first counts."""
    if state.since is None and not state.is_raised:
        return replace(state, since=begun)
    waits = (*(() if state.since is None else (state.since,)), *state.others, *state.late)
    if any(each.device == begun.device for each in waits):
        return state
    return replace(state, others=(*state.others, begun))
