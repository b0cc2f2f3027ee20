"""Raising, clearing and closing alerts: versions, cool-down and who holds a condition."""

from __future__ import annotations

import json
import uuid
from typing import Any, Final, Literal, Protocol

import msgspec

from herun.alerts import Alert, AlertState, Correction
from herun.events import FLAG_DERIVED, FLAG_OUT_OF_SERVICE, Event
from herun.readable import readable
from processor.engine import cooling, drafts, merging, storms
from processor.engine.arming.lookups import Held, mode_at, out_of_service_by, schedule_of
from processor.engine.journal import Journal
from processor.engine.masters import FORGET
from processor.engine.state import CellKey, CurrentAlert, Registration, Said, State, TimerKey
from processor.engine.timers import Timers

NOTHING: Final = "false"  # the verdict that there was nothing to be told
NOWHERE: Final = Registration(kind="", zone=None, building=None, enabled=True)
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
    """What raises: when (event time, or the due time of a timer), where, and the cause that makes the alert's id.

    `place`: where, if that is not where the device stands.
    """

    at: int
    device: str | None
    cause: dict[str, Any]
    value: str = ""
    count: int | None = None
    finding: dict[str, str] = {}  # a sentence by language
    probability: float | None = None  # of a detector's: that a usual week has one as strong
    place: Registration | None = None


class Gated(Protocol):
    """A rule that may raise at some times only: by a herun.schedule.WeeklyPlan as JSON, in some modes of a zone."""

    head: RuleHead
    schedule: str | None
    armed_modes: frozenset[str]


class Evaluation:
    """What rules and parts work on: the state and its undo log, the timers, the frame's time, what came of it."""

    __slots__ = (
        "alerts", "derived", "held_by", "journal", "keys_refused", "now", "own_time", "seen", "shared_time", "state",
        "timers", "too_late", "watched",
    )  # fmt: skip

    def __init__(self, state: State, journal: Journal, timers: Timers) -> None:
        self.state = state
        self.journal = journal
        self.timers = timers
        self.alerts: list[Alert] = []
        self.derived: list[Event] = []  # waiting to be seen by parts and rules, in order
        self.own_time = self.shared_time = 0  # of the event at hand: by its device's clock, by everybody's
        self.seen: Event | None = None  # the event that rules are looking at
        self.too_late = self.keys_refused = 0
        self.held_by: Held | None = None  # what kept the newest that could not be raised from it
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
        held_by = self.gate(rule, device, at)
        if held_by is not None:
            self.held_by = held_by
        return held_by is None

    def why_held(self, rule: Gated, event: Event, key: str) -> Held | None:
        """What keeps the rule, which has just looked at the event, from raising; None if nothing does."""
        site, device = event.site, event.device
        if event.flags & FLAG_OUT_OF_SERVICE:
            return out_of_service_by(self.state, site, device, self.shared_time)
        if self.held_by is None and (site, rule.head.uid, key) in self.state.muted:
            return self.gate(rule, device, self.now)
        return self.held_by

    def gate(self, rule: Gated, device: str, at: int) -> Held | None:
        """What keeps the rule from raising by this device at this time; None if nothing does."""
        state, site = self.state, rule.head.site
        out_of_service = out_of_service_by(state, site, device, at)
        if out_of_service is not None:
            return out_of_service
        if rule.schedule is not None and not schedule_of(state, site, rule.schedule).is_on(at):
            return Held("schedule", device, at)
        if rule.armed_modes and mode_at(state, site, self.registration(site, device).zone, at) not in rule.armed_modes:
            return Held("arming", device, at)
        return None

    def mute(self, cell: CellKey, *, is_muted: bool) -> None:
        """Notes, or notes no more, that what holds in this cell is not raised because it may not be."""
        if is_muted:
            self.journal.put(self.state.muted, cell, True)
        elif cell in self.state.muted:
            self.journal.remove(self.state.muted, cell)

    def registration(self, site: str, device: str | None) -> Registration:
        """What is known of a device; nothing of an unknown one."""
        return self.state.registered.get((site, device or ""), NOWHERE)


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
    """A new alert; or, within the cool-down of one, one more occurrence of that one (cooling.py). As told.

    `goes_on`: it is of what was raised and lasts, whenever that was.
    """
    cell = (head.site, head.uid, key)
    said = drafts.said_of(ev, head, occurrence)
    current = ev.state.current.get(cell)
    is_same = goes_on and current is not None and not current.closed
    near = [current] if is_same and current else cooling.near(ev, head, cell, occurrence.at, occurrence.at)
    if not near:
        return _write(ev, cell, drafts.first(ev, head, key, occurrence, said), head, said)
    alert, shown = drafts.again(head, near, said)
    alert = _write(ev, cell, alert, head, shown)
    for each in near[1:]:
        _join(ev, cell, each, alert, head)
    return alert


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
    return _write(ev, (head.site, head.uid, key), alert, head, None)


