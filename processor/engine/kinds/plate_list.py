"""Plate list: raised for each passage of a listed plate, which is known by its hash only."""

from __future__ import annotations

from typing import ClassVar

from herun.events import Event
from herun.rules import PlateListRule
from processor.engine.alerting import Evaluation, by_event, raise_alert
from processor.engine.conditions import Data
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.state import CellKey


class PlateList(CompiledRule):
    """The key is the plate's hash; the cool-down is what makes several reads of one passage one alert."""

    lasting: ClassVar[bool] = False

    def __init__(self, site: str, rule: PlateListRule) -> None:
        super().__init__(site, rule)
        self._list = (site, rule.plate_list)

    def on_event(self, ev: Evaluation, cell: CellKey, event: Event, data: Data, *, late: bool) -> None:
        del data, late  # a listed car that passed is news, however late
        if cell[2] in ev.state.lists.get(self._list, ()):
            raise_alert(ev, self.head, cell[2], by_event(event, event.event_time))
