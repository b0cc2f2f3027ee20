"""Raising, clearing and closing alerts: versions, cool-down and who holds a condition."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final, Literal, Protocol

import msgspec

from herun.alerts import Alert, AlertState, Correction, alert_id
from herun.events import FLAG_DERIVED, FLAG_OUT_OF_SERVICE, Event
from herun.readable import readable
from processor.engine import masters, merging
from processor.engine.arming.lookups import is_out_of_service, mode_at, out_of_service_by, schedule_of
from processor.engine.journal import Journal
from processor.engine.masters import FORGET
from processor.engine.state import CellKey, CurrentAlert, Registration, State, TimerKey
from processor.engine.texts import duration_texts, fill
from processor.engine.timers import Timers

NOTHING: Final = "false"  # the verdict that there was nothing to be told
_NOWHERE: Final = Registration(kind="", zone=None, building=None, enabled=True)
_DERIVED: Final = uuid.UUID("0b6a1d5e-9a3f-5d0e-8a55-6f5d0c1e2b74")  # namespace of derived ids: it may never change


class RuleHead(msgspec.Struct, frozen=True):
    """What every alert of a rule has in common. `lasting` alerts hold until cleared; the others are occurrences.

    `connectivity`: they say that a device is not heard. `mode`: `monitor` ones are measured only.
    """

    site: str
    uid: str
    version: int
    severity: str
    category: str
    opens_order: bool
    title: dict[str, str]
    text: dict[str, str]
    cooldown_us: int
    lasting: bool
    duration_us: int | None = None
    lateness_us: int = 0  # how late an event may come that corrects an alert or counts into it
    connectivity: bool = False
    mode: Literal["live", "monitor"] = "live"
    order_category: str | None = None


class Occurrence(msgspec.Struct, frozen=True, gc=False):
    """What raises: when (event time, or the due time of a timer), where, and the cause that makes the alert's id."""

    at: int
    device: str | None
    cause: dict[str, Any]
    value: str = ""
    count: int | None = None
    finding: dict[str, str] = {}  # a sentence by language
    probability: float | None = None  # of a detector's: that a usual week has one as strong


class Gated(Protocol):
    """A rule that may raise at some times only: by a herun.schedule.WeeklyPlan as JSON, in some modes of a zone."""

    head: RuleHead
    schedule: str | None
    armed_modes: frozenset[str]


