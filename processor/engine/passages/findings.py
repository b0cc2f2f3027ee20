"""Saying what was found: a derived event, which rules then judge like any other."""

from __future__ import annotations

from typing import Any

from herun.clock import MINUTE_US
from herun.events import Event
from herun.passages import FLAGGED, Finding, PassageSettings
from processor.engine.alerting import Evaluation
from processor.engine.passages.records import CLOCK_TOLERANCE_US, Move

_DEFAULT = PassageSettings()


def settings_of(ev: Evaluation, site: str) -> PassageSettings:
    """What the site has set, or what holds where nothing was set."""
    return ev.state.passages.settings.get(site, _DEFAULT)


def zone_of(ev: Evaluation, site: str, device: str) -> str:
    """The device's zone; the device itself if it has none."""
    return ev.registration(site, device).zone or device


def lateness_us(ev: Evaluation, site: str) -> int:
    """How late a read may come and still be put where it belongs."""
    return round(settings_of(ev, site).lateness_minutes * MINUTE_US)


def happened_at(ev: Evaluation, event: Event) -> int:
    """When the event at hand happened, in everybody's time: clocks that are off are set right.

    What would be too late to be put in its place, and may be late by its device's clock alone, happens now.
    """
    at = ev.shared_time
    if ev.now - at <= CLOCK_TOLERANCE_US or ev.now - at <= lateness_us(ev, event.site):
        return at
    clock = ev.state.clocks.get((event.site, event.device))
    return ev.now if clock is not None and clock.may_be_behind(ev.now) else at


def flag(ev: Evaluation, finding: Finding, place: tuple[str, str], at: int, cause: str, **data: Any) -> None:
    """Derives `passage.flagged` of a (site, device) at an event time; fields that are None are left out."""
    said = {"finding": finding.value, **{name: value for name, value in data.items() if value is not None}}
    ev.derive(FLAGGED, place, at, said, f"{finding.value}\0{cause}")


def flag_move(
    ev: Evaluation, finding: Finding, site: str, move: Move, cause: str = "", *, at: int | None = None, **data: Any
) -> None:
    """The same about one passage of a car, with where its plate can be looked up; once a passage, finding and cause.

    `at` is when it came to be, if that is not when the car passed.
    """
    place, cause = (site, move.device), f"{move.plate_event}\0{cause}"
    flag(ev, finding, place, move.at if at is None else at, cause, kind="vehicle", **plate_of(move), **data)


def plate_of(move: Move) -> dict[str, Any]:
    """The hash of a passage's plate, and the key under which its personal values lie."""
    return {
        "direction": move.direction or None,
        "plate_hash": move.plate_hash,
        "plate_event": move.plate_event,
        "plate_device": move.device,
        "plate_time": move.plate_time,
    }


def name_of(move: Move) -> str:
    """The name of a passage: a read belongs to one."""
    return f"{move.device}:{move.plate_event}"


def changes(before: Move | None, after: Move | None) -> dict[str, Any]:
    """Which entry is not inside any more, and which one is: whoever adds these up knows who is inside."""
    said: dict[str, Any] = {}
    if before is not None and (after is None or name_of(before) != name_of(after)):
        said["closes"] = name_of(before)
    if after is not None and (before is None or name_of(before) != name_of(after)):
        said |= {"opens": name_of(after), "opens_at": after.at, "opens_plate_time": after.plate_time}
    return said
