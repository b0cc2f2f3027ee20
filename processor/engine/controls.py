"""Applying controls: all that the engine reads besides events, at their place in the order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from herun.control import ControlKind
from herun.errors import InvalidInputError
from herun.frames import Control
from herun.rule_identity import decides_otherwise
from herun.rules import RULE, Rule
from processor.engine import cooling, gates, merging, verdicts
from processor.engine.alerting import Evaluation, clear_alert, close_alert, forget_alert
from processor.engine.corrections import close_episodes
from processor.engine.isolation import switched_off
from processor.engine.kinds.absence import Absence
from processor.engine.kinds.anomaly import judge
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.masters import FORGET
from processor.engine.parts import ControlHandler
from processor.engine.rulebook import RuleBook, compile_rule
from processor.engine.state import Registration, RuleCell, RuleKey, SiteNames

_GONE: Final = Registration(kind="", zone=None, building=None, enabled=False)


class _DeviceBody(msgspec.Struct, frozen=True):
    device: str
    kind: str = "sensor"
    zone: str | None = None
    building: str | None = None
    enabled: bool = True
    bridge: str | None = None
    uplink: str | None = None


class _LayoutBody(msgspec.Struct, frozen=True):
    zones: dict[str, str]
    buildings: dict[str, str]

    @property
    def names(self) -> SiteNames:
        return SiteNames(self.zones, self.buildings)


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
        if control.kind in {ControlKind.SITE_PUT, ControlKind.CALENDAR_PUT}:
            gates.follow_all(ev, book, control.site)
    except (msgspec.ValidationError, ValidationError, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError("bad_control", f"{control.kind} {control.control_id}: {error!r}"[:500]) from error


def _put_device(ev: Evaluation, book: RuleBook, control: Control) -> None:
    body = msgspec.convert(control.body, _DeviceBody)
    key = (control.site, body.device)
    uplink = body.uplink or body.bridge
    registration = Registration(body.kind, body.zone, body.building, body.enabled, uplink)
    old = ev.state.registered.get(key)
    if old == registration:
        return
    ev.journal.put(ev.state.registered, key, registration)
    merging.link(ev, key, old.uplink if old else None, uplink)
    book.forget_plans()
    for rule in book.of_site(control.site):
        if old is not None:
            rule.forget_device(ev, body.device, registration)
        if isinstance(rule, Absence):
            rule.sync(ev, body.device, registration, control.control_id)


def _remove_device(ev: Evaluation, book: RuleBook, control: Control) -> None:
    device = _text(control.body, "device")
    old = ev.state.registered.get((control.site, device), _GONE)
    ev.journal.remove(ev.state.registered, (control.site, device))
    merging.link(ev, (control.site, device), old.uplink, None)
    book.forget_plans()
    for rule in book.of_site(control.site):
        rule.forget_device(ev, device, None)


def _put_rule(ev: Evaluation, book: RuleBook, control: Control) -> None:
    rule: Rule = RULE.validate_python(control.body)
    key = (control.site, rule.uid)
    body = rule.model_dump_json()
    old = ev.state.rules.get(key)
    if old is not None and old.body == body:
        return
    before = None if old is None else RULE.validate_json(old.body)
    if before is not None and decides_otherwise(before, rule):
        drop_rule_state(ev, compile_rule(control.site, before))
    elif before is not None and before.mode != rule.mode:
        _hand_over(ev, compile_rule(control.site, before))
    clear_alert(ev, switched_off(*key), rule.uid, ev.now)
    ev.journal.put(ev.state.rules, key, RuleCell(body))
    book.changed(key)
    compiled = book.get(key)
    gates.unfollow(ev, key)
    if compiled is not None:
        gates.follow(ev, compiled)
    if isinstance(compiled, Absence):
        for (site, device), registration in sorted(ev.state.registered.items()):
            if site == control.site:
                compiled.sync(ev, device, registration, control.control_id)


def _remove_rule(ev: Evaluation, book: RuleBook, control: Control) -> None:
    key: RuleKey = (control.site, _text(control.body, "uid"))
    cell = ev.state.rules.get(key)
    if cell is None:
        return
    drop_rule_state(ev, compile_rule(control.site, RULE.validate_json(cell.body)))
    clear_alert(ev, switched_off(*key), key[1], ev.now)
    ev.journal.remove(ev.state.rules, key)
    verdicts.forget_rule(ev, *key)
    book.changed(key)


def _put_list(ev: Evaluation, _book: RuleBook, control: Control) -> None:
    hashes = msgspec.convert(control.body["hashes"], frozenset[str])
    ev.journal.put(ev.state.lists, (control.site, _text(control.body, "name")), hashes)


def _put_layout(ev: Evaluation, _book: RuleBook, control: Control) -> None:
    ev.journal.put(ev.state.names, control.site, msgspec.convert(control.body, _LayoutBody).names)


def _close_alert(ev: Evaluation, _book: RuleBook, control: Control) -> None:
    close_alert(ev, control.site, _text(control.body, "alert_id"), control.body.get("verdict", ""))
    if "rule_uid" in control.body:
        device = control.body["device"] or verdicts.ANY_DEVICE
        verdicts.count_verdict(ev, (control.site, control.body["rule_uid"], device), _text(control.body, "verdict"))
        rule_key: RuleKey = (control.site, _text(control.body, "rule_uid"))
        judge(ev, rule_key, control.body.get("key", ""), _text(control.body, "verdict"))
        close_episodes(ev, (*rule_key, control.body.get("key", "")), _text(control.body, "alert_id"))


_HANDLERS: Final[dict[str, Callable[[Evaluation, RuleBook, Control], None]]] = {
    ControlKind.DEVICE_PUT: _put_device,
    ControlKind.DEVICE_REMOVED: _remove_device,
    ControlKind.RULE_PUT: _put_rule,
    ControlKind.RULE_REMOVED: _remove_rule,
    ControlKind.LIST_PUT: _put_list,
    ControlKind.LAYOUT_PUT: _put_layout,
    ControlKind.ALERT_CLOSED: _close_alert,
}


def _text(body: dict[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is not a text")
    return value


def drop_rule_state(ev: Evaluation, rule: CompiledRule) -> None:
    """Nothing that the rule knew holds any more; its raised alerts are cleared, for nobody watches them now."""
    rule.forget(ev)
    gates.unfollow(ev, rule.rule_key)
    _end_alerts(ev, rule)


def _hand_over(ev: Evaluation, rule: CompiledRule) -> None:
    """A trial ends, or begins: its alerts are over, and what holds is raised anew, as alerts of the other mode."""
    _end_alerts(ev, rule)
    rule.hold_back(ev)


def _end_alerts(ev: Evaluation, rule: CompiledRule) -> None:
    head = rule.head
    for cell in sorted(cell for cell in ev.state.current if cell[:2] == rule.rule_key):
        if head.lasting:
            clear_alert(ev, head, cell[2], ev.now)
        forget_alert(ev, cell)
        ev.timers.disarm((FORGET, *cell))
    cooling.drop_rule(ev, rule.rule_key)
