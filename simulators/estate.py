"""The Herun estate as data: buildings, grids, devices, people. The same seed makes the same estate."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from simulators.inventory import Device, make_devices
from simulators.population import Account, Car, Resident, make_cars, make_name, make_phone, make_residents

BUILDINGS_A_GRID: Final = 3
SKILLS: Final = ("fire-safety", "flooding", "security", "maintenance", "environment")

# Whose people the property crews are, by the shipped category tree.
UNITS: Final = {"crew-pumps": "property-engineering", "crew-gates": "property-order"}

# Phone numbers of staff start where no resident's do.
STAFF_PHONES_FROM: Final = 9_900


OFFICE: Final = ("operator", "supervisor")


@dataclass(frozen=True, slots=True)
class Plan:
    """How large an estate is. `accounts` residents are known to the system, `signing_in` of them use it."""

    buildings: int
    pedestrian_cameras: int
    sensors: int
    residents: int
    cars: int
    accounts: int
    signing_in: int


HERUN: Final = Plan(
    buildings=19, pedestrian_cameras=40, sensors=400, residents=10_000, cars=3_500, accounts=300, signing_in=8
)
# Large enough for every scenario, small enough that a dozen stand on one machine side by side.
HAMLET: Final = Plan(buildings=3, pedestrian_cameras=2, sensors=36, residents=300, cars=60, accounts=12, signing_in=3)


@dataclass(frozen=True, slots=True)
class Grid:
    """The patch that one grid worker looks after."""

    name: str
    buildings: tuple[str, ...]


@dataclass(frozen=True)
class Estate:
    """One site with everything on it."""

    site: str
    seed: int
    plan: Plan
    buildings: tuple[str, ...]
    grids: tuple[Grid, ...]
    devices: tuple[Device, ...]
    residents: tuple[Resident, ...]
    cars: tuple[Car, ...]
    accounts: tuple[Account, ...]

    @cached_property
    def device(self) -> dict[str, Device]:
        """Devices by name."""
        return {device.name: device for device in self.devices}

    @cached_property
    def zones(self) -> tuple[tuple[str, str | None], ...]:
        """Zones with the building each belongs to, in order of first use."""
        return tuple(
            dict.fromkeys((device.zone, device.building) for device in self.devices if device.own_zone)
        ) + tuple(dict.fromkeys((device.zone, None) for device in self.devices if not device.own_zone))

    def with_role(self, role: str) -> tuple[Account, ...]:
        """Accounts that sign in and hold this role."""
        return tuple(account for account in self.accounts if account.signs_in and role in account.roles)

    @cached_property
    def named(self) -> dict[str, Account]:
        """Who signs in, by the short names of scenarios: `worker-g1`, `resident-0` (the first of them), `operator`."""
        staff = {each.username.removeprefix(f"{self.site}-"): each for each in self.accounts if each.signs_in}
        residents = {f"resident-{n}": account for n, account in enumerate(self.with_role("resident"))}
        office = {role: account for role in OFFICE for account in self.with_role(role)[:1]}
        return {name: each for name, each in staff.items() if "resident" not in each.roles} | residents | office

    def with_people(self, names: Iterable[str]) -> Estate:
        """The same with these people alone, and the office; residents keep their numbers. Raises KeyError."""
        accounts = {self.named[name].username: self.named[name] for name in (*names, *OFFICE)}
        return replace(self, accounts=tuple(accounts.values()))

    def with_devices(self, names: Collection[str]) -> Estate:
        """The same with these devices alone."""
        return replace(self, devices=tuple(device for device in self.devices if device.name in names))

    def with_office_only(self) -> Estate:
        """The same with nobody but an operator and a supervisor: where no order is worked on, nobody else is needed."""
        return self.with_people(())

    def rng(self, *what: object) -> random.Random:
        """The source of chance for one thing on this estate: the same for the same seed, whatever else happens."""
        text = "/".join(map(str, (self.seed, *what)))
        return random.Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]))


def make_estate(site: str, seed: int = 1, plan: Plan = HERUN) -> Estate:
    """The estate of a site. Only names that must differ between sites on one broker depend on `site`."""
    rng = random.Random(seed)
    buildings = tuple(f"b{number:02d}" for number in range(1, plan.buildings + 1))
    grids = _make_grids(buildings)
    residents = make_residents(rng, buildings, plan.residents)
    return Estate(
        site=site,
        seed=seed,
        plan=plan,
        buildings=buildings,
        grids=grids,
        devices=make_devices(site, buildings, pedestrian_cameras=plan.pedestrian_cameras, sensors=plan.sensors),
        residents=residents,
        cars=make_cars(rng, buildings, plan.cars),
        accounts=_make_staff(rng, site, grids) + _make_users(site, residents, plan, buildings),
    )


def _make_grids(buildings: tuple[str, ...]) -> tuple[Grid, ...]:
    starts = range(0, len(buildings), BUILDINGS_A_GRID)
    return tuple(Grid(f"g{n}", buildings[at : at + BUILDINGS_A_GRID]) for n, at in enumerate(starts, start=1))


def _make_staff(rng: random.Random, site: str, grids: tuple[Grid, ...]) -> tuple[Account, ...]:
    """One grid worker a grid, who can do everything there; two property crews for the whole estate, each of a unit; the
    office."""
    everywhere = tuple(grid.name for grid in grids)
    wanted: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = [
        *((f"worker-{grid.name}", "grid_worker", (grid.name,), SKILLS) for grid in grids),
        ("crew-pumps", "property_staff", everywhere, ("flooding", "maintenance")),
        ("crew-gates", "property_staff", everywhere, ("security",)),
        ("operator-1", "operator", (), ()),
        ("operator-2", "operator", (), ()),
        ("supervisor-1", "supervisor", (), ()),
    ]
    return tuple(
        Account(
            username=f"{site}-{name}",
            roles=(role,),
            name=make_name(rng),
            phone=make_phone(STAFF_PHONES_FROM + number),
            grids=on,
            skills=skills,
            unit=UNITS.get(name),
            signs_in=True,
        )
        for number, (name, role, on, skills) in enumerate(wanted)
    )


def _make_users(
    site: str, residents: tuple[Resident, ...], plan: Plan, buildings: tuple[str, ...]
) -> tuple[Account, ...]:
    """The residents with an account. Those who sign in come first, one a building as far as they reach."""
    first = {resident.building: resident for resident in reversed(residents)}
    active = [first[building] for building in buildings if building in first][: plan.signing_in]
    chosen = dict.fromkeys([*active, *residents[: plan.accounts]])
    return tuple(
        Account(
            username=f"{site}-resident-{resident.number}",
            roles=("resident",),
            name=resident.name,
            phone=resident.phone,
            building=resident.building,
            signs_in=resident in active,
        )
        for resident in list(chosen)[: plan.accounts]
    )
