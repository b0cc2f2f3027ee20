"""Plate lists: whole plates are hashed on the way in and kept nowhere."""

from __future__ import annotations

from typing import Final

from api.audit import store as audit
from api.outbox import store as outbox
from api.plate_lists import store
from api.plate_lists.schemas import NewPlateList, PlateListEntries
from api.problems import not_found
from api.transactions import Transaction
from herun.control import ControlKind
from herun.personal import keyed_hash, mask, normalise_plate

_FIELD: Final = "plate"  # of the event catalogue: hashes match only within one field


async def put(tx: Transaction, name: str, new: NewPlateList, personal_key: bytes) -> PlateListEntries:
    """Replaces a list; two spellings of one plate are one."""
    plates = {normalise_plate(plate) for plate in new.plates}
    # By hash, so that the order of the list tells nothing about the plates.
    masked = dict(sorted((keyed_hash(personal_key, _FIELD, plate), mask(plate)) for plate in plates))
    await store.put(tx, name, masked)
    await outbox.put(tx, ControlKind.LIST_PUT, {"name": name, "hashes": list(masked)})
    await audit.record(tx, "plate_list.put", name, {"plates": len(masked)})
    return await one(tx, name)


async def one(tx: Transaction, name: str) -> PlateListEntries:
    """One list. Raises Problem 404."""
    found = await store.one(tx, name)
    if found is None:
        raise not_found("plate list")
    return found
