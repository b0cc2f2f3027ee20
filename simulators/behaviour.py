"""What each kind of device notices on an ordinary day: endless, in time order, the same for the same seed.

An ordinary day raises nothing: every value stays under its threshold, every occupied lane is free again in time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from heapq import merge
from typing import Final

from herun.clock import MINUTE_US, SECOND_US
from simulators.estate import Estate
from simulators.happenings import Happening, Scalar
from simulators.inventory import Device, Role
from simulators.rhythm import CARS_IN, CARS_OUT, PEOPLE, arrivals, local_hour, regularly
from simulators.traffic import MISREAD_SHARE, READ_WEIGHTS, READS, Passing, misread, passings

REPORT_EVERY_US: Final = 30 * MINUTE_US  # mains and long-life sensors on the clock
LEVEL_EVERY_US: Final = 10 * MINUTE_US
KEEP_ALIVE_EVERY_US: Final = 10 * MINUTE_US
# Battery devices behind a bridge speak seldom: twice a day and when something changes.
BATTERY_EVERY_US: Final = 12 * 60 * MINUTE_US

CAPTURES_A_RESIDENT: Final = 0.8  # a day, over all cameras
GLIMPSES_A_DAY: Final = 0.2  # e-bikes that a lift camera believes to see for a moment
LIFT_DETECTIONS_A_DAY: Final = 20
SHORT_STOPS_A_DAY: Final = 4  # a parcel van in the fire lane
LONGEST_STOP_US: Final = 90 * SECOND_US
DOOR_OPENINGS_A_DAY: Final = 3

Behaviour = Callable[[Estate, Device, random.Random, int], Iterator[Happening]]


def ordinary_day(estate: Estate, device: Device, start_us: int) -> Iterator[Happening]:
    """What this device notices from `start_us` on."""
    return _BEHAVIOURS[device.role](estate, device, estate.rng("day", device.name), start_us)


def _say(device: Device, at_us: int, event_type: str, **data: Scalar) -> Happening:
    return Happening(at_us, device.name, event_type, data)


def _reading(device: Device, at_us: int, metric: str, value: float, unit: str) -> Happening:
    return _say(device, at_us, "reading.reported", metric=metric, value=round(value, 3), unit=unit)


def _warmth(at_us: int) -> float:
    """-1 at five in the morning, 1 at five in the afternoon."""
    return -math.cos((local_hour(at_us) - 5) / 24 * 2 * math.pi)


def _barrier(estate: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    cars = _in_order(_reads(device, rng, each) for each in passings(estate, *_gate_of(device), start_us))
    beats = estate.rng("beats", device.name)
    alive = (_say(device, at, "keep_alive") for at in regularly(beats, start_us, KEEP_ALIVE_EVERY_US))
    return merge(cars, alive, key=_time)


def _gate_of(device: Device) -> tuple[str, str]:
    """Which gate the camera stands at, and which way it looks."""
    _, gate, direction = device.name.split("-")
    return gate, direction


def _reads(device: Device, rng: random.Random, passing: Passing) -> list[Happening]:
    """What the camera says of one car: the first read is right, of the others some are not, and less sure."""
    color = "green" if passing.new_energy else "blue"
    at_us, reads = passing.at_us, list[Happening]()
    for n in range(rng.choices(READS, READ_WEIGHTS)[0]):
        plate = misread(passing.plate, rng) if n and rng.random() < MISREAD_SHARE else passing.plate
        sure = rng.randint(82, 100) if plate == passing.plate else rng.randint(35, 75)
        reads.append(_say(device, at_us, "vehicle.passed", plate=plate, plate_color=color, confidence=sure))
        at_us += rng.randint(600_000, 2 * SECOND_US)
    return reads


def _in_order(groups: Iterable[list[Happening]]) -> Iterator[Happening]:
    """The happenings of groups, which begin in time order and may overlap."""
    waiting: list[Happening] = []
    for group in groups:
        while waiting and waiting[0].at_us <= group[0].at_us:
            yield waiting.pop(0)
        waiting = sorted([*waiting, *group], key=_time)
    yield from waiting


def _pedestrian(estate: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    a_day = len(estate.residents) * CAPTURES_A_RESIDENT / estate.plan.pedestrian_cameras
    for at in arrivals(rng, start_us, a_day, PEOPLE):
        yield _say(
            device, at, "person.captured", count=rng.choice((1, 1, 1, 2, 3)), direction=rng.choice(("in", "out"))
        )


def _lift(estate: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    usual = (
        _say(device, at, "object.detected", label=rng.choice(("person", "stroller", "dog")), score=_score(rng))
        for at in arrivals(rng, start_us, LIFT_DETECTIONS_A_DAY, PEOPLE)
    )
    other = estate.rng("glimpses", device.name)
    glimpses = (
        _say(device, at, "object.detected", label="ebike", score=_score(other))
        for at in arrivals(other, start_us, GLIMPSES_A_DAY)
    )
    return merge(usual, glimpses, key=_time)


def _score(rng: random.Random) -> float:
    return round(rng.uniform(0.55, 0.99), 2)


def _fire_lane(estate: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    free = (_say(device, at, "zone.observed", occupied=False) for at in regularly(rng, start_us, REPORT_EVERY_US))
    other = estate.rng("stops", device.name)
    stops = (_short_stop(device, other, at) for at in arrivals(other, start_us, SHORT_STOPS_A_DAY, PEOPLE))
    return merge(free, stops, key=_time)


def _short_stop(device: Device, rng: random.Random, at_us: int) -> Happening:
    """A stop that is over before the camera reports it: both observations travel in one message."""
    over = _say(device, at_us + rng.randint(20 * SECOND_US, LONGEST_STOP_US), "zone.observed", occupied=False)
    return Happening(at_us, device.name, "zone.observed", {"occupied": True, "label": "van"}, together=(over,))


def _water_level(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    for at in regularly(rng, start_us, LEVEL_EVERY_US):
        yield _reading(device, at, "water_level", 0.06 + rng.uniform(-0.02, 0.04), "m")


def _pump(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    for at in regularly(rng, start_us, REPORT_EVERY_US):
        yield _say(device, at, "state.reported", name="pump", value=rng.choice(("idle", "idle", "running")))


def _hydrant(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    usual = rng.uniform(0.3, 0.4)
    for at in regularly(rng, start_us, REPORT_EVERY_US):
        yield _reading(device, at, "pressure", usual + rng.gauss(0, 0.005), "MPa")


def _power_room(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    for at in regularly(rng, start_us, REPORT_EVERY_US):
        yield _reading(device, at, "temperature", 27 + 3 * _warmth(at) + rng.gauss(0, 0.3), "°C")


def _garage_air(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    for at in regularly(rng, start_us, REPORT_EVERY_US):
        traffic = CARS_OUT[int(local_hour(at))] + CARS_IN[int(local_hour(at))]
        yield _reading(device, at, "carbon_monoxide", 2 + traffic / 8 + abs(rng.gauss(0, 0.5)), "ppm")


def _quiet_battery(name: str) -> Behaviour:
    """A detector that says at long intervals that all is well."""

    def behave(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
        for at in regularly(rng, start_us, BATTERY_EVERY_US):
            yield _say(device, at, "state.reported", name=name, value=False)

    return behave


def _contact(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    closed_us = start_us
    for at in arrivals(rng, start_us, DOOR_OPENINGS_A_DAY, PEOPLE):
        if at > closed_us:
            yield _say(device, at, "door.opened")
            closed_us = at + rng.randint(10 * SECOND_US, 20 * MINUTE_US)
            yield _say(device, closed_us, "door.closed")


def _climate(_: Estate, device: Device, rng: random.Random, start_us: int) -> Iterator[Happening]:
    for at in regularly(rng, start_us, REPORT_EVERY_US):
        moist = _reading(device, at, "humidity", 55 - 8 * _warmth(at) + rng.gauss(0, 1), "%")
        warm = _reading(device, at, "temperature", 22 + 4 * _warmth(at) + rng.gauss(0, 0.2), "°C")
        yield replace(warm, together=(moist,))


def _bridge(_: Estate, __: Device, ___: random.Random, ____: int) -> Iterator[Happening]:
    """A bridge notices nothing itself; its connection tells that it is there."""
    return iter(())


def _time(happening: Happening) -> int:
    return happening.at_us


_BEHAVIOURS: Final[dict[Role, Behaviour]] = {
    Role.BARRIER: _barrier,
    Role.PEDESTRIAN: _pedestrian,
    Role.LIFT: _lift,
    Role.FIRE_LANE: _fire_lane,
    Role.WATER_LEVEL: _water_level,
    Role.PUMP: _pump,
    Role.HYDRANT: _hydrant,
    Role.POWER_ROOM: _power_room,
    Role.GARAGE_AIR: _garage_air,
    Role.SMOKE: _quiet_battery("smoke"),
    Role.WATER_LEAK: _quiet_battery("water_leak"),
    Role.CONTACT: _contact,
    Role.CLIMATE: _climate,
    Role.BRIDGE: _bridge,
}
