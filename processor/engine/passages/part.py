"""The part that the engine consults about passages: what it looks at, and who does what about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

import msgspec

from herun.control import ControlKind
from herun.events import FLAG_OUT_OF_SERVICE, Event
from herun.frames import Control
from processor.engine.alerting import Evaluation
from processor.engine.conditions import Data
from processor.engine.parts import ControlHandler, Part
from processor.engine.passages import openings, people, reads, registers, vehicles
from processor.engine.passages.findings import happened_at, settings_of
from processor.engine.state import TimerKey

OF_CARS: Final = frozenset({"vehicle.passed", "gate.moved"})  # also of a drill: who leaves in it has left


class Passages(Part):
    """Makes passages of reads and captures, and says what does not fit together. Late events fall into their place."""

    event_types: ClassVar[frozenset[str]] = frozenset(
        {"vehicle.passed", "person.captured", "gate.moved", "door.opened", "door.closed"}
    )
    timers: ClassVar[frozenset[str]] = frozenset(
        {reads.TIMER, vehicles.TIMER, registers.TIMER, people.SIGHTING, people.CROWD}
    )

    def controls(self) -> Mapping[str, ControlHandler]:
        return {
            ControlKind.PASSAGES_PUT: _put_settings,
            ControlKind.LIST_PUT: _put_list,
            ControlKind.VISITOR_PUT: _put_permit,
            ControlKind.VISITOR_REMOVED: _remove_permit,
        }

    def on_event(self, ev: Evaluation, event: Event, data: Data, *, late: bool) -> None:
        del late  # all is put where it belongs by when it happened
        if event.flags & FLAG_OUT_OF_SERVICE and event.event_type not in OF_CARS:
            return
        at = happened_at(ev, event)
        if event.event_type == "vehicle.passed":
            reads.take(ev, event, data, at)
            return
        if at != event.event_time:
            event = msgspec.structs.replace(event, event_time=at)
        if event.event_type == "person.captured":
            people.take(ev, event, data)
        elif event.event_type == "gate.moved":
            openings.gate_moved(ev, event, data)
        else:
            openings.door_moved(ev, event)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        # What is due happens then, however late the next frame comes: a passage is not late because nobody spoke.
        frame_time, ev.now = ev.now, due
        _ON_TIMER[timer[0]](ev, timer, due)
        ev.now = frame_time


_ON_TIMER: Final[dict[str, Callable[[Evaluation, TimerKey, int], None]]] = {
    reads.TIMER: reads.on_timer,
    vehicles.TIMER: vehicles.on_timer,
    registers.TIMER: registers.on_timer,
    people.SIGHTING: people.on_sighting_timer,
    people.CROWD: people.on_crowd_timer,
}


def _put_settings(ev: Evaluation, control: Control) -> None:
    registers.put_settings(ev, control)
    vehicles.arm_again(ev, control.site)


def _put_list(ev: Evaluation, control: Control) -> None:
    if registers.put_list(ev, control) == settings_of(ev, control.site).residents_list:
        vehicles.arm_again(ev, control.site)


def _put_permit(ev: Evaluation, control: Control) -> None:
    vehicles.arm_again(ev, *registers.put_permit(ev, control))


def _remove_permit(ev: Evaluation, control: Control) -> None:
    vehicles.arm_again(ev, *registers.remove_permit(ev, control))
