"""Why a rule did or did not fire on an event, in a sentence: from the rule, the event, and what the rule left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from herun.alerts import Alert, AlertState
from herun.clock import to_text
from herun.events import FLAG_DERIVED, Event
from herun.rules import Condition, CountRule, PlateListRule, Rule, ThresholdRule
from processor.engine.conditions import compile_condition, equals, number
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.recorder import Change
from processor.engine.state import CellKey, Registration, State

MAX_CHANGES: Final = 50  # told of one rule: a window's times are one of them

# What can be said, Chinese and English.
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "switched_off": ("规则多次出错，已停用", "the rule failed too often and was switched off"),
    "other_type": ("事件类型是 {seen}，规则看的是 {wanted}", "the event is a {seen}, the rule looks at {wanted}"),
    "out_of_scope": ("{field} 是 {seen}，规则只看 {wanted}", "its {field} is {seen}, the rule looks at {wanted}"),
    "no_key": ("规则按 {wanted} 归并，此设备没有", "the rule keeps by {wanted}, and this device has none"),
    "where": ("数据 {field} 是 {seen}，应为 {wanted}", "its {field} is {seen}, not {wanted}"),
    "held_back": ("规则此时不生效：{why}", "the rule was not asked: {why}"),
    "fired": ("触发告警 {alert_id}", "it raised alert {alert_id}"),
    "counted": (
        "计入告警 {alert_id}（第 {count} 次），冷却至 {until}",
        "it was counted into alert {alert_id} (occurrence {count}), in cool-down until {until}",
    ),
    "cleared": ("解除告警 {alert_id}", "it cleared alert {alert_id}"),
    "raised_already": ("告警 {alert_id} 已触发且仍成立", "alert {alert_id} is raised already and still holds"),
    "held": ("条件自 {since} 起成立，持续至 {due} 才触发", "it has held since {since} and is due to raise at {due}"),
    "window": ("时间窗内 {count} 次，需 {wanted} 次", "counted {count} of {wanted} in the window"),
    "heard": ("设备有消息，沉默从 {since} 重新计", "the device spoke: its silence is measured from {since} anew"),
    "late": ("事件迟到，只说明过去", "the event is late: it says how it was, not how it is"),
    "condition": (
        "条件不成立：{field} 是 {seen}，要求 {op} {wanted}",
        "the condition does not hold: {field} is {seen}, wanted {op} {wanted}",
    ),
    "not_listed": ("车牌不在名单 {wanted} 上", "the plate is not on the list {wanted}"),
    "nothing": ("规则看过，无变化", "the rule looked at it, and nothing changed"),
}


@dataclass(slots=True)
class Look:
    """What one rule did about the event, or about an event that was derived from it."""

    event: Event
    changes: list[Change]
    alerts: list[Alert]


@dataclass(slots=True)
class Looks:
    """A recorder: everything that rules did while it listened."""

    of: dict[str, list[Look]] = field(default_factory=dict)
    gates: dict[str, str] = field(default_factory=dict)

    def evaluated(self, rule: CompiledRule, event: Event, changes: Sequence[Change], alerts: Sequence[Alert]) -> None:
        self.of.setdefault(rule.head.uid, []).append(Look(event, list(changes), list(alerts)))

    def held_back(self, rule: CompiledRule, event: Event, why: str) -> None:
        if not event.flags & FLAG_DERIVED:
            self.gates[rule.head.uid] = why


@dataclass(frozen=True, slots=True)
class Asked:
    """The event, its data as rules see it, where its device stands, and all that the engine knows after it."""

    event: Event
    data: Mapping[str, Any]
    place: Registration
    state: State
    late: bool


def switched_off(uid: str, version: int) -> dict[str, Any]:
    """The answer about a rule that is not asked any more."""
    return {"rule_uid": uid, "rule_version": version, "changes": [], **_say("switched_off")}


def explain(asked: Asked, compiled: CompiledRule, rule: Rule, looks: Looks) -> dict[str, Any]:
    """The answer about one rule that was in force."""
    uid, seen = rule.uid, looks.of.get(rule.uid, [])
    derived = sorted({look.event.event_type for look in seen if look.event.flags & FLAG_DERIVED})
    return {
        "rule_uid": uid,
        "rule_version": rule.version,
        "by_derived_events": derived,
        "changes": [change for look in seen for change in told(look.changes)][:MAX_CHANGES],
        **(_after(asked, compiled, rule, seen) if seen else _before(asked, compiled, rule, looks.gates.get(uid))),
    }


def told(changes: list[Change]) -> Iterator[dict[str, Any]]:
    """What a rule wrote: the place, and what is there now (null: nothing any more), each place once."""
    places = {(id(family), key): (family, key) for family, key, _ in changes}
    for family, key in places.values():
        now = family.get(key)
        yield {"key": _plain(key), "now": None if now is None else _plain(now)}


def _before(asked: Asked, compiled: CompiledRule, rule: Rule, gate: str | None) -> dict[str, Any]:
    """Why the rule was never asked."""
    event, match, place = asked.event, rule.match, asked.place
    if event.event_type not in match.event_types:
        return _say("other_type", seen=event.event_type, wanted=_any_of(match.event_types))
    scope = (
        ("device", event.device, match.devices),
        ("device kind", place.kind, match.device_kinds),
        ("zone", place.zone, match.zones),
        ("building", place.building, match.buildings),
    )
    for name, value, wanted in scope:
        if wanted and value not in wanted:
            return _say("out_of_scope", field=name, seen=_shown(value), wanted=_any_of(wanted))
    if compiled.key_of(event.device, place) is None or (rule.key == "plate" and "plate_hash" not in asked.data):
        return _say("no_key", wanted=rule.key)
    for field_name, needed in sorted(match.where.items()):
        if not equals(field_name, needed)(asked.data):
            return _say("where", field=field_name, seen=_shown(asked.data.get(field_name)), wanted=_shown(needed))
    return _say("held_back", why=gate) if gate else _say("nothing")


def _after(asked: Asked, compiled: CompiledRule, rule: Rule, looks: list[Look]) -> dict[str, Any]:
    """What came of asking it: what it said if it said something, else what it now waits for, else why nothing."""
    alerts = [alert for look in looks for alert in look.alerts]
    if alerts:
        return _of_alert(max(alerts, key=lambda alert: alert.version == 1), rule)
    place = asked.place
    key = asked.data.get("plate_hash") if rule.key == "plate" else compiled.key_of(asked.event.device, place)
    cell: CellKey = (asked.event.site, rule.uid, str(key))
    return _waiting(asked, rule, cell) or _why_nothing(asked, rule)


def _of_alert(alert: Alert, rule: Rule) -> dict[str, Any]:
    if alert.state is AlertState.CLEARED:
        return _say("cleared", alert_id=alert.alert_id)
    if alert.version == 1:
        return _say("fired", alert_id=alert.alert_id)
    until = to_text(alert.updated_at + round(rule.cooldown_s * 1_000_000))
    return _say("counted", alert_id=alert.alert_id, count=alert.count, until=until)


def _waiting(asked: Asked, rule: Rule, cell: CellKey) -> dict[str, Any] | None:
    """What the rule knows of this key that has not come to its end."""
    state, device = asked.state, asked.event.device
    held = state.held.get((*cell, device))
    if held is not None:
        return _say("held", since=to_text(held.since), due=to_text(held.due))
    current, window, heard = state.current.get(cell), state.windows.get(cell), state.heard.get(cell)
    holds = device in state.holders.get(cell, ()) or (window is not None and window.raised)
    if current is not None and holds:
        return _say("raised_already", alert_id=current.alert.alert_id)
    if window is not None and isinstance(rule, CountRule) and _holds(asked, rule):
        newest = window.times[-1]
        count = sum(time > newest - round(rule.window_s * 1_000_000) for time in window.times)
        return _say("window", count=count, wanted=rule.count)
    return None if heard is None else _say("heard", since=to_text(heard.at + state.outage))


def _why_nothing(asked: Asked, rule: Rule) -> dict[str, Any]:
    if asked.late and not isinstance(rule, CountRule):
        return _say("late")
    if isinstance(rule, PlateListRule):
        return _say("not_listed", wanted=rule.plate_list)
    if isinstance(rule, ThresholdRule):
        limit, op = (rule.raise_above, ">") if rule.raise_above is not None else (rule.raise_below, "<")
        seen = number(asked.data, rule.field)
        return _say("condition", field=rule.field, seen=_shown(seen), op=op, wanted=_shown(limit))
    condition: Condition | None = getattr(rule, "condition", None)
    if condition is None or compile_condition(condition)(asked.data):
        return _say("nothing")
    seen = asked.data.get(condition.field)
    return _say("condition", field=condition.field, seen=_shown(seen), op=condition.op, wanted=_shown(condition.value))


def _holds(asked: Asked, rule: CountRule) -> bool:
    return rule.condition is None or compile_condition(rule.condition)(asked.data)


def _say(outcome: str, **values: Any) -> dict[str, Any]:
    chinese, english = _SENTENCES[outcome]
    return {"outcome": outcome, "why": {"zh": chinese.format(**values), "en": english.format(**values)}, **values}


def _any_of(names: Sequence[str]) -> str:
    return ", ".join(names)


def _shown(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else msgspec.to_builtins(value)
