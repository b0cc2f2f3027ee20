"""The judge of a scenario sees what is missing, what is too much, and what must not be."""

from __future__ import annotations

from dataclasses import replace

from simulators.answers import Seen, SeenAlert, SeenOrder, differences, holds
from simulators.scenario import Scenario, scenarios

FIRE_LANE = scenarios()["fire_lane_blocked"]
ALERT = SeenAlert("fire-lane-occupied", "fire-lane-b02-1", "fire-lane-b02-1", "b02", "cleared")
ORDER = SeenOrder("fire-safety", "alert", "b02", "rated")


def test_the_known_answers_are_no_difference() -> None:
    assert differences(FIRE_LANE, Seen([ALERT], [ORDER])) == []


def test_what_is_missing_is_a_difference() -> None:
    assert len(differences(FIRE_LANE, Seen([], [ORDER]))) == 1
    assert len(differences(FIRE_LANE, Seen([ALERT], []))) == 1


def test_twice_is_a_difference() -> None:
    assert len(differences(FIRE_LANE, Seen([ALERT, ALERT], [ORDER]))) == 1
    assert len(differences(FIRE_LANE, Seen([ALERT], [ORDER, ORDER]))) == 1


def test_another_state_is_a_difference() -> None:
    assert len(differences(FIRE_LANE, Seen([replace(ALERT, state="raised")], [ORDER]))) == 1
    assert len(differences(FIRE_LANE, Seen([ALERT], [replace(ORDER, state="answered")]))) == 1


def test_what_nobody_expected_is_a_difference() -> None:
    other = replace(ALERT, rule="smoke", device="smoke-b01-1", zone="floors-b01")
    assert len(differences(FIRE_LANE, Seen([ALERT, other], [ORDER]))) == 1
    assert len(differences(FIRE_LANE, Seen([ALERT], [ORDER, replace(ORDER, building="b01")]))) == 1


def test_what_must_not_come_says_why() -> None:
    wrong = replace(ALERT, device=None, zone="fire-lane-b01-1", building="b01")
    assert any("four minutes" in line for line in differences(FIRE_LANE, Seen([ALERT, wrong], [ORDER])))


def test_a_quiet_day_takes_nothing() -> None:
    assert differences(scenarios()["quiet_day"], Seen([], [])) == []
    assert len(differences(scenarios()["quiet_day"], Seen([ALERT], [ORDER]))) == 2


def knowing(**answers: object) -> Scenario:
    return Scenario.model_validate({"name": "x", "title": {"en": "x"}, "lasts": "1h", "answers": answers})


def test_what_people_and_late_events_made_of_an_alert_counts() -> None:
    corrected = replace(ALERT, correction="withdrawn", times=3, verdict="false", merged=True)
    expected = {"rule": ALERT.rule, "correction": "withdrawn", "times": 3, "verdict": False, "merged": True}
    assert differences(knowing(alerts=[expected]), Seen([corrected])) == []
    for wrong in ({"times": 2}, {"verdict": True}, {"state": "raised"}):
        assert len(differences(knowing(alerts=[expected | wrong]), Seen([corrected]))) == 1
    for other in ({"correction": "amended"}, {"merged": False}):  # it is missing, and another one is there
        assert len(differences(knowing(alerts=[expected | other]), Seen([corrected]))) == 2


def test_alerts_of_one_rule_are_told_apart_by_what_hides_them() -> None:
    alerts = [ALERT, ALERT, replace(ALERT, merged=True)]
    split = [{"rule": ALERT.rule, "merged": False, "count": 2}, {"rule": ALERT.rule, "merged": True}]
    assert differences(knowing(alerts=split), Seen(alerts)) == []


def test_events_of_a_named_type_are_all_known() -> None:
    armed = {"event_type": "zone.armed", "device": "z1", "data": {"mode": "armed", "forced": False}}
    scenario = knowing(events=[{"type": "zone.armed", "device": "z1", "where": {"mode": "armed"}}])
    assert differences(scenario, Seen(events=[armed])) == []
    assert len(differences(scenario, Seen())) == 1
    assert len(differences(scenario, Seen(events=[armed, armed]))) == 1
    assert len(differences(scenario, Seen(events=[armed, armed | {"device": "z2"}]))) == 1
    assert len(differences(knowing(events=[{"type": "zone.armed", "count": 0}]), Seen(events=[armed]))) == 1


def test_what_is_shown_has_at_least_what_is_known() -> None:
    scenario = knowing(shows=[{"get": "passages/occupancy", "has": {"vehicles_inside": 1}}])
    assert differences(scenario, Seen(shown={"passages/occupancy": {"vehicles_inside": 1, "since": "..."}})) == []
    assert len(differences(scenario, Seen(shown={"passages/occupancy": {"vehicles_inside": 2}}))) == 1
    assert len(differences(scenario, Seen())) == 1


def test_of_a_list_each_known_thing_is_somewhere() -> None:
    assert holds([{"a": 1}], [{"a": 2}, {"a": 1, "b": 3}])
    assert holds([], [])
    assert not holds([], [1])
    assert not holds([{"a": 1}, {"a": 4}], [{"a": 1}])
    assert not holds({"a": None}, {})
    assert not holds([1], {"a": 1})
