"""The judge of a scenario sees what is missing, what is too much, and what must not be."""

from __future__ import annotations

from dataclasses import replace

from simulators.answers import SeenAlert, SeenOrder, differences
from simulators.scenario import scenarios

FIRE_LANE = scenarios()["fire_lane_blocked"]
ALERT = SeenAlert("fire-lane-occupied", "fire-lane-b02-1", "fire-lane-b02-1", "b02", "cleared")
ORDER = SeenOrder("fire-safety", "alert", "b02", "rated")


def test_the_known_answers_are_no_difference() -> None:
    assert differences(FIRE_LANE, [ALERT], [ORDER]) == []


def test_what_is_missing_is_a_difference() -> None:
    assert len(differences(FIRE_LANE, [], [ORDER])) == 1
    assert len(differences(FIRE_LANE, [ALERT], [])) == 1


def test_twice_is_a_difference() -> None:
    assert len(differences(FIRE_LANE, [ALERT, ALERT], [ORDER])) == 1
    assert len(differences(FIRE_LANE, [ALERT], [ORDER, ORDER])) == 1


def test_another_state_is_a_difference() -> None:
    assert len(differences(FIRE_LANE, [replace(ALERT, state="raised")], [ORDER])) == 1
    assert len(differences(FIRE_LANE, [ALERT], [replace(ORDER, state="answered")])) == 1


def test_what_nobody_expected_is_a_difference() -> None:
    other = replace(ALERT, rule="smoke", device="smoke-b01-1", zone="floors-b01")
    assert len(differences(FIRE_LANE, [ALERT, other], [ORDER])) == 1
    assert len(differences(FIRE_LANE, [ALERT], [ORDER, replace(ORDER, building="b01")])) == 1


def test_what_must_not_come_says_why() -> None:
    wrong = replace(ALERT, device=None, zone="fire-lane-b01-1", building="b01")
    assert any("four minutes" in line for line in differences(FIRE_LANE, [ALERT, wrong], [ORDER]))


def test_a_quiet_day_takes_nothing() -> None:
    assert differences(scenarios()["quiet_day"], [], []) == []
    assert len(differences(scenarios()["quiet_day"], [ALERT], [ORDER])) == 2
