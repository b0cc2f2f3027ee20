"""Which alerts are hidden by another: those of devices behind a dead one, and those of a storm.

A device that hangs on a silent one is silent too: its alert of a lost connection is merged into that of the topmost
such device above it. What hides what depends on which alerts are raised, not on which came first, and nothing is lost:
each alert is its own, or counted in the one that hides it. Critical alerts are never hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from herun.alerts import Alert, AlertState
from herun.rules import STORM_UID
from processor.engine import masters, storms
from processor.engine.masters import TELL
from processor.engine.state import CellKey, CurrentAlert, DeviceKey, TimerKey
from processor.engine.storms import CRITICAL

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation, RuleHead

WAIT: Final = "merge-wait"
OUT: Final = "merge-out"
TIMERS: Final = frozenset({WAIT, OUT, TELL, storms.TIMER})

# How long an alert waits for that of a device above it: those behind one switch stop within a reporting interval.
GRACE_US: Final = 60_000_000
QUIET_US: Final = 10_000_000  # what has spoken since then is alive
MAX_LEVELS: Final = 16  # of devices one above the other that are looked at; the API takes no more

_replace = msgspec.structs.replace


def placed(
    ev: Evaluation, head: RuleHead, cell: CellKey, alert: Alert, was: CurrentAlert | None = None
) -> CurrentAlert:
    """How to keep this version of the cell's alert: a new one is merged, waits, or stands alone.

    So is one that late events reopen after it has left the memory; if they only amend it, it stays as it is. `was`: as
    it was told before, if it is the current one again: a storm has counted it.
    """
    kept = ev.state.current.get(cell)
    if kept is None or kept.alert.alert_id != alert.alert_id:
        leaves(ev, cell)
        if alert.state is not AlertState.RAISED:
            return CurrentAlert(alert, patience_us=_patience(head))
        if was is not None and _patience(head) is None and not _was_of_a_storm(ev, was):
            return _replace(was, alert=_replace(alert, merged_into=was.alert.merged_into))
        return _new(ev, head, cell, _replace(alert, merged_into=None))
    if kept.waiting:
        kept = _end_wait(ev, cell, kept)
    ev.timers.disarm((TELL, *cell))
    if alert.state is not AlertState.RAISED:
        ev.timers.disarm((OUT, *cell))
    elif _was_of_a_storm(ev, kept):
        return storms.sorted_in(ev, _replace(kept, alert=_replace(alert, merged_into=None), under=None))
    return _replace(kept, alert=_replace(alert, merged_into=kept.alert.merged_into))


def told_late(ev: Evaluation, head: RuleHead, alert: Alert) -> CurrentAlert:
    """A new alert of what is over already, as it is told: within a storm, or as its own."""
    return storms.sorted_in(ev, CurrentAlert(alert)) if _takes_part(head) else CurrentAlert(alert)


def leaves(ev: Evaluation, cell: CellKey) -> None:
    """The cell's alert leaves the memory: what was not told of it is told."""
    kept = ev.state.current.get(cell)
    if kept is None:
        return
    if kept.waiting:
        _end_wait(ev, cell, kept)
    if (TELL, *cell) in ev.state.due:
        masters.tell(ev, cell)
    ev.timers.disarm((OUT, *cell))


def settle(ev: Evaluation, cell: CellKey) -> None:
    """The cell's alert was written or has left the memory: what it hides, and what hides it, is looked at again."""
    site, uid, device = cell
    kept = ev.state.current.get(cell)
    is_cut = kept is not None and kept.patience_us is not None and kept.alert.state is AlertState.RAISED
    uids = ev.state.cut.get((site, device), ())
    if not is_cut and uid not in uids:
        return
    _mark(ev, (site, device), sorted({*uids, uid} if is_cut else {*uids} - {uid}))
    _settle_from(ev, site, device)


