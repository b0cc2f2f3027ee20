"""Steps of a sequence or negation: which of them an event is."""

from __future__ import annotations

from collections.abc import Sequence

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import Step
from processor.engine.kinds.fold import optional


class CompiledSteps:
    """The steps by event type; `condition` is what an event must pass to be any of them."""

    def __init__(self, steps: Sequence[Step], condition: str | None) -> None:
        self._condition = optional(condition)
        self._steps = [(1 << n, frozenset(step.event_types), optional(step.condition)) for n, step in enumerate(steps)]

    def met_by(self, event: Event, data: Data, subject: Subject) -> int | None:
        """The steps that the event is, as bits, the first step the lowest; None if it is none."""
        if self._condition is not None and not self._condition(data, subject):
            return None
        met = 0
        for bit, types, condition in self._steps:
            if event.event_type in types and (condition is None or condition(data, subject)):
                met |= bit
        return met or None
