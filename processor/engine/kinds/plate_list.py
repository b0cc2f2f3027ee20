"""Plate list: raised for each passage of a listed plate, which is known by its hash only."""

from __future__ import annotations

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import PlateListRule
from processor.engine.alerting import Evaluation, by_event, raise_alert
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.kinds.fold import optional


class PlateList(CompiledRule):
    """The key is the plate's hash; the cool-down is what makes several reads of one passage one alert."""

    def __init__(self, site: str, rule: PlateListRule) -> None:
        super().__init__(site, rule, lasting=False)
        self._list = (site, rule.plate_list)
        self._condition = optional(rule.condition)

    def on_event(self, ev: Evaluation, key: str, event: Event, data: Data, subject: Subject) -> None:
        if self._condition is not None and not self._condition(data, subject):
            return
        # A listed car that passed is news, however late.
        if key in ev.state.lists.get(self._list, ()) and ev.may_raise(self, event.device, ev.shared_time):
            raise_alert(ev, self.head, key, by_event(event, ev.shared_time))
