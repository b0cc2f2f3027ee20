"""When rules may raise again: their schedule, a zone's arming or they themselves change, a drill or a bypass ends.

What began while nothing could be raised, and still holds, is raised then. What a device said while it was out of
service began nothing: that is never raised.
"""

from __future__ import annotations

from typing import Final

from herun.arming import Mode
from herun.control import ControlKind
from herun.events import Event
from herun.frames import Control
from processor.engine.alerting import Evaluation
from processor.engine.arming.lookups import schedule_of
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.rulebook import RuleBook
from processor.engine.state import CellKey, RuleKey

TIMER: Final = "schedule"  # (TIMER, site, uid): the schedule's next change
OPENS: Final = frozenset({"zone.armed", "zone.arming", "zone.disarmed", "bypass.ended", "service.ended"})
_OF_DEVICE: Final = frozenset({"bypass.begun", "bypass.ended"})
_OF_WINDOW: Final = frozenset({"service.begun", "service.ended"})
_OF_ZONE: Final = frozenset({"zone.armed", "zone.arming", "zone.disarmed"})
OF_ARMING: Final = _OF_DEVICE | _OF_WINDOW | _OF_ZONE


# They say where a device stands or what the time is: any rule of the site may raise now.
_OF_SITE: Final = frozenset({ControlKind.SITE_PUT, ControlKind.CALENDAR_PUT, ControlKind.DEVICE_PUT})


def follow(ev: Evaluation, rule: CompiledRule) -> None:
    """Sets the timer to the next change of the rule's schedule, if it has one."""
    if rule.schedule is not None:
        schedule = schedule_of(ev.state, rule.head.site, rule.schedule)
        ev.timers.arm((TIMER, *rule.rule_key), schedule.state_at(ev.now).until)


def follow_all(ev: Evaluation, book: RuleBook, site: str) -> None:
    """Time zone or calendar of the site changed, and with it all its schedules."""
    for rule in book.of_site(site):
        follow(ev, rule)


def unfollow(ev: Evaluation, rule_key: RuleKey) -> None:
    """The rule is gone."""
    ev.timers.disarm((TIMER, *rule_key))


def follow_service(ev: Evaluation, rule: CompiledRule, event: Event) -> None:
    """Tells the rule if this derived event of arming takes devices out of service, or brings them back."""
    if event.event_type in _OF_DEVICE:
        rule.follow_service(ev, event.device)
    elif event.event_type in _OF_WINDOW or (event.event_type in _OF_ZONE and _is_maintained(ev, event)):
        rule.follow_service(ev)


def _is_maintained(ev: Evaluation, event: Event) -> bool:
    """Whether the zone of the event is in maintenance now, or was until now."""
    cell = ev.state.arming.get((event.site, event.device))
    return cell is None or Mode.MAINTENANCE in {cell.mode, cell.mode_at(ev.now - 1)}


def muted_of(ev: Evaluation, site: str, uid: str | None = None) -> list[CellKey]:
    """What holds and is not raised, of a site or of one of its rules, in order."""
    return sorted(cell for cell in ev.state.muted if cell[0] == site and uid in {None, cell[1]})


def opened_by(ev: Evaluation, control: Control) -> list[CellKey]:
    """What holds, is not raised, and may be now that this control has been applied."""
    if control.kind == ControlKind.RULE_PUT:
        return muted_of(ev, control.site, str(control.body["uid"]))
    return muted_of(ev, control.site) if control.kind in _OF_SITE else []
