"""What a backtest says about two sides of alerts."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from herun.alerts import Alert, AlertState
from herun.clock import DAY_US, parse_time
from processor.backtest import report
from processor.backtest.report import Fires, canonical, compare
from processor.engine.decisions import Decisions

BEGIN = parse_time("2026-05-11T00:00:00+08:00")
BY_EVENT = {"device": "d1", "event_id": "e1"}


def alert(alert_id: str, at: int = 0, **changes: Any) -> Alert:
    values: dict[str, Any] = {
        "site": "s1", "alert_id": alert_id, "version": 1, "rule_uid": "r", "rule_version": 1, "key": "d1",
        "state": AlertState.RAISED, "severity": "warning", "category": "c", "raised_at": BEGIN + at,
        "updated_at": BEGIN + at, "cleared_at": None, "count": 1, "device": "d1", "zone": "z", "building": "b",
        "opens_order": False, "title": {}, "text": {}, "cause": BY_EVENT,
    }  # fmt: skip
    return Alert(**values | changes)


def cleared(alert_id: str, at: int, until: int, **changes: Any) -> Alert:
    return alert(alert_id, at, state=AlertState.CLEARED, cleared_at=BEGIN + until, version=2, **changes)


def collected(uid: str | None = None) -> Fires:
    return Fires(BEGIN, BEGIN + DAY_US, uid, ZoneInfo("Asia/Shanghai"))


def frame(told_us: int, *versions: Alert) -> Decisions:
    return Decisions(1, told_us, alerts=list(versions), told_us=[told_us] * len(versions))


def fires(*alerts: Alert) -> Fires:
    made = collected()
    for each in alerts:
        first = alert(each.alert_id, each.raised_at - BEGIN, key=each.key)
        made.take(frame(BEGIN, *([first] if each.version == 1 else [first, each])))
    return made


def test_an_alert_belongs_to_the_period_in_which_it_was_told() -> None:
    made = collected()
    made.take(frame(BEGIN - 1, alert("before", 5)))
    made.take(frame(BEGIN, alert("late event", -5)))
    made.take(frame(BEGIN + 9, cleared("before", 5, 9), cleared("late event", -5, 9)))
    assert [(each.alert_id, each.version) for each in made.alerts.values()] == [("late event", 2)]


def test_of_all_rules_people_are_told_and_of_one_all_is_told() -> None:
    versions = (alert("on trial", mode="monitor"), alert("other", rule_uid="other"))
    for uid, expected in ((None, {"other"}), ("r", {"on trial"}), ("other", {"other"})):
        made = collected(uid)
        made.take(frame(BEGIN, *versions))
        assert set(made.alerts) == expected


def test_days_are_the_sites() -> None:
    told = fires(alert("a", 0), alert("b", DAY_US - 1)).as_dict()
    assert told["by_day"] == {"2026-05-11": 2}
    assert told["by_point"] == [{"building": "b", "zone": "z", "device": "d1", "fires": 2}]


def test_beyond_the_limit_alerts_are_counted_and_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "MAX_ALERTS", 3)
    made = fires(*(alert(f"a{n}") for n in range(5)))
    assert (made.total, len(made.alerts)) == (5, 3)


def test_alerts_are_the_same_by_id_else_by_key_and_time() -> None:
    mine = fires(cleared("same", 0, 10), cleared("earlier", 100, 300), cleared("apart", 500, 600))
    live = [cleared("same", 0, 11), cleared("later", 200, 250), cleared("elsewhere", 500, 600, key="d2")]
    difference = compare(mine, live, {}, frozenset())["difference"]
    assert difference["both"] == [
        {"alert_id": "earlier", "live_alert_id": "later", "equal": False},
        {"alert_id": "same", "live_alert_id": "same", "equal": False},
    ]
    assert [each["alert_id"] for each in difference["only_live"]] == ["elsewhere"]
    assert difference["only_candidate"] == ["apart"]


def test_a_raised_alert_lasts_to_the_end_unless_its_rule_only_notes_occurrences() -> None:
    live = [cleared("live", 500, 600)]
    assert compare(fires(alert("mine", 0)), live, {}, frozenset())["difference"]["only_live"] == []
    momentary = compare(fires(alert("mine", 0)), live, {}, frozenset({"r"}))["difference"]
    assert momentary["only_candidate"] == ["mine"]


def test_verdicts_tell_what_was_caught_missed_raised_again_and_spared() -> None:
    names = ("true-1", "true-2", "false-1", "nuisance-1", "drill-1")
    live = [cleared(name, 1000 * n, 1000 * n + 1) for n, name in enumerate(names)]
    verdicts = {each.alert_id: each.alert_id.partition("-")[0] for each in live}
    told = compare(fires(live[0], live[2]), live, verdicts, frozenset())["verdicts"]
    assert told == {"caught": ["true-1"], "missed": ["true-2"], "raised_again": ["false-1"], "spared": ["nuisance-1"]}


def test_equal_values_are_one_text() -> None:
    assert canonical({"b": 1, "a": ["车"]}) == canonical({"a": ["车"], "b": 1}) == '{"a":["车"],"b":1}'
