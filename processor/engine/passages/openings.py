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

Interval = tuple[int, int]


def gate_moved(ev: Evaluation, event: Event, data: Data) -> None:
    """A barrier is open or closed. What moves without seeing plates belongs to all cameras of its zone."""
    is_open = _POSITIONS.get(data.get("position", ""))
    if is_open is None:
        return
    place = ev.registration(event.site, event.device)
    own = place.zone is None or place.kind in {DeviceKind.BARRIER_CAMERA, ""}
    _add_edge(ev, (event.site, event.device if own else f"@{place.zone}"), event.event_time, is_open)


def door_moved(ev: Evaluation, event: Event) -> None:
    """A door was opened or closed; it belongs to the cameras of its zone."""
    key = (event.site, f"door@{zone_of(ev, event.site, event.device)}")
    _add_edge(ev, key, event.event_time, event.event_type == "door.opened")


def car_through(ev: Evaluation, place: tuple[str, str], fold: str, at: int, **plate: Any) -> None:
    """A car passed a camera: found if another went through the same opening. The gate opens for it after it is read."""
    key = gate_of(ev, *place)
    if key is not None:
        _go_through(ev, key, (at, fold), (OPENS_WITHIN_US, LONGEST_OPENING_US), place, kind="vehicle", **plate)


def persons_through(ev: Evaluation, event: Event, who: list[str], door_us: int) -> None:
    """Persons captured in the zone of a door: found if more than one on the same opening."""
    key = (event.site, f"door@{zone_of(ev, event.site, event.device)}")
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
        for first, last in _intervals(gate, LONGEST_OPENING_US)
    )


def _add_edge(ev: Evaluation, key: ZoneKey, at: int, is_open: bool) -> None:
    gates = ev.state.passages.gates
    gate = gates.get(key, _NO_GATE)
    if (at, is_open) in gate.edges:
        return
    edges = tuple(sorted((*gate.edges, (at, is_open))))[-MAX_EDGES:]
    ev.journal.put(gates, key, Gate(edges, gate.through, gate.flagged))


def _intervals(gate: Gate, longest: int) -> Iterator[Interval]:
    """From when until when it was open, and no longer than that. Said to be open again, it was closed between."""
    for n, (at, is_open) in enumerate(gate.edges):
        if is_open:
            following = gate.edges[n + 1][0] if n + 1 < len(gate.edges) else at + longest
            yield at, min(following, at + longest)


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
    ev.journal.put(gates, key, Gate(gate.edges, through, flagged))


def _least(together: set[str]) -> int:
    """How many they are at least: plates or faces, or the most that one camera saw of those without a face."""
    cameras = Counter(who.partition("\0")[0] for who in together if "\0" in who)
    return max(sum("\0" not in who for who in together), *cameras.values(), 0)


def _opening(gate: Gate, at: int, lead: int, longest: int) -> int | None:
    """When the opening began that somebody at this time goes through: one that begins then, else one that lasts."""
    intervals = list(_intervals(gate, longest))
    own = [first for first, _ in intervals if at <= first <= at + lead]
    shared = [first for first, last in intervals if first <= at <= last]
    return next(iter((*own, *shared)), None)
