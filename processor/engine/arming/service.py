"""Bypasses, drills and maintenance: which devices are out of service, and until when."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.arming import MAX_SERVICE_WINDOWS, BypassSet, ServiceWindowPut, ServiceWindowRemoved
from herun.schedule import SECOND_US
from processor.engine.alerting import Evaluation
from processor.engine.arming import doors
from processor.engine.arming.cells import Bypass, ServiceWindow
from processor.engine.arming.telling import tell

BYPASS: Final = "arming.bypass"  # timers
WINDOW: Final = "arming.service"

# What has ended is kept so long for events that come late: those of a drill must not raise after it.
KEPT_US: Final = 3_600 * SECOND_US
MAX_BYPASSES: Final = 10_000  # of a partition
MAX_EARLIER: Final = 8  # ended bypasses of one device that are kept; the oldest is forgotten
MAX_PAST: Final = MAX_SERVICE_WINDOWS  # stretches of a site's windows that were changed since; the oldest is forgotten
_PAST: Final = "\0"  # in the name of such a stretch, after the window's: no window can be named so

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
    if old is not None and runs:
        bypass = msgspec.structs.replace(old, until=body.until_us, who=body.who, why=body.why)
    else:
        bypass = Bypass(ev.now, body.until_us, body.who, body.why, _earlier(old, ev.now))
    if bypass == old:
        return
    _put_bypass(ev, key, bypass)
    ev.timers.arm((BYPASS, *key), body.until_us)
    tell(ev, "bypass.begun", key, ev.now, {"who": body.who, "why": body.why, "until": body.until_us})


def _earlier(old: Bypass | None, now: int) -> tuple[tuple[int, int], ...]:
    """When the device was bypassed before, for events that come late."""
    spans = () if old is None else (*old.earlier, (old.begin, old.until))
    return tuple(span for span in spans if now < span[1] + KEPT_US)[-MAX_EARLIER:]


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
    """Adds or changes a window. What was out of service until now, was so."""
    windows = {each.window: each for each in ev.state.service_windows.get(site, ())}
    if body.window not in windows and sum(_PAST not in name for name in windows) >= MAX_SERVICE_WINDOWS:
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
    old = windows.get(body.window)
    if old == window:
        return
    if old is not None and old.begin < ev.now:
        _keep_past(ev, site, windows, old, window)
        if window.begin > ev.now < old.end:
            _tell(ev, "service.ended", site, old, ev.now)
    _keep(ev, site, windows | {body.window: window})
    doors.tell_left_open(ev, site, ev.now)
    goes_on = old is not None and max(old.begin, window.begin) <= ev.now < old.end
    ev.timers.arm((WINDOW, site, body.window), window.end if goes_on else max(window.begin, ev.now))


def _keep_past(
    ev: Evaluation, site: str, windows: dict[str, ServiceWindow], old: ServiceWindow, new: ServiceWindow
) -> None:
    """Adds what the window was until now, unless the new one covers that: late events of a drill are of the drill."""
    past = sorted((each.end, name) for name, each in windows.items() if _PAST in name)
    name = f"{old.window}{_PAST}{ev.now}{_PAST}{len(past)}"
    stretch = msgspec.structs.replace(old, window=name, end=min(old.end, ev.now))
    is_same_place = (old.zones, old.devices) == (new.zones, new.devices)
    if is_same_place and new.begin <= stretch.begin and stretch.end <= new.end:
        return
    if len(past) >= MAX_PAST:
        del windows[past[0][1]]
        ev.timers.disarm((WINDOW, site, past[0][1]))
    windows[name] = stretch
    ev.timers.arm((WINDOW, site, name), stretch.end + KEPT_US)


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
    """It begins, ends, or need not be kept any longer; a stretch of the past has ended long ago."""
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
        doors.tell_left_open(ev, site, due)
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
    doors.tell_left_open(ev, key[0], at, key[1])


def _keep(ev: Evaluation, site: str, windows: dict[str, ServiceWindow]) -> None:
    if windows:
        ev.journal.put(ev.state.service_windows, site, tuple(windows[name] for name in sorted(windows)))
    else:
        ev.journal.remove(ev.state.service_windows, site)


def _tell(ev: Evaluation, event_type: str, site: str, window: ServiceWindow, at: int) -> None:
    data = {"window": window.window, "kind": window.kind.value, "who": window.who, "why": window.why}
    tell(ev, event_type, (site, window.window), at, data)
