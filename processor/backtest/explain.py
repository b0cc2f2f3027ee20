"""Why a rule did or did not fire on an event, in a sentence: from the rule, the event, and what the rule left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from herun.alerts import Alert, AlertState
from herun.cel import ConditionFailedError, Subject, compile_expression
from herun.clock import SECOND_US, to_text
from herun.events import FLAG_DERIVED, Event
from herun.rules import CountRule, DistinctRule, PlateListRule, Rule, SequenceRule, ThresholdRule
from processor.engine.conditions import equals
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.recorder import Change
from processor.engine.rulebook import compile_rule, subject_of
from processor.engine.state import CellKey, Registration, State
from processor.engine.tracks import FoldState, Holding, Partials, Times, Values, Waiting

MAX_CHANGES: Final = 50  # told of one rule: a window's times are one of them

# What can be said, Chinese and English.
_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "switched_off": ("规则多次出错，已停用", "the rule failed too often and was switched off"),
    "off": ("规则处于关闭状态（mode: off）", "somebody has put the rule off (mode: off)"),
    "device_off": ("设备已停用，规则不看它的事件", "the device is switched off: what it says reaches no rule"),
    "other_type": ("事件类型是 {seen}，规则看的是 {wanted}", "the event is a {seen}, the rule looks at {wanted}"),
    "out_of_scope": ("{field} 是 {seen}，规则只看 {wanted}", "its {field} is {seen}, the rule looks at {wanted}"),
    "no_key": ("规则按 {wanted} 归并，此设备没有", "the rule keeps by {wanted}, and this device has none"),
    "where": ("数据 {field} 是 {seen}，应为 {wanted}", "its {field} is {seen}, not {wanted}"),
    "held_back": ("规则此时不能触发：{by_zh}", "it may not raise now: {by_en}"),
    "fired": ("触发告警 {alert_id}", "it raised alert {alert_id}"),
    "hidden": (
        "触发告警 {alert_id}，并入告警 {merged_into}，未单独显示",
        "it raised alert {alert_id}, which alert {merged_into} hides",
    ),
    "counted": (
        "计入告警 {alert_id}（第 {count} 次），冷却至 {until}",
        "it was counted into alert {alert_id} (occurrence {count}), in cool-down until {until}",
    ),
    "goes_on": (
        "计入告警 {alert_id}（第 {count} 次），尚未恢复正常",
        "it was counted into alert {alert_id} (occurrence {count}), as it has not been usual again since",
    ),
    "cleared": ("解除告警 {alert_id}", "it cleared alert {alert_id}"),
    "would_have_fired": (
        "试运行：本会触发告警 {alert_id}，只统计，不通知",
        "in monitor mode: it would have raised alert {alert_id}, which was only measured",
    ),
    "would_have_counted": (
        "试运行：本会计入告警 {alert_id}（第 {count} 次），冷却至 {until}",
        "in monitor mode: it would have been counted into {alert_id} (occurrence {count}), in cool-down until {until}",
    ),
    "would_have_cleared": (
        "试运行：本会解除告警 {alert_id}",
        "in monitor mode: it would have cleared alert {alert_id}",
    ),
    "raised_already": ("告警 {alert_id} 已触发且仍成立", "alert {alert_id} is raised already and still holds"),
    "held": ("条件自 {since} 起成立，持续至 {due} 才触发", "it has held since {since} and is due to raise at {due}"),
    "window": ("时间窗内 {count} 次，需 {wanted} 次", "counted {count} of {wanted} in the window"),
    "heard": ("设备有消息，沉默从 {since} 重新计", "the device spoke: its silence is measured from {since} anew"),
    "waiting": (
        "自 {since} 起等待，至 {due} 不来则触发",
        "it waits since {since}, and raises if nothing comes by {due}",
    ),
    "steps": ("序列已到第 {count} 步，共 {wanted} 步", "the sequence has come to step {count} of {wanted}"),
    "not_begun": (
        "序列尚未开始：{wanted} 步中的第 1 步还没有发生",
        "the sequence has not begun: the first of its {wanted} steps has not happened",
    ),
    "limit": ("{field} 是 {seen}，要求 {op} {wanted}", "its {field} is {seen}, wanted {op} {wanted}"),
    "condition": ("条件不成立：{wanted}；数据：{seen}", "the condition does not hold: {wanted}; the data: {seen}"),
    "failed": ("条件无法计算：{wanted}；{error}", "the condition cannot be evaluated: {wanted}: {error}"),
    "not_listed": ("车牌不在名单 {wanted} 上", "the plate is not on the list {wanted}"),
    "nothing": ("规则看过，无变化", "the rule looked at it, and nothing changed"),
}


# What holds a rule back.
_HELD_BY: Final[dict[str, tuple[str, str]]] = {
    "schedule": ("不在其时段内", "this is outside its schedule"),
    "arming": ("区域不在其要求的防区模式", "the device's zone is in none of its modes"),
    "bypass": ("设备被旁路", "the device is bypassed"),
    "drill": ("演练中", "there is a drill"),
    "maintenance": ("检修中", "there is maintenance"),
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
    gates: dict[str, str] = field(default_factory=dict)  # by uid of a rule that may not raise now, what keeps it

    def evaluated(self, rule: CompiledRule, event: Event, changes: Sequence[Change], alerts: Sequence[Alert]) -> None:
        self.of.setdefault(rule.head.uid, []).append(Look(event, list(changes), list(alerts)))

    def held_back(self, rule: CompiledRule, event: Event, by: str) -> None:
        if not event.flags & FLAG_DERIVED:
            self.gates[rule.head.uid] = by


@dataclass(frozen=True, slots=True)
class Asked:
    """The event, its data as rules see it, where its device stands, and all that the engine knows after it."""

    event: Event
    data: Mapping[str, Any]
    place: Registration
    state: State

    @property
    def subject(self) -> Subject:
        """What conditions see of the device and the event besides its data."""
        return subject_of(self.event.device, self.place, self.event.event_type)


def not_asked(rule: Rule, *, failed: bool) -> dict[str, Any]:
    """The answer about a rule that is not asked: because it failed too often, or because it is put so."""
    said = _say("switched_off" if failed else "off")
    return {"rule_uid": rule.uid, "rule_version": rule.version, "changes": [], **said}


def explain(asked: Asked, compiled: CompiledRule, rule: Rule, looks: Looks) -> dict[str, Any]:
    """The answer about one rule that was in force."""
    uid, seen = rule.uid, looks.of.get(rule.uid, [])
    derived = sorted({look.event.event_type for look in seen if look.event.flags & FLAG_DERIVED})
    return {
        "rule_uid": uid,
        "rule_version": rule.version,
        "by_derived_events": derived,
        "changes": [change for look in seen for change in told(look.changes)][:MAX_CHANGES],
        **(_after(asked, compiled, rule, seen, looks.gates) if seen else _before(asked, compiled, rule)),
    }


def told(changes: list[Change]) -> Iterator[dict[str, Any]]:
    """What a rule wrote: the place, and what is there now (null: nothing any more), each place once.

    That an event is remembered, should another come late, is no change.
    """
    places = {(id(family), key): (family, key) for family, key, _ in changes if not isinstance(family, list)}
    for family, key in places.values():
        now = family.get(key)
        yield {"key": _plain(key), "now": None if now is None else _plain(now)}


def _before(asked: Asked, compiled: CompiledRule, rule: Rule) -> dict[str, Any]:
    """Why the rule was never asked."""
    event, match, place = asked.event, rule.match, asked.place
    if not place.enabled:
        return _say("device_off")
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
    if compiled.key_of(event.device, place) is None or (compiled.key_field and compiled.key_field not in asked.data):
        return _say("no_key", wanted=rule.key)
    for field_name, needed in sorted(match.where.items()):
        if not equals(field_name, needed)(asked.data):
            return _say("where", field=field_name, seen=_shown(asked.data.get(field_name)), wanted=_shown(needed))
    return _condition_fails(asked, rule) or _say("nothing")


def _after(
    asked: Asked, compiled: CompiledRule, rule: Rule, looks: list[Look], held_back: Mapping[str, str]
) -> dict[str, Any]:
    """What came of asking it: what it said if it said something, else what it now waits for, else why nothing."""
    alerts = [alert for look in looks for alert in look.alerts if alert.rule_uid == rule.uid]  # not the storm's own
    if alerts:
        return _of_alert(max(alerts, key=lambda alert: alert.version == 1), rule)
    if rule.uid in held_back:
        return _held_back(held_back[rule.uid])
    place = asked.place
    key = asked.data.get(compiled.key_field) if compiled.key_field else compiled.key_of(asked.event.device, place)
    cell: CellKey = (asked.event.site, rule.uid, str(key))
    return _waiting(asked, rule, cell) or _why_nothing(asked, rule)


def _held_back(by: str) -> dict[str, Any]:
    chinese, english = _HELD_BY[by]
    said = _say("held_back", by_zh=chinese, by_en=english)
    return {"outcome": said["outcome"], "why": said["why"], "by": by}


def _of_alert(alert: Alert, rule: Rule) -> dict[str, Any]:
    would_have = "would_have_" if alert.mode == "monitor" else ""
    if alert.state is AlertState.CLEARED:
        return _say(f"{would_have}cleared", alert_id=alert.alert_id)
    if alert.version == 1 and alert.merged_into is not None:
        return _say("hidden", alert_id=alert.alert_id, merged_into=alert.merged_into)
    if alert.version == 1:
        return _say(f"{would_have}fired", alert_id=alert.alert_id)
    if rule.kind == "anomaly":
        return {**_say("goes_on", alert_id=alert.alert_id, count=alert.count), "outcome": f"{would_have}counted"}
    until = to_text(alert.updated_at + round(rule.cooldown_s * SECOND_US))
    return _say(f"{would_have}counted", alert_id=alert.alert_id, count=alert.count, until=until)


def _waiting(asked: Asked, rule: Rule, cell: CellKey) -> dict[str, Any] | None:
    """What the rule knows of this key that has not come to its end."""
    state = asked.state
    track = state.tracks.get(cell[:2], {}).get(cell[2])
    current, heard = state.current.get(cell), state.heard.get(cell)
    if current is not None and current.alert.state is AlertState.RAISED and compile_rule(cell[0], rule).head.lasting:
        return _say("raised_already", alert_id=current.alert.alert_id)
    if track is not None and _condition_fails(asked, rule) is None:
        return _of_state(track.head, rule, asked.event.device)
    return None if heard is None else _say("heard", since=to_text(heard.at + state.outage))


def _of_state(head: FoldState, rule: Rule, device: str) -> dict[str, Any] | None:
    """What a fold is waiting for."""
    match head:
        case Holding():
            for pending in head.pending:
                if pending.device == device:
                    return _since("held", pending.since, rule)
        case Waiting() if head.since is not None and not head.is_raised:
            return _since("waiting", head.since.since, rule)
        case Times() if isinstance(rule, CountRule):
            oldest = head.times[-1] - round(rule.window_s * SECOND_US)
            return _say("window", count=sum(time > oldest for time in head.times), wanted=rule.count)
        case Values() if isinstance(rule, DistinctRule):
            oldest = head.values[-1][1] - round(rule.window_s * SECOND_US)
            return _say("window", count=sum(time > oldest for _, time in head.values), wanted=rule.count)
        case Partials() if isinstance(rule, SequenceRule):
            steps = max((n + 1 for n, reached in enumerate(head.reached) if reached), default=0)
            wanted = len(rule.steps)
            return _say("steps", count=steps, wanted=wanted) if steps else _say("not_begun", wanted=wanted)
    return None


def _since(outcome: str, since: int, rule: Rule) -> dict[str, Any]:
    seconds: float = getattr(rule, "duration_s", 0.0) or getattr(rule, "within_s", 0.0)
    return _say(outcome, since=to_text(since), due=to_text(since + round(seconds * SECOND_US)))


def _why_nothing(asked: Asked, rule: Rule) -> dict[str, Any]:
    failing = _condition_fails(asked, rule)
    if failing is not None:
        return failing
    if isinstance(rule, PlateListRule):
        return _say("not_listed", wanted=rule.plate_list)
    if isinstance(rule, ThresholdRule):
        limit, op = (rule.raise_above, ">") if rule.raise_above is not None else (rule.raise_below, "<")
        return _say("limit", field=rule.field, seen=_shown(asked.data.get(rule.field)), op=op, wanted=_shown(limit))
    return _say("nothing")


def _condition_fails(asked: Asked, rule: Rule) -> dict[str, Any] | None:
    """Why the condition does not hold for the event; None if it holds or there is none."""
    if rule.condition is None:
        return None
    try:
        holds = compile_expression(rule.condition).is_true(asked.data, asked.subject)
    except ConditionFailedError as error:
        return _say("failed", wanted=rule.condition, error=str(error))
    return None if holds else _say("condition", wanted=rule.condition, seen=_shown(asked.data))


def _say(outcome: str, **values: Any) -> dict[str, Any]:
    chinese, english = _SENTENCES[outcome]
    return {"outcome": outcome, "why": {"zh": chinese.format(**values), "en": english.format(**values)}, **values}


def _any_of(names: Sequence[str]) -> str:
    return ", ".join(names)


def _shown(value: Any) -> str:
    return "-" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else msgspec.to_builtins(value)
