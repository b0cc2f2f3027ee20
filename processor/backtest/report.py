"""What a backtest says: fires, verdicts and the difference to the live run, in one canonical JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from herun.alerts import Alert, AlertState
from herun.clock import to_datetime, to_text
from processor.engine.decisions import Decisions

MAX_ALERTS: Final = 5_000  # listed, of each side; what is beyond is counted all the same
GOOD: Final = "true"
BAD: Final = frozenset({"false", "nuisance"})  # drill and test say nothing about a rule


@dataclass(slots=True)
class Fires:
    """What a replay told from `from_us` on: each alert in its newest version, listed up to a limit, counted beyond it.

    Of the rule under test whatever its mode; of all rules (`uid` None) what people would have been told.
    """

    from_us: int
    until_us: int
    uid: str | None
    days: ZoneInfo
    alerts: dict[str, Alert] = field(default_factory=dict)
    total: int = 0
    by_day: Counter[str] = field(default_factory=Counter)
    by_point: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    by_rule: Counter[str] = field(default_factory=Counter)

    def take(self, decisions: Decisions) -> None:
        """What one frame made."""
        for alert, told_us in zip(decisions.alerts, decisions.told_us, strict=True):
            if alert.alert_id in self.alerts:
                self.alerts[alert.alert_id] = alert
            elif alert.version == 1 and told_us >= self.from_us and self._is_asked_for(alert):
                self._count(alert)

    def _is_asked_for(self, alert: Alert) -> bool:
        return alert.mode == "live" if self.uid is None else alert.rule_uid == self.uid

    def _count(self, alert: Alert) -> None:
        self.total += 1
        self.by_day[to_datetime(alert.raised_at).astimezone(self.days).date().isoformat()] += 1
        self.by_point[alert.building or "", alert.zone or "", alert.device or ""] += 1
        self.by_rule[alert.rule_uid] += 1
        if len(self.alerts) < MAX_ALERTS:
            self.alerts[alert.alert_id] = alert

    def as_dict(self) -> dict[str, Any]:
        """For the result."""
        return {
            "total": self.total,
            "by_rule": dict(self.by_rule),
            "by_day": dict(self.by_day),
            "by_point": [
                {"building": building, "zone": zone, "device": device, "fires": count}
                for (building, zone, device), count in sorted(self.by_point.items())
            ],
        }


def compare(fires: Fires, live: list[Alert], verdicts: dict[str, str], momentary: frozenset[str]) -> dict[str, Any]:
    """The difference to the live run, and what people said about its alerts. `momentary` rules' alerts never clear."""

    def over_at(alert: Alert) -> int:
        lasts = alert.state is AlertState.RAISED and alert.rule_uid not in momentary
        return fires.until_us if lasts else alert.cleared_at or alert.updated_at

    pairs, only_candidate = _pairs(list(fires.alerts.values()), live, over_at)
    both = [
        {"alert_id": mine.alert_id, "live_alert_id": theirs.alert_id, "equal": _told(mine) == _told(theirs)}
        for theirs, mine in pairs
        if mine is not None
    ]
    only_live = [theirs for theirs, mine in pairs if mine is None]
    return {
        "difference": {
            "both": sorted(both, key=lambda pair: (pair["live_alert_id"], pair["alert_id"])),
            "only_live": in_order(only_live),
            "only_candidate": [alert.alert_id for alert in _sorted(only_candidate)],
        },
        "verdicts": _by_verdict(pairs, verdicts),
    }


def _pairs(
    mine: list[Alert], live: list[Alert], over_at: Callable[[Alert], int]
) -> tuple[list[tuple[Alert, Alert | None]], list[Alert]]:
    """Each live alert with the candidate's that says the same: by id, else the first of the key that overlaps it."""
    left = {alert.alert_id: alert for alert in mine}
    found: dict[str, Alert | None] = {theirs.alert_id: left.pop(theirs.alert_id, None) for theirs in live}
    by_key: dict[tuple[str, str], list[Alert]] = {}
    for alert in _sorted(mine):
        by_key.setdefault((alert.rule_uid, alert.key), []).append(alert)
    for theirs in _sorted(live):
        if found[theirs.alert_id] is None:
            first = next(
                (
                    each
                    for each in by_key.get((theirs.rule_uid, theirs.key), ())
                    if each.raised_at <= over_at(theirs) and theirs.raised_at <= over_at(each)
                ),
                None,
            )
            if first is not None:
                found[theirs.alert_id] = first
                left.pop(first.alert_id, None)
    return [(theirs, found[theirs.alert_id]) for theirs in live], list(left.values())


def _by_verdict(pairs: list[tuple[Alert, Alert | None]], verdicts: dict[str, str]) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {"caught": [], "missed": [], "raised_again": [], "spared": []}
    for theirs, mine in pairs:
        verdict = verdicts.get(theirs.alert_id)
        if verdict == GOOD:
            told["missed" if mine is None else "caught"].append(theirs.alert_id)
        elif verdict in BAD:
            told["spared" if mine is None else "raised_again"].append(theirs.alert_id)
    return {name: sorted(ids) for name, ids in told.items()}


def in_order(alerts: Iterable[Alert]) -> list[dict[str, Any]]:
    """Alerts as the result tells them, by the time at which they were raised."""
    return [_told(alert) for alert in _sorted(alerts)]


def _sorted(alerts: Iterable[Alert]) -> list[Alert]:
    return sorted(alerts, key=lambda alert: (alert.raised_at, alert.alert_id))


def _told(alert: Alert) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "rule_uid": alert.rule_uid,
        "rule_version": alert.rule_version,
        "key": alert.key,
        "version": alert.version,
        "state": alert.state.value,
        "severity": alert.severity,
        "raised_at": to_text(alert.raised_at),
        "cleared_at": None if alert.cleared_at is None else to_text(alert.cleared_at),
        "count": alert.count,
        "device": alert.device,
        "zone": alert.zone,
        "building": alert.building,
        "text": alert.text,
        "merged_into": alert.merged_into,
        "correction": alert.correction,
    }


def canonical(value: Any) -> str:
    """The one JSON text of a value: what is equal is equal byte for byte."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
