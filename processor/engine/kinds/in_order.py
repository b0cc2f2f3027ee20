"""Sequences over the devices of a key: who may not raise completes none, and leaves it to the next who may."""

from __future__ import annotations

import msgspec

from herun.rules import SequenceRule
from processor.engine.alerting import Evaluation
from processor.engine.kinds.folded import Folded
from processor.engine.kinds.sequence import Sequence
from processor.engine.tracks import EVENT, Sample, Track


class InOrder(Folded):
    """What an event is not the last step of, because its device may not raise then, is kept so with its sample."""

    def __init__(self, site: str, rule: SequenceRule) -> None:
        super().__init__(site, rule, Sequence(rule))
        self._last = 1 << len(rule.steps) - 1

    def _take(self, ev: Evaluation, key: str, track: Track, sample: Sample, now: int) -> None:
        steps = sample.value
        if sample.what == EVENT and isinstance(steps, int) and steps & self._last:
            held = ev.gate(self, sample.device, sample.at + self.shift_of(ev, sample.device))
            if held is not None:
                if self.fold.step(track.head, sample)[1]:
                    ev.held_by = held
                sample = msgspec.structs.replace(sample, value=steps & ~self._last)
        super()._take(ev, key, track, sample, now)
