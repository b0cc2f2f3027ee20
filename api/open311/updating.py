"""What a client says of a request later: an entry of the order's history, or what it asks to be done."""

from __future__ import annotations

import secrets
from typing import Any, Final

from api.open311 import store
from api.open311.errors import refused, unknown
from api.open311.forms import Sent
from api.open311.intake import media_url
from api.open311.schemas import Key
from api.open311.service import MAX_ID_CHARS, REPEATED_WITHIN, add_pictures, person_of
from api.transactions import Transaction
from api.work_orders import service as work_orders
from api.work_orders import steps
from api.work_orders import store as kept_orders
from api.work_orders.order import Move, Order
from api.work_orders.states import Action
from herun.order_words import Word
from herun.visible import is_seen

MAX_TOLD: Final = 200  # of one order, which all stay in its history
MAX_UPDATE_CHARS: Final = 2000  # as everything that people say of an order
_ID_BYTES: Final = 16
# What else an update may say than words: it is done in the name of who sent the request in, where the order allows it.
_MOVES: Final = {"reopen": Action.REOPEN, "cancelled": Action.CANCEL}


async def update(tx: Transaction, key: Key, sent: Sent, jpegs: list[bytes], flaws_of_pictures: list[str]) -> str:
    """Adds what a client says of a request that it sent in; returns the update's id, the same for the same again.

    Its words stand in the order's history, as the reason of what they move or by themselves; the latter MAX_TOLD times.
    Pictures that come only with the repeat are added. Raises Problem 400 and 404, and what the order machine raises
    where it is asked to reopen or to cancel.
    """
    new = _new_update(key, sent, flaws_of_pictures)
    number, move = new["number"], _MOVES.get(new["status"])
    token = await store.token_of(tx, number, key.key_id)
    if token is None:
        raise unknown("service_request_id")
    held = await _locked(tx, number, to_change=move is not None)
    earlier = await store.earlier_update(tx, new, tx.wall - REPEATED_WITHIN, moves=move is not None)
    if earlier is None and move is None and await store.told(tx, number) >= MAX_TOLD:
        raise refused(f"a request has at most {MAX_TOLD} updates that only say something")
    update_id = earlier or f"U{secrets.token_hex(_ID_BYTES)}"
    if earlier is None:
        await store.add_update(tx, new, update_id)
    await add_pictures(tx, token, jpegs, update_id)
    if earlier is not None:
        return earlier
    person = person_of(key.key_id)
    if move is not None:
        await work_orders.act(tx, person, number, Move(move, new["description"]))
    else:
        await _told(tx, held, held[number], new["description"], update_id)
    return update_id


async def _locked(tx: Transaction, number: str, *, to_change: bool) -> dict[str, Order]:
    """The order with all that its move locks, or with the one that it is merged into, in the order of all locks: of two
    updates of one request the second waits, and nobody waits for one another.
    """
    if not to_change:
        return await kept_orders.locked_with_master(tx, number)
    await kept_orders.keep_together(tx, to_change=True)
    return await kept_orders.locked_together(tx, {number} | await kept_orders.related(tx, number))


async def _told(tx: Transaction, held: dict[str, Order], order: Order, words: str, update_id: str) -> None:
    """As an answer to a question: whoever works on what stands for a merged order reads it there, unless it is
    confidential: then that something was said. The reporter of that one reads neither.
    """
    await steps.note(tx, order, Word.TOLD, by=tx.actor, reason=words, detail={"update": update_id})
    if order.merged_into is not None:
        await steps.note_beside(tx, held[order.merged_into], order, Word.NOTED, by=tx.actor, reason=words)


def _new_update(key: Key, sent: Sent, flaws_of_pictures: list[str]) -> dict[str, Any]:
    flaws: list[str] = []
    number = sent.one("service_request_id")
    if number is None:
        flaws.append("service_request_id was not provided")
    description = sent.one("description") or ""
    if not is_seen(description):
        flaws.append("description was not provided")
    if len(description) > MAX_UPDATE_CHARS:
        flaws.append(f"description has more than {MAX_UPDATE_CHARS} characters")
    too_long = [name for name in ("update_id", "status") if len(sent.one(name) or "") > MAX_ID_CHARS]
    flaws += [f"{name} has more than {MAX_ID_CHARS} characters" for name in too_long]
    url = media_url(sent, flaws)
    if flaws or flaws_of_pictures:
        raise refused(*flaws, *flaws_of_pictures)
    return {
        "number": number,
        "key_id": key.key_id,
        "client_update_id": sent.one("update_id"),
        "status": (sent.one("status") or "").lower() or None,
        "description": description,
        "media_url": url,
    }
