"""The engine of one partition: a frame in, decisions out, and everything can be taken back until it is committed.

What it decides depends on the frames alone: their order, positions and times. How they were batched, how often the
process was started, and what the machine's clock says, change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import Any, Final

import msgspec

from herun.errors import InvalidInputError
from herun.events import FLAG_LATE, FLAG_OUT_OF_SERVICE, Event
from herun.frames import Control, Frame, FrameKind
from processor.engine import clocks as clocks_of
from processor.engine import gates, merging
from processor.engine.alerting import Evaluation, forget_alert, raise_alert
from processor.engine.arming.lookups import is_out_of_service
from processor.engine.arming.part import Arming
from processor.engine.controls import apply_control, drop_rule_state
from processor.engine.decisions import DERIVED_FROM, Decisions, PartError, RuleError
from processor.engine.duplicates import GENERATION, DuplicateRing
from processor.engine.isolation import MAX_RULE_ERRORS, must_be_its_own, switched_off, switching, where
from processor.engine.journal import MISSING, Journal
from processor.engine.kinds.compiled import SECOND_US, CompiledRule
from processor.engine.masters import FORGET
from processor.engine.parts import ControlHandler, Part
from processor.engine.passages.care import CareWatch
from processor.engine.passages.part import Passages
from processor.engine.recorder import Look, Recorder
from processor.engine.rulebook import RuleBook
from processor.engine.state import (
    ENGINE_TIME,
    LISTENED,
    OUTAGE,
    OUTAGE_ENDED,
    OUTAGE_LAST,
    CellKey,
    Registration,
    RuleKey,
    Seen,
    State,
    TimerKey,
)
from processor.engine.timers import Timers

OUTAGE_GAP_US: Final = 5 * SECOND_US  # of the machine's clock, without a gateway's frame: nobody was there to listen
# How far a device's clock may be ahead before its events count as happening when they arrive: one wrong time must not
# make all that follow it late.
AHEAD_US: Final = 5 * SECOND_US
MAX_DERIVED: Final = 256  # derived events of one event or timer, theirs included: no chain without end

_decode_data: Final = msgspec.json.Decoder(dict[str, Any]).decode
_NO_DATA: Final[dict[str, Any]] = {}


class Engine:
    """`apply` changes the state at once; `commit` makes that final, `rollback` takes back all since the last commit.

    `outage_gap_us` is OUTAGE_GAP_US times the speed of the estate's clock. `is_replay`: its events are stored rows, so
    they are distinct, and each says whether it was late. `recorder` is told what rules did; None: nobody asks.
    """

    def __init__(
        self,
        state: State,
        outage_gap_us: int = OUTAGE_GAP_US,
        generation: int = GENERATION,
        *,
        is_replay: bool = False,
    ) -> None:
        self.state = state
        self.outage_gap_us = outage_gap_us
        self.recorder: Recorder | None = None
        self._is_replay = is_replay
        self._parts_of: dict[str, list[Part]] = {}
        self._part_of_timer: dict[str, Part] = {}
        self._part_controls: dict[str, list[ControlHandler]] = {}
        for part in make_parts():
            self._add_part(part)
        self._journal = Journal()
        self._ring = DuplicateRing(state, self._journal, generation)
        self._timers = Timers(state, self._journal)
        self._book = RuleBook(state)
        self._ev = Evaluation(state, self._journal, self._timers)
        self._rules_touched = False
        self._passed = 0  # engine time of the frame before: timers that stand still in an outage may be due before it

    def _add_part(self, part: Part) -> None:
        for event_type in part.event_types:
            self._parts_of.setdefault(event_type, []).append(part)
        for timer in part.timers:
            self._part_of_timer[timer] = part
        for kind, handler in part.controls().items():
            self._part_controls.setdefault(kind, []).append(handler)

    def commit(self) -> None:
        """Makes everything since the last commit final."""
        self._journal.forget()
        self._rules_touched = False

    def rollback(self) -> None:
        """Takes everything since the last commit back."""
        self._journal.back_to(0)
        self._timers.rebuild()
        self._ev.derived.clear()
        if self._rules_touched:
            self._book.rebuild()
        self._rules_touched = False

    def compiled(self, site: str, uid: str) -> CompiledRule | None:
        """A rule as it is evaluated; None if there is none or it is switched off."""
        return self._book.get((site, uid))

    def registration(self, site: str, device: str) -> Registration:
        """What rules can ask of a device."""
        return self._ev.registration(site, device)

    def doubtful(self, frame: Frame) -> list[int]:
        """Indices of events that may be stored already without the ring knowing; ask the database before `apply`."""
        if not self.state.floors:
            return []
        return [n for n, event in enumerate(frame.events) if self._ring.is_doubtful(event)]

    def apply(self, frame: Frame, position: int, at_us: int, left_out: Collection[int] = ()) -> Decisions:
        """Lets time pass to the frame's, then takes its items in; those whose index is left out do not exist.

        `at_us` is the stream's time of the frame in the estate's time. After an exception: roll back.
        """
        outage_began = self._pass_time(at_us, is_gateways=frame.kind is FrameKind.EVENTS)
        decisions = Decisions(position, self._ev.now, listened_us=self.state.listened, outage_began=outage_began)
        self._ev.alerts = decisions.alerts
        self._ev.too_late = self._ev.keys_refused = 0
        self._fire_timers(decisions)
        for n, event in enumerate(frame.events):
            if n not in left_out:
                self._take_event(decisions, n, event)
        for n, control in enumerate(frame.controls):
            if n not in left_out:
                self._take_control(decisions, n, control)
        decisions.stamp(self._ev.now)
        self._fire_timers(decisions)  # what came late may have been due already
        self._ring.turn()
        decisions.too_late, decisions.keys_refused = self._ev.too_late, self._ev.keys_refused
        return decisions

    def _pass_time(self, at_us: int, *, is_gateways: bool) -> int | None:
        """When the outage began that ends here, if one does."""
        before, outage_began = self.state.engine_time, None
        self._passed = before
        now = max(before, at_us)
        marks, put = self.state.marks, self._journal.put
        if LISTENED not in marks:
            put(marks, LISTENED, before or now)
        put(marks, ENGINE_TIME, now)
        if is_gateways:
            gap = now - self.state.listened
            if gap > self.outage_gap_us:
                outage_began = self.state.listened
                put(marks, OUTAGE, self.state.outage + gap)
                put(marks, OUTAGE_LAST, gap)
                put(marks, OUTAGE_ENDED, now)
            put(marks, LISTENED, now)
        self._ev.let_pass_to(now)
        return outage_began

    def _fire_timers(self, decisions: Decisions) -> None:
        """Each at its own time: which frame came next, a tick or one that a replay does not know, changes nothing."""
        frame_time = self._ev.now
        while fired := self._timers.pop_due(frame_time):
            self._ev.now, timer = fired
            self._fire(decisions, timer, self._ev.now)
            decisions.stamp(self._ev.now)
        self._ev.now = frame_time

    def _fire(self, decisions: Decisions, timer: TimerKey, due: int) -> None:
        if timer[0] == FORGET:
            forget_alert(self._ev, (timer[1], timer[2], timer[3]))
            return
        if timer[0] in merging.TIMERS:
            merging.on_timer(self._ev, timer, due)
            return
        part = self._part_of_timer.get(timer[0])
        if part is not None:
            began = (self._journal.mark(), len(self._ev.derived))
            try:
                part.on_timer(self._ev, timer, due)
            except Exception as error:  # noqa: BLE001 - as below
                self._part_threw(decisions, part, began, error)
            self._take_derived(decisions, None)
            return
        rule = self._book.get((timer[1], timer[2]))
        if rule is None:
            return
        if timer[0] == gates.TIMER:
            self._wake(decisions, gates.muted_of(self._ev, timer[1], timer[2]))
            gates.follow(self._ev, rule)
            return
        self._guard(decisions, rule, f"timer {due}", lambda: rule.on_timer(self._ev, timer, due))
        if due < self._passed:  # it waited for a gateway: the rule's time may have begun meanwhile
            self._wake(decisions, sorted(self.state.muted.keys() & {(timer[1], timer[2], timer[3])}), self._passed)
        self._take_derived(decisions, None)

    def _guard(self, decisions: Decisions, rule: CompiledRule, cause: str, act: Callable[[], None]) -> None:
        before = (self._journal.mark(), len(decisions.alerts))
        try:
            act()
        except Exception as error:  # noqa: BLE001 - a rule must not stop the others; it is counted and switched off
            self._rule_threw(decisions, rule, before, error, cause=cause)

    def _wake(self, decisions: Decisions, cells: list[CellKey], at: int | None = None) -> None:
        """Raises what holds in these cells and could not be raised before, now or at this time."""
        at = self._ev.now if at is None else at
        for cell in cells:
            rule = self._book.get(cell[:2])
            if rule is not None:
                self._guard(decisions, rule, f"wake {at}", partial(rule.wake, self._ev, cell[2], at))

    def _take_event(self, decisions: Decisions, n: int, event: Event) -> None:
        if not self._is_replay and not self._ring.admit(event):
            decisions.duplicates += 1
            return
        late = self._see(decisions, event)
        if self._is_replay:  # what came before the replayed stretch may have been newer
            late = bool(event.flags & FLAG_LATE)
        event = self._in_service(event, self._ev.shared_time)
        decisions.rows.append((event, n, event.flags | FLAG_LATE if late else event.flags & ~FLAG_LATE))
        self._look(decisions, n, event, late=late)
        if self._ev.derived:
            self._take_derived(decisions, n)

    def _in_service(self, event: Event, at: int) -> Event:
        """The event, flagged if its device was out of service then, and not if not: a replay decides anew."""
        out = is_out_of_service(self.state, event.site, event.device, at)
        if out == bool(event.flags & FLAG_OUT_OF_SERVICE):
            return event
        return msgspec.structs.replace(event, flags=event.flags ^ FLAG_OUT_OF_SERVICE)

    def _look(self, decisions: Decisions, n: int | None, event: Event, *, late: bool) -> None:
        """Shows the event to the parts and to the rules that it can match."""
        parts = self._parts_of.get(event.event_type, ())
        plan = self._book.plan(event.site, event.device, event.event_type)
        if plan.is_empty and not parts:
            return
        ev = self._ev
        data = self._data_of(decisions, event) if parts or plan.reads_data else _NO_DATA
        if parts:
            self._show(decisions, n, event, data, late=late)
        log, alerts, keys, ev.seen = self._journal.entries, decisions.alerts, plan.keys, event
        for _, rule, tests in plan.met_by(data):
            for test in tests:
                if not test(data):
                    break
            else:
                key = keys[rule.key_kind] if rule.key_field is None else data.get(rule.key_field)
                if type(key) is not str:
                    continue
                mark, told, too_late, ev.held_by = len(log), len(alerts), ev.too_late, None
                try:
                    rule.on_event(ev, key, event, data, plan.subject)
                except Exception as error:  # noqa: BLE001 - as above: the event is stored all the same
                    self._rule_threw(decisions, rule, (mark, told), error, cause=event.event_id, n=n)
                if self.recorder is not None:
                    times, held = (ev.own_time, ev.shared_time), ev.why_held(rule, event, key)
                    look = Look(event, key, times, log[mark:], alerts[told:], held, ev.too_late > too_late)
                    self.recorder.evaluated(rule, look)
        ev.seen = None

    def _show(self, decisions: Decisions, n: int | None, event: Event, data: dict[str, Any], *, late: bool) -> None:
        for part in self._parts_of[event.event_type]:
            began = (self._journal.mark(), len(self._ev.derived))
            try:
                part.on_event(self._ev, event, data, late=late)
            except Exception as error:  # noqa: BLE001 - a part must stop neither the others nor the rules; it is counted
                self._part_threw(decisions, part, began, error, n)

    def _take_derived(self, decisions: Decisions, n: int | None) -> None:
        """Stores what parts derived and shows it to parts and rules, and so on, in order; `n` is what began it."""
        waiting, taken = self._ev.derived, 0
        while taken < len(waiting):
            if taken == MAX_DERIVED:
                raise RuntimeError(f"more than {MAX_DERIVED} events derived from one: {waiting[0]} ... {waiting[-1]}")
            event = self._in_service(waiting[taken], waiting[taken].event_time)
            taken += 1
            decisions.rows.append((event, DERIVED_FROM + decisions.derived, event.flags))
            decisions.derived += 1
            self._ev.own_time = self._ev.shared_time = event.event_time
            self._look(decisions, n, event, late=False)
            if event.event_type in gates.OF_ARMING:
                for rule in self._book.of_site(event.site):
                    act = partial(gates.follow_service, self._ev, rule, event)
                    self._guard(decisions, rule, f"service {event.event_time}", act)
            if event.event_type in gates.OPENS:
                self._wake(decisions, gates.muted_of(self._ev, event.site))
        waiting.clear()

    def _see(self, decisions: Decisions, event: Event) -> bool:
        """Counts the event and finds its times; True if the device's newest is newer."""
        devices, key, ev, event_time = self.state.devices, (event.site, event.device), self._ev, event.event_time
        seen = devices.get(key)
        self._journal.entries.append((devices, key, seen or MISSING))
        at = event_time if event_time <= ev.now + AHEAD_US else ev.now
        late = False
        if seen is None:
            if event.site not in self.state.sites:
                self._journal.put(self.state.sites, event.site, True)
                decisions.new_sites.append(event.site)
            devices[key] = Seen(1, at, event.sequence)
        elif seen.is_after(event):
            late = True
            devices[key] = Seen(seen.count + 1, seen.newest_time, seen.newest_sequence)
        else:
            sequence = seen.newest_sequence if event.sequence is None else event.sequence
            devices[key] = Seen(seen.count + 1, at, sequence)
            at = max(at, seen.newest_time)
        clocks = self.state.clocks
        before = clocks.get(key)
        clock = clocks_of.seen(before, ev.now, event_time)
        if clock is not before:
            self._journal.put(clocks, key, clock)
        # By its device's clock, and by everybody's: a clock that is known to be off is set right.
        ev.own_time = at
        behind = clock.behind_us
        ev.shared_time = min(event_time + behind, ev.now) if behind else at
        return late

    def _data_of(self, decisions: Decisions, event: Event) -> dict[str, Any]:
        """Rules see no data of what cannot be read; the event is stored as it is."""
        try:
            return _decode_data(event.data)
        except (msgspec.DecodeError, msgspec.ValidationError):
            decisions.undecodable += 1
            return _NO_DATA

    def _take_control(self, decisions: Decisions, n: int, control: Control) -> None:
        mark, alerts = self._journal.mark(), len(decisions.alerts)
        self._rules_touched = True
        try:
            apply_control(self._ev, self._book, control, self._part_controls.get(control.kind, ()))
        except InvalidInputError as error:
            self._ev.derived.clear()
            self._undo_part(decisions, mark, alerts)
            decisions.refused_controls.append((n, control, error.detail))
            return
        if control.site not in self.state.sites:
            self._journal.put(self.state.sites, control.site, True)
            decisions.new_sites.append(control.site)
        decisions.controls.append((n, control))
        self._wake(decisions, gates.opened_by(self._ev, control))
        self._take_derived(decisions, None)

    def _undo_part(self, decisions: Decisions, mark: int, alerts: int) -> None:
        self._journal.back_to(mark)
        del decisions.alerts[alerts:]
        self._timers.rebuild()
        self._book.rebuild()

    def _part_threw(
        self, decisions: Decisions, part: Part, began: tuple[int, int], error: Exception, n: int | None = None
    ) -> None:
        """Takes back what the part did of this event or timer, and counts it: all others go on without it."""
        must_be_its_own(error)
        self._journal.back_to(began[0])
        del self._ev.derived[began[1] :]
        self._timers.rebuild()
        decisions.part_errors.append(PartError(type(part).__name__, f"{error!r} at {where(error)}", n))

    def _rule_threw(
        self,
        decisions: Decisions,
        rule: CompiledRule,
        before: tuple[int, int],
        error: Exception,
        *,
        cause: str,
        n: int | None = None,
    ) -> None:
        """Takes back what the rule did, counts it, and switches it off when it has thrown too often."""
        must_be_its_own(error)
        self._journal.back_to(before[0])
        del decisions.alerts[before[1] :]
        self._timers.rebuild()
        key: RuleKey = (rule.head.site, rule.head.uid)
        decisions.rule_errors.append(RuleError(rule.head.uid, repr(error), n))
        cell = self.state.rules[key]
        off = cell.errors + 1 >= MAX_RULE_ERRORS
        self._journal.put(self.state.rules, key, msgspec.structs.replace(cell, errors=cell.errors + 1, off=off))
        self._rules_touched = True
        if off:
            drop_rule_state(self._ev, rule)
            self._book.changed(key)
            raise_alert(self._ev, switched_off(*key), rule.head.uid, switching(self._ev.now, cause))


def make_parts() -> tuple[Part, ...]:
    """The parts in the order in which they see an event."""
    return (Arming(), Passages(), CareWatch())
