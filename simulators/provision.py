"""Sets an estate up over HTTP, as an administrator would. Safe to repeat: what is there is replaced."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any, Final, TypeVar

from simulators.api import Person, RefusedError
from simulators.estate import Estate
from simulators.inventory import Device
from simulators.links import Credentials
from simulators.population import Account
from simulators.rulebook import Rulebook
from simulators.voices import presence_topic

BULK: Final = 500  # items of one request; the API takes up to 1000
RULES_AT_ONCE: Final = 4  # requests

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Keys:
    """What the estate's devices and people sign in with. In memory only."""

    devices: dict[str, Credentials]
    passwords: dict[str, str]


async def provision(admin: Person, estate: Estate, name: str) -> Keys:
    """Makes the site with its layout, devices and people. Raises RefusedError."""
    await _make_site(admin, estate, name)
    await admin.put(f"/v1/sites/{estate.site}/layout", layout_body(estate))
    return Keys(devices=await _add_devices(admin, estate), passwords=await _add_people(admin, estate))


async def set_rules(admin: Person, estate: Estate, book: Rulebook) -> None:
    """Puts the lists and the rules in force. After the devices are connected: an absence counts from here on."""
    for name, plates in book.plate_lists.items():
        await admin.put(f"/v1/sites/{estate.site}/plate-lists/{name}", {"plates": plates})
    gate = asyncio.Semaphore(RULES_AT_ONCE)

    async def put(rule: dict[str, Any]) -> None:
        async with gate:
            await admin.put(f"/v1/sites/{estate.site}/rules/{rule['uid']}", rule)

    async with asyncio.TaskGroup() as group:
        for rule in book.rules:
            group.create_task(put(rule))


def layout_body(estate: Estate) -> dict[str, Any]:
    """The layout as the API takes it."""
    return {
        "buildings": [{"building": name, "name": f"{int(name[1:])}号楼"} for name in estate.buildings],
        "zones": [{"zone": zone, "name": zone, "building": building} for zone, building in estate.zones],
        "grids": [
            {"grid": grid.name, "name": f"第{grid.name[1:]}网格", "buildings": grid.buildings} for grid in estate.grids
        ],
    }


def device_body(device: Device) -> dict[str, Any]:
    """One device as the API takes it."""
    return {
        "device": device.name,
        "kind": device.kind,
        "format": device.format,
        "external_id": device.external_id,
        "bridge": device.bridge,
        "base_topic": device.base_topic,
        "zone": device.zone,
        "building": device.building,
        "key_point": device.key_point,
        "direction": device.direction,
    }


def person_body(account: Account, password: str | None) -> dict[str, Any]:
    """One person as the API takes them."""
    return {
        "username": account.username,
        "name": account.name,
        "roles": account.roles,
        "phone": account.phone,
        "building": account.building,
        "grids": account.grids,
        "skills": account.skills,
        "password": password,
    }


async def _make_site(admin: Person, estate: Estate, name: str) -> None:
    try:
        await admin.post("/v1/sites", {"site": estate.site, "name": name})
    except RefusedError as error:
        if error.status != HTTPStatus.CONFLICT:  # it is there already
            raise


async def _add_devices(admin: Person, estate: Estate) -> dict[str, Credentials]:
    keys: dict[str, Credentials] = {}
    for some in _batches(estate.devices):
        body = {"devices": [device_body(device) for device in some]}
        answer = await admin.post(f"/v1/sites/{estate.site}/devices", body, replace="true")
        for given in answer["devices"]:
            if given["secret"] is not None:
                topic = presence_topic(estate.site, estate.device[given["device"]])
                keys[given["device"]] = Credentials(given["username"], given["secret"], topic)
    return keys


async def _add_people(admin: Person, estate: Estate) -> dict[str, str]:
    passwords = {account.username: secrets.token_urlsafe(12) for account in estate.accounts if account.signs_in}
    for some in _batches(estate.accounts):
        people = [person_body(account, passwords.get(account.username)) for account in some]
        await admin.post(f"/v1/sites/{estate.site}/people", {"people": people}, replace="true")
    for account in estate.accounts:
        if account.unit is not None:
            await admin.put(f"/v1/sites/{estate.site}/rosters/{account.username}", {"unit": account.unit})
    return passwords


def _batches(items: tuple[T, ...]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, BULK)):
        yield batch
