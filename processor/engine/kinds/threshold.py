"""Threshold with hysteresis: raised beyond one value, cleared behind another."""

from __future__ import annotations

from typing import Any, Final

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import ThresholdRule
from processor.engine.kinds.fold import Fold, cleared, optional, raised, sides
from processor.engine.tracks import LAPSED, LEFT, NO_EDGES, Edges, Holders, Sample

_NUMBERS: Final = frozenset({int, float})


class Threshold(Fold[Holders]):
    """Each device crosses for itself; the key is raised while any of them is over."""

    def __init__(self, rule: ThresholdRule) -> None:
        self._field = rule.field
        self._raises, self._clears = sides(rule)
        self._condition = optional(rule.condition)

    def start(self) -> Holders:
        return Holders()

    def read(self, event: Event, data: Data, subject: Subject) -> Any:
        del event
        found = data.get(self._field)
        if type(found) not in _NUMBERS or (self._condition and not self._condition(data, subject)):
            return None
        return found

    def calms(self, value: Any) -> bool:
        return not self._raises(value)

    def step(self, state: Holders, sample: Sample) -> tuple[Holders, Edges]:
        value: Any = sample.value  # what `read` kept, which is a number
        if sample.device in state.devices:
            if sample.what == LAPSED or not (sample.what == LEFT or self._clears(value)):
                return state, NO_EDGES
            left = tuple(device for device in state.devices if device != sample.device)
            return Holders(left), NO_EDGES if left else (cleared(sample),)
        if sample.what or not self._raises(value):
            return state, NO_EDGES
        return Holders((*state.devices, sample.device)), (raised(sample, value),)

    def holders(self, state: Holders) -> tuple[str, ...]:
        return state.devices

    def is_raised(self, state: Holders) -> bool:
        return bool(state.devices)
