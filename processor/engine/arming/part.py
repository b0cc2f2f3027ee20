"""The part: controls, events and timers, given to what knows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from herun.arming import (
    BypassSet,
    ModeSet,
    PlanPut,
    PlanRemoved,
    ServiceWindowPut,
    ServiceWindowRemoved,
)
from herun.calendar import Decree
from herun.control import ControlKind
from herun.events import Event
from herun.frames import Control
from herun.schedule import zone_named
from processor.engine.alerting import Evaluation
from processor.engine.arming import detections, doors, service, zones
from processor.engine.conditions import Data
from processor.engine.parts import ControlHandler, Part
from processor.engine.state import TimerKey

MAX_DECREES: Final = 10  # of a site, the newest: nobody asks what was a holiday before

_Apply = Callable[[Evaluation, str, Any], None]


class Arming(Part):
    """Zones and their modes, doors, bypasses, drills and maintenance; and the site's time and calendar."""

    event_types: ClassVar[frozenset[str]] = detections.EVENT_TYPES
    timers: ClassVar[frozenset[str]] = frozenset({zones.PLAN, zones.EXIT, zones.ENTRY, service.BYPASS, service.WINDOW})

    def controls(self) -> Mapping[str, ControlHandler]:
        return {
            ControlKind.SITE_PUT: _put_site,
            ControlKind.CALENDAR_PUT: _put_decree,
            ControlKind.ARMING_PLAN_PUT: _reading(PlanPut, zones.put_plan),
            ControlKind.ARMING_PLAN_REMOVED: _reading(PlanRemoved, zones.remove_plan),
            ControlKind.ARMING_MODE_SET: _reading(ModeSet, zones.set_mode),
            ControlKind.ARMING_BYPASS: _reading(BypassSet, _set_bypass),
            ControlKind.SERVICE_WINDOW_PUT: _reading(ServiceWindowPut, service.put_window),
            ControlKind.SERVICE_WINDOW_REMOVED: _reading(ServiceWindowRemoved, service.remove_window),
            ControlKind.DEVICE_PUT: _device_changed,
            ControlKind.DEVICE_REMOVED: _device_gone,
        }

    def on_event(self, ev: Evaluation, event: Event, data: Data, *, late: bool) -> None:
        if detections.look(ev, event, data, late=late):
            zone = ev.registration(event.site, event.device).zone
            zones.retry(ev, (event.site, zone or ""), ev.now)

    def on_timer(self, ev: Evaluation, timer: TimerKey, due: int) -> None:
        name, site, what = timer
        if name == service.WINDOW:
            service.window_due(ev, site, what, due)
        elif name == service.BYPASS:
            service.bypass_due(ev, (site, what), due)
        else:
            _ZONE_TIMERS[name](ev, (site, what), due)


_ZONE_TIMERS: Final = {zones.PLAN: zones.plan_due, zones.EXIT: zones.exit_due, zones.ENTRY: detections.entry_due}


def _reading(model: type[BaseModel], apply: _Apply) -> ControlHandler:
    def handle(ev: Evaluation, control: Control) -> None:
        apply(ev, control.site, model.model_validate(control.body))

    return handle


def _put_site(ev: Evaluation, control: Control) -> None:
    zone = zone_named(control.body["time_zone"]).key
    if ev.state.time_zones.get(control.site) != zone:
        ev.journal.put(ev.state.time_zones, control.site, zone)
        _follow_all(ev, control.site)


def _put_decree(ev: Evaluation, control: Control) -> None:
    decree = Decree.model_validate(control.body)
    old = ev.state.decrees.get(control.site, ())
    by_year = {Decree.model_validate_json(each).year: each for each in old} | {decree.year: decree.model_dump_json()}
    new = tuple(by_year[year] for year in sorted(by_year)[-MAX_DECREES:])
    if new != old:
        ev.journal.put(ev.state.decrees, control.site, new)
        _follow_all(ev, control.site)


def _follow_all(ev: Evaluation, site: str) -> None:
    """Local time or the calendar is another one: so may be what the plans say now."""
    for key in sorted(key for key in ev.state.arming_plans if key[0] == site):
        zones.follow(ev, key, ev.now)


def _set_bypass(ev: Evaluation, site: str, body: BypassSet) -> None:
    service.set_bypass(ev, site, body)
    if (site, body.device) in ev.state.open_doors:
        zones.retry_site(ev, site, ev.now)


def _device_changed(ev: Evaluation, control: Control) -> None:
    """It may have left a zone that waits for its door."""
    if (control.site, control.body["device"]) in ev.state.open_doors:
        zones.retry_site(ev, control.site, ev.now)


def _device_gone(ev: Evaluation, control: Control) -> None:
    key = (control.site, control.body["device"])
    service.forget_device(ev, key)
    was_open = key in ev.state.open_doors
    doors.forget(ev, key)
    if was_open:
        zones.retry_site(ev, control.site, ev.now)
