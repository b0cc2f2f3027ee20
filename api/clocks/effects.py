"""What follows when a deadline is reached, in the transaction that fires it: once, and in the order of (due, id)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.clocks.store import Fired
from api.transactions import SYSTEM, Transaction
from api.work_orders import steps
from api.work_orders.steps import Note

REMINDED: Final = "reminded"
ESCALATED: Final = "escalated"


async def on_fired(tx: Transaction, fired: Sequence[Fired]) -> None:
    """Writes each into the history of its order, whose row is locked; what a later one says as well is told once."""
    told = [each for each in fired if not each.superseded]
    await steps.note_all(tx, [_note(each) for each in told], SYSTEM)


def _note(fired: Fired) -> Note:
    detail = {"deadline": fired.id, "kind": fired.kind, "step": fired.step, "level": fired.level.value}
    action = ESCALATED if fired.is_escalation else REMINDED
    return Note(fired.number, action, f"{fired.kind} {fired.step} -> {fired.level}", detail)
