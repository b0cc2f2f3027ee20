"""Orders that several people may take: the first one who does has it; what nobody takes in time is assigned."""

from __future__ import annotations

from typing import Final

from api.dispatch import service, store
from api.dispatch.schemas import Pool, PooledOrder
from api.transactions import SYSTEM, Transaction
from api.work_orders import opening
from api.work_orders import order as orders
from api.work_orders import store as order_store
from api.work_orders.order import Person
from api.work_orders.shown import shown

MAX_SHOWN: Final = 200  # of one worker's pool
_BATCH: Final = 100  # orders that one transaction assigns


async def of(tx: Transaction, person: Person) -> Pool:
    """What somebody may take, the soonest to be assigned first."""
    until = await store.offered_to(tx, person.username, MAX_SHOWN)
    found = await order_store.several(tx, set(until))
    items = [
        PooledOrder(order=shown(found[number], person, tx.at), claim_until=until[number])
        for number in until
        if orders.may_take(person, found[number])
    ]
    return Pool(items=items)


async def assign_unclaimed(tx: Transaction) -> int:
    """Assigns what nobody took in time, and says how many orders it looked at."""
    numbers = await store.unclaimed(tx, _BATCH)
    held = await order_store.locked_together(tx, set(numbers))
    due = set(await store.unclaimed(tx, _BATCH)) & held.keys()  # now that nobody else can take them
    assigned = [await service.assign(tx, held[number]) for number in numbers if number in due]
    for order in assigned:  # told last: an assignment takes the feed counter, for which nobody waits with less
        await opening.tell_if_it_waits(tx, order, SYSTEM)
    return len(due)
