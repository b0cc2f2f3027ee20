"""Absence: raised when nothing that matches has come for a duration: from a device, or of what devices share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from herun.alerts import AlertState, Correction
from herun.cel import Data, Subject
from herun.events import FLAG_OUT_OF_SERVICE, Event
from herun.rules import MAX_SECONDS, PERSONAL_KEYS, AbsenceRule
from processor.engine.alerting import Evaluation, Occurrence, by_timer, hold, raise_alert, release, rewrite_alert
from processor.engine.arming.lookups import schedule_of
from processor.engine.kinds.compiled import MAX_KEYS, SECOND_US, CompiledRule
from processor.engine.kinds.fold import optional
from processor.engine.state import CellKey, Heard, Registration, TimerKey

TIMER: Final = "absence"
MUTED: Final = "(muted)"  # what armed a silence that began when it could not be raised
GIVEN_UP_US: Final = MAX_SECONDS * SECOND_US  # after the alert: a plate that has not come back by then may never


class Absence(CompiledRule):
    """Of devices, each by itself.

    Measured by arrival, while a gateway listens: neither a wrong device clock nor our own outage is a silence, and what
    comes late shows that its device is alive. An event only notes that the key was heard; its timer is set on when it
    comes due.
    """

    def __init__(self, site: str, rule: AbsenceRule) -> None:
        self._duration = round(rule.duration_s * SECOND_US)
        super().__init__(site, rule, lasting=True, duration_us=self._duration)
        self._condition = optional(rule.condition)

    @property
    def reads_data(self) -> bool:
        return bool(self._where) or self._condition is not None or self.key_field is not None

    def on_event(self, ev: Evaluation, key: str, event: Event, data: Data, subject: Subject) -> None:
        if self._condition is None or self._condition(data, subject):
            self._hear(ev, (*self.rule_key, key), event)

    def _hear(self, ev: Evaluation, cell: CellKey, event: Event) -> None:
        """An event has come; one of a drill is no silence either."""
        self._note(ev, cell, Heard(ev.watched, event.event_id))
        if cell in ev.state.holders:
            self._clear(ev, cell)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        cell: CellKey = (timer[1], timer[2], timer[3])
        heard = ev.state.heard.get(cell)
        if heard is None:
            return
        really_due = heard.at + self._duration
        if really_due > due - ev.state.outage:
            ev.timers.arm_without_outage(timer, really_due)
        else:
            self._fall_silent(ev, cell, heard, due)

    def _fall_silent(self, ev: Evaluation, cell: CellKey, heard: Heard, due: int) -> None:
        ev.journal.remove(ev.state.heard, cell)
        device = self._told_with(cell[2], heard)
        if self._may_raise(ev, cell[2], due):
            hold(ev, self.head, cell[2], device, self._occurrence(ev, cell[2], device, heard.armed_by, due))
        else:
            ev.journal.put(ev.state.holders, cell, (device,))
            ev.mute(cell, is_muted=True)

    def wake(self, ev: Evaluation, key: str, at: int) -> None:
        cell = (*self.rule_key, key)
        if cell in ev.state.holders and self._may_raise(ev, key, at):
            ev.mute(cell, is_muted=False)
            raise_alert(ev, self.head, key, self._occurrence(ev, key, ev.state.holders[cell][0], MUTED, at))

    def hold_back(self, ev: Evaluation) -> None:
        for cell in sorted(cell for cell in ev.state.holders if cell[:2] == self.rule_key):
            ev.mute(cell, is_muted=True)

    def sync(self, ev: Evaluation, device: str, place: Registration, armed_by: str) -> None:
        """Expects a device that is in scope, and no longer one that is not."""
        if place.enabled and self.has_in_scope(device, place):
            self._expect(ev, device, armed_by)
        else:
            self.forget_device(ev, device, None)

    def _expect(self, ev: Evaluation, key: str, armed_by: str) -> None:
        """The key is expected to be heard from now on, unless it already is."""
        cell = (*self.rule_key, key)
        if cell not in ev.state.heard and cell not in ev.state.holders:
            self._note(ev, cell, Heard(ev.watched, armed_by))

    def _note(self, ev: Evaluation, cell: CellKey, heard: Heard) -> None:
        is_new = cell not in ev.state.heard
        ev.journal.put(ev.state.heard, cell, heard)
        if is_new:
            ev.timers.arm_without_outage((TIMER, *cell), heard.at + self._duration)

    def forget_device(self, ev: Evaluation, device: str, place: Registration | None) -> None:
        if place is None or not (place.enabled and self.has_in_scope(device, place)):
            self._end(ev, (*self.rule_key, device))

    def _end(self, ev: Evaluation, cell: CellKey) -> None:
        """The key is not expected any more; nor is it silent."""
        self._unexpect(ev, cell)
        if cell in ev.state.holders:
            self._clear(ev, cell)

    def _clear(self, ev: Evaluation, cell: CellKey) -> None:
        ev.mute(cell, is_muted=False)
        release(ev, self.head, cell[2], ev.state.holders[cell][0], ev.now)

    def forget(self, ev: Evaluation) -> None:
        for cell in sorted(cell for cell in ev.state.heard if cell[:2] == self.rule_key):
            self._unexpect(ev, cell)
        for cell in sorted(cell for cell in ev.state.holders if cell[:2] == self.rule_key):
            self._unexpect(ev, cell)
            ev.mute(cell, is_muted=False)
            ev.journal.remove(ev.state.holders, cell)

    def _unexpect(self, ev: Evaluation, cell: CellKey) -> None:
        ev.journal.remove(ev.state.heard, cell)
        ev.timers.disarm((TIMER, *cell))

    def _may_raise(self, ev: Evaluation, key: str, at: int) -> bool:
        return ev.may_raise(self, key, at)

    def _told_with(self, key: str, heard: Heard) -> str:
        """The device that the cause names, and that holds the silence."""
        del heard
        return key

    def _occurrence(self, ev: Evaluation, key: str, device: str, armed_by: str, at: int) -> Occurrence:
        del ev, key
        return by_timer(TIMER, device, armed_by, at)


class SharedAbsence(Absence):
    """Of all devices of a zone, a building or the site together: whichever of them is heard, there is no silence.

    A key is expected as long as a device of it is registered that the rule looks at. It is raised if any of those may
    raise: one that may not (a bypass, a drill, a zone that is not armed so) silences nobody.
    """

    def _hear(self, ev: Evaluation, cell: CellKey, event: Event) -> None:
        self._note(ev, cell, Heard(ev.watched, event.event_id, event.device))
        if cell in ev.state.holders:
            self._clear(ev, cell)

    def sync(self, ev: Evaluation, device: str, place: Registration, armed_by: str) -> None:
        self.forget_device(ev, device, place)
        key = self._listens_under(device, place)
        known = ev.state.listening.get(self.rule_key, {})
        if key is None or known.get(device) == key:
            return
        if not known:
            ev.journal.put(ev.state.listening, self.rule_key, known)
        ev.journal.put(known, device, key)
        self._expect(ev, key, armed_by)

    def _listens_under(self, device: str, place: Registration) -> str | None:
        return self.key_of(device, place) if place.enabled and self.has_in_scope(device, place) else None

    def forget_device(self, ev: Evaluation, device: str, place: Registration | None) -> None:
        known = ev.state.listening.get(self.rule_key, {})
        key = known.get(device)
        if key is None or (place is not None and self._listens_under(device, place) == key):
            return
        ev.journal.remove(known, device)
        if key not in known.values():
            for each in self._keys_heard_under(ev, key):
                self._end(ev, (*self.rule_key, each))
        if not known:
            ev.journal.remove(ev.state.listening, self.rule_key)

    def _keys_heard_under(self, ev: Evaluation, key: str) -> Iterable[str]:
        """The keys of which nothing can be heard without devices under this one."""
        del ev
        return (key,)

    def forget(self, ev: Evaluation) -> None:
        super().forget(ev)
        ev.journal.remove(ev.state.listening, self.rule_key)

    def _listeners(self, ev: Evaluation, key: str) -> list[str]:
        return [each for each, of in ev.state.listening.get(self.rule_key, {}).items() if of == key]

    def _may_raise(self, ev: Evaluation, key: str, at: int) -> bool:
        # By the schedule first: it is the same for all of them, who may be many.
        if self.schedule is not None and not schedule_of(ev.state, self.head.site, self.schedule).is_on(at):
            return False
        return any(ev.gate(self, each, at) is None for each in self._listeners(ev, key) or ("",))

    def _told_with(self, key: str, heard: Heard) -> str:
        del key
        return heard.device  # whoever was heard last; empty if nobody ever was

    def _occurrence(self, ev: Evaluation, key: str, device: str, armed_by: str, at: int) -> Occurrence:
        place = self.place_of(ev.state, key, self._listeners(ev, key))
        return msgspec.structs.replace(by_timer(TIMER, device, armed_by, at), device=None, place=place)


class PersonalAbsence(SharedAbsence):
    """Of plates and persons, which only events know: one is expected from the first event of it on.

    Measured from when it was seen, for a passage of yesterday that comes today says nothing of today. After its alert
    it is waited for as long as any rule can wait, and then given up. The alert stands where it was seen last. All
    devices in scope listen for all keys (under an empty one).
    """

    def _hear(self, ev: Evaluation, cell: CellKey, event: Event) -> None:
        if not self._seeks(ev, cell[2], event):
            return
        at = self._seen_at(ev, event)
        seen, known = min(ev.state.watched_at(at), ev.watched), ev.state.heard.get(cell)
        if known is not None and seen < known.at:
            return
        if cell in ev.state.holders:
            if seen + self._duration <= ev.watched:
                return
            self._end_silence(ev, cell, at)
        heard = Heard(seen, event.event_id, event.device)
        self._note(ev, cell, heard)
        if seen + self._duration <= ev.watched:  # first heard of long after it was seen
            self._fall_silent(ev, cell, heard, ev.now)

    def _seeks(self, ev: Evaluation, key: str, event: Event) -> bool:
        """Whether the key is waited for; from now on, if the event may begin that and there is room."""
        sought = ev.state.sought.get(self.rule_key, {})
        if key in sought:
            return True
        if event.flags & FLAG_OUT_OF_SERVICE:  # it may end something, and begins nothing
            return False
        if len(sought) >= MAX_KEYS:
            ev.keys_refused += 1
            return False
        if not sought:
            ev.journal.put(ev.state.sought, self.rule_key, sought)
        ev.journal.put(sought, key, True)
        return True

    def _seen_at(self, ev: Evaluation, event: Event) -> int:
        """When the event at hand happened, in everybody's time; now, if it may be late by its device's clock alone."""
        if ev.now - ev.shared_time > self.lateness_us:
            clock = ev.state.clocks.get((event.site, event.device))
            if clock is not None and clock.may_be_behind(ev.now):
                return ev.now
        return ev.shared_time

    def _end_silence(self, ev: Evaluation, cell: CellKey, seen_at: int) -> None:
        """It is over; or never was, if the key was seen before it was told."""
        current = ev.state.current.get(cell)
        if current is None or cell in ev.state.muted or current.alert.count > 1 or seen_at >= current.alert.raised_at:
            self._clear(ev, cell)
            return
        began = current.alert.raised_at
        ev.journal.remove(ev.state.holders, cell)
        never = msgspec.structs.replace(
            current.alert,
            version=current.alert.version + 1,
            state=AlertState.CLEARED,
            updated_at=began,
            cleared_at=began,
            correction=Correction.WITHDRAWN,
        )
        rewrite_alert(ev, self.head, cell[2], never)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        cell: CellKey = (timer[1], timer[2], timer[3])
        if cell in ev.state.holders:
            self._end(ev, cell)
            return
        super().on_timer(ev, timer, due)

    def _fall_silent(self, ev: Evaluation, cell: CellKey, heard: Heard, due: int) -> None:
        super()._fall_silent(ev, cell, heard, due)
        ev.timers.arm_without_outage((TIMER, *cell), due - ev.state.outage + GIVEN_UP_US)

    def _expect(self, ev: Evaluation, key: str, armed_by: str) -> None:
        """Nobody knows which keys there are."""

    def _keys_heard_under(self, ev: Evaluation, key: str) -> Iterable[str]:
        del key
        return sorted(ev.state.sought.get(self.rule_key, {}))

    def _listeners(self, ev: Evaluation, key: str) -> list[str]:
        del key
        return list(ev.state.listening.get(self.rule_key, {}))

    def _end(self, ev: Evaluation, cell: CellKey) -> None:
        super()._end(ev, cell)
        ev.journal.remove(ev.state.sought.get(self.rule_key, {}), cell[2])

    def forget(self, ev: Evaluation) -> None:
        super().forget(ev)
        ev.journal.remove(ev.state.sought, self.rule_key)

    def _occurrence(self, ev: Evaluation, key: str, device: str, armed_by: str, at: int) -> Occurrence:
        del ev, key
        return by_timer(TIMER, device, armed_by, at)


def make_absence(site: str, rule: AbsenceRule) -> Absence:
    """The compiled form, by the rule's key."""
    if rule.key == "device":
        return Absence(site, rule)
    return (PersonalAbsence if rule.key in PERSONAL_KEYS else SharedAbsence)(site, rule)