class Evaluation:
    """What rules and parts work on: the state and its undo log, the timers, the frame's time, what came of it."""

    __slots__ = (
        "alerts", "derived", "held_by", "journal", "keys_refused", "now", "own_time", "shared_time", "state", "timers",
        "too_late", "watched",
    )  # fmt: skip

    def __init__(self, state: State, journal: Journal, timers: Timers) -> None:
        self.state = state
        self.journal = journal
        self.timers = timers
        self.alerts: list[Alert] = []
        self.derived: list[Event] = []  # waiting to be seen by parts and rules, in order
        self.own_time = self.shared_time = 0  # of the event at hand: by its device's clock, by everybody's
        self.too_late = self.keys_refused = 0
        self.held_by: str | None = None  # what kept the newest that could not be raised from it
        self.now = self.watched = 0
        self.let_pass_to(state.engine_time)

    def let_pass_to(self, now: int) -> None:
        """`now` is the frame's engine time, `watched` how long a gateway has listened: it stands still without one."""
        self.now = now
        self.watched = self.state.listened - self.state.outage

    def derive(self, event_type: str, place: tuple[str, str], at: int, data: dict[str, Any], cause: str) -> None:
        """Adds a derived event of a (site, device), which rules then see; `cause` tells it from others of its type.

        `data` holds no personal value. The id is made from all of these, so a replay derives the same event.
        """
        site, device = place
        name = uuid.uuid5(_DERIVED, "\0".join((site, device, event_type, cause)))
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        self.derived.append(Event(site, device, str(name), event_type, 1, at, text, flags=FLAG_DERIVED))

    def behind(self, site: str, device: str) -> int:
        """How far the device's clock is known to be behind, in microseconds."""
        clock = self.state.clocks.get((site, device))
        return 0 if clock is None else clock.behind_us

    def may_raise(self, rule: Gated, device: str, at: int) -> bool:
        """Whether schedule, arming and service let the rule raise by this device at this time."""
        held_by = self._gate(rule, device, at)
        if held_by is not None:
            self.held_by = held_by
        return held_by is None

    def why_held(self, rule: Gated, event: Event, key: str) -> str | None:
        """What keeps the rule, which has just looked at the event, from raising; None if nothing does."""
        site, device = event.site, event.device
        if event.flags & FLAG_OUT_OF_SERVICE:
            return out_of_service_by(self.state, site, device, self.shared_time)
        if self.held_by is None and (site, rule.head.uid, key) in self.state.muted:
            return self._gate(rule, device, self.now)
        return self.held_by

    def _gate(self, rule: Gated, device: str, at: int) -> str | None:
        state, site = self.state, rule.head.site
        if is_out_of_service(state, site, device, at):
            return out_of_service_by(state, site, device, at)
        if rule.schedule is not None and not schedule_of(state, site, rule.schedule).is_on(at):
            return "schedule"
        if rule.armed_modes and mode_at(state, site, self.registration(site, device).zone, at) not in rule.armed_modes:
            return "arming"
        return None

    def mute(self, cell: CellKey, *, is_muted: bool) -> None:
        """Notes, or notes no more, that what holds in this cell is not raised because it may not be."""
        if is_muted:
            self.journal.put(self.state.muted, cell, True)
        elif cell in self.state.muted:
            self.journal.remove(self.state.muted, cell)

    def registration(self, site: str, device: str | None) -> Registration:
        """What is known of a device; nothing of an unknown one."""
        return self.state.registered.get((site, device or ""), _NOWHERE)


def by_event(event: Event, at: int, value: Any = "", count: int | None = None) -> Occurrence:
    """An occurrence that an event caused."""
    cause = {"device": event.device, "event_id": event.event_id}
    return Occurrence(at=at, device=event.device, cause=cause, value=value_text(value), count=count)


def value_text(value: Any) -> str:
    """What {value} stands for."""
    return readable(value) if isinstance(value, float) else str(value)


def by_timer(timer: str, device: str, armed_by: str, due: int) -> Occurrence:
    """An occurrence that the passing of time caused."""
    cause = {"timer": timer, "device": device, "armed_by": armed_by, "due": due}
    return Occurrence(at=due, device=device, cause=cause)


def hold(ev: Evaluation, head: RuleHead, key: str, device: str, occurrence: Occurrence) -> None:
    """The condition now holds for this device; the first device of a key raises the alert."""
    cell = (head.site, head.uid, key)
    holders = ev.state.holders.get(cell, ())
    ev.journal.put(ev.state.holders, cell, (*holders, device))
    if not holders:
        raise_alert(ev, head, key, occurrence)


def release(ev: Evaluation, head: RuleHead, key: str, device: str, at: int) -> None:
    """It does not hold for this device any more; the last device of a key clears the alert."""
    cell = (head.site, head.uid, key)
    left = tuple(each for each in ev.state.holders.get(cell, ()) if each != device)
    if left:
        ev.journal.put(ev.state.holders, cell, left)
        return
    ev.journal.remove(ev.state.holders, cell)
    clear_alert(ev, head, key, at)


def raise_alert(ev: Evaluation, head: RuleHead, key: str, occurrence: Occurrence, *, goes_on: bool = False) -> Alert:
    """A new alert; or, within the cool-down since the last change, one more occurrence of the same one. As told.

    `goes_on`: it is of what was raised and lasts, whenever that was.
    """
    cell = (head.site, head.uid, key)
    current = ev.state.current.get(cell)
    if current is not None and ((goes_on and not current.closed) or _counts_into(ev, current, head, occurrence)):
        alert = _again(ev, current.alert, head, occurrence)
    else:
        alert = _first(ev, head, key, occurrence)
    return _keep(ev, cell, alert, head)