def denied(ev: Evaluation, cell: CellKey) -> None:
    """People said that there was nothing: what the cell's alert hides gets its time to be heard, then stands alone."""
    if cell[1] in ev.state.cut.get((cell[0], cell[2]), ()):
        _settle_from(ev, cell[0], cell[2])


def on_timer(ev: Evaluation, timer: TimerKey, due: int) -> None:
    """One of TIMERS is due."""
    if timer[0] == storms.TIMER:
        storms.on_timer(ev, timer, due)
        return
    cell: CellKey = (timer[1], timer[2], timer[3])
    kept = ev.state.current.get(cell)
    if kept is None:
        return
    if timer[0] == TELL:
        masters.tell(ev, cell, storms.text_of(ev, cell))
    elif timer[0] == WAIT and kept.waiting:
        _end_wait(ev, cell, kept)
        _settle_from(ev, cell[0], cell[2])
    elif timer[0] == OUT:
        _come_out(ev, cell, kept)


def link(ev: Evaluation, key: DeviceKey, old: str | None, new: str | None) -> None:
    """The device hangs on another one now. While a registry changes, devices may hang in a circle for a moment."""
    if old == new:
        return
    site, device = key
    if old is not None:
        siblings = ev.state.children[site, old]
        ev.journal.remove(siblings, device)
        if not siblings:
            ev.journal.remove(ev.state.children, (site, old))
    if new is not None:
        if (site, new) not in ev.state.children:
            ev.journal.put(ev.state.children, (site, new), {})
        ev.journal.put(ev.state.children[site, new], device, True)
    _settle_from(ev, site, device)


def _new(ev: Evaluation, head: RuleHead, cell: CellKey, alert: Alert) -> CurrentAlert:
    if not _takes_part(head):
        return CurrentAlert(alert)
    kept = CurrentAlert(alert, patience_us=_patience(head))
    if kept.patience_us is None or alert.severity == CRITICAL:
        return storms.sorted_in(ev, kept)
    master = _master_of(ev, cell)
    if master is not None:
        return _under(ev, kept, master)
    if _may_follow(ev, head, cell, alert):
        ev.timers.arm((WAIT, *cell), ev.now + GRACE_US)
        return _replace(kept, waiting=True)
    return storms.sorted_in(ev, kept)


def _was_of_a_storm(ev: Evaluation, kept: CurrentAlert) -> bool:
    """True if the alert is merged into that of a storm which is over: nobody would see it if it were reopened."""
    if kept.alert.merged_into is None or (kept.under is not None and kept.under[1] != STORM_UID):
        return False
    return not storms.hides(ev, kept.alert)


def _takes_part(head: RuleHead) -> bool:
    return head.mode == "live" and head.uid != STORM_UID


def _patience(head: RuleHead) -> int | None:
    return max(head.duration_us or 0, GRACE_US) if head.connectivity and head.mode == "live" else None


def _under(ev: Evaluation, kept: CurrentAlert, master: CellKey) -> CurrentAlert:
    """The alert, merged into another one and counted there instead of where it was."""
    if kept.under is not None:
        if kept.under[1] == STORM_UID:
            storms.taken_out(ev, kept.under, kept.alert)
        masters.count(ev, kept.under, kept.alert.merged_into, -1)
    master_id = ev.state.current[master].alert.alert_id
    masters.count(ev, master, master_id, 1)
    return _replace(kept, alert=_replace(kept.alert, merged_into=master_id), waiting=False, under=master)


def _end_wait(ev: Evaluation, cell: CellKey, kept: CurrentAlert) -> CurrentAlert:
    """Nothing above has alerted: the alert is told, as its own or within a storm."""
    ev.timers.disarm((WAIT, *cell))
    told = storms.sorted_in(ev, _replace(kept, waiting=False))
    masters.write(ev, cell, told)
    return told


