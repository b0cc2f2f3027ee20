"""Aggregates over tumbling, sliding and session windows of event time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import AggregateRule
from processor.engine.kinds.fold import NO_ALARMS, SECOND_US, WHOLE_KEY, Fold, optional, sides
from processor.engine.tracks import EVENT, Edge, Edges, Pane, Sample, Sums

# A Monday midnight in China, so that windows of days and weeks begin as people there count them.
ORIGIN_US: Final = 946_742_400_000_000  # 2000-01-02T16:00:00Z
STEPS: Final = 12  # of a sliding window whose rule does not say

_NUMBERS: Final = frozenset({int, float})
_FUNCTIONS: Final[dict[str, Callable[[Sums], float]]] = {
    "count": lambda sums: float(sum(pane.count for pane in sums.panes)),
    "sum": lambda sums: sum(pane.total for pane in sums.panes),
    "avg": lambda sums: sum(pane.total for pane in sums.panes) / sum(pane.count for pane in sums.panes),
    "min": lambda sums: min(pane.low for pane in sums.panes),
    "max": lambda sums: max(pane.high for pane in sums.panes),
    "duration": lambda sums: (sums.last - sums.first) / SECOND_US,
}


class _Aggregate(Fold[Sums]):
    """What the three windows share: reading, adding to a pane, and holding the aggregate against the limits."""

    def __init__(self, rule: AggregateRule) -> None:
        self.span = self._size = round(rule.size_s * SECOND_US)
        self._is_of_none = rule.function in {"count", "sum"}  # 0 of no events; the others say nothing of them
        self._needs_value = rule.function in {"sum", "avg", "min", "max"}
        self._field = rule.field
        self._value_of = _FUNCTIONS[rule.function]
        self._raises, self._clears = sides(rule)
        self._condition = optional(rule.condition)

    def start(self) -> Sums:
        return Sums()

    def read(self, event: Event, data: Data, subject: Subject) -> float | None:
        del event
        if self._condition is not None and not self._condition(data, subject):
            return None
        if not self._needs_value:
            return 0.0
        found = data.get(self._field)
        return float(found) if type(found) in _NUMBERS else None  # type: ignore[arg-type] # a number, as was just seen

    def is_raised(self, state: Sums) -> bool:
        return state.is_raised

    def _judged(self, sums: Sums, at: int, *, timed: bool) -> tuple[Sums, Edges]:
        """The sums held against the limits at this time; without a value, what was raised is over."""
        has_value = self._is_of_none or any(pane.count for pane in sums.panes)
        value = self._value_of(sums) if has_value else None
        if sums.is_raised and (value is None or self._clears(value)):
            return replace(sums, is_raised=False), (Edge(False, at, sums.device, sums.event_id),)
        if value is not None and (sums.is_raised or self._raises(value)):
            count = sum(pane.count for pane in sums.panes)
            edge = Edge(True, at, sums.device, sums.event_id, value, count, timed)
            return replace(sums, is_raised=True), (edge,)
        return sums, ()


class Tumbling(_Aggregate):
    """Windows side by side, judged when they end. Of empty ones the first is judged; those after it are alike."""

    def step(self, state: Sums, sample: Sample) -> tuple[Sums, Edges]:
        edges: list[Edge] = []
        while state.panes and sample.at >= self._end(state):
            state = self._closed(state, edges)
        if sample.what == EVENT:
            index = (sample.at - ORIGIN_US) // self._size
            before = state.panes[0] if state.panes and state.panes[0].index == index else Pane(index)
            state = _newest(replace(state, panes=(_added(before, sample),)), sample)
        return state, tuple(edges)

    def alarms(self, state: Sums) -> tuple[tuple[str, int], ...]:
        return ((WHOLE_KEY, self._end(state)),) if state.panes else NO_ALARMS

    def _end(self, state: Sums) -> int:
        return ORIGIN_US + (state.panes[0].index + 1) * self._size

    def _closed(self, state: Sums, edges: list[Edge]) -> Sums:
        pane = state.panes[0]
        judged, found = self._judged(state, self._end(state), timed=True)
        edges += found
        follows = (Pane(pane.index + 1),) if pane.count else ()
        return replace(judged, panes=follows)


class Sliding(_Aggregate):
    """The last `size_s` in steps: judged at each event, and at each step that leaves the window.

    It is up to a step shorter than `size_s`, or longer for what raises below a value: nothing is raised too early.
    """

    def __init__(self, rule: AggregateRule) -> None:
        super().__init__(rule)
        self._every = round((rule.every_s or rule.size_s / STEPS) * SECOND_US)
        self._steps = -(-self._size // self._every) + (rule.raise_below is not None)

    def step(self, state: Sums, sample: Sample) -> tuple[Sums, Edges]:
        edges: list[Edge] = []
        while state.panes and sample.at >= self._leaves(state):
            state, found = self._judged(replace(state, panes=state.panes[1:]), self._leaves(state), timed=True)
            edges += found
        if sample.what == EVENT:
            index = (sample.at - ORIGIN_US) // self._every
            is_same = bool(state.panes) and state.panes[-1].index == index
            before, earlier = (state.panes[-1], state.panes[:-1]) if is_same else (Pane(index), state.panes)
            state = _newest(replace(state, panes=(*earlier, _added(before, sample))), sample)
            state, found = self._judged(state, sample.at, timed=False)
            edges += found
        return state, tuple(edges)

    def alarms(self, state: Sums) -> tuple[tuple[str, int], ...]:
        return ((WHOLE_KEY, self._leaves(state)),) if state.panes else NO_ALARMS

    def _leaves(self, state: Sums) -> int:
        return ORIGIN_US + (state.panes[0].index + self._steps) * self._every


class Session(_Aggregate):
    """Events less than `size_s` apart: judged at each of them, over when none comes for so long."""

    def step(self, state: Sums, sample: Sample) -> tuple[Sums, Edges]:
        edges: Edges = ()
        if state.panes and sample.at >= state.last + self._size:
            if state.is_raised:
                edges = (Edge(False, state.last + self._size, state.device, state.event_id),)
            state = Sums()
        if sample.what == EVENT:
            pane = state.panes[0] if state.panes else Pane(0)
            first = state.first if state.panes else sample.at
            state = _newest(replace(state, panes=(_added(pane, sample),), first=first, last=sample.at), sample)
            state, found = self._judged(state, sample.at, timed=False)
            edges = (*edges, *found)
        return state, edges

    def alarms(self, state: Sums) -> tuple[tuple[str, int], ...]:
        return ((WHOLE_KEY, state.last + self._size),) if state.panes else NO_ALARMS


def make_aggregate(rule: AggregateRule) -> _Aggregate:
    """The fold of the rule's window."""
    if rule.window == "tumbling":
        return Tumbling(rule)
    return Sliding(rule) if rule.window == "sliding" else Session(rule)


def _added(pane: Pane, sample: Sample) -> Pane:
    value = float(sample.value or 0.0)
    if not pane.count:
        return Pane(pane.index, 1, value, value, value)
    return Pane(pane.index, pane.count + 1, pane.total + value, min(pane.low, value), max(pane.high, value))


def _newest(sums: Sums, sample: Sample) -> Sums:
    return replace(sums, device=sample.device, event_id=sample.event_id)
