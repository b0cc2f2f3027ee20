"""What a rule that measures something found, held against what it wants: of one that did not raise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from herun.clock import SECOND_US, to_text
from herun.readable import readable
from herun.rules import AggregateRule, AnomalyRule, ChangeRule, Limits, Rule, ThresholdRule
from processor.backtest.sentences import say
from processor.engine.alerting import value_text
from processor.engine.detectors.counts import GRACE_US
from processor.engine.detectors.watch import Watch
from processor.engine.detectors.wording import sentence
from processor.engine.drafts import percent
from processor.engine.kinds.aggregate import Tumbling, make_aggregate
from processor.engine.kinds.anomaly import Anomaly
from processor.engine.kinds.compiled import CompiledRule
from processor.engine.kinds.fold import sides
from processor.engine.kinds.folded import Folded
from processor.engine.recorder import Look
from processor.engine.state import State
from processor.engine.tracks import EVENT, LAPSED, LEFT, FoldState, History, Sums, Track

_NUMBERS: Final = frozenset({int, float})


def shown(value: Any) -> str:
    """A value of the data as it is told."""
    return "-" if value is None else value if isinstance(value, str) else msgspec.json.encode(value).decode()


def short_of(state: State, data: Mapping[str, Any], compiled: CompiledRule, rule: Rule, look: Look) -> dict[str, Any]:
    """The outcome of a rule whose condition, if it has one, holds."""
    if isinstance(rule, AnomalyRule) and isinstance(compiled, Anomaly):
        return _unusual(state, data, compiled, rule, look)
    if isinstance(rule, ThresholdRule):
        return _no_number(rule.field, data) or _against(rule, rule.field, data[rule.field])
    if isinstance(rule, ChangeRule):
        after = state_after(state, compiled, look)
        if not isinstance(after, History) or not after.points:
            return _no_number(rule.field, data) or say("nothing")
        return _against(rule, f"change({rule.field})", float(data[rule.field]) - after.points[0][1])
    if isinstance(rule, AggregateRule):
        return _aggregated(state, data, compiled, rule, look)
    return say("nothing")


def too_late(state: State, compiled: CompiledRule, rule: Rule, look: Look) -> dict[str, Any]:
    """Of an event that is too old to correct anything: how late it is, and what is the limit."""
    if isinstance(compiled, Anomaly):
        watch = state.watches[compiled.rule_key][look.key]
        return _too_late(watch.at_us - look.times[1], GRACE_US)
    track = state.tracks[compiled.rule_key][look.key]
    late_us = track.tail[-1].at - time_of(rule, look)
    if late_us > compiled.lateness_us:
        return _too_late(late_us, compiled.lateness_us)
    return say("forgotten", late_s=readable(late_us / SECOND_US), since=to_text(track.since))


def time_of(rule: Rule, look: Look) -> int:
    """The event's time as the rule takes it: of what devices share, by everybody's clock."""
    return look.times[0 if rule.key == "device" else 1]


def is_newest(state: State, compiled: CompiledRule, look: Look) -> bool:
    """False if the key's newest was newer: then the event has corrected what was known, if it did anything."""
    track = _track(state, compiled, look)
    said = () if track is None else (each.event_id for each in reversed(track.tail) if each.what == EVENT)
    return next(iter(said), look.event.event_id) == look.event.event_id


def state_after(state: State, compiled: CompiledRule, look: Look) -> FoldState | None:
    """What the rule knew after the event, in the order of time; None if it has not taken it, or it is forgotten."""
    track = _track(state, compiled, look)
    if track is None or not isinstance(compiled, Folded):
        return None
    known: FoldState = track.base
    for sample in track.tail:
        if sample.what not in {EVENT, LAPSED, LEFT}:
            continue
        known = compiled.fold.step(known, sample)[0]
        if (sample.device, sample.event_id) == (look.event.device, look.event.event_id):
            return known
    return None


def _track(state: State, compiled: CompiledRule, look: Look) -> Track | None:
    return state.tracks.get(compiled.rule_key, {}).get(look.key)


def _too_late(late_us: int, limit_us: int) -> dict[str, Any]:
    return say("too_late", late_s=readable(late_us / SECOND_US), limit_s=readable(limit_us / SECOND_US))


def _no_number(field: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
    found = data.get(field)
    return None if type(found) in _NUMBERS else say("no_number", field=field, seen=shown(found))


def _limit(limits: Limits) -> dict[str, str]:
    if limits.raise_above is not None:
        return {"op": ">", "wanted": shown(limits.raise_above)}
    return {"op": "<", "wanted": shown(limits.raise_below)}


def _against(limits: Limits, field: str, value: float | None) -> dict[str, Any]:
    """What was seen and what is wanted; of a value beyond the limit, that it was so before."""
    if value is not None and sides(limits)[0](value):
        return say("nothing")
    return say("limit", field=field, seen="-" if value is None else value_text(value), **_limit(limits))


def _aggregated(
    state: State, data: Mapping[str, Any], compiled: CompiledRule, rule: AggregateRule, look: Look
) -> dict[str, Any]:
    after = state_after(state, compiled, look)
    if not isinstance(after, Sums):
        return _no_number(rule.field, data) or say("nothing")
    fold = make_aggregate(rule)
    value = fold.value(after)
    name = rule.function if rule.function in {"count", "duration"} else f"{rule.function}({rule.field})"
    if isinstance(fold, Tumbling):
        until = to_text(fold.alarms(after)[0][1])
        seen = "-" if value is None else value_text(value)
        return say("collects", field=name, seen=seen, until=until, **_limit(rule))
    return _against(rule, name, value)


def _unusual(state: State, data: Mapping[str, Any], compiled: Anomaly, rule: AnomalyRule, look: Look) -> dict[str, Any]:
    """What the detector made of it, by what it knew before."""
    cells, before = state.watches.get(compiled.rule_key), None
    for family, key, was in look.changes:
        if family is cells and key == look.key:
            before = was if isinstance(was, Watch) else None
            break
    weighing = compiled.weighing_of(state, before, look.times[1], data)
    if weighing is None:
        return say("no_number", field=rule.field, seen=shown(data.get(rule.field)))
    if weighing.why == "usual":
        return say("usual")
    finding = sentence(weighing.score)
    values = {
        "score": _digits(weighing.score.excess),
        "probability": percent(weighing.probability),
        "wanted": rule.direction if weighing.why == "direction" else _digits(weighing.wanted),
        "until": "" if weighing.until is None else to_text(weighing.until),
    }
    said = say(weighing.why, finding_zh=finding["zh"], finding_en=finding["en"], **values)
    return {"outcome": weighing.why, "why": said["why"], **{name: each for name, each in values.items() if each != ""}}


def _digits(number: float | None) -> str:
    return "" if number is None else readable(float(f"{number:.3g}"))
