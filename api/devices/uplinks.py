"""What devices hang on: each on a device that exists, none on itself by whatever way."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from api.devices import store
from api.devices.schemas import NewDevices
from api.problems import FieldError, invalid
from api.transactions import Transaction

MAX_LEVELS: Final = 16  # of devices one above the other: the engine looks at no more


async def check(tx: Transaction, new: NewDevices, existing: Mapping[str, str]) -> None:
    """Raises Problem 422 for an uplink that is unknown, hangs on the device itself, or is too deep."""
    known = existing.keys() | {device.device for device in new.devices}
    wanted = {device.device: device.uplink or device.bridge for device in new.devices}
    stored = await store.uplinks_above(tx, sorted({name for name in wanted.values() if name}), MAX_LEVELS)
    uplinks = {**stored, **wanted}
    errors = [
        FieldError(loc=["body", "devices", index, "uplink"], msg=why, type="uplink")
        for index, device in enumerate(new.devices)
        if (why := _why_not(uplinks, device.device, known))
    ]
    if errors:
        raise invalid("bad_uplink", errors[0].msg, errors)


async def check_one(tx: Transaction, device: str, uplink: str) -> None:
    """The same for one device that gets another uplink."""
    known = await store.existing(tx, sorted({device, uplink}))
    stored = await store.uplinks_above(tx, [uplink], MAX_LEVELS)
    if why := _why_not({**stored, device: uplink}, device, known.keys()):
        raise invalid("bad_uplink", why, [FieldError(loc=["body", "uplink"], msg=why, type="uplink")])


def _why_not(uplinks: Mapping[str, str | None], device: str, known: AbstractSet[str]) -> str | None:
    first = above = uplinks[device]
    if first is not None and first not in known:
        return f"there is no device {first}"
    for _ in range(MAX_LEVELS):
        if above is None:
            return None
        if above == device:
            return f"{first} hangs on {device} itself"
        above = uplinks.get(above)
    return f"{first} hangs on more than {MAX_LEVELS} devices" if above is not None else None
