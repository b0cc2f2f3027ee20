"""Care: a resident living alone who agreed to it is looked for when nothing has seen them for a set time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

import msgspec

from herun.clock import HOUR_US
from herun.control import ControlKind
from herun.events import Event
from herun.frames import Control
from herun.passages import MAX_CARES, CarePut, Finding
from processor.engine import gates
from processor.engine.alerting import Evaluation
from processor.engine.arming.lookups import is_bypassed, is_out_of_service
from processor.engine.conditions import Data
from processor.engine.parts import ControlHandler, Part
from processor.engine.passages.findings import flag, happened_at
from processor.engine.passages.records import Care
from processor.engine.state import TimerKey

TIMER: Final = "passages.care"
NOWHERE: Final = "care"  # the device of a finding about a resident of whom no device is known

# Named states that somebody must be there for; of the others (a pump, a smoke detector) a house can be full alone.
LIVELY_STATES: Final = frozenset({"motion", "occupancy", "presence", "vibration", "bed", "water_flow"})

_replace = msgspec.structs.replace


class CareWatch(Part):
    """Looks for signs of life only where a resident has agreed; silence that is our own outage is none."""

    event_types: ClassVar[frozenset[str]] = (
        frozenset(
            {"person.captured", "door.opened", "door.closed", "button.pressed", "state.reported", "zone.observed"}
        )
        | gates.OPENS
    )
    timers: ClassVar[frozenset[str]] = frozenset({TIMER})

    def controls(self) -> Mapping[str, ControlHandler]:
        return {ControlKind.CARE_PUT: put_care, ControlKind.CARE_REMOVED: remove_care}

    def on_event(self, ev: Evaluation, event: Event, data: Data, *, late: bool) -> None:
        del late  # a sign of life counts from when it was given
        watchers = ev.state.passages.watchers
        if not watchers:
            return
        if event.event_type in gates.OPENS:
            _look_again(ev, event.site)
            return
        if is_bypassed(ev.state, event.site, event.device, ev.shared_time):
            return  # what is known to be faulty shows nobody's life
        signs = [event.device] if _is_lively(event, data) else []
        signs += [data["face_id_hash"]] if "face_id_hash" in data else []
        for sign in signs:
            for resident in watchers.get((event.site, sign), ()):
                _saw(ev, (event.site, resident), event)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        key = (timer[1], timer[2])
        care = ev.state.passages.cares.get(key)
        if care is None or care.flagged:
            return
        really_due = care.seen + care.pause
        if really_due > due - ev.state.outage:
            ev.timers.arm_without_outage(timer, really_due)
            return
        _find(ev, key, care, due)


def _is_lively(event: Event, data: Data) -> bool:
    if event.event_type == "state.reported":
        return data.get("name") in LIVELY_STATES and data.get("value") is True
    return event.event_type != "zone.observed" or data.get("occupied") is True


def _find(ev: Evaluation, key: tuple[str, str], care: Care, at: int) -> None:
    """Nothing has seen the resident for too long. While all that could is out of service, that waits: nobody would
    hear of it."""
    in_service = (each for each in (care.place, *care.devices) if not is_out_of_service(ev.state, key[0], each, at))
    place = next(in_service, None)
    if place is None:
        return
    ev.journal.put(ev.state.passages.cares, key, _replace(care, flagged=True))
    cause = f"{key[1]}\0{care.armed_by}\0{at}"
    flag(ev, Finding.NOT_SEEN, (key[0], place), at, cause, kind="person", resident=key[1], hours=care.pause / HOUR_US)


def _look_again(ev: Evaluation, site: str) -> None:
    """A drill, maintenance or bypass may be over: a silence that lasts is told now."""
    for key, care in sorted(ev.state.passages.cares.items()):
        if key[0] == site and not care.flagged and (TIMER, *key) not in ev.state.due_without_outage:
            _find(ev, key, care, ev.now)


def _keep(ev: Evaluation, key: tuple[str, str], care: Care) -> None:
    """Keeps it, and wakes when the pause is over; if it is and that was told, when there is another sign of life."""
    care = _replace(care, flagged=care.flagged and care.seen + care.pause <= ev.watched)
    ev.journal.put(ev.state.passages.cares, key, care)
    timer = (TIMER, *key)
    if not care.flagged and timer not in ev.state.due_without_outage:
        ev.timers.arm_without_outage(timer, max(care.seen + care.pause, ev.watched))


def _saw(ev: Evaluation, key: tuple[str, str], event: Event) -> None:
    care = ev.state.passages.cares[key]
    seen = min(ev.state.watched_at(happened_at(ev, event)), ev.watched)
    if seen > care.seen:
        _keep(ev, key, _replace(care, seen=seen, armed_by=event.event_id, place=event.device))


def put_care(ev: Evaluation, control: Control) -> None:
    """`care.put`: it begins, or goes on otherwise: when the resident was seen last stays as it was.

    Raises ValueError if there are too many, or none has agreed.
    """
    body = msgspec.convert(control.body, CarePut)
    key, cares = (control.site, body.resident), ev.state.passages.cares
    if key not in cares and sum(each[0] == control.site for each in cares) >= MAX_CARES:
        raise ValueError(f"{control.site} has {MAX_CARES} residents in care")
    old = cares.get(key)
    _forget(ev, key)
    place = body.devices[0] if body.devices else NOWHERE
    care = Care(round(body.hours * HOUR_US), body.devices, body.face_hashes, ev.watched, control.control_id, place)
    if old is not None:
        is_gone = old.place == NOWHERE or old.place in set(old.devices) - set(care.devices)
        place = place if is_gone else old.place
        care = _replace(care, seen=old.seen, armed_by=old.armed_by, place=place, flagged=old.flagged)
    _keep(ev, key, care)
    for sign in (*care.devices, *care.faces):
        watching = ev.state.passages.watchers.get((control.site, sign), ())
        ev.journal.put(ev.state.passages.watchers, (control.site, sign), tuple(sorted({*watching, body.resident})))


def remove_care(ev: Evaluation, control: Control) -> None:
    """`care.removed`: nothing is remembered of it."""
    resident = control.body["resident"]
    if not isinstance(resident, str):
        raise TypeError("resident is not a text")
    _forget(ev, (control.site, resident))


def _forget(ev: Evaluation, key: tuple[str, str]) -> None:
    care = ev.state.passages.cares.get(key)
    if care is None:
        return
    watchers = ev.state.passages.watchers
    for sign in (*care.devices, *care.faces):
        left = tuple(each for each in watchers.get((key[0], sign), ()) if each != key[1])
        if left:
            ev.journal.put(watchers, (key[0], sign), left)
        else:
            ev.journal.remove(watchers, (key[0], sign))
    ev.journal.remove(ev.state.passages.cares, key)
    ev.timers.disarm((TIMER, *key))
