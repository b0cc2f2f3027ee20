"""The zones' modes: set by people, by the plan, after an exit delay, or refused because a door stands open."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from herun.arming import BY_PLAN, WATCHES, ArmingPlan, Mode, ModeSet, PlanPut, PlanRemoved
from herun.schedule import SECOND_US
from processor.engine.alerting import Evaluation
from processor.engine.arming import doors
from processor.engine.arming.cells import NEVER, Pending, ZoneArming, ZoneKey
from processor.engine.arming.lookups import plan_of
from processor.engine.arming.telling import tell

PLAN: Final = "arming.plan"  # timers
EXIT: Final = "arming.exit"
ENTRY: Final = "arming.entry"

MAX_ZONES: Final = 20_000  # of a partition: twenty times a site's most
MAX_EARLIER: Final = 8  # modes of the past that an event may still ask for
MAX_DOORS_TOLD: Final = 5  # names in a refusal; all are counted

_NEW: Final = ZoneArming()


class Order(NamedTuple):
    """A mode that somebody or the plan wants."""

    mode: Mode
    who: str
    why: str = ""
    forced: bool = False

    @property
    def is_plans(self) -> bool:
        return self.who == BY_PLAN


def put_plan(ev: Evaluation, site: str, body: PlanPut) -> None:
    """Gives the zone a plan. A mode that a person has set stays, until the new plan's next change if it has no end."""
    key = (site, body.zone)
    cell = _cell_of(ev, key)
    if body.change <= cell.change:
        return
    _put(ev, key, cell, change=body.change)
    ev.journal.put(ev.state.arming_plans, key, body.plan.model_dump_json())
    follow(ev, key, ev.now)


def remove_plan(ev: Evaluation, site: str, body: PlanRemoved) -> None:
    """The zone is armed no more, by nobody."""
    key = (site, body.zone)
    cell = ev.state.arming.get(key)
    if cell is None or body.change <= cell.change:
        return
    if cell.mode is not Mode.DISARMED:
        _tell_mode(ev, key, ev.now, Order(Mode.DISARMED, body.who, body.why), cell.mode)
    ev.journal.remove(ev.state.arming_plans, key)
    ev.journal.remove(ev.state.arming, key)
    for timer in (PLAN, EXIT, ENTRY):
        ev.timers.disarm((timer, *key))


def set_mode(ev: Evaluation, site: str, body: ModeSet) -> None:
    """A person sets the mode. What came before, and what is over already, changes nothing."""
    key = (site, body.zone)
    cell = _cell_of(ev, key)
    if body.change <= cell.change or (body.until_us is not None and body.until_us <= ev.now):
        return
    _put(ev, key, cell, change=body.change)
    if _follow_order(ev, key, Order(body.mode, body.who, body.why, body.force), ev.now):
        cell = _cell_of(ev, key)
        _put(ev, key, cell, manual=True, until=body.until_us)
        follow(ev, key, ev.now)


def follow(ev: Evaluation, key: ZoneKey, at: int) -> None:
    """Makes the mode what the plan says, unless a person has set one, and wakes at the next change."""
    _, modes = plan_of(ev.state, key)
    stretch = modes.state_at(at)
    cell = _cell_of(ev, key)
    if not cell.manual:
        _follow_order(ev, key, Order(stretch.value, BY_PLAN), at)
    until = cell.until if cell.manual and cell.until is not None else stretch.until
    ev.timers.arm((PLAN, *key), until)


def plan_due(ev: Evaluation, key: ZoneKey, due: int) -> None:
    """The plan changes, or a mode that a person has set ends."""
    _, modes = plan_of(ev.state, key)
    cell = _cell_of(ev, key)
    is_over = modes.value_at(due) is not modes.value_at(due - 1) if cell.until is None else cell.until <= due
    if cell.manual and is_over:
        _put(ev, key, cell, manual=False, until=None)
    follow(ev, key, due)


def exit_due(ev: Evaluation, key: ZoneKey, due: int) -> None:
    """The exit delay is over: whoever wanted to leave has left, or the door stands open still."""
    pending = _cell_of(ev, key).pending
    if pending is None:
        return
    order = Order(pending.mode, pending.who, pending.why, pending.forced)
    standing = [] if pending.forced else doors.standing_open(ev, key, due)
    if not standing:
        _enter(ev, key, order, due, before=pending.before)
        return
    cell = _with_mode(_cell_of(ev, key), pending.before, due)
    if order.is_plans:
        _put(ev, key, cell, pending=msgspec.structs.replace(pending, due=None))
    else:  # as if nobody had asked: the plan looks again, which may have waited for the same door
        _put(ev, key, cell, pending=None, manual=pending.was_manual, until=pending.was_until)
        ev.timers.arm((PLAN, *key), due)
    _tell_refused(ev, key, due, order, standing)


def retry(ev: Evaluation, key: ZoneKey, at: int) -> None:
    """A door may have closed for which the plan has waited."""
    cell = ev.state.arming.get(key)
    if cell is None or cell.pending is None or cell.pending.due is not None:
        return
    if not doors.standing_open(ev, key, at):
        pending = cell.pending
        _enter(ev, key, Order(pending.mode, pending.who, pending.why), at, before=cell.mode)


def retry_site(ev: Evaluation, site: str, at: int) -> None:
    """The same for all zones of a site."""
    for key in sorted(key for key, cell in ev.state.arming.items() if key[0] == site and cell.pending is not None):
        retry(ev, key, at)