def clear_alert(ev: Evaluation, head: RuleHead, key: str, at: int) -> Alert | None:
    """The alert's reason is over. The alert as told; None, and nothing happens, if none is raised."""
    cell = (head.site, head.uid, key)
    current = ev.state.current.get(cell)
    if current is None or current.alert.state is not AlertState.RAISED:
        return None
    alert = msgspec.structs.replace(
        current.alert,
        version=current.alert.version + 1,
        state=AlertState.CLEARED,
        updated_at=max(at, current.alert.updated_at),
        cleared_at=max(at, current.alert.updated_at),
    )
    alert = _keep(ev, cell, alert, head)
    if current.closed:
        ev.timers.disarm((FORGET, *cell))
        forget_alert(ev, cell)
    return alert


def current_alert(ev: Evaluation, head: RuleHead, key: str) -> Alert | None:
    """The newest version of the key's alert, as long as it may be counted into or corrected."""
    current = ev.state.current.get((head.site, head.uid, key))
    return None if current is None else current.alert


def rewrite_alert(ev: Evaluation, head: RuleHead, key: str, alert: Alert) -> Alert:
    """Tells a corrected version; it is the key's current alert if it holds, or if there is no other by now.

    Returns it as it was told: another alert may hide it.
    """
    cell = (head.site, head.uid, key)
    current = ev.state.current.get(cell)
    is_same = current is not None and current.alert.alert_id == alert.alert_id
    if current is None or is_same or (head.lasting and alert.state is AlertState.RAISED):
        return _keep(ev, cell, alert, head)
    told = merging.told_late(ev, head, alert) if alert.version == 1 else alert
    ev.alerts.append(told)
    return told


def raise_past(ev: Evaluation, head: RuleHead, key: str, occurrence: Occurrence, cleared_at: int | None) -> Alert:
    """What was and is over: counted into the key's alert within its cool-down, else raised and cleared at once."""
    cell = (head.site, head.uid, key)
    current = ev.state.current.get(cell)
    if current is not None and _counts_into(ev, current, head, occurrence):
        alert = current.alert
        alert = msgspec.structs.replace(alert, version=alert.version + 1, count=alert.count + 1)
        if cleared_at is not None and alert.cleared_at is not None and cleared_at > alert.cleared_at:
            alert = msgspec.structs.replace(alert, cleared_at=cleared_at, updated_at=cleared_at)
    else:
        alert = _first(ev, head, key, occurrence)
        if cleared_at is not None:
            alert = merging.told_late(ev, head, alert)
            ev.alerts.append(alert)
            alert = msgspec.structs.replace(
                alert, version=2, state=AlertState.CLEARED, cleared_at=cleared_at, updated_at=cleared_at
            )
    return rewrite_alert(ev, head, key, alert)


def close_alert(ev: Evaluation, site: str, closed_id: str, verdict: str) -> None:
    """People have closed it: what is raised next is another alert, cool-down or not."""
    for cell, current in sorted(ev.state.current.items(), key=lambda item: item[0]):
        if cell[0] == site and current.alert.alert_id == closed_id:
            is_denied = verdict == NOTHING
            ev.journal.put(ev.state.current, cell, msgspec.structs.replace(current, closed=True, denied=is_denied))
            if is_denied:
                merging.denied(ev, cell)
            return


def forget_alert(ev: Evaluation, cell: CellKey) -> None:
    """The cool-down is over: the alert leaves the memory. Raising it again in time has disarmed this."""
    merging.leaves(ev, cell)
    ev.journal.remove(ev.state.current, cell)
    merging.settle(ev, cell)


def _keep(ev: Evaluation, cell: CellKey, alert: Alert, head: RuleHead) -> Alert:
    """Writes the version out (unless it waits) and, as long as it may be counted into, into the state."""
    kept = merging.placed(ev, head, cell, alert)
    if not kept.waiting:
        ev.alerts.append(kept.alert)
    timer: TimerKey = (FORGET, *cell)
    # What counts into it is within its cool-down by event time, and may come late.
    stays_us = max(head.cooldown_us + head.lateness_us, merging.GRACE_US if kept.waiting else 0)
    if head.lasting and alert.state is AlertState.RAISED:
        ev.journal.put(ev.state.current, cell, kept)
        ev.timers.disarm(timer)
    elif stays_us:
        ev.journal.put(ev.state.current, cell, kept)
        ev.timers.arm(timer, max(ev.now, alert.updated_at) + stays_us)
    else:
        ev.journal.remove(ev.state.current, cell)
    merging.settle(ev, cell)
    return kept.alert


