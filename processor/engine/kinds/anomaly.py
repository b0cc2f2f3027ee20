"""Anomaly: raised when a detector says that something is unusual for its key. The detectors are in detectors/."""

from __future__ import annotations

from collections.abc import Collection
from operator import itemgetter
from typing import Any, Final

import msgspec

from herun.cel import Data, Subject
from herun.events import FLAG_OUT_OF_SERVICE, Event
from herun.rules import AnomalyRule
from processor.engine.alerting import Evaluation, Occurrence, by_event, by_timer, clear_alert, raise_alert
from processor.engine.arming.lookups import hours_of, is_out_of_service
from processor.engine.detectors import watch as watches
from processor.engine.detectors.counts import GRACE_US
from processor.engine.detectors.rest import NEVER
from processor.engine.detectors.tables import LARGEST
from processor.engine.detectors.watch import DETECTORS, Alarm, Settings, Watch, Weighing
from processor.engine.detectors.wording import sentence, value_of
from processor.engine.kinds.compiled import SECOND_US, CompiledRule
from processor.engine.kinds.fold import optional
from processor.engine.state import Registration, RuleKey, State, TimerKey

TIMER: Final = "anomaly"
_NUMBERS: Final = frozenset({int, float})


class Anomaly(CompiledRule):
    """Measured by everybody's clock. A late event would have to change what was learnt since: it is left out.

    So is what was said out of service. While all devices of a key are out of service, no time passes for it: what they
    did not say is no silence, and a silence that lasts is told after it.

    From its first alarm until a series has been usual again for its detector's calm, what is unusual is one alert:
    further alarms are counted into it. Once people have closed it, only what is much stronger is another one. The timer
    is set on when it comes due, not at each event, and stands still while no gateway listens.
    """

    def __init__(self, site: str, rule: AnomalyRule) -> None:
        super().__init__(site, rule, lasting=True)
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
        if event.flags & FLAG_OUT_OF_SERVICE:
            if watch is not None and self.key_kind != "device":
                hour = hours_of(ev.state, self.head.site).at(at)
                self._keep(ev, key, watches.without_some(self._detector, watch, at, hour=hour))
            return
        if watch is None:
            watch = watches.begun(self._detector, at, ev.state.outage)
        elif at < watch.at_us - GRACE_US:
            ev.too_late += 1
            return
        watch, at, hour = self._ready(ev.state, watch, at)
        seen = watches.observed(self._detector, self._settings, watch, at, value=_bounded(value), hour=hour)
        self._take(ev, key, watch, seen, by_event(event, at), unit=self._unit(data))

    def weighing_of(self, state: State, watch: Watch | None, at: int, data: Data) -> Weighing | None:
        """What is made of an event at this time, by what was known before; None if it has no value to look at."""
        value: Any = 1.0 if self._field is None else data.get(self._field)
        if type(value) not in _NUMBERS:
            return None
        begun = watches.begun(self._detector, at, state.outage) if watch is None else watch
        begun, at, hour = self._ready(state, begun, at)
        return watches.weighing_of(self._detector, self._settings, begun, at, value=_bounded(value), hour=hour)

    def _ready(self, state: State, watch: Watch, at: int) -> tuple[Watch, int, int]:
        """The watch after our outages, the time at which it takes something in, and the hour of the week then."""
        at = max(at, watch.at_us)
        hour = hours_of(state, self.head.site).at(at)
        return watches.after_outages(self._detector, watch, state.outage, at, hour=hour), at, hour

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        key = timer[3]
        watch = ev.state.watches.get(self.rule_key, {}).get(key)
        if watch is None or watch.out_us != NEVER:
            return
        hours = hours_of(ev.state, self.head.site)
        watch = watches.after_outages(self._detector, watch, ev.state.outage, due, hour=hours.at(due))
        at = self._detector.due(watch.known)
        if at is None or at > due:
            self._keep(ev, key, watch)
            return
        seen = watches.waited(self._detector, self._settings, watch, at, hour=hours.at(at))
        device = key if self.key_kind == "device" else ""
        self._take(ev, key, watch, seen, by_timer(TIMER, device, key, due))

    def forget_device(self, ev: Evaluation, device: str, place: Registration | None) -> None:
        if self.key_kind != "device":
            members = self._members(ev)
            gone = [key for key in ev.state.watches.get(self.rule_key, {}) if key not in members]
        else:
            gone = [] if place is not None and place.enabled and self.has_in_scope(device, place) else [device]
        for key in sorted(gone):
            self._drop(ev, key)
            clear_alert(ev, self.head, key, ev.now)
        self.follow_service(ev, device)

    def hold_back(self, ev: Evaluation) -> None:
        """What lasts is raised anew by the next that is as unusual."""
        for key, watch in sorted(ev.state.watches.get(self.rule_key, {}).items(), key=itemgetter(0)):
            if watch.lasts:
                ev.journal.put(ev.state.watches[self.rule_key], key, watches.untold(watch))

    def follow_service(self, ev: Evaluation, device: str | None = None) -> None:
        members = {} if self.key_kind == "device" else self._members(ev)
        for key in sorted(ev.state.watches.get(self.rule_key, {})):
            if self.key_kind != "device":
                self._follow(ev, key, members.get(key, ()))
            elif device in {None, key}:
                self._follow(ev, key, (key,))

    def _members(self, ev: Evaluation) -> dict[str, list[str]]:
        """The devices that may say something under each key that several share."""
        found: dict[str, list[str]] = {}
        for (site, device), place in ev.state.registered.items():
            if site == self.head.site and place.enabled and self.has_in_scope(device, place):
                found.setdefault(self.key_of(device, place) or "", []).append(device)
        return found

    def _follow(self, ev: Evaluation, key: str, devices: Collection[str]) -> None:
        """Stops a key's time if all its devices have gone out of service, and lets it go on if one is back."""
        watch, site = ev.state.watches[self.rule_key][key], self.head.site
        is_out = bool(devices) and all(is_out_of_service(ev.state, site, each, ev.now) for each in devices)
        if is_out == (watch.out_us != NEVER):
            return
        hour, outage = hours_of(ev.state, site).at(ev.now), ev.state.outage
        if is_out:
            watch = watches.after_outages(self._detector, watch, outage, ev.now, hour=hour)
            self._keep(ev, key, msgspec.structs.replace(watch, out_us=ev.now))
        else:
            watch = msgspec.structs.replace(watch, outage_us=outage)  # an outage within it is no time either
            self._keep(ev, key, watches.back_in_service(self._detector, watch, ev.now, hour=hour))

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

    def _take(
        self,
        ev: Evaluation,
        key: str,
        before: Watch,
        seen: tuple[Watch, Alarm | None],
        occurrence: Occurrence,
        *,
        unit: str = "",
    ) -> None:
        """Keeps what the detector made of one more observation, raises what may be raised, and clears what is over."""
        watch, alarm = seen
        if alarm is not None and not ev.may_raise(self, occurrence.device or "", occurrence.at):
            watch, alarm = watches.held_back(before, watch), None
        self._keep(ev, key, watch)
        if alarm is not None and watch.lasts:
            self._raise(ev, key, before, alarm, _found(alarm, occurrence, unit))
        elif before.lasts and not watch.lasts:
            clear_alert(ev, self.head, key, occurrence.at)

    def _raise(self, ev: Evaluation, key: str, before: Watch, alarm: Alarm, found: Occurrence) -> None:
        current = ev.state.current.get((*self.rule_key, key))
        if before.lasts and current is not None and current.closed and not alarm.is_disaster:
            return
        raise_alert(ev, self.head, key, found, goes_on=before.lasts)

    def _unit(self, data: Data) -> str:
        """The unit of the readings, if they say it."""
        unit = data.get("unit") if self._field == "value" else None
        return unit if isinstance(unit, str) else ""


def _found(alarm: Alarm, occurrence: Occurrence, unit: str) -> Occurrence:
    return msgspec.structs.replace(
        occurrence,
        device=occurrence.device or None,
        value=value_of(alarm.score),
        finding=sentence(alarm.score, unit),
        probability=alarm.probability,
    )


def _bounded(value: float) -> float:
    """As detectors keep it: the difference of two readings is still a number."""
    return float(max(-LARGEST, min(LARGEST, value)))


def judge(ev: Evaluation, rule_key: RuleKey, key: str, verdict: str) -> None:
    """People have said what an alert was: if a detector raised it, its bar moves for this key."""
    watch = ev.state.watches.get(rule_key, {}).get(key)
    if watch is not None:
        ev.journal.put(ev.state.watches[rule_key], key, watches.judged(watch, verdict))