def _follow_order(ev: Evaluation, key: ZoneKey, order: Order, at: int) -> bool:
    """Sets the mode, now or after the exit delay. False if it is refused."""
    plan, _ = plan_of(ev.state, key)
    cell = _cell_of(ev, key)
    if order.is_plans and order.mode is cell.target:
        return True
    is_news = order.mode is not cell.mode or cell.pending is not None
    delay = plan.exit_delay_s if is_news and WATCHES[order.mode] - WATCHES[cell.mode] else 0
    standing = _in_the_way(ev, key, order, at, plan, delayed=delay > 0) if is_news else []
    if standing and not order.is_plans:
        _tell_refused(ev, key, at, order, standing)
        return False
    if not order.is_plans or not WATCHES[order.mode]:
        _end_entry(ev, key)
    ev.timers.disarm((EXIT, *key))
    if standing:
        _put(ev, key, _cell_of(ev, key), pending=_pending(order, None, cell.mode))
        _tell_refused(ev, key, at, order, standing)
    elif delay:
        _begin_exit(ev, key, order, at, delay)
    else:
        _enter(ev, key, order, at, before=_before(cell))
    return True


def _in_the_way(ev: Evaluation, key: ZoneKey, order: Order, at: int, plan: ArmingPlan, *, delayed: bool) -> list[str]:
    """Doors that must be closed first. One leaves through the entry doors, and what the plan delays is asked later."""
    if order.forced or not WATCHES[order.mode] or (delayed and order.is_plans):
        return []
    standing = doors.standing_open(ev, key, at)
    return [door for door in standing if door not in plan.entry_doors] if delayed else standing


def _begin_exit(ev: Evaluation, key: ZoneKey, order: Order, at: int, delay_s: int) -> None:
    cell = _cell_of(ev, key)
    due = at + delay_s * SECOND_US
    was_manual, was_until = _held_before(cell)
    pending = _pending(order, due, _before(cell), was_manual=was_manual, was_until=was_until)
    _put(ev, key, _with_mode(cell, Mode.DISARMED, at), pending=pending)
    ev.timers.arm((EXIT, *key), due)
    _tell(ev, "zone.arming", key, at, order, delay_s=delay_s)


def _enter(ev: Evaluation, key: ZoneKey, order: Order, at: int, *, before: Mode) -> None:
    _put(ev, key, _with_mode(_cell_of(ev, key), order.mode, at), pending=None, intruded_at=NEVER)
    _tell_mode(ev, key, at, order, before)


def _end_entry(ev: Evaluation, key: ZoneKey) -> None:
    cell = _cell_of(ev, key)
    if cell.entry is not None:
        _put(ev, key, cell, entry=None)
        ev.timers.disarm((ENTRY, *key))


def _pending(
    order: Order, due: int | None, before: Mode, *, was_manual: bool = False, was_until: int | None = None
) -> Pending:
    return Pending(order.mode, due, order.who, order.why, order.forced, before, was_manual, was_until)


def _before(cell: ZoneArming) -> Mode:
    """The mode in which the zone was before all that is under way."""
    return cell.mode if cell.pending is None else cell.pending.before


def _held_before(cell: ZoneArming) -> tuple[bool, int | None]:
    """Whether a person had set that mode, and until when."""
    if cell.pending is None or cell.pending.who == BY_PLAN:
        return cell.manual, cell.until
    return cell.pending.was_manual, cell.pending.was_until


def _cell_of(ev: Evaluation, key: ZoneKey) -> ZoneArming:
    return ev.state.arming.get(key, _NEW)


def _put(ev: Evaluation, key: ZoneKey, cell: ZoneArming, **changes: Any) -> None:
    if key not in ev.state.arming and len(ev.state.arming) >= MAX_ZONES:
        raise ValueError(f"more than {MAX_ZONES} zones are armed")
    ev.journal.put(ev.state.arming, key, msgspec.structs.replace(cell, **changes))


def _with_mode(cell: ZoneArming, mode: Mode, at: int) -> ZoneArming:
    if mode is cell.mode:
        return cell
    earlier = (*cell.earlier, (cell.since, cell.mode))[-MAX_EARLIER:]
    return msgspec.structs.replace(cell, mode=mode, since=at, earlier=earlier)


def _tell(ev: Evaluation, event_type: str, key: ZoneKey, at: int, order: Order, **more: Any) -> None:
    data = {"zone": key[1], "mode": order.mode.value, "who": order.who, "why": order.why, "forced": order.forced}
    tell(ev, event_type, key, at, data | more)


def _tell_mode(ev: Evaluation, key: ZoneKey, at: int, order: Order, before: Mode) -> None:
    event_type = "zone.armed" if WATCHES[order.mode] else "zone.disarmed"
    _tell(ev, event_type, key, at, order, before=before.value)


def _tell_refused(ev: Evaluation, key: ZoneKey, at: int, order: Order, standing: list[str]) -> None:
    """Of the first open door, so that who reads it knows where to go."""
    place = (key[0], standing[0])
    data = {
        "zone": key[1],
        "mode": order.mode.value,
        "who": order.who,
        "why": order.why,
        "doors": ", ".join(standing[:MAX_DOORS_TOLD]),
        "open": len(standing),
        "stays": _cell_of(ev, key).mode.value,
        "waits": order.is_plans,
    }
    tell(ev, "arming.refused", place, at, data)
