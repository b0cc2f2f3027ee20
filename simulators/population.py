"""Who lives and works on the estate: residents, their cars, and the people who look after both. All of it made up."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN: Final = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "秀英",
    "丽",
    "强",
    "磊",
    "洋",
    "艳",
    "勇",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "霞",
    "平",
    "刚",
)

# A region whose letter Z was never given out: the plates obey the grammar and belong to nobody.
PLATE_PREFIX: Final = "藏Z"
# I and O are left out of plates, because they read as 1 and 0.
PLATE_CHARS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
NEW_ENERGY_SHARE: Final = 0.3  # of cars; their plates have one character more and are green

# 199 0000 xxxx is not given out to subscribers.
PHONE_PREFIX: Final = "1990000"


@dataclass(frozen=True, slots=True)
class Resident:
    """One resident; `number` counts from 1 through the estate."""

    number: int
    name: str
    phone: str
    building: str
    unit: int
    floor: int


@dataclass(frozen=True, slots=True)
class Car:
    """One car and the building it belongs to. `plate` is made up."""

    plate: str
    new_energy: bool
    building: str


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody with an account. `signs_in` is False for those who are known, but never use it: no password for them.

    `unit` is whose people they are, by their roster.
    """

    username: str
    roles: tuple[str, ...]
    name: str
    phone: str
    building: str | None = None
    grids: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    unit: str | None = None
    signs_in: bool = False


def make_name(rng: random.Random) -> str:
    """A made-up Chinese name."""
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def make_phone(number: int) -> str:
    """The made-up phone number of the n-th person, 0 to 9999."""
    return f"{PHONE_PREFIX}{number % 10_000:04d}"


def make_plate(rng: random.Random, *, new_energy: bool = False) -> str:
    """A made-up plate: five characters after the region, or a letter D and five digits for a new-energy car."""
    if new_energy:
        return f"{PLATE_PREFIX}D{rng.randrange(100_000):05d}"
    return PLATE_PREFIX + "".join(rng.choice(PLATE_CHARS) for _ in range(5))


def make_residents(rng: random.Random, buildings: tuple[str, ...], count: int) -> tuple[Resident, ...]:
    """Residents, spread over the buildings."""
    return tuple(
        Resident(
            number=number,
            name=make_name(rng),
            phone=make_phone(number),
            building=rng.choice(buildings),
            unit=rng.randint(1, 3),
            floor=rng.randint(1, 18),
        )
        for number in range(1, count + 1)
    )


def make_cars(rng: random.Random, buildings: tuple[str, ...], count: int) -> tuple[Car, ...]:
    """Cars, each plate once."""
    cars: dict[str, Car] = {}
    while len(cars) < count:
        new_energy = rng.random() < NEW_ENERGY_SHARE
        plate = make_plate(rng, new_energy=new_energy)
        cars[plate] = Car(plate=plate, new_energy=new_energy, building=rng.choice(buildings))
    return tuple(cars.values())
