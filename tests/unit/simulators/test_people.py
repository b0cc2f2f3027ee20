"""People take their time, and only what they know of each other."""

from __future__ import annotations

import pytest

from herun.clock import MINUTE_US, ManualClock
from herun.errors import ConfigurationError
from simulators.demo import demo_seconds
from simulators.estate import HAMLET, make_estate
from simulators.people import THINGS_IN_MIND, THINKING_MIN, Agenda
from simulators.provision import device_body, layout_body, person_body

ESTATE = make_estate("s", 1, HAMLET)


def test_nothing_is_due_at_first_sight_and_everything_in_the_end() -> None:
    clock = ManualClock(0)
    agenda = Agenda(ESTATE.rng("x"), clock)
    assert not agenda.is_due("1", "handle")
    clock.advance(int(THINKING_MIN["handle"][1] * MINUTE_US))
    assert agenda.is_due("1", "handle")
    assert not agenda.is_due("2", "handle")


def test_what_is_done_takes_its_time_again() -> None:
    clock = ManualClock(0)
    agenda = Agenda(ESTATE.rng("x"), clock)
    agenda.is_due("1", "handle")
    clock.advance(10 * MINUTE_US)
    agenda.done("1", "handle")
    assert not agenda.is_due("1", "handle")


def test_a_mind_is_bounded() -> None:
    agenda = Agenda(ESTATE.rng("x"), ManualClock(0))
    for n in range(3 * THINGS_IN_MIND):
        agenda.is_due(str(n), "handle")
    assert len(agenda._due) == THINGS_IN_MIND


def test_what_is_told_of_the_estate_fits_together() -> None:
    layout = layout_body(ESTATE)
    buildings = {building["building"] for building in layout["buildings"]}
    zones = {zone["zone"] for zone in layout["zones"]}
    grids = {grid["grid"] for grid in layout["grids"]}
    for device in map(device_body, ESTATE.devices):
        assert device["building"] is None or device["building"] in buildings
        assert device["zone"] in zones
    for account in ESTATE.accounts:
        person = person_body(account, None)
        assert set(person["grids"]) <= grids
        assert person["building"] is None or person["building"] in buildings


def test_demo_seconds_are_a_number_or_nothing() -> None:
    assert demo_seconds(None) is None
    assert demo_seconds("") is None
    assert demo_seconds("60") == 60
    for wrong in ("soon", "0", "-1", "nan", "inf"):
        with pytest.raises(ConfigurationError):
            demo_seconds(wrong)
