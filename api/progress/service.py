"""Progress by number and phone tail: nobody learns by trying which numbers exist."""

from __future__ import annotations

import hmac

from api.problems import not_found
from api.progress import store
from api.progress.schemas import Progress
from api.resources import Resources
from api.throttles import service as throttles
from api.transactions import ALL_SITES, begin
from api.work_orders.states import State, sentence

_NO_PHONE = "    "  # four characters that no tail has


async def ask(resources: Resources, address: str, number: str, phone_tail: str) -> Progress:
    """The order's progress. Raises Problem 404, the same for an unknown number as for a wrong tail, and 429."""
    await throttles.PROGRESS.allow(resources, address, number)
    async with begin(resources, ALL_SITES) as tx:
        row = await store.by_number(tx, number)
    phone = (row["contact_phone"] if row else None) or _NO_PHONE
    if not hmac.compare_digest(phone[-4:], phone_tail) or row is None:
        raise not_found("order with this phone number")
    await throttles.PROGRESS.was_right(resources, address, number)
    state = State(row["state"])
    master = row["master_state"]
    return Progress(
        number=row["number"],
        state=state,
        sentence=sentence(state, State(master) if master else None),
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
        answer=row["answer"],
    )
