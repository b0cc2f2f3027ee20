"""Detections in armed zones: an entry delay, or an intrusion at once."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.arming import DELAYED, WATCHES, Detection, Mode
from herun.events import FLAG_OUT_OF_SERVICE, Event
from herun.schedule import SECOND_US
from processor.engine.alerting import Evaluation
from processor.engine.arming import doors
from processor.engine.arming.cells import NEVER, Entry, ZoneArming, ZoneKey
from processor.engine.arming.lookups import is_out_of_service, plan_of
from processor.engine.arming.telling import tell
from processor.engine.arming.zones import ENTRY
from processor.engine.conditions import Data

INTRUSION: Final = "intrusion.confirmed"
# A detection that comes later than this tells of a night that is over: it is stored, and raises no alarm.
MAX_LATE_US: Final = 300 * SECOND_US
PAUSE_US: Final = 60 * SECOND_US  # a camera sees an intruder many times: within this, one intrusion a zone is enough

_PRESENT: Final = frozenset({"person.captured", "object.detected"})
_PRESENT_STATES: Final = frozenset({"occupancy", "presence"})  # of state.reported: a movement sensor
EVENT_TYPES: Final = frozenset({*_PRESENT, "zone.observed", doors.OPENED, doors.CLOSED, doors.STATE})


def look(ev: Evaluation, event: Event, data: Data, *, late: bool) -> bool:
    """Looks at one event of EVENT_TYPES. True if a door has closed."""
    is_open = doors.says_open(event, data)
    detection = detection_of(event, data)
    is_news = is_open is None or late or doors.note(ev, event, is_open=is_open)
    if detection is not None and is_news:
        _detected(ev, event, detection)
    return is_open is False and not late and is_news


def detection_of(event: Event, data: Data) -> Detection | None:
    """What an event of EVENT_TYPES says that there is; None: nothing, or nothing any more."""
    is_open = doors.says_open(event, data)
    if is_open is None:
        return Detection.PRESENCE if _is_presence(event, data) else None
    return Detection.DOOR if is_open else None


def entry_due(ev: Evaluation, key: ZoneKey, due: int) -> None:
    """The entry delay is over, and nobody has disarmed. A door that has gone out of service since was opened before."""
    cell = ev.state.arming.get(key)
    if cell is not None and cell.entry is not None:
        entry = cell.entry
        is_out = entry.at != NEVER and is_out_of_service(ev.state, key[0], entry.device, due)
        _confirm(ev, key, entry, doors.OPENED, entry.at if is_out else due, mode=cell.mode)


def _is_presence(event: Event, data: Data) -> bool:
    if event.event_type in _PRESENT:
        return True
    if event.event_type == "zone.observed":
        return data.get("occupied") is True
    return event.event_type == doors.STATE and data.get("name") in _PRESENT_STATES and data.get("value") is True


def _detected(ev: Evaluation, event: Event, detection: Detection) -> None:
    """Counts by the mode at the time of the event, which may have come after a change."""
    key = (event.site, ev.registration(event.site, event.device).zone or "")
    cell = ev.state.arming.get(key)
    if cell is None or event.flags & FLAG_OUT_OF_SERVICE:
        return
    at = min(ev.shared_time, ev.now)
    if at < ev.now - MAX_LATE_US:
        return
    mode = cell.mode_at(at)
    if detection not in WATCHES[mode]:
        return
    plan, _ = plan_of(ev.state, key)
    entry = Entry(event.device, event.event_id, at)
    if detection is Detection.DOOR and event.device in plan.entry_doors and plan.entry_delay_s and mode in DELAYED:
        disarmed_at = _unwatched_after(cell, at)
        if disarmed_at is None:
            _begin_entry(ev, key, entry, plan.entry_delay_s)
        elif disarmed_at > at + plan.entry_delay_s * SECOND_US:
            _confirm(ev, key, entry, event.event_type, at, mode=mode)
    elif cell.entry is None or detection is Detection.DOOR:  # whoever came in walks to where one disarms
        _confirm(ev, key, entry, event.event_type, at, mode=mode)


def _unwatched_after(cell: ZoneArming, at: int) -> int | None:
    """When the zone was first disarmed after this time."""
    changes = (*cell.earlier, (cell.since, cell.mode))
    return next((since for since, mode in changes if since > at and not WATCHES[mode]), None)


def _begin_entry(ev: Evaluation, key: ZoneKey, entry: Entry, delay_s: int) -> None:
    """Counted from the arrival: a device's clock that is behind takes nobody's time to disarm."""
    cell = ev.state.arming[key]
    if cell.entry is not None:
        return
    ev.journal.put(ev.state.arming, key, msgspec.structs.replace(cell, entry=entry))
    ev.timers.arm((ENTRY, *key), ev.now + delay_s * SECOND_US)
    tell(ev, "entry.begun", (key[0], entry.device), ev.now, {"zone": key[1], "mode": cell.mode, "delay_s": delay_s})


def _confirm(ev: Evaluation, key: ZoneKey, entry: Entry, detected: str, at: int, *, mode: Mode) -> None:
    cell = ev.state.arming[key]
    is_again = cell.intruded_at != NEVER and abs(at - cell.intruded_at) < PAUSE_US
    delayed = cell.entry is not None and cell.entry == entry
    intruded_at = cell.intruded_at if is_again else max(at, cell.intruded_at)
    ev.journal.put(ev.state.arming, key, msgspec.structs.replace(cell, entry=None, intruded_at=intruded_at))
    ev.timers.disarm((ENTRY, *key))
    if is_again:
        return
    data = {"zone": key[1], "mode": mode.value, "detected": detected, "event_id": entry.event_id, "delayed": delayed}
    ev.derive(INTRUSION, (key[0], entry.device), at, data, f"{key[1]}\0{entry.event_id}\0{at}")
