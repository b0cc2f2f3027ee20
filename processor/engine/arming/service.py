"""Bypasses, drills and maintenance: which devices are out of service, and until when."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.arming import MAX_SERVICE_WINDOWS, BypassSet, ServiceWindowPut, ServiceWindowRemoved
from herun.schedule import SECOND_US
from processor.engine.alerting import Evaluation
from processor.engine.arming.cells import Bypass, ServiceWindow
from processor.engine.arming.telling import tell

BYPASS: Final = "arming.bypass"  # timers
WINDOW: Final = "arming.service"

# What has ended is kept so long for events that come late: those of a drill must not raise after it.
KEPT_US: Final = 3_600 * SECOND_US
MAX_BYPASSES: Final = 10_000  # of a partition

DeviceKey = tuple[str, str]


def set_bypass(ev: Evaluation, site: str, body: BypassSet) -> None:
    """Bypasses a device until then, from now or as long as it was; or ends its bypass."""
    key = (site, body.device)
    old = ev.state.bypasses.get(key)
    if old is None and len(ev.state.bypasses) >= MAX_BYPASSES:
        raise ValueError(f"more than {MAX_BYPASSES} devices are bypassed")
    runs = old is not None and ev.now < old.until
    if body.until_us is None:
        if old is not None and runs:
            _put_bypass(ev, key, msgspec.structs.replace(old, until=ev.now, who=body.who, why=body.why))
            _end_bypass(ev, key, ev.now)
        return
    bypass = Bypass(old.begin if old is not None and runs else ev.now, body.until_us, body.who, body.why)
    if bypass == old:
        return
    _put_bypass(ev, key, bypass)
    ev.timers.arm((BYPASS, *key), body.until_us)
    tell(ev, "bypass.begun", key, ev.now, {"who": body.who, "why": body.why, "until": body.until_us})


def bypass_due(ev: Evaluation, key: DeviceKey, due: int) -> None:
    """It is over, or need not be kept any longer."""
    bypass = ev.state.bypasses.get(key)
    if bypass is None:
        return
    if due < bypass.until + KEPT_US:
        _end_bypass(ev, key, due)
    else:
        ev.journal.remove(ev.state.bypasses, key)


def forget_device(ev: Evaluation, key: DeviceKey) -> None:
    """The device is gone."""
    ev.journal.remove(ev.state.bypasses, key)
    ev.timers.disarm((BYPASS, *key))


def put_window(ev: Evaluation, site: str, body: ServiceWindowPut) -> None:
    """Adds or changes a window."""
    old = {each.window: each for each in ev.state.service_windows.get(site, ())}
    if body.window not in old and len(old) >= MAX_SERVICE_WINDOWS:
        raise ValueError(f"more than {MAX_SERVICE_WINDOWS} service windows")
    window = ServiceWindow(
        window=body.window,
        kind=body.kind,
        zones=tuple(body.zones),
        devices=tuple(body.devices),
        begin=body.begin_us,
        end=body.end_us,
        who=body.who,
        why=body.why,
    )
    if old.get(body.window) == window:
        return
    _keep(ev, site, old | {body.window: window})
    ev.timers.arm((WINDOW, site, body.window), max(window.begin, ev.now))


def remove_window(ev: Evaluation, site: str, body: ServiceWindowRemoved) -> None:
    """Ends a window now; one that has not begun is forgotten."""
    windows = {each.window: each for each in ev.state.service_windows.get(site, ())}
    window = windows.get(body.window)
    if window is None or window.end <= ev.now:
        return
    if window.begin >= ev.now:
        del windows[body.window]
        ev.timers.disarm((WINDOW, site, body.window))
    else:
        windows[body.window] = msgspec.structs.replace(window, end=ev.now, who=body.who)
        ev.timers.arm((WINDOW, site, body.window), ev.now)
    _keep(ev, site, windows)


def window_due(ev: Evaluation, site: str, name: str, due: int) -> None:
    """It begins, ends, or need not be kept any longer."""
    windows = {each.window: each for each in ev.state.service_windows.get(site, ())}
    window = windows.get(name)
    if window is None:
        return
    timer = (WINDOW, site, name)
    if due < window.end:
        _tell(ev, "service.begun", site, window, due)
        ev.timers.arm(timer, window.end)
    elif due < window.end + KEPT_US:
        _tell(ev, "service.ended", site, window, due)
        ev.timers.arm(timer, window.end + KEPT_US)
    else:
        del windows[name]
        _keep(ev, site, windows)


def _put_bypass(ev: Evaluation, key: DeviceKey, bypass: Bypass) -> None:
    ev.journal.put(ev.state.bypasses, key, bypass)


def _end_bypass(ev: Evaluation, key: DeviceKey, at: int) -> None:
    bypass = ev.state.bypasses[key]
    ev.timers.arm((BYPASS, *key), bypass.until + KEPT_US)
    tell(ev, "bypass.ended", key, at, {"who": bypass.who, "why": bypass.why})


def _keep(ev: Evaluation, site: str, windows: dict[str, ServiceWindow]) -> None:
    if windows:
        ev.journal.put(ev.state.service_windows, site, tuple(windows[name] for name in sorted(windows)))
    else:
        ev.journal.remove(ev.state.service_windows, site)


def _tell(ev: Evaluation, event_type: str, site: str, window: ServiceWindow, at: int) -> None:
    data = {"window": window.window, "kind": window.kind.value, "who": window.who, "why": window.why}
    tell(ev, event_type, (site, window.window), at, data)
