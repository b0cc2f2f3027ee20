"""Plate lists: whole plates are hashed on the way in and kept nowhere."""

from __future__ import annotations

from api.audit import store as audit
from api.outbox import store as outbox
from api.plate_lists import store
from api.plate_lists.schemas import NewPlateList, PlateListEntries
from api.problems import invalid, must_be_of, not_found
from api.transactions import Transaction
from herun.control import ControlKind
from herun.personal import MASK, PlateHashes, mask, normalise_plate, plate_hashes


async def put(tx: Transaction, name: str, new: NewPlateList, personal_key: bytes, why: str | None) -> PlateListEntries:
    """Replaces a list; two spellings of one plate are one. All plates as they are shown are the list as it is.

    Raises Problem 422 for what is no plate.
    """
    must_be_of(name, "name", new.name)
    now = await store.one(tx, name)
    if now is not None and sorted(now.plates) == sorted(new.plates):
        return now
    plates = {normalise_plate(plate) for plate in new.plates}
    # By hash, so that the order of the list tells nothing about the plates.
    hashed = sorted((_hashes(personal_key, plate), mask(plate)) for plate in plates)
    await store.put(tx, name, {hashes.exact: masked for hashes, masked in hashed})
    told = {
        "name": name,
        "hashes": [hashes.exact for hashes, _ in hashed],
        "folds": [hashes.fold for hashes, _ in hashed],
        "nears": ["".join(hashes.near) for hashes, _ in hashed],
    }
    await outbox.put(tx, ControlKind.LIST_PUT, told)
    await audit.record(tx, "plate_list.put", name, {"plates": len(hashed), "why": why})
    return await one(tx, name)


def _hashes(personal_key: bytes, plate: str) -> PlateHashes:
    hashes = plate_hashes(personal_key, plate)
    if hashes is None and MASK in plate:
        raise invalid("masked", "one of the plates is masked, as lists are shown: send all of them whole")
    if hashes is None:
        raise invalid("no_plate", "one of the plates is no whole number plate: no camera's read could match it")
    return hashes


async def one(tx: Transaction, name: str) -> PlateListEntries:
    """One list. Raises Problem 404."""
    found = await store.one(tx, name)
    if found is None:
        raise not_found("plate list")
    return found
