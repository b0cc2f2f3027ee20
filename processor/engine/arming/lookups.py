"""What the engine and its rules ask of arming: pure look-ups in the state."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from herun.arming import ArmingPlan, Mode
from herun.calendar import Calendar, Decree
from herun.schedule import DEFAULT_TIME_ZONE, Schedule, Timeline, WeeklyPlan, zone_named
from processor.engine.arming.cells import ServiceWindow, ZoneKey
from processor.engine.detectors.hours import WeekHours
from processor.engine.state import State

NO_PLAN: Final = ArmingPlan().model_dump_json()
KEPT_PLANS: Final = 4_096  # compiled, of a few kilobytes each
KEPT_CALENDARS: Final = 256  # sites that have decrees of their own


class Held(NamedTuple):
    """What keeps a rule from raising: `schedule`, `arming`, `bypass`, `drill` or `maintenance`; of which device, when.

    `at` is microseconds UTC: a late event is held against what was then. `until` is when it ends, if that is known.
    """

    by: str
    device: str
    at: int
    until: int | None = None


def mode_of(state: State, site: str, zone: str | None) -> Mode:
    """The zone's mode now; disarmed while an exit delay runs, and if nobody ever armed it."""
    cell = state.arming.get((site, zone or ""))
    return Mode.DISARMED if cell is None else cell.mode


def mode_at(state: State, site: str, zone: str | None, at_us: int) -> Mode:
    """The zone's mode at a time not long ago."""
    cell = state.arming.get((site, zone or ""))
    return Mode.DISARMED if cell is None else cell.mode_at(at_us)


def mode_until(state: State, site: str, zone: str | None, at_us: int) -> int | None:
    """When the mode of a time not long ago ends, or has ended; None if nothing is known that will end it."""
    key = (site, zone or "")
    cell = state.arming.get(key)
    if cell is None:
        return None
    if at_us < cell.since:
        return next((since for since, _ in (*cell.earlier, (cell.since, cell.mode)) if since > at_us), None)
    if cell.pending is not None:
        return cell.pending.due
    if cell.manual and cell.until is not None:
        return cell.until
    return plan_of(state, key)[1].next_change(max(at_us, state.engine_time))


def is_out_of_service(state: State, site: str, device: str, at_us: int) -> bool:
    """True if what the device says of this time is stored only: a bypass, a drill, maintenance of device or zone."""
    return out_of_service_by(state, site, device, at_us) is not None


def out_of_service_by(state: State, site: str, device: str, at_us: int) -> Held | None:
    """What keeps the device out of service at this time: a bypass, a drill or maintenance; None: nothing does."""
    if not (state.arming or state.bypasses or state.service_windows):
        return None
    bypass = state.bypasses.get((site, device))
    bypassed_until = None if bypass is None else bypass.until_of(at_us)
    if bypassed_until is not None:
        return Held("bypass", device, at_us, bypassed_until)
    place = state.registered.get((site, device))
    zone = None if place is None else place.zone
    for window in state.service_windows.get(site, ()):
        if _covers(window, device, zone, at_us):
            return Held(window.kind.value, device, at_us, window.end)
    cell = None if zone is None else state.arming.get((site, zone))
    return Held("maintenance", device, at_us) if cell is not None and cell.mode_at(at_us) is Mode.MAINTENANCE else None


def is_bypassed(state: State, site: str, device: str, at_us: int) -> bool:
    """True if the device is known to be faulty at this time."""
    bypass = state.bypasses.get((site, device))
    return bypass is not None and bypass.until_of(at_us) is not None


def _covers(window: ServiceWindow, device: str, zone: str | None, at_us: int) -> bool:
    return window.begin <= at_us < window.end and (
        device in window.devices or zone in window.zones or not (window.devices or window.zones)
    )


def time_zone_of(state: State, site: str) -> str:
    """The site's time zone."""
    return state.time_zones.get(site, DEFAULT_TIME_ZONE)


def hours_of(state: State, site: str) -> WeekHours:
    """The hours of the week in the site's time and calendar."""
    return _hours(time_zone_of(state, site), state.decrees.get(site, ()))


def schedule_of(state: State, site: str, plan: str) -> Schedule:
    """A herun.schedule.WeeklyPlan, given as JSON, in the site's time and calendar; compiled once."""
    return _schedule(plan, time_zone_of(state, site), state.decrees.get(site, ()))


def plan_of(state: State, key: ZoneKey) -> tuple[ArmingPlan, Timeline[Mode]]:
    """The zone's plan and its modes over time; one that is always disarmed if it has none."""
    site = key[0]
    return _plan(state.arming_plans.get(key, NO_PLAN), time_zone_of(state, site), state.decrees.get(site, ()))


@lru_cache(maxsize=KEPT_CALENDARS)
def _calendar(decrees: tuple[str, ...]) -> Calendar:
    return Calendar(Decree.model_validate_json(each) for each in decrees)


@lru_cache(maxsize=KEPT_CALENDARS)
def _hours(zone: str, decrees: tuple[str, ...]) -> WeekHours:
    return WeekHours(zone_named(zone), _calendar(decrees))


@lru_cache(maxsize=KEPT_PLANS)
def _schedule(plan: str, zone: str, decrees: tuple[str, ...]) -> Schedule:
    return WeeklyPlan.model_validate_json(plan).compiled(zone, _calendar(decrees))


@lru_cache(maxsize=KEPT_PLANS)
def _plan(plan: str, zone: str, decrees: tuple[str, ...]) -> tuple[ArmingPlan, Timeline[Mode]]:
    read = ArmingPlan.model_validate_json(plan)
    return read, read.compiled(zone, _calendar(decrees))
