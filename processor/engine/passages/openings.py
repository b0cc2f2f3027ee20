"""Openings of gates and doors, and who goes through: two on one opening are found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from herun.events import Event
from herun.passages import Finding
from herun.registry import DeviceKind
from processor.engine.alerting import Evaluation
from processor.engine.conditions import Data
from processor.engine.passages.findings import flag, zone_of
from processor.engine.passages.records import (
    LONGEST_OPENING_US,
    MAX_EDGES,
    MAX_THROUGH,
    OPENS_WITHIN_US,
    Gate,
    ZoneKey,
)

_POSITIONS: Final = {"open": True, "closed": False}
_NO_GATE: Final = Gate()

Opening = tuple[str, int, int]  # whose, from when, until when
_CAMERAS: Final = frozenset({DeviceKind.BARRIER_CAMERA, DeviceKind.PEDESTRIAN_CAMERA})


def gate_moved(ev: Evaluation, event: Event, data: Data) -> None:
    """A barrier is open or closed. One without eyes belongs to the camera that it hangs on, else to all of its zone."""
    is_open = _POSITIONS.get(data.get("position", ""))
    if is_open is None:
        return
    place, camera = ev.registration(event.site, event.device), _camera_of(ev, event)
    if place.zone is None or not place.kind:
        camera = event.device
    gate = f"@{place.zone}" if camera is None else camera
    _add_edge(ev, (event.site, gate), event.device if camera is None else camera, event.event_time, is_open=is_open)


def door_moved(ev: Evaluation, event: Event) -> None:
    """A door was opened or closed; it belongs to the camera that says so or it hangs on, else to all of the zone."""
    camera, zone = _camera_of(ev, event), zone_of(ev, event.site, event.device)
    gate = f"door@{zone}" if camera is None else f"door of {camera}"
    is_open = event.event_type == "door.opened"
    _add_edge(ev, (event.site, gate), event.device, event.event_time, is_open=is_open)


def _camera_of(ev: Evaluation, event: Event) -> str | None:
    """The camera that the device is or hangs on, if there is one."""
    place = ev.registration(event.site, event.device)
    if place.kind in _CAMERAS:
        return event.device
    return place.uplink if ev.registration(event.site, place.uplink).kind in _CAMERAS else None


def car_through(ev: Evaluation, place: tuple[str, str], fold: str, at: int, **plate: Any) -> None:
    """A car passed a camera: found if another went through the same opening. The gate opens for it after it is read."""
    key = gate_of(ev, *place)
    if key is not None:
        _go_through(ev, key, (at, fold), (OPENS_WITHIN_US, LONGEST_OPENING_US), place, kind="vehicle", **plate)


def persons_through(ev: Evaluation, event: Event, who: list[str], door_us: int) -> None:
    """Persons captured at a door: found if more than one on the same opening."""
    own, shared = f"door of {event.device}", f"door@{zone_of(ev, event.site, event.device)}"
    key = (event.site, own if (event.site, own) in ev.state.passages.gates else shared)
    if key in ev.state.passages.gates:
        for each in who:
            _go_through(ev, key, (event.event_time, each), (0, door_us), (event.site, event.device), kind="person")


def gate_of(ev: Evaluation, site: str, device: str) -> ZoneKey | None:
    """The key of the gate at which a camera stands, if it has ever said how it stands."""
    gates = ev.state.passages.gates
    if (site, device) in gates:
        return (site, device)
    key = (site, f"@{zone_of(ev, site, device)}")
    return key if key in gates else None


def went_through(ev: Evaluation, key: ZoneKey, fold: str, seen: int, before: int) -> bool:
    """Whether the car went through an opening that was closed before a time, and was last seen not after it."""
    gate = ev.state.passages.gates[key]
    return any(
        who == fold and first - LONGEST_OPENING_US <= at <= last and seen <= last < before
        for at, who in gate.through
        for _, first, last in _openings(gate, LONGEST_OPENING_US)
    )


def _add_edge(ev: Evaluation, key: ZoneKey, whose: str, at: int, *, is_open: bool) -> None:
    gates = ev.state.passages.gates
    gate = gates.get(key, _NO_GATE)
    edge = ((at, is_open), whose)
    known = list(_edges(gate))
    if edge in known:
        return
    edges, owners = zip(*sorted((*known, edge))[-MAX_EDGES:], strict=True)
    ev.journal.put(gates, key, Gate(edges, gate.through, gate.flagged, owners))


def _edges(gate: Gate) -> Iterator[tuple[tuple[int, bool], str]]:
    unsaid = len(gate.edges) - len(gate.whose)
    return zip(gate.edges, (*gate.whose, *[""] * unsaid), strict=True)


def _openings(gate: Gate, longest: int) -> list[Opening]:
    """From when until when each was open, and no longer than that. Said to be open again, it was closed between."""
    found: list[Opening] = []
    following: dict[str, int] = {}
    for (at, is_open), whose in reversed(list(_edges(gate))):
        if is_open:
            found.append((whose, at, min(following.get(whose, at + longest), at + longest)))
        following[whose] = at
    return found[::-1]


def _go_through(
    ev: Evaluation, key: ZoneKey, who: tuple[int, str], reach: tuple[int, int], place: tuple[str, str], **data: Any
) -> None:
    """Notes who went through, and finds whether they were not alone; each opening is found once."""
    lead, longest = reach
    gates = ev.state.passages.gates
    gate = gates[key]
    through = tuple(sorted({*gate.through, who}))[-MAX_THROUGH:]
    opening = _opening(gate, who[0], lead, longest)
    flagged = gate.flagged
    if opening is not None and opening not in flagged:
        together = {each for at, each in through if _opening(gate, at, lead, longest) == opening}
        count = _least(together)
        if count > 1:
            flagged = (*flagged, opening)[-MAX_EDGES:]
            flag(ev, Finding.TAILGATING, place, who[0], f"{key[1]}\0{opening}", count=count, **data)
    ev.journal.put(gates, key, Gate(gate.edges, through, flagged, gate.whose))


def _least(together: set[str]) -> int:
    """How many they are at least: plates or faces, or the most that one camera saw of those without a face."""
    cameras = Counter(who.partition("\0")[0] for who in together if "\0" in who)
    return max(sum("\0" not in who for who in together), *cameras.values(), 0)


def _opening(gate: Gate, at: int, lead: int, longest: int) -> int | None:
    """When the opening began that somebody at this time goes through: one that begins then, else one that lasts.

    None also if several barriers or doors were open: nobody knows through which.
    """
    openings = _openings(gate, longest)
    own = [(whose, first) for whose, first, _ in openings if at <= first <= at + lead]
    shared = [(whose, first) for whose, first, last in openings if first <= at <= last]
    if len({whose for whose, _ in (*own, *shared)}) != 1:
        return None
    return (own or shared)[0][1]
