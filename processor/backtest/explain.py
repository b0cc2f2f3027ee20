"""Why a rule did or did not fire on an event, in a sentence: from the rule, the event, and what the rule left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from herun.alerts import Alert, AlertState, Correction
from herun.cel import ConditionFailedError, Subject, compile_expression
from herun.clock import SECOND_US, to_text
from herun.events import FLAG_DERIVED, Event
from herun.rules import CountRule, DistinctRule, PlateListRule, Rule, SequenceRule
from processor.backtest.holding import held_back
from processor.backtest.measures import is_newest, short_of, shown, too_late
from processor.backtest.sentences import hidden_by, over_too, say
from processor.engine.alerting import NOWHERE
from processor.engine.conditions import equals
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.merging import WAIT
from processor.engine.recorder import Change, Look
from processor.engine.rulebook import subject_of
from processor.engine.state import CellKey, Registration, State
from processor.engine.tracks import FoldState, Holding, Partials, Times, Values, Waiting

MAX_CHANGES: Final = 50  # told of one rule: a window's times are one of them


@dataclass(slots=True)
class Looks:
    """A recorder: what rules did because of one event while it listened, by the rule's uid.

    Because of it is also what they did because of what was derived from it. What else was due then is not its doing.
    """

    device: str
    event_id: str
    of: dict[str, list[Look]] = field(default_factory=dict)

    def evaluated(self, rule: CompiledRule, look: Look) -> None:
        if self._is_of(look.event):
            self.of.setdefault(rule.head.uid, []).append(look)

    def _is_of(self, event: Event) -> bool:
        if (event.device, event.event_id) == (self.device, self.event_id):
            return True
        if not event.flags & FLAG_DERIVED:
            return False
        data = data_of(event)
        own = (data.get("event_id"), data.get("first_read"), data.get("last_read"))
        if event.device == self.device and self.event_id in own:
            return True
        return (data.get("plate_device"), data.get("plate_event")) == (self.device, self.event_id)


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

    def about(self, look: Look) -> Asked:
        """The same, of what the rule has looked at: the event itself, or one that was derived from it."""
        event = look.event
        if not event.flags & FLAG_DERIVED:
            return self
        data = data_of(event)
        place = self.state.registered.get((event.site, event.device), NOWHERE)
        return Asked(event, data, place, self.state)


def data_of(event: Event) -> dict[str, Any]:
    """The data of an event as rules see it."""
    return msgspec.json.decode(event.data, type=dict[str, Any])


def not_asked(rule: Rule, *, failed: bool) -> dict[str, Any]:
    """The answer about a rule that is not asked: because it failed too often, or because it is put so."""
    said = say("switched_off" if failed else "off")
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
        **(_after(asked, compiled, rule, seen) if seen else _before(asked, compiled, rule)),
    }


def told(changes: Sequence[Change]) -> Iterator[dict[str, Any]]:
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
        return say("device_off")
    if event.event_type not in match.event_types:
        return say("other_type", seen=event.event_type, wanted=_any_of(match.event_types))
    scope = (
        ("device", event.device, match.devices),
        ("device kind", place.kind, match.device_kinds),
        ("zone", place.zone, match.zones),
        ("building", place.building, match.buildings),
    )
    for name, value, wanted in scope:
        if wanted and value not in wanted:
            return say("out_of_scope", field=name, seen=shown(value), wanted=_any_of(wanted))
    if compiled.key_of(event.device, place) is None or (compiled.key_field and compiled.key_field not in asked.data):
        return say("no_key", wanted=rule.key)
    for field_name, needed in sorted(match.where.items()):
        if not equals(field_name, needed)(asked.data):
            return say("where", field=field_name, seen=shown(asked.data.get(field_name)), wanted=shown(needed))
    return _condition_fails(asked, rule) or say("nothing")


def _after(asked: Asked, compiled: CompiledRule, rule: Rule, looks: list[Look]) -> dict[str, Any]:
    """What came of asking it: what it said if it said something, else what it now waits for, else why nothing."""
    said = [(alert, look) for look in looks for alert in look.alerts if alert.rule_uid == rule.uid]  # not the storm's
    if said:
        alert, look = max(said, key=lambda each: each[0].version == 1)
        last = max((each for each, _ in said if each.alert_id == alert.alert_id), key=lambda each: each.version)
        over_at = last.cleared_at if alert.state is AlertState.RAISED else None
        return over_too(_of_alert(alert, rule, is_late=not is_newest(asked.state, compiled, look)), over_at)
    own = [look for look in looks if not look.event.flags & FLAG_DERIVED]
    look = next((each for each in looks if each.held is not None), (own or looks)[-1])
    if look.is_too_late:
        return too_late(asked.state, compiled, rule, look)
    if look.held is not None:
        return held_back(asked.state, compiled, look.held)
    about = asked.about(look)
    cell: CellKey = (look.event.site, rule.uid, look.key)
    return _waiting(about, compiled, rule, cell) or _why_nothing(about, compiled, rule, look)


def _of_alert(alert: Alert, rule: Rule, *, is_late: bool) -> dict[str, Any]:
    """What was told of an alert. A correction stays on it: only what comes late makes one, or withdraws."""
    if alert.correction is not None and (is_late or alert.correction is Correction.WITHDRAWN):
        begin, end = to_text(alert.raised_at), "-" if alert.cleared_at is None else to_text(alert.cleared_at)
        said = say(alert.correction.value, alert_id=alert.alert_id, begin=begin, end=end, count=alert.count)
        return hidden_by(said, alert.merged_into)
    would_have = "would_have_" if alert.mode == "monitor" else ""
    if alert.state is AlertState.CLEARED:
        return say(f"{would_have}cleared", alert_id=alert.alert_id)
    if alert.version == 1 and alert.merged_into is not None:
        return say("hidden", alert_id=alert.alert_id, merged_into=alert.merged_into)
    if alert.version == 1:
        return say(f"{would_have}fired", alert_id=alert.alert_id)
    if rule.kind == "anomaly":
        said = {**say("goes_on", alert_id=alert.alert_id, count=alert.count), "outcome": f"{would_have}counted"}
        return hidden_by(said, alert.merged_into)
    until = to_text(alert.updated_at + round(rule.cooldown_s * SECOND_US))
    said = say(f"{would_have}counted", alert_id=alert.alert_id, count=alert.count, until=until)
    return hidden_by(said, alert.merged_into)


def _waiting(asked: Asked, compiled: CompiledRule, rule: Rule, cell: CellKey) -> dict[str, Any] | None:
    """What the rule knows of this key that has not come to its end."""
    state = asked.state
    track = state.tracks.get(cell[:2], {}).get(cell[2])
    current, heard = state.current.get(cell), state.heard.get(cell)
    if current is not None and current.waiting:
        return say("waits_for_above", alert_id=current.alert.alert_id, until=to_text(state.due[(WAIT, *cell)]))
    if current is not None and current.alert.state is AlertState.RAISED and compiled.head.lasting:
        said = say("raised_already", alert_id=current.alert.alert_id)
        return hidden_by(said, current.alert.merged_into)
    if track is not None and _condition_fails(asked, rule) is None:
        return _of_state(track.head, rule, asked.event.device)
    return None if heard is None else say("heard", since=to_text(heard.at + state.outage))


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
            return say("window", count=sum(time > oldest for time in head.times), wanted=rule.count)
        case Values() if isinstance(rule, DistinctRule):
            oldest = head.values[-1][1] - round(rule.window_s * SECOND_US)
            return say("window", count=sum(time > oldest for _, time in head.values), wanted=rule.count)
        case Partials() if isinstance(rule, SequenceRule):
            steps = max((n + 1 for n, reached in enumerate(head.reached) if reached), default=0)
            wanted = len(rule.steps)
            return say("steps", count=steps, wanted=wanted) if steps else say("not_begun", wanted=wanted)
    return None


def _since(outcome: str, since: int, rule: Rule) -> dict[str, Any]:
    seconds: float = getattr(rule, "duration_s", 0.0) or getattr(rule, "within_s", 0.0)
    return say(outcome, since=to_text(since), due=to_text(since + round(seconds * SECOND_US)))


def _why_nothing(asked: Asked, compiled: CompiledRule, rule: Rule, look: Look) -> dict[str, Any]:
    failing = _condition_fails(asked, rule)
    if failing is not None:
        return failing
    if isinstance(rule, PlateListRule):
        return say("not_listed", wanted=rule.plate_list)
    return short_of(asked.state, asked.data, compiled, rule, look)


def _condition_fails(asked: Asked, rule: Rule) -> dict[str, Any] | None:
    """Why the condition does not hold for the event; None if it holds or there is none."""
    if rule.condition is None:
        return None
    try:
        holds = compile_expression(rule.condition).is_true(asked.data, asked.subject)
    except ConditionFailedError as error:
        return say("failed", wanted=rule.condition, error=str(error))
    return None if holds else say("condition", wanted=rule.condition, seen=shown(asked.data))


def _any_of(names: Sequence[str]) -> str:
    return ", ".join(names)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else msgspec.to_builtins(value)
