"""Alerts that hide others: how many, and telling of it.

A master's count changes with every alert that it hides; it is told a second later, so a thousand make no thousand
versions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from herun.alerts import Alert, AlertState
from herun.rules import STORM_UID
from processor.engine.state import CellKey, CurrentAlert

if TYPE_CHECKING:
    from processor.engine.alerting import Evaluation

FORGET: Final = "forget"  # timers that drop an alert from memory when its cool-down is over
TELL: Final = "merge-tell"
TELL_US: Final = 1_000_000  # of engine time, from the first change that was not told


def write(ev: Evaluation, cell: CellKey, kept: CurrentAlert) -> None:
    """Tells of this version and keeps it."""
    ev.alerts.append(kept.alert)
    ev.journal.put(ev.state.current, cell, kept)
    ev.timers.disarm((TELL, *cell))


def count(ev: Evaluation, cell: CellKey, alert_id: str | None, by: int) -> None:
    """The alert of the cell hides so many more; nothing happens if it is another one by now.

    Of one that is cleared it is told only if it is raised again: until then it says what it hid.
    """
    kept = ev.state.current.get(cell)
    if kept is None or kept.alert.alert_id != alert_id:
        return
    alert = msgspec.structs.replace(kept.alert, merged_count=kept.alert.merged_count + by)
    ev.journal.put(ev.state.current, cell, msgspec.structs.replace(kept, alert=alert))
    if kept.alert.state is AlertState.RAISED and (TELL, *cell) not in ev.state.due:
        ev.timers.arm((TELL, *cell), ev.now + TELL_US)


def tell(ev: Evaluation, cell: CellKey, text: dict[str, str] | None = None) -> None:
    """A version with the count, and the text if one is given, as it is now."""
    kept = ev.state.current.get(cell)
    if kept is not None:
        alert = msgspec.structs.replace(kept.alert, version=kept.alert.version + 1, text=text or kept.alert.text)
        write(ev, cell, msgspec.structs.replace(kept, alert=alert))


def lasts(ev: Evaluation, cell: CellKey, alert: Alert) -> bool:
    """True if the reason of the cell's alert still holds; an occurrence is over when it has happened."""
    return alert.state is AlertState.RAISED and (FORGET, *cell) not in ev.state.due


def may_hide(cell: CellKey, kept: CurrentAlert) -> bool:
    """False for what people have closed so that whatever comes next would be lost under it.

    A storm's alert stands for what they saw in it. That of a dead device still explains those behind it, unless they
    said that there was nothing.
    """
    return not (kept.denied or (kept.closed and cell[1] == STORM_UID))


def hides(ev: Evaluation, kept: CurrentAlert) -> bool:
    """True if what the alert is merged into still lasts and may hide."""
    master = ev.state.current.get(kept.under) if kept.under is not None else None
    return (
        kept.under is not None
        and master is not None
        and may_hide(kept.under, master)
        and master.alert.alert_id == kept.alert.merged_into
        and master.alert.state is AlertState.RAISED
    )
