"""Announcing visits: plates are hashed on the way in and kept nowhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from api import cursors
from api.audit import store as audit
from api.outbox import store as outbox
from api.problems import FieldError, Problem, conflict, invalid, must_be_of, not_found
from api.transactions import Transaction
from api.visitors import store
from api.visitors.schemas import NewVisitor, Removed, Visitor, Visitors
from herun.clock import to_us
from herun.control import ControlKind
from herun.passages import MAX_PERMITS
from herun.personal import MASK, mask, normalise_plate, plate_hashes

# After its end the engine remembers a visit for 30 days: whoever comes late is known as expired.
REMEMBERED: Final = timedelta(days=30)
# Then nobody needs to know any more who visited whom.
KEPT: Final = timedelta(days=90)


async def put(tx: Transaction, visitor: str, new: NewVisitor, personal_key: bytes) -> Visitor:
    """Announces a visit, or changes it; one that is put as it is shown stays as it is.

    Raises Problem 422 for what is no plate or a masked one of something else, 409 if the register is full.
    """
    must_be_of(visitor, "visitor", new.visitor)
    await store.lock(tx)
    now = await store.one(tx, visitor)
    if now is not None and now.model_dump() == now.model_dump() | new.model_dump():
        return now
    plate = normalise_plate(new.plate)
    hashes = plate_hashes(personal_key, plate)
    if hashes is None and MASK in plate:
        raise _bad_plate("masked", "the plate is masked, as visits are shown: to change one, send it whole")
    if hashes is None:
        raise _bad_plate("no_plate", "plate is no whole number plate: no camera's read could match it")
    before = await store.fold(tx, visitor)
    if before is None and await store.remembered(tx, tx.at - REMEMBERED) >= MAX_PERMITS:
        raise conflict("register_full", f"the site has {MAX_PERMITS} visits of now and the last 30 days")
    await store.put(tx, visitor, new, plate_fold=hashes.fold, masked_plate=mask(plate))
    if before is not None and before != hashes.fold:
        await outbox.put(tx, ControlKind.VISITOR_REMOVED, {"visitor": visitor, "plate_fold": before})
    times = {"valid_from": to_us(new.valid_from), "valid_until": to_us(new.valid_until)}
    body = {"visitor": visitor, "plate_fold": hashes.fold, "plate_hash": hashes.exact, **times}
    await outbox.put(tx, ControlKind.VISITOR_PUT, body)
    await audit.record(tx, "visitor.put", visitor, times)
    return await one(tx, visitor)


def _bad_plate(code: str, words: str) -> Problem:
    return invalid(code, words, [FieldError(loc=["body", "plate"], msg=words, type=code)])


async def one(tx: Transaction, visitor: str) -> Visitor:
    """One visit. Raises Problem 404."""
    found = await store.one(tx, visitor)
    if found is None:
        raise not_found("visitor")
    return found


async def page(tx: Transaction, *, now: bool, cursor: str | None, limit: int) -> Visitors:
    """Visits by name; `now`: those that may be here at this moment."""
    after = cursors.decode_text(cursor)
    found = await store.page(tx, after=after, valid_at=tx.at if now else None, limit=limit + 1)
    items = found[:limit]
    return Visitors(items=items, next_cursor=cursors.encode(items[-1].visitor) if len(found) > limit else None)


async def remove(tx: Transaction, visitor: str) -> Removed:
    """Calls a visit off. Raises Problem 404."""
    await store.lock(tx)
    plate_fold = await store.fold(tx, visitor)
    if plate_fold is None:
        raise not_found("visitor")
    await store.remove(tx, visitor)
    await outbox.put(tx, ControlKind.VISITOR_REMOVED, {"visitor": visitor, "plate_fold": plate_fold})
    await audit.record(tx, "visitor.removed", visitor, {})
    return Removed(visitor=visitor)
