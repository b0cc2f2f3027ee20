"""Applying controls: all that the engine reads besides events, at their place in the order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from herun.control import ControlKind
from herun.errors import InvalidInputError
from herun.frames import Control
from herun.rules import RULE, Rule
from processor.engine import merging, verdicts
from processor.engine.alerting import FORGET, Evaluation, RuleHead, clear_alert, close_alert, forget_alert, release
from processor.engine.kinds import absence, count, true_for
from processor.engine.parts import ControlHandler
from processor.engine.rulebook import RuleBook, compile_rule
from processor.engine.state import CellKey, DeviceKey, Registration, RuleCell, RuleKey

# What a rule says to people, not when: changing it keeps the rule's state.
PRESENTATION: Final = frozenset(
    {"version", "title", "text", "severity", "category", "opens_order", "order_category", "cooldown_s"}
)

_GONE: Final = Registration(kind="", zone=None, building=None, enabled=False)


class _DeviceBody(msgspec.Struct, frozen=True):
    device: str
    kind: str = "sensor"
    zone: str | None = None
    building: str | None = None
    enabled: bool = True
    bridge: str | None = None
    uplink: str | None = None


def apply_control(ev: Evaluation, book: RuleBook, control: Control, parts: Sequence[ControlHandler] = ()) -> None:
    """Applies one control, to the rules first and then to the parts that know its kind.

    Raises InvalidInputError (`bad_control`) if it is not what herun.control says.
    """
    handler = _HANDLERS.get(control.kind)
    if handler is None and not parts:
        raise InvalidInputError("bad_control", f"unknown kind {control.kind!r}")
    try:
        if handler is not None:
            handler(ev, book, control)
        for each in parts:
            each(ev, control)
    except (msgspec.ValidationError, ValidationError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError("bad_control", f"{control.kind} {control.control_id}: {error!r}"[:500]) from error


def _put_device(ev: Evaluation, book: RuleBook, control: Control) -> None:
    body = msgspec.convert(control.body, _DeviceBody)
    key = (control.site, body.device)
    uplink = merging.uplink_for(ev, key, body.uplink or body.bridge)
    registration = Registration(body.kind, body.zone, body.building, body.enabled, uplink)
    old = ev.state.registered.get(key)
    if old == registration:
        return
    ev.journal.put(ev.state.registered, key, registration)
    merging.link(ev, key, old.uplink if old else None, uplink)
    book.forget_plans()
    if old is not None:
        _leave_cells(ev, book, key, registration)
    for rule in book.of_site(control.site):
        if isinstance(rule, absence.Absence):
            _sync_absence(ev, rule, body.device, registration, control.control_id)


def _remove_device(ev: Evaluation, book: RuleBook, control: Control) -> None:
    device = _text(control.body, "device")
    old = ev.state.registered.get((control.site, device), _GONE)
    ev.journal.remove(ev.state.registered, (control.site, device))
    merging.link(ev, (control.site, device), old.uplink, None)
    book.forget_plans()
    _leave_cells(ev, book, (control.site, device), _GONE)
    for cell in sorted(cell for cell in ev.state.heard if cell[0] == control.site and cell[2] == device):
        _unexpect(ev, cell)


def _put_rule(ev: Evaluation, book: RuleBook, control: Control) -> None:
    rule: Rule = RULE.validate_python(control.body)
    key = (control.site, rule.uid)
    body = rule.model_dump_json()
    old = ev.state.rules.get(key)
    if old is not None and old.body == body:
        return
    if old is not None and _decides_otherwise(RULE.validate_json(old.body), rule):
        drop_rule_state(ev, compile_rule(control.site, RULE.validate_json(old.body)).head)
    ev.journal.put(ev.state.rules, key, RuleCell(body))
    book.changed(key)
    compiled = book.get(key)
    if isinstance(compiled, absence.Absence):
        for (site, device), registration in sorted(ev.state.registered.items()):
            if site == control.site:
                _sync_absence(ev, compiled, device, registration, control.control_id)


def _remove_rule(ev: Evaluation, book: RuleBook, control: Control) -> None:
    key: RuleKey = (control.site, _text(control.body, "uid"))
    cell = ev.state.rules.get(key)
    if cell is None:
        return
    drop_rule_state(ev, compile_rule(control.site, RULE.validate_json(cell.body)).head)
    ev.journal.remove(ev.state.rules, key)
    verdicts.forget_rule(ev, *key)
    book.changed(key)


def _put_list(ev: Evaluation, _book: RuleBook, control: Control) -> None:
    hashes = msgspec.convert(control.body["hashes"], frozenset[str])
    ev.journal.put(ev.state.lists, (control.site, _text(control.body, "name")), hashes)


def _close_alert(ev: Evaluation, _book: RuleBook, control: Control) -> None:
    close_alert(ev, control.site, _text(control.body, "alert_id"))
    if "rule_uid" in control.body:
        device = control.body["device"] or verdicts.ANY_DEVICE
        verdicts.count_verdict(ev, (control.site, control.body["rule_uid"], device), _text(control.body, "verdict"))


_HANDLERS: Final[dict[str, Callable[[Evaluation, RuleBook, Control], None]]] = {
    ControlKind.DEVICE_PUT: _put_device,
    ControlKind.DEVICE_REMOVED: _remove_device,
    ControlKind.RULE_PUT: _put_rule,
    ControlKind.RULE_REMOVED: _remove_rule,
    ControlKind.LIST_PUT: _put_list,
    ControlKind.ALERT_CLOSED: _close_alert,
}


def _text(body: dict[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value


def _decides_otherwise(old: Rule, new: Rule) -> bool:
    return old.model_dump(exclude=set(PRESENTATION)) != new.model_dump(exclude=set(PRESENTATION))


def _sync_absence(
    ev: Evaluation, rule: absence.Absence, device: str, registration: Registration, armed_by: str
) -> None:
    """Expects a device that is in the rule's scope, and no longer one that is not."""
    if registration.enabled and rule.has_in_scope(device, registration):
        rule.expect(ev, device, armed_by)
        return
    cell = (rule.head.site, rule.head.uid, device)
    _unexpect(ev, cell)
    if cell in ev.state.holders:
        release(ev, rule.head, device, device, ev.now)


