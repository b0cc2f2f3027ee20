"""The scenarios are sound data: they name what exists, and every rule is tried."""

from __future__ import annotations

from importlib.resources import files

import pytest
from pydantic import ValidationError

from herun.catalogue import CATALOGUE
from herun.clock import HOUR_US, MINUTE_US, SECOND_US
from herun.rule_changes import doubts
from herun.rule_files import KINDS, read_rules
from simulators.estate import HAMLET, HERUN, SKILLS, make_estate
from simulators.rulebook import rulebook
from simulators.scenario import Reports, Says, Scenario, duration_us, scenarios

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


@pytest.mark.parametrize("scenario", ALL, ids=lambda each: each.name)
def test_a_scenario_names_what_exists(scenario: Scenario) -> None:
    estate = make_estate("s", 1, HERUN if scenario.plan == "herun" else HAMLET)
    rules = {rule["uid"] for rule in rulebook().rules}
    zones = {zone for zone, _ in estate.zones}
    for line in scenario.timeline:
        if isinstance(line, Reports):
            assert line.resident < len(estate.with_role("resident"))
            assert line.category in SKILLS
        else:
            assert line.device in estate.device
        if isinstance(line, Says):
            assert line.event in CATALOGUE
    for alert in scenario.answers.alerts:
        assert alert.rule in rules
        assert alert.device is None or alert.device in estate.device
        assert alert.zone is None or alert.zone in zones
    for never in scenario.answers.never:
        assert never.rule in rules
        assert never.device in estate.device
    for order in scenario.answers.orders:
        assert order.category in SKILLS


def test_every_scenario_that_expects_alerts_also_says_what_must_not_come() -> None:
    assert [name for name in REQUIRED if not scenarios()[name].answers.never] == []


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


def test_a_line_after_the_end_is_refused() -> None:
    line = {"at": "2h", "device": "x", "event": "door.opened"}
    with pytest.raises(ValidationError, match="after its end"):
        Scenario.model_validate({"name": "x", "title": {"en": "x"}, "lasts": "1h", "timeline": [line]})