def _come_out(ev: Evaluation, cell: CellKey, kept: CurrentAlert) -> None:
    """What hid it has been over for so long, or is no longer above it: it is its own alert again, or a storm's."""
    if kept.alert.state is not AlertState.RAISED or kept.under is None or _master_of(ev, cell) is not None:
        return
    masters.count(ev, kept.under, kept.alert.merged_into, -1)
    alert = _replace(kept.alert, version=kept.alert.version + 1, merged_into=None)
    masters.write(ev, cell, storms.sorted_in(ev, _replace(kept, alert=alert, under=None)))


def _settle_from(ev: Evaluation, site: str, device: str) -> None:
    """Each alert of the device and of those that hang on it goes under the one that hides it now."""
    for each in _with_below(ev, site, device):
        for uid in ev.state.cut.get((site, each), ()):
            _settle_one(ev, (site, uid, each))


def _settle_one(ev: Evaluation, cell: CellKey) -> None:
    kept = ev.state.current[cell]
    if kept.alert.severity == CRITICAL:
        return
    master = _master_of(ev, cell)
    if master is None:
        _left_alone(ev, cell, kept)
        return
    for name in (WAIT, OUT):
        ev.timers.disarm((name, *cell))
    if kept.alert.merged_into != ev.state.current[master].alert.alert_id:
        version = kept.alert.version if kept.waiting else kept.alert.version + 1
        moved = _under(ev, _replace(kept, alert=_replace(kept.alert, version=version)), master)
        masters.write(ev, cell, moved)


def _left_alone(ev: Evaluation, cell: CellKey, kept: CurrentAlert) -> None:
    """Nothing above hides it now: it gets its time to be heard again, unless the device has only been moved."""
    if kept.under is None or kept.under[1] == STORM_UID or kept.patience_us is None:
        return
    if masters.hides(ev, kept):
        _come_out(ev, cell, kept)
    elif (OUT, *cell) not in ev.state.due:
        ev.timers.arm((OUT, *cell), ev.now + kept.patience_us)


def _master_of(ev: Evaluation, cell: CellKey) -> CellKey | None:
    """The alert that hides this one: that of the topmost device above it whose connection is lost."""
    found: CellKey | None = None
    for device in _above(ev, cell[0], cell[2]):
        for uid in ev.state.cut.get((cell[0], device), ()):
            above: CellKey = (cell[0], uid, device)
            kept = ev.state.current[above]
            if not kept.waiting and masters.may_hide(above, kept):
                found = above
                break
    return found


def _may_follow(ev: Evaluation, head: RuleHead, cell: CellKey, alert: Alert) -> bool:
    """True if a device above has said nothing for about as long: its own alert may come any moment.

    So it is with one that has never spoken, if the rule expects it to.
    """
    quiet_us = max((head.duration_us or 0) // 2, QUIET_US)
    for device in _above(ev, cell[0], cell[2]):
        seen = ev.state.devices.get((cell[0], device))
        if seen is None and (cell[0], head.uid, device) in ev.state.heard:
            return True
        if seen is not None and seen.newest_time <= alert.raised_at - quiet_us:
            return True
    return False


def _above(ev: Evaluation, site: str, device: str) -> list[str]:
    """The devices above this one, the nearest first; none if they go round in a circle: no two may hide each other."""
    found: list[str] = []
    place = ev.state.registered.get((site, device))
    while place is not None and place.uplink is not None and len(found) < MAX_LEVELS:
        if place.uplink == device:
            return []
        found.append(place.uplink)
        place = ev.state.registered.get((site, place.uplink))
    return found


def _with_below(ev: Evaluation, site: str, device: str) -> Iterator[str]:
    """The device and all that hang on it, from the top down."""
    level = [device]
    for _ in range(MAX_LEVELS + 1):
        yield from level
        level = [child for each in level for child in sorted(ev.state.children.get((site, each), ()))]


def _mark(ev: Evaluation, key: DeviceKey, uids: list[str]) -> None:
    if uids:
        ev.journal.put(ev.state.cut, key, tuple(uids))
    else:
        ev.journal.remove(ev.state.cut, key)