def _leave_cells(ev: Evaluation, book: RuleBook, key: DeviceKey, now: Registration) -> None:
    """Ends what the device holds under keys that are not its own any more: it has moved, or is gone."""
    site, device = key

    def is_left(rule_key: RuleKey, cell_key: str) -> bool:
        rule = book.get(rule_key)
        stays = rule is not None and now.enabled and rule.has_in_scope(device, now)
        return not (stays and rule is not None and rule.key_of(device, now) in {cell_key, ""})

    for watch in sorted(watch for watch in ev.state.held if watch[0] == site and watch[3] == device):
        if is_left(watch[:2], watch[2]):
            ev.journal.remove(ev.state.held, watch)
            ev.timers.disarm((true_for.TIMER, *watch))
    for cell, holders in sorted(ev.state.holders.items()):
        rule = book.get(cell[:2])
        if cell[0] == site and device in holders and rule is not None and is_left(cell[:2], cell[2]):
            release(ev, rule.head, cell[2], device, ev.now)


def _unexpect(ev: Evaluation, cell: CellKey) -> None:
    ev.journal.remove(ev.state.heard, cell)
    ev.timers.disarm((absence.TIMER, *cell))


def drop_rule_state(ev: Evaluation, head: RuleHead) -> None:
    """Nothing that the rule knew holds any more; its raised alerts are cleared, for nobody watches them now."""
    key = (head.site, head.uid)
    for watch in [watch for watch in ev.state.held if watch[:2] == key]:
        ev.journal.remove(ev.state.held, watch)
        ev.timers.disarm((true_for.TIMER, *watch))
    for cell in [cell for cell in ev.state.heard if cell[:2] == key]:
        _unexpect(ev, cell)
    for cell in [cell for cell in ev.state.windows if cell[:2] == key]:
        ev.journal.remove(ev.state.windows, cell)
        ev.timers.disarm((count.TIMER, *cell))
    for cell in [cell for cell in ev.state.holders if cell[:2] == key]:
        ev.journal.remove(ev.state.holders, cell)
    for cell in sorted(cell for cell in ev.state.current if cell[:2] == key):
        if head.lasting:
            clear_alert(ev, head, cell[2], ev.now)
        forget_alert(ev, cell)
        ev.timers.disarm((FORGET, *cell))
