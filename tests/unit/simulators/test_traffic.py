"""Traffic makes sense: whoever goes out was inside, and cameras misread without making another car of one."""

from __future__ import annotations

from collections import defaultdict
from heapq import merge
from itertools import takewhile

from herun.clock import DAY_US, parse_time
from herun.personal import fold_plate
from simulators.behaviour import ordinary_day
from simulators.estate import HERUN, make_estate
from simulators.happenings import Happening
from simulators.inventory import GATES
from simulators.population import make_plate
from simulators.traffic import LOOKALIKES, Passing, misread, passings

MIDNIGHT = parse_time("2026-11-23T00:00:00+08:00")
ESTATE = make_estate("s", 1, HERUN)


def days(count: int) -> list[Passing]:
    lanes = [passings(ESTATE, gate, way, MIDNIGHT) for gate in GATES for way in ("in", "out")]
    everything = merge(*lanes, key=lambda each: each.at_us)
    return list(takewhile(lambda each: each.at_us < MIDNIGHT + count * DAY_US, everything))


def test_each_car_goes_out_and_in_by_turns() -> None:
    ways = defaultdict[str, list[str]](list)
    for each in days(3):
        ways[each.plate].append(each.direction)
    residents = {car.plate for car in ESTATE.cars}
    for plate, seen in ways.items():
        first, second = ("out", "in") if plate in residents else ("in", "out")
        assert seen == [first, second] * (len(seen) // 2)
    assert len(ways) > 2_000


def test_there_is_as_much_traffic_as_there_was_meant_to_be() -> None:
    assert 0.4 < len(days(2)) / 2 / 2 / len(ESTATE.cars) < 0.65


def test_a_camera_reads_a_car_some_times_and_mostly_right() -> None:
    camera = ESTATE.device["gate-north-in"]
    reads: list[Happening] = [
        each
        for each in takewhile(lambda each: each.at_us < MIDNIGHT + DAY_US, ordinary_day(ESTATE, camera, MIDNIGHT))
        if each.event_type == "vehicle.passed"
    ]
    passed = [each for each in days(1) if (each.gate, each.direction) == ("north", "in")]
    assert {fold_plate(str(each.data["plate"])) for each in reads} == {fold_plate(each.plate) for each in passed}
    wrong = [each for each in reads if each.data["plate"] not in {known.plate for known in passed}]
    assert 0 < len(wrong) < len(reads) / 10
    assert 1.2 < len(reads) / len(passed) < 1.6


def test_a_misread_plate_looks_like_the_right_one() -> None:
    rng = ESTATE.rng("test")
    plates = [make_plate(rng) for _ in range(500)]
    for plate in plates:
        assert fold_plate(misread(plate, rng)) == fold_plate(plate)
    assert all(fold_plate(char) == fold_plate(other) for char, other in LOOKALIKES.items())
