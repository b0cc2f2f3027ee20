"""What the clocks of a site go by."""

from __future__ import annotations

from api.audit import store as audit
from api.categories import service as categories
from api.clocks import store
from api.clocks.schemas import ClockSettings, SiteLimits
from api.clocks.sense import faults
from api.clocks.terms import ground
from api.problems import FieldError, invalid
from api.transactions import Transaction


async def one(tx: Transaction) -> SiteLimits:
    """What holds now."""
    kept = await ground(tx)
    return SiteLimits(settings=kept.settings, changed_by=kept.changed_by, changed_at=kept.changed_at)


async def put(tx: Transaction, new: ClockSettings) -> SiteLimits:
    """Replaces them; promises that were given keep their terms. Raises Problem 422 for what makes no sense."""
    known = await categories.names(tx)
    worked = (await ground(tx)).plan(new.working_hours)
    found = faults(new, known.categories, known.limits, worked)
    errors = [FieldError(loc=["body", *path], msg=what, type="senseless") for path, what in found]
    if errors:
        raise invalid("senseless_limits", f"{'.'.join(map(str, errors[0].loc))}: {errors[0].msg}", errors)
    await store.put_settings(tx, new)
    await audit.record(tx, "limits.put", tx.site, {"rules": len(new.limits)})
    return await one(tx)