def _again(ev: Evaluation, alert: Alert, head: RuleHead, occurrence: Occurrence) -> Alert:
    count = alert.count + 1
    values = _values(ev, head, occurrence, count)
    return msgspec.structs.replace(
        alert,
        version=alert.version + 1,
        rule_version=head.version,
        state=AlertState.RAISED,
        updated_at=max(occurrence.at, alert.updated_at),
        cleared_at=None,
        count=count,
        title=fill(head.title, values),
        text=fill(head.text, values),
    )


def _counts_into(ev: Evaluation, current: CurrentAlert, head: RuleHead, occurrence: Occurrence) -> bool:
    """True within the cool-down of an alert that goes on: people have not closed it, nothing has withdrawn it.

    What the rule says of another urgency, category or order since is another alert: this one's order and place in a
    storm are settled. What was merged into an alert that is over does not go on: it would stay hidden.
    """
    may_go_on = not current.closed and (current.alert.merged_into is None or masters.hides(ev, current))
    return (
        may_go_on
        and _urgency(current.alert) == _urgency(head)
        and current.alert.correction is not Correction.WITHDRAWN
        and abs(occurrence.at - current.alert.updated_at) < head.cooldown_us
    )


def _urgency(of: Alert | RuleHead) -> tuple[str, str, bool, str | None]:
    return of.severity, of.category, of.opens_order, of.order_category


def new_alert_id(head: RuleHead, key: str, occurrence: Occurrence) -> str:
    """The id of the alert that this occurrence makes if it is the first."""
    cause = "\0".join(str(occurrence.cause[name]) for name in sorted(occurrence.cause))
    return alert_id(head.site, head.uid, key, cause)


def _first(ev: Evaluation, head: RuleHead, key: str, occurrence: Occurrence) -> Alert:
    place = ev.registration(head.site, occurrence.device)
    values = _values(ev, head, occurrence, 1)
    return Alert(
        site=head.site,
        alert_id=new_alert_id(head, key, occurrence),
        version=1,
        rule_uid=head.uid,
        rule_version=head.version,
        key=key,
        state=AlertState.RAISED,
        severity=head.severity,
        category=head.category,
        raised_at=occurrence.at,
        updated_at=occurrence.at,
        cleared_at=None,
        count=1,
        device=occurrence.device,
        zone=place.zone,
        building=place.building,
        opens_order=head.opens_order,
        title=fill(head.title, values),
        text=fill(head.text, values),
        cause=occurrence.cause if occurrence.probability is None else _with_chance(occurrence),
        mode=head.mode,
        order_category=head.order_category,
    )


def _with_chance(occurrence: Occurrence) -> dict[str, Any]:
    return {**occurrence.cause, "probability": float(f"{occurrence.probability:.2g}")}


def percent(probability: float | None) -> str:
    """A probability as people read it; empty if there is none."""
    if probability is None:
        return ""
    share = 100 * probability
    return "<0.01%" if share < 0.01 else f"{share:.2g}%" if share < 99.5 else ">99%"


def _values(ev: Evaluation, head: RuleHead, occurrence: Occurrence, count: int) -> dict[str, str]:
    place = ev.registration(head.site, occurrence.device)
    values = {
        "device": occurrence.device or "",
        "zone": place.zone or "",
        "building": place.building or "",
        "value": occurrence.value,
        "probability": percent(occurrence.probability),
        "count": str(count if occurrence.count is None else occurrence.count),
        **{f"finding_{language}": text for language, text in occurrence.finding.items()},
    }
    return values if head.duration_us is None else values | duration_texts(head.duration_us)
