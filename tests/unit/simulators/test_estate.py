"""The estate is what the design says, and the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from herun.names import is_name
from simulators.estate import HAMLET, HERUN, Estate, make_estate
from simulators.population import PLATE_CHARS, PLATE_PREFIX


@pytest.fixture(scope="module")
def herun() -> Estate:
    return make_estate("herun", 1)


def test_herun_has_its_size(herun: Estate) -> None:
    kinds = Counter(device.kind for device in herun.devices)
    assert len(herun.buildings) == 19
    assert len(herun.residents) == 10_000
    assert len(herun.cars) == 3_500
    assert (kinds["barrier_camera"], kinds["pedestrian_camera"], kinds["sensor"]) == (4, 40, 400)


def test_the_same_seed_makes_the_same_estate(herun: Estate) -> None:
    again = make_estate("herun", 1)
    assert again.devices == herun.devices
    assert again.cars == herun.cars
    assert again.accounts == herun.accounts
    assert make_estate("herun", 2).cars != herun.cars


def test_names_fit_into_topics(herun: Estate) -> None:
    names = [device.name for device in herun.devices] + [account.username for account in herun.accounts]
    names += [zone for zone, _ in herun.zones] + [grid.name for grid in herun.grids]
    assert [name for name in names if not is_name(name)] == []


@pytest.mark.parametrize("plan", [HERUN, HAMLET])
def test_every_name_stands_once(plan: object) -> None:
    estate = make_estate("s", 1, HERUN if plan is HERUN else HAMLET)
    for names in (
        [device.name for device in estate.devices],
        [device.external_id for device in estate.devices if device.external_id],
        [zone for zone, _ in estate.zones],
        [account.username for account in estate.accounts],
    ):
        assert len(names) == len(set(names))


def test_every_building_has_a_worker_with_every_skill(herun: Estate) -> None:
    grid_of = {building: grid.name for grid in herun.grids for building in grid.buildings}
    workers = {grid: account for account in herun.with_role("grid_worker") for grid in account.grids}
    assert all(len(workers[grid_of[building]].skills) == 5 for building in herun.buildings)


def test_the_first_buildings_have_a_resident_who_signs_in(herun: Estate) -> None:
    houses = [account.building for account in herun.with_role("resident")]
    assert houses == list(herun.buildings[: HERUN.signing_in])


def test_no_two_sites_share_a_serial_number_or_a_base_topic() -> None:
    one, other = make_estate("one", 1, HAMLET), make_estate("other", 1, HAMLET)
    first = {device.external_id or device.base_topic for device in one.devices} - {None}
    second = {device.external_id or device.base_topic for device in other.devices} - {None}
    assert first & second == set()


def test_plates_obey_the_grammar_of_a_region_that_was_never_given_out(herun: Estate) -> None:
    for car in herun.cars:
        assert car.plate.startswith(PLATE_PREFIX)
        rest = car.plate.removeprefix(PLATE_PREFIX)
        assert len(rest) == (6 if car.new_energy else 5)
        assert set(rest) <= set(PLATE_CHARS)
