"""Anomaly: raised when a detector says that something is unusual for its key. The detectors are in detectors/."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from herun.cel import Data, Subject
from herun.events import Event
from herun.rules import AnomalyRule
from processor.engine.alerting import Evaluation, Occurrence, by_event, by_timer, raise_alert
from processor.engine.arming.lookups import hours_of
from processor.engine.detectors import watch as watches
from processor.engine.detectors.counts import GRACE_US
from processor.engine.detectors.watch import DETECTORS, Alarm, Settings, Watch
from processor.engine.detectors.wording import sentence, value_of
from processor.engine.kinds.compiled import SECOND_US, CompiledRule
from processor.engine.kinds.fold import optional
from processor.engine.state import Registration, RuleKey, TimerKey

TIMER: Final = "anomaly"
_NUMBERS: Final = frozenset({int, float})


class Anomaly(CompiledRule):
    """Measured by everybody's clock. A late event would have to change what was learnt since: it is left out.

    An alarm is an occurrence: what is over and what goes on is for people to see. The timer is set on when it comes
    due, not at each event, and stands still while no gateway listens.
    """

    def __init__(self, site: str, rule: AnomalyRule) -> None:
        super().__init__(site, rule, lasting=False)
        self._detector = DETECTORS[rule.detector]
        self._field = rule.field if self._detector.reads_values else None
        self._settings = Settings(rule.false_alarms_per_week, round(rule.warm_up_s * SECOND_US), rule.direction)
        self._condition = optional(rule.condition)

    def on_event(self, ev: Evaluation, key: str, event: Event, data: Data, subject: Subject) -> None:
        value: Any = 1.0 if self._field is None else data.get(self._field)
        if type(value) not in _NUMBERS or (self._condition is not None and not self._condition(data, subject)):
            return
        at = ev.shared_time
        watch = ev.state.watches.get(self.rule_key, {}).get(key)
        if watch is None:
            watch = watches.begun(self._detector, at, ev.state.outage)
        elif at < watch.at_us - GRACE_US:
            ev.too_late += 1
            return
        at = max(at, watch.at_us)
        watch = watches.after_outages(self._detector, watch, ev.state.outage)
        hour = hours_of(ev.state, self.head.site).at(at)
        watch, alarm = watches.observed(self._detector, self._settings, watch, at, value=float(value), hour=hour)
        self._keep(ev, key, watch)
        if alarm is not None:
            self._raise(ev, key, alarm, by_event(event, at, value))

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        key = timer[3]
        watch = ev.state.watches.get(self.rule_key, {}).get(key)
        if watch is None:
            return
        watch = watches.after_outages(self._detector, watch, ev.state.outage)
        at = self._detector.due(watch.known)
        alarm = None
        if at is not None and at <= due:
            hour = hours_of(ev.state, self.head.site).at(at)
            watch, alarm = watches.waited(self._detector, self._settings, watch, at, hour=hour)
        self._keep(ev, key, watch)
        if alarm is not None:
            device = key if self.key_kind == "device" else ""
            self._raise(ev, key, alarm, by_timer(TIMER, device, key, due))

    def forget_device(self, ev: Evaluation, device: str, place: Registration | None) -> None:
        if self.key_kind == "device" and not (place is not None and place.enabled and self.has_in_scope(device, place)):
            self._drop(ev, device)

    def forget(self, ev: Evaluation) -> None:
        for key in sorted(ev.state.watches.get(self.rule_key, {})):
            self._drop(ev, key)
        ev.journal.remove(ev.state.watches, self.rule_key)

    def _keep(self, ev: Evaluation, key: str, watch: Watch) -> None:
        if self.rule_key not in ev.state.watches:
            ev.journal.put(ev.state.watches, self.rule_key, {})
        ev.journal.put(ev.state.watches[self.rule_key], key, watch)
        timer: TimerKey = (TIMER, *self.rule_key, key)
        due = self._detector.due(watch.known)
        if due is not None and timer not in ev.state.due_without_outage:
            ev.timers.arm_without_outage(timer, due - ev.state.outage)

    def _drop(self, ev: Evaluation, key: str) -> None:
        ev.journal.remove(ev.state.watches.get(self.rule_key, {}), key)
        ev.timers.disarm((TIMER, *self.rule_key, key))

    def _raise(self, ev: Evaluation, key: str, alarm: Alarm, occurrence: Occurrence) -> None:
        if not ev.may_raise(self, occurrence.device or "", occurrence.at):
            return
        found = msgspec.structs.replace(
            occurrence,
            device=occurrence.device or None,
            value=value_of(alarm.score),
            finding=sentence(alarm.score),
        )
        raise_alert(ev, self.head, key, found)


def judge(ev: Evaluation, rule_key: RuleKey, key: str, verdict: str) -> None:
    """People have said what an alert was: if a detector raised it, its bar moves for this key."""
    watch = ev.state.watches.get(rule_key, {}).get(key)
    if watch is not None:
        ev.journal.put(ev.state.watches[rule_key], key, watches.judged(watch, verdict))