def raise_past(ev: Evaluation, head: RuleHead, key: str, occurrence: Occurrence, cleared_at: int | None) -> Alert:
    """What was and is over: counted into an alert within its cool-down, else raised and cleared at once."""
    if cleared_at is None:
        return raise_alert(ev, head, key, occurrence)
    cell = (head.site, head.uid, key)
    said = drafts.said_of(ev, head, occurrence)
    shown: Said | None = said
    near = cooling.near(ev, head, cell, occurrence.at, cleared_at)
    if near:
        alert, shown = drafts.again(head, near, said, is_over=True)
        if alert.cleared_at is not None and cleared_at > alert.cleared_at:
            alert = msgspec.structs.replace(alert, cleared_at=cleared_at, updated_at=cleared_at)
    else:
        alert = merging.told_late(ev, head, drafts.first(ev, head, key, occurrence, said)).alert
        ev.alerts.append(alert)
        alert = msgspec.structs.replace(
            alert, version=2, state=AlertState.CLEARED, cleared_at=cleared_at, updated_at=cleared_at
        )
    return _write(ev, cell, alert, head, shown)


def close_alert(ev: Evaluation, site: str, closed_id: str, verdict: str) -> None:
    """People have closed it: what is raised next is another alert, cool-down or not."""
    is_denied = verdict == NOTHING
    for cell, current in ev.state.current.items():
        if cell[0] == site and current.alert.alert_id == closed_id:
            ev.journal.put(ev.state.current, cell, msgspec.structs.replace(current, closed=True, denied=is_denied))
            if is_denied:
                merging.denied(ev, cell)
            return
    for cell, others in ev.state.cooling.items():
        if cell[0] == site and any(each.alert.alert_id == closed_id for each in others):
            cooling.close(ev, cell, closed_id, denied=is_denied)
            return


def forget_alert(ev: Evaluation, cell: CellKey) -> None:
    """The cool-down is over: it is not the current alert any more. Raising it again in time has disarmed this."""
    merging.leaves(ev, cell)
    last = ev.state.current.get(cell)
    ev.journal.remove(ev.state.current, cell)
    cooling.rest(ev, cell, last)
    merging.settle(ev, cell)


def _write(ev: Evaluation, cell: CellKey, alert: Alert, head: RuleHead, said: Said | None) -> Alert:
    """Tells a version, of the current alert or of one that was before it; `said`: None if that is as it was."""
    before = next((each.alert for each in cooling.known(ev.state, cell) if each.alert.alert_id == alert.alert_id), None)
    told = _written(ev, cell, alert, head, said)
    storms.corrected(ev, before, told)
    return told


def _written(ev: Evaluation, cell: CellKey, alert: Alert, head: RuleHead, said: Said | None) -> Alert:
    current = ev.state.current.get(cell)
    if current is None or current.alert.alert_id == alert.alert_id or _follows(alert, current.alert, head):
        return _keep(ev, cell, alert, head, said)
    if alert.version == 1:
        kept = merging.told_late(ev, head, alert)
    else:
        kept = msgspec.structs.replace(cooling.take(ev, cell, alert.alert_id) or CurrentAlert(alert), alert=alert)
    ev.alerts.append(kept.alert)
    cooling.put(ev, head, cell, msgspec.structs.replace(kept, said=said or kept.said))
    return kept.alert


def _follows(alert: Alert, current: Alert, head: RuleHead) -> bool:
    """True if the key's current alert is this one from now on."""
    return alert.state is AlertState.RAISED and (head.lasting or alert.updated_at >= current.updated_at)


def _join(ev: Evaluation, cell: CellKey, kept: CurrentAlert, into: Alert, head: RuleHead) -> None:
    """What lies between two alerts shows that they are one: one of them is withdrawn, and counted in the other."""
    never = msgspec.structs.replace(
        kept.alert,
        version=kept.alert.version + 1,
        state=AlertState.CLEARED,
        cleared_at=kept.alert.raised_at,
        count=1,  # as whatever is withdrawn: it may be told again, as one
        correction=Correction.WITHDRAWN,
    )
    ev.alerts.append(never)
    storms.corrected(ev, kept.alert, never)
    cooling.put(ev, head, cell, msgspec.structs.replace(kept, alert=never, joined=into.alert_id))


def _keep(ev: Evaluation, cell: CellKey, alert: Alert, head: RuleHead, said: Said | None = None) -> Alert:
    """Writes the version out (unless it waits) and, as long as it may be counted into, into the state."""
    was = cooling.take(ev, cell, alert.alert_id)
    kept = merging.placed(ev, head, cell, alert, was)
    if not kept.waiting:
        ev.alerts.append(kept.alert)
    if head.cooldown_us:
        kept = cooling.replacing(ev, head, cell, kept, was)
        kept = kept if said is None or said is kept.said else msgspec.structs.replace(kept, said=said)
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
