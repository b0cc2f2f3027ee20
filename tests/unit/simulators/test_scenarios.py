"""The scenarios are sound data: they name what exists, and every rule is tried."""

from __future__ import annotations

from importlib.resources import files

import pytest
from pydantic import ValidationError

from herun.catalogue import CATALOGUE
from herun.clock import HOUR_US, MINUTE_US, SECOND_US, parse_time
from herun.rule_changes import doubts
from herun.rule_files import KINDS, read_rules
from herun.rule_sense import faults
from herun.rules import RULE, SWITCHED_OFF_UID
from simulators.estate import HAMLET, HERUN, SKILLS, Estate, make_estate
from simulators.moments import duration_us, offset_us, resolved
from simulators.rulebook import rulebook
from simulators.scenario import Calls, Closes, Reports, Says, Scenario, scenarios

STORM_UID = "herun-storm"
START_US = parse_time("2026-05-09T12:00:00+08:00")
ALL = list(scenarios().values())
REQUIRED = {"fire_lane_blocked", "underpass_flooded", "lift_ebike", "watched_plate", "sensor_silent", "smoke_at_night"}


def test_the_scenarios_that_were_asked_for_are_there() -> None:
    assert set(scenarios()) >= REQUIRED | {"quiet_day"}


def test_the_quiet_day_expects_nothing_and_lasts_a_day() -> None:
    quiet = scenarios()["quiet_day"]
    assert quiet.lasts == 24 * HOUR_US
    assert quiet.timeline == ()
    assert quiet.answers.alerts == ()
    assert quiet.answers.orders == ()


def estate_of(scenario: Scenario) -> Estate:
    return make_estate("s", 1, HERUN if scenario.plan == "herun" else HAMLET)


def rules_of(scenario: Scenario) -> set[str]:
    """What is in force in it, and what the engine raises by itself."""
    common = [rule["uid"] for rule in rulebook().only(scenario.uses).rules]
    return {*common, *(rule["uid"] for rule in scenario.rules), STORM_UID, SWITCHED_OFF_UID}


@pytest.mark.parametrize("scenario", ALL, ids=lambda each: each.name)
def test_a_timeline_names_what_exists(scenario: Scenario) -> None:
    estate = estate_of(scenario)
    assert scenario.clocks.keys() <= scenario.cast()
    for line in scenario.timeline:
        if isinstance(line, Reports):
            assert line.resident < len(estate.with_role("resident"))
            assert line.category in SKILLS
        elif isinstance(line, Closes):
            assert line.closes in rules_of(scenario)
        elif not isinstance(line, Calls):
            assert line.device in estate.device
        if isinstance(line, Says):
            assert line.event in CATALOGUE
            assert not CATALOGUE[line.event].derived


@pytest.mark.parametrize("scenario", ALL, ids=lambda each: each.name)
def test_the_answers_name_what_exists(scenario: Scenario) -> None:
    estate, rules = estate_of(scenario), rules_of(scenario)
    zones = {zone for zone, _ in estate.zones}
    for alert in scenario.answers.alerts:
        assert alert.rule in rules
        assert alert.device is None or alert.device in estate.device
        assert alert.zone is None or alert.zone in zones
    for never in scenario.answers.never:
        assert never.rule in rules
        assert never.device in {*estate.device, *zones}
    for order in scenario.answers.orders:
        assert order.category in SKILLS
    assert {event.type for event in scenario.answers.events} <= set(CATALOGUE)


@pytest.mark.parametrize("scenario", [each for each in ALL if each.rules], ids=lambda each: each.name)
def test_a_scenarios_own_rules_are_right_and_stand_beside_the_common_ones(scenario: Scenario) -> None:
    rules = [RULE.validate_python(resolved(rule, START_US)) for rule in scenario.rules]
    assert [doubts(rule) for rule in rules if doubts(rule)] == []
    assert [faults(rule) for rule in rules if faults(rule)] == []
    assert not {rule.uid for rule in rules} & {rule["uid"] for rule in rulebook().rules}


def test_there_are_scenarios_for_every_kind_of_rule_and_every_change() -> None:
    assert len(ALL) >= 25
    own = {rule["kind"] for scenario in ALL for rule in scenario.rules}
    asked = {alert.rule for scenario in ALL for alert in scenario.answers.alerts}
    assert own | {rule["kind"] for rule in rulebook().rules if rule["uid"] in asked} == set(KINDS)


def test_every_scenario_that_expects_alerts_also_says_what_must_not_come() -> None:
    says_nothing = [each.name for each in ALL if each.answers.alerts and not each.answers.never]
    assert says_nothing == ["an_evening"]


def test_the_rules_are_right_and_each_says_what_it_means() -> None:
    found = read_rules((files("simulators") / "rules" / "herun.yaml").read_text("utf-8"))
    assert found.complaints == ()
    assert [doubts(placed.rule) for placed in found.rules if doubts(placed.rule)] == []
    assert {placed.rule.kind for placed in found.rules} == set(KINDS)


def test_every_rule_of_an_asked_scenario_is_raised_by_one() -> None:
    raised = {alert.rule for name in REQUIRED for alert in scenarios()[name].answers.alerts}
    assert raised <= {rule["uid"] for rule in rulebook().rules}
    assert len(raised) >= len(REQUIRED)


def test_every_rule_opens_orders_that_somebody_can_do() -> None:
    assert {rule["category"] for rule in rulebook().rules} <= set(SKILLS)


def test_durations_are_written_for_people() -> None:
    assert duration_us("1h30m5s") == 90 * MINUTE_US + 5 * SECOND_US
    for wrong in ("90", "1.5h", "", 90, None):
        with pytest.raises(ValueError, match="a duration is written like"):
            duration_us(wrong)


def test_a_clock_may_be_behind() -> None:
    assert (offset_us("-25m"), offset_us("25m")) == (-25 * MINUTE_US, 25 * MINUTE_US)
    assert scenarios()["clock_behind"].clocks["hydrant-b01-1"] == -40 * MINUTE_US


def test_a_line_after_the_end_is_refused() -> None:
    line = {"at": "2h", "device": "x", "event": "door.opened"}
    with pytest.raises(ValidationError, match="after its end"):
        Scenario.model_validate({"name": "x", "title": {"en": "x"}, "lasts": "1h", "timeline": [line]})


def test_moments_are_written_out_wherever_they_stand() -> None:
    body = {
        "from": "${clock +30m}",
        "until": ["${+1h}", "${-1h30m}"],
        "year": "${year +0m}",
        "on": "${date +12h}",
        "n": 1,
    }
    assert resolved(body, START_US) == {
        "from": "12:30",
        "until": ["2026-05-09T05:00:00.000000Z", "2026-05-09T02:30:00.000000Z"],
        "year": 2026,
        "on": "2026-05-10",
        "n": 1,
    }
