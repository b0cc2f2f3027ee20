"""Registering devices: the engine hears of them as controls, the gateway by the registry."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from api import cursors
from api.arming import store as arming
from api.audit import store as audit
from api.devices import store, uplinks
from api.devices.schemas import (
    PLACE,
    Device,
    DeviceChange,
    DeviceChanged,
    Devices,
    DevicesAdded,
    DeviceSecret,
    NewDevice,
    NewDevices,
)
from api.outbox import store as outbox
from api.problems import FieldError, Problem, conflict, invalid, not_found
from api.sites import service as sites
from api.sites import store as places
from api.transactions import Transaction
from herun.registry import DeviceEntry, DeviceKind

Place = tuple[str | int, ...]  # the way to a part of the request

SECRET_BYTES: Final = 24  # 192 bits, which nobody tries out, so a plain SHA-256 of it is enough


async def register(tx: Transaction, new: NewDevices, *, replace: bool) -> DevicesAdded:
    """Registers all of them, or none, and returns their secrets, which are nowhere else.

    Raises Problem 409 if some exist (without `replace`) or topics clash, 422 for unknown places, bridges and uplinks.
    """
    site = await sites.one(tx)
    above = {name for device in new.devices for name in (device.bridge, device.uplink) if name}
    existing = await store.existing(tx, sorted({device.device for device in new.devices} | above))
    taken = [index for index, device in enumerate(new.devices) if device.device in existing]
    if taken and not replace:
        raise conflict("devices_exist", f"{len(taken)} of them exist already", [_exists(index) for index in taken])
    _check_bridges(new, existing)
    await uplinks.check(tx, new, existing)
    found = enumerate(new.devices)
    await _check_places(tx, [(("body", "devices", index), each.zone, each.building) for index, each in found])
    made = {device.device: new_secret() for device in new.devices if device.has_user}
    await store.put(tx, new.devices, {name: sha256(secret) for name, secret in made.items()})
    entries = [_entry(site.site, site.partition, device, made.get(device.device)) for device in new.devices]
    await outbox.put_devices(tx, entries)
    await audit.record(tx, "devices.registered", tx.site, {"devices": len(new.devices), "replaced": len(taken)})
    return DevicesAdded(devices=[_secret(site.site, device, made.get(device.device)) for device in new.devices])


def must_be_theirs(wanted: DeviceChange, *, is_admin: bool) -> None:
    """Raises Problem 403 if somebody of the desk asks for more than to move the device."""
    if not is_admin and not wanted.only_moves:
        detail = f"this asks for another role; the desk may change {', '.join(sorted(PLACE))}"
        raise Problem(HTTPStatus.FORBIDDEN, "forbidden", detail)


async def change(tx: Transaction, name: str, wanted: DeviceChange) -> DeviceChanged:
    """Switches a device on or off, gives it a new secret or another uplink, or moves it. What was stays where it was.

    Raises Problem 404, 422 for a child's secret, for an uplink that is unknown or hangs on the device itself and for
    places that are unknown, 409 for an entry door that would leave its zone.
    """
    await store.existing(tx, sorted({name, wanted.uplink or name}))  # locked together, in one order
    before = await one_row(tx, name)
    if wanted.rotate_secret and before["bridge"]:
        raise invalid("no_secret", "a device behind a bridge has no secret of its own")
    secret = new_secret() if wanted.rotate_secret else None
    after = {each: before[each] for each in ("uplink", *PLACE)} | wanted.moves
    if wanted.uplink:
        await uplinks.check_one(tx, name, wanted.uplink)
    await _check_places(tx, [(("body",), wanted.zone, wanted.building)])
    if after["zone"] != before["zone"]:
        await _must_not_be_entry(tx, name, after["zone"])
    changes = {**after, "enabled": wanted.enabled, "secret_sha256": sha256(secret) if secret else None}
    await store.change(tx, name, changes)
    row = await one_row(tx, name)
    await outbox.put_devices(tx, [_stored_entry(tx.site, row)])
    detail = {"enabled": row["enabled"], "secret_rotated": wanted.rotate_secret}
    await audit.record(tx, "device.changed", name, detail | {each: row[each] for each in sorted(after)})
    return DeviceChanged(**row, secret=secret)


async def one_row(tx: Transaction, name: str) -> dict[str, Any]:
    """One device as it is stored. Raises Problem 404."""
    row = await store.one(tx, name)
    if row is None:
        raise not_found("device")
    return row


async def page(tx: Transaction, *, kind: DeviceKind | None, cursor: str | None, limit: int) -> Devices:
    """One page by name."""
    rows = await store.page(tx, kind=kind, after=cursors.decode_text(cursor), limit=limit + 1)
    items = [Device(**row) for row in rows[:limit]]
    return Devices(items=items, next_cursor=cursors.encode(items[-1].device) if len(rows) > limit else None)


def new_secret() -> str:
    """A password that fits everywhere: letters, digits, dash and underscore."""
    return secrets.token_hex(SECRET_BYTES)  # no sign that a shell tool takes for an option


def sha256(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _entry(site: str, partition: int, device: NewDevice, secret: str | None) -> DeviceEntry:
    return DeviceEntry(
        site=site,
        partition=partition,
        secret_sha256=sha256(secret) if secret else None,
        **device.model_dump(),
    )


def _stored_entry(site: str, row: dict[str, Any]) -> DeviceEntry:
    fields = {name: row[name] for name in DeviceEntry.__struct_fields__ if name != "site"}
    return DeviceEntry(site=site, **fields)


def _secret(site: str, device: NewDevice, secret: str | None) -> DeviceSecret:
    username = f"{site}.{device.device}" if secret else None
    return DeviceSecret(device=device.device, username=username, secret=secret)


def _exists(index: int) -> FieldError:
    return FieldError(loc=["body", "devices", index, "device"], msg="exists", type="exists")


def _check_bridges(new: NewDevices, existing: dict[str, str]) -> None:
    kinds: dict[str, str] = existing | {device.device: device.kind for device in new.devices}
    errors = [
        FieldError(loc=["body", "devices", index, "bridge"], msg=f"there is no bridge {device.bridge}", type="unknown")
        for index, device in enumerate(new.devices)
        if device.bridge and kinds.get(device.bridge) != DeviceKind.BRIDGE
    ]
    if errors:
        raise invalid("unknown_bridge", errors[0].msg, errors)


async def _check_places(tx: Transaction, wanted: Sequence[tuple[Place, str | None, str | None]]) -> None:
    """Of each where in the request it stands, its zone and its building. Raises Problem 422 for what is unknown."""
    unknown = await places.unknown_places(
        tx,
        buildings=(building for _, _, building in wanted if building),
        zones=(zone for _, zone, _ in wanted if zone),
    )
    errors = [
        FieldError(loc=[*at, kind], msg=f"the site has no {kind} {name}", type="unknown")
        for at, zone, building in wanted
        for kind, name in (("building", building), ("zone", zone))
        if name in unknown[kind]
    ]
    if errors:
        raise invalid("unknown_place", errors[0].msg, errors)


async def _must_not_be_entry(tx: Transaction, device: str, zone: str | None) -> None:
    """Raises Problem 409 if a plan has it as an entry door of another zone: it would name a door that is not there."""
    zones = await arming.zones_entered_by(tx, device)
    others = [each for each in zones if each != zone]
    if others:
        detail = f"{device} is an entry door in the plan of zone {others[0]}: take it out there first"
        raise conflict("entry_door", detail, [FieldError(loc=["body", "zone"], msg=detail, type="entry_door")])
