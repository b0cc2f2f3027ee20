"""Which doors stand open."""

from __future__ import annotations

from typing import Final

from herun.arming import WATCHES, Detection
from herun.events import Event
from processor.engine.alerting import Evaluation
from processor.engine.arming.cells import ZoneKey
from processor.engine.arming.lookups import is_out_of_service
from processor.engine.arming.telling import tell
from processor.engine.conditions import Data

OPENED: Final = "door.opened"
CLOSED: Final = "door.closed"
STATE: Final = "state.reported"
LEFT_OPEN: Final = "door.left_open"
CONTACT: Final = "contact"  # the state of a door sensor: true when closed, said again and again


def says_open(event: Event, data: Data) -> bool | None:
    """Whether the event says that a door is open; None if it says nothing about a door."""
    if event.event_type == OPENED:
        return True
    if event.event_type == CLOSED:
        return False
    if event.event_type == STATE and data.get("name") == CONTACT and isinstance(data.get("value"), bool):
        return not data["value"]
    return None


def note(ev: Evaluation, event: Event, *, is_open: bool) -> bool:
    """Keeps what a door's newest event says; True if it is news.

    A door that has never said that it closes may be opened again and again: of it, every opening is news.
    """
    key = (event.site, event.device)
    was_open = key in ev.state.open_doors
    closes = key in ev.state.closing_doors
    if not closes and (not is_open or event.event_type == STATE):
        ev.journal.put(ev.state.closing_doors, key, True)
    if is_open and not was_open:
        ev.journal.put(ev.state.open_doors, key, True)
    elif not is_open:
        ev.journal.remove(ev.state.open_doors, key)
    return is_open != was_open or (is_open and not closes)


def standing_open(ev: Evaluation, key: ZoneKey, at: int) -> list[str]:
    """The doors of the zone that stand open, by name, but for those that are bypassed at this time."""
    state = ev.state
    found = []
    for site, device in state.open_doors:
        place = state.registered.get((site, device))
        bypass = state.bypasses.get((site, device))
        is_of_zone = place is not None and place.enabled and (site, place.zone) == key
        if is_of_zone and not (bypass is not None and bypass.until_of(at) is not None):
            found.append(device)
    return sorted(found)


def tell_left_open(ev: Evaluation, site: str, at: int, door: str | None = None) -> None:
    """Tells of the door, or of each, that stands open in an armed zone and has come back into service at this time."""
    for _, device in sorted(key for key in ev.state.open_doors if key[0] == site and door in {None, key[1]}):
        place = ev.registration(site, device)
        cell = ev.state.arming.get((site, place.zone or ""))
        if cell is None or not place.enabled or Detection.DOOR not in WATCHES[cell.mode]:
            continue
        if is_out_of_service(ev.state, site, device, at - 1) and not is_out_of_service(ev.state, site, device, at):
            tell(ev, LEFT_OPEN, (site, device), at, {"zone": place.zone, "mode": cell.mode.value})


def forget(ev: Evaluation, key: tuple[str, str]) -> None:
    """The device is gone."""
    ev.journal.remove(ev.state.open_doors, key)
    ev.journal.remove(ev.state.closing_doors, key)
