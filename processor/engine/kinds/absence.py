"""Absence: raised when a device has said nothing that matches for a duration."""

from __future__ import annotations

from typing import Final

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import AbsenceRule
from processor.engine.alerting import Evaluation, by_timer, hold, raise_alert, release
from processor.engine.kinds.compiled import SECOND_US, CompiledRule
from processor.engine.kinds.fold import optional
from processor.engine.state import CellKey, Heard, Registration, TimerKey

TIMER: Final = "absence"
MUTED: Final = "(muted)"  # what armed a silence that began when it could not be raised


class Absence(CompiledRule):
    """Measured by arrival, while a gateway listens: neither a wrong device clock nor our own outage is a silence.

    An event only notes that the device spoke; its timer is set on when it comes due.
    """

    def __init__(self, site: str, rule: AbsenceRule) -> None:
        self._duration = round(rule.duration_s * SECOND_US)
        super().__init__(site, rule, lasting=True, duration_us=self._duration)
        self._condition = optional(rule.condition)

    @property
    def reads_data(self) -> bool:
        return bool(self._where) or self._condition is not None

    def on_event(self, ev: Evaluation, key: str, event: Event, data: Data, subject: Subject) -> None:
        if self._condition is not None and not self._condition(data, subject):
            return
        cell = (*self.rule_key, key)
        self._note(ev, cell, event.event_id)
        if cell in ev.state.holders:
            ev.mute(cell, is_muted=False)
            release(ev, self.head, cell[2], event.device, ev.now)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        cell: CellKey = (timer[1], timer[2], timer[3])
        heard = ev.state.heard.get(cell)
        if heard is None:
            return
        really_due = heard.at + self._duration
        if really_due > due - ev.state.outage:
            ev.timers.arm_without_outage(timer, really_due)
            return
        ev.journal.remove(ev.state.heard, cell)
        if ev.may_raise(self, cell[2], due):
            hold(ev, self.head, cell[2], cell[2], by_timer(TIMER, cell[2], heard.armed_by, due))
        else:
            ev.journal.put(ev.state.holders, cell, (cell[2],))
            ev.mute(cell, is_muted=True)

    def wake(self, ev: Evaluation, key: str, at: int) -> None:
        cell = (*self.rule_key, key)
        if cell in ev.state.holders and ev.may_raise(self, key, at):
            ev.mute(cell, is_muted=False)
            raise_alert(ev, self.head, key, by_timer(TIMER, key, MUTED, at))

    def hold_back(self, ev: Evaluation) -> None:
        for cell in sorted(cell for cell in ev.state.holders if cell[:2] == self.rule_key):
            ev.mute(cell, is_muted=True)

    def expect(self, ev: Evaluation, device: str, armed_by: str) -> None:
        """The device is expected from now on, unless it already is."""
        cell = (self.head.site, self.head.uid, device)
        if cell not in ev.state.heard and cell not in ev.state.holders:
            self._note(ev, cell, armed_by)

    def _note(self, ev: Evaluation, cell: CellKey, armed_by: str) -> None:
        is_new = cell not in ev.state.heard
        ev.journal.put(ev.state.heard, cell, Heard(ev.watched, armed_by))
        if is_new:
            ev.timers.arm_without_outage((TIMER, *cell), ev.watched + self._duration)

    def sync(self, ev: Evaluation, device: str, place: Registration, armed_by: str) -> None:
        """Expects a device that is in scope, and no longer one that is not."""
        if place.enabled and self.has_in_scope(device, place):
            self.expect(ev, device, armed_by)
        else:
            self.forget_device(ev, device, None)

    def forget_device(self, ev: Evaluation, device: str, place: Registration | None) -> None:
        if place is not None and place.enabled and self.has_in_scope(device, place):
            return
        cell = (*self.rule_key, device)
        self._unexpect(ev, cell)
        if cell in ev.state.holders:
            ev.mute(cell, is_muted=False)
            release(ev, self.head, device, device, ev.now)

    def forget(self, ev: Evaluation) -> None:
        for cell in sorted(cell for cell in ev.state.heard if cell[:2] == self.rule_key):
            self._unexpect(ev, cell)
        for cell in sorted(cell for cell in ev.state.holders if cell[:2] == self.rule_key):
            ev.mute(cell, is_muted=False)
            ev.journal.remove(ev.state.holders, cell)

    def _unexpect(self, ev: Evaluation, cell: CellKey) -> None:
        ev.journal.remove(ev.state.heard, cell)
        ev.timers.disarm((TIMER, *cell))
