"""Care begins with an agreement and ends with its withdrawal; who entered and who took back is written down."""

from __future__ import annotations

from typing import Final

from api.audit import store as audit
from api.care import store
from api.care.schemas import Care, Cares, NewCare, Withdrawn
from api.outbox import store as outbox
from api.problems import conflict, invalid, not_found
from api.transactions import Transaction
from herun.clock import to_us
from herun.control import ControlKind
from herun.passages import MAX_CARES
from herun.personal import keyed_hash

_FACE: Final = "face_id"  # of the event catalogue: hashes match only within one field


async def put(tx: Transaction, resident: str, new: NewCare, personal_key: bytes) -> Care:
    """Enters an agreement, or changes it.

    Raises Problem 422 for a consent of the future or a device that does not exist, 409 if the register is full.
    """
    if new.consent.at > tx.at:
        raise invalid("consent_in_future", "nobody can have agreed yet at a time that has not come")
    await store.lock(tx)
    unknown = await store.unknown_devices(tx, new.devices)
    if unknown:
        raise invalid("unknown_device", f"the site has no device {unknown[0]}")
    if await store.one(tx, resident) is None and len(await store.everything(tx)) >= MAX_CARES:
        raise conflict("register_full", f"the site has {MAX_CARES} agreements")
    faces = sorted(keyed_hash(personal_key, _FACE, face) for face in new.face_ids)
    await store.put(tx, resident, new, faces)
    agreed_at = to_us(new.consent.at)
    # Not the name of who agreed: what the engine hears holds nothing personal. Who it was stands in the register.
    consent = {"by": tx.actor, "at": agreed_at}
    told = {"resident": resident, "hours": new.hours, "devices": new.devices, "face_hashes": faces, "consent": consent}
    await outbox.put(tx, ControlKind.CARE_PUT, told)
    await audit.record(tx, "care.put", resident, {"hours": new.hours, "devices": new.devices, "agreed_at": agreed_at})
    return await one(tx, resident)


async def one(tx: Transaction, resident: str) -> Care:
    """One agreement. Raises Problem 404."""
    found = await store.one(tx, resident)
    if found is None:
        raise not_found("agreement")
    return found


async def everything(tx: Transaction) -> Cares:
    """All agreements, by resident."""
    return Cares(items=await store.everything(tx))


async def remove(tx: Transaction, resident: str) -> Withdrawn:
    """The agreement is taken back: from now on nobody looks. Raises Problem 404."""
    await store.lock(tx)
    if not await store.remove(tx, resident):
        raise not_found("agreement")
    await outbox.put(tx, ControlKind.CARE_REMOVED, {"resident": resident})
    await audit.record(tx, "care.removed", resident, {})
    return Withdrawn(resident=resident)
