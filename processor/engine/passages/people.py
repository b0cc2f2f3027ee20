"""Persons: in and out, one face again and again in one zone, and too many at once."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.clock import MINUTE_US, SECOND_US
from herun.events import Event
from herun.passages import COMPLETED, Finding
from processor.engine.alerting import Evaluation
from processor.engine.conditions import Data, number
from processor.engine.passages import openings
from processor.engine.passages.findings import flag, settings_of, zone_of
from processor.engine.passages.pairing import IN, OUT
from processor.engine.passages.records import (
    MAX_CAPTURES,
    MAX_SIGHTINGS,
    CrowdWindow,
    Sighting,
    SightingKey,
    ZoneKey,
)
from processor.engine.passages.vehicles import open_site
from processor.engine.state import TimerKey

SIGHTING: Final = "passages.sighting"
CROWD: Final = "passages.crowd"

PAUSES_A_LOITER: Final = 3  # a pause of more than this part of the time ends a run: whoever comes back comes anew
LOITER_TIMES: Final = 4  # captures at least: two ends of a long time are no lingering
SAME_PERSON_US: Final = 3 * SECOND_US  # one camera's captures of one without a face, from the first on
MAX_PERSONS: Final = 1_000  # that one capture can count

_replace = msgspec.structs.replace


def take(ev: Evaluation, event: Event, data: Data) -> None:
    """Takes one capture in; one of a face that was just captured here is the same passage."""
    open_site(ev, event.site)
    face = data.get("face_id_hash", "")
    said = number(data, "count")
    count = max(1, min(MAX_PERSONS, round(said or 1)))
    settings = settings_of(ev, event.site)
    merge = settings.merge_s * SECOND_US if face else SAME_PERSON_US if count == 1 else 0
    is_repeat = _see(ev, event, face, merge, settings.loiter_minutes * MINUTE_US)
    if not is_repeat:
        _count(ev, event, data, face, count)
        who = [face] if face else [f"{event.device}\0{n}" for n in range(min(count, 2))]
        openings.persons_through(ev, event, who, round(settings.door_s * SECOND_US))
    if said is not None and not face:
        _crowd(ev, event, f"\0{event.device}", count)
    elif not is_repeat:
        _crowd(ev, event, face or event.event_id, count)


def _count(ev: Evaluation, event: Event, data: Data, face: str, count: int) -> None:
    """Who goes in or out has passed; who is only seen has not."""
    direction = data.get("direction")
    if direction not in {IN, OUT}:
        return
    was = ev.state.passages.occupancy[event.site]
    persons_in, persons_out = was.persons_in + count * (direction == IN), was.persons_out + count * (direction == OUT)
    now = _replace(was, persons_in=persons_in, persons_out=persons_out)
    ev.journal.put(ev.state.passages.occupancy, event.site, now)
    told = {"kind": "person", "direction": direction, "count": count, "confidence": 1, "reads": 1}
    told |= {"first_read": event.event_id, "last_read": event.event_id}
    told |= {"persons_in": persons_in, "persons_out": persons_out}
    if face:
        told["face_id_hash"] = face
    ev.derive(COMPLETED, (event.site, event.device), event.event_time, told, event.event_id)


def _see(ev: Evaluation, event: Event, face: str, merge: float, long: float) -> bool:
    """Notes a face (or somebody) in the zone; True if it is one passage with the capture before."""
    key: SightingKey = (event.site, zone_of(ev, event.site, event.device), face)
    sightings, at = ev.state.passages.sightings, event.event_time
    was, pause = sightings.get(key), long / PAUSES_A_LOITER
    if was is None or not was.first - pause <= at <= was.last + pause:
        if was is None:
            ev.timers.arm((SIGHTING, *key), ev.now + round(pause))
            _make_room(ev, event.site)
        elif at < was.first:
            return False  # of a run that is over
        ev.journal.put(sightings, key, Sighting(event.device, at, at, 1, ev.now, counted=at))
        return False
    if face:
        is_repeat = event.device == was.device and was.first - merge <= at <= was.last + merge
    else:
        is_repeat = event.device == was.device and abs(at - was.counted) < merge
    now = _replace(
        was,
        device=event.device,
        first=min(was.first, at),
        last=max(was.last, at),
        times=was.times + (not is_repeat),
        seen=ev.now,
        counted=was.counted if is_repeat else at,
    )
    if not now.flagged and now.last - now.first >= long and now.times >= LOITER_TIMES:
        now = _replace(now, flagged=True)
        minutes = round((now.last - now.first) / MINUTE_US, 1)
        more = {"zone": key[1], "minutes": minutes, "count": now.times, "face_id_hash": face or None}
        flag(ev, Finding.LOITERING, (event.site, event.device), at, event.event_id, kind="person", **more)
    ev.journal.put(sightings, key, now)
    return is_repeat


def _make_room(ev: Evaluation, site: str) -> None:
    """Counts one more sighting; beyond the limit the one longest past is forgotten."""
    was = ev.state.passages.occupancy[site]
    sightings = was.sightings + 1
    if sightings > MAX_SIGHTINGS:
        _, oldest = min((each.seen, key) for key, each in ev.state.passages.sightings.items() if key[0] == site)
        ev.journal.remove(ev.state.passages.sightings, oldest)
        ev.timers.disarm((SIGHTING, *oldest))
        sightings -= 1
    ev.journal.put(ev.state.passages.occupancy, site, _replace(was, sightings=sightings))


def on_sighting_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """A run may be over: nobody came for the pause that ends it."""
    key: SightingKey = (timer[1], timer[2], timer[3])
    was = ev.state.passages.sightings.get(key)
    if was is None:
        return
    over_at = was.seen + round(settings_of(ev, key[0]).loiter_minutes * MINUTE_US / PAUSES_A_LOITER)
    if over_at > due:
        ev.timers.arm(timer, over_at)
        return
    ev.journal.remove(ev.state.passages.sightings, key)
    counts = ev.state.passages.occupancy[key[0]]
    ev.journal.put(ev.state.passages.occupancy, key[0], _replace(counts, sightings=counts.sightings - 1))


def _crowd(ev: Evaluation, event: Event, who: str, count: int) -> None:
    """Counts persons in the zone within the window: a face counts once, and of what a camera says it sees the most.

    Found once, until it is less of a crowd.
    """
    settings = settings_of(ev, event.site)
    key: ZoneKey = (event.site, zone_of(ev, event.site, event.device))
    crowds, span, at = ev.state.passages.crowds, round(settings.crowd_s * SECOND_US), event.event_time
    was = crowds.get(key)
    if was is None:
        was = CrowdWindow(())
        ev.timers.arm((CROWD, *key), ev.now + 2 * span)
    newest = max((at, *(each[0] for each in was.captures[-1:])))
    captures = tuple(sorted(each for each in (*was.captures, (at, who, count)) if each[0] > newest - 2 * span))
    captures = captures[-MAX_CAPTURES:]
    persons = _most(captures, at, span)
    flagged = was.flagged and _persons(captures, newest - span, newest) >= settings.crowd_size
    if persons >= settings.crowd_size and not flagged:
        flagged = True
        if not was.flagged:
            more = {"zone": key[1], "count": persons, "seconds": settings.crowd_s}
            flag(ev, Finding.CROWD, (event.site, event.device), at, event.event_id, kind="person", **more)
    ev.journal.put(crowds, key, CrowdWindow(captures, flagged))


def _most(captures: tuple[tuple[int, str, int], ...], at: int, span: int) -> int:
    """The most persons in any window that holds this time."""
    ends = [time for time, _, _ in captures if at <= time < at + span]
    return max((_persons(captures, end - span, end) for end in ends), default=0)


def _persons(captures: tuple[tuple[int, str, int], ...], after: int, until: int) -> int:
    """Distinct persons later than one time, up to another."""
    most: dict[str, int] = {}
    for time, who, count in captures:
        if after < time <= until and count > most.get(who, 0):
            most[who] = count
    return sum(most.values())


def on_crowd_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """The window may be empty by now."""
    key: ZoneKey = (timer[1], timer[2])
    window = ev.state.passages.crowds.get(key)
    if window is None:
        return
    over_at = window.captures[-1][0] + 2 * round(settings_of(ev, key[0]).crowd_s * SECOND_US)
    if over_at > due:
        ev.timers.arm(timer, over_at)
    else:
        ev.journal.remove(ev.state.passages.crowds, key)
