"""Every device of an estate: what it is, where it hangs, how it speaks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice
from typing import Final


class Role(StrEnum):
    """What a device does on the estate: the key of its behaviour."""

    BARRIER = "barrier"
    PEDESTRIAN = "pedestrian"
    LIFT = "lift"
    FIRE_LANE = "fire_lane"
    WATER_LEVEL = "water_level"
    PUMP = "pump"
    HYDRANT = "hydrant"
    POWER_ROOM = "power_room"
    GARAGE_AIR = "garage_air"
    SMOKE = "smoke"
    WATER_LEAK = "water_leak"
    CONTACT = "contact"
    CLIMATE = "climate"
    BRIDGE = "bridge"


@dataclass(frozen=True, slots=True)
class Device:
    """One device. The fields after `role` are what the system is told when it is registered.

    `own_zone`: the zone is this building's or this device's place, not one that is spread over the estate.
    """

    name: str
    role: Role
    kind: str = "sensor"
    format: str = "native"
    external_id: str | None = None
    bridge: str | None = None
    base_topic: str | None = None
    zone: str = "estate"
    building: str | None = None
    key_point: str | None = None
    direction: str | None = None
    own_zone: bool = False

    @property
    def connects(self) -> bool:
        """False for the child of a bridge: it has no broker user of its own."""
        return self.bridge is None


GATES: Final = ("north", "south")
BUILDINGS_A_BRIDGE: Final = 5  # a Zigbee coordinator reaches that far through the basements

# Sensors in the order in which they are handed out: first those that stand once on an estate, then these a building,
# again and again until the plan's number is reached.
_BUILDING_ROUND: Final = (
    Role.LIFT,
    Role.FIRE_LANE,
    Role.SMOKE,
    Role.WATER_LEAK,
    Role.CONTACT,
    Role.CLIMATE,
    Role.HYDRANT,
    Role.POWER_ROOM,
    Role.GARAGE_AIR,
)
_UNDERPASS: Final = {"underpass-level": Role.WATER_LEVEL, "sump-level": Role.WATER_LEVEL, "underpass-pump": Role.PUMP}
_ZIGBEE: Final = frozenset({Role.SMOKE, Role.WATER_LEAK, Role.CONTACT, Role.CLIMATE})
# Zones that are spread over the estate: sensors that report on the clock, so that silence means something.
_SPREAD: Final = {Role.HYDRANT: "hydrants", Role.POWER_ROOM: "power-rooms", Role.GARAGE_AIR: "garages"}
_PREFIX: Final = {
    Role.FIRE_LANE: "fire-lane",
    Role.WATER_LEAK: "leak",
    Role.POWER_ROOM: "power",
    Role.GARAGE_AIR: "air",
}


def make_devices(site: str, buildings: tuple[str, ...], *, pedestrian_cameras: int, sensors: int) -> tuple[Device, ...]:
    """The devices of an estate: barrier cameras, pedestrian cameras, bridges, and exactly `sensors` sensors."""
    stand_once = tuple(_underpass())
    return (
        *_barrier_cameras(site),
        *_pedestrian_cameras(buildings, pedestrian_cameras),
        *_bridges(site, buildings),
        *stand_once,
        *islice(_building_sensors(site, buildings), sensors - len(stand_once)),
    )


def _serial(site: str, name: str) -> str:
    """A serial number in the make's style, different on every site."""
    digest = hashlib.sha256(f"{site}/{name}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:16]}"


def _barrier_cameras(site: str) -> Iterator[Device]:
    for gate in GATES:
        for direction in ("in", "out"):
            name = f"gate-{gate}-{direction}"
            yield Device(
                name=name,
                role=Role.BARRIER,
                kind="barrier_camera",
                format="vzenith",
                external_id=_serial(site, name),
                zone=f"gate-{gate}",
                key_point=f"gate-{gate}",
                direction=direction,
            )


def _pedestrian_cameras(buildings: tuple[str, ...], count: int) -> Iterator[Device]:
    for number, building in enumerate(islice(cycle(buildings), count), start=1):
        yield Device(
            name=f"door-{number:02d}",
            role=Role.PEDESTRIAN,
            kind="pedestrian_camera",
            zone=f"door-{building}",
            building=building,
            own_zone=True,
        )


def _bridge_of(buildings: tuple[str, ...], building: str) -> str:
    return f"bridge-{buildings.index(building) // BUILDINGS_A_BRIDGE + 1}"


def _bridges(site: str, buildings: tuple[str, ...]) -> Iterator[Device]:
    for name in dict.fromkeys(_bridge_of(buildings, building) for building in buildings):
        yield Device(
            name=name,
            role=Role.BRIDGE,
            kind="bridge",
            format="zigbee2mqtt",
            base_topic=f"zigbee2mqtt-{site}-{name}",
            zone="bridges",
        )


def _underpass() -> Iterator[Device]:
    for name, role in _UNDERPASS.items():
        yield Device(name=name, role=role, zone="underpass", key_point="underpass")


def _building_sensors(site: str, buildings: tuple[str, ...]) -> Iterator[Device]:
    number = 0
    while True:
        number += 1
        for role in _BUILDING_ROUND:
            for building in buildings:
                yield _building_sensor(
                    site, buildings, building, f"{_PREFIX.get(role, role)}-{building}-{number}", role
                )


def _building_sensor(site: str, buildings: tuple[str, ...], building: str, name: str, role: Role) -> Device:
    zone = _SPREAD.get(role, name if role in {Role.LIFT, Role.FIRE_LANE} else f"floors-{building}")
    zigbee = role in _ZIGBEE
    return Device(
        name=name,
        role=role,
        format="zigbee2mqtt" if zigbee else "native",
        external_id="0x" + hashlib.sha256(f"{site}/{name}".encode()).hexdigest()[:16] if zigbee else None,
        bridge=_bridge_of(buildings, building) if zigbee else None,
        zone=zone,
        building=building,
        key_point=name if role in {Role.LIFT, Role.FIRE_LANE} else None,
        own_zone=role not in _SPREAD,
    )
