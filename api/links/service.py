"""Making and ending secret links. Whoever has one follows the order, answers its questions and urges it: no more."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from api.audit import store as audit
from api.links import store
from api.links.schemas import NewLink, Revoked
from api.problems import Problem, conflict, not_found
from api.resources import Resources
from api.transactions import Transaction
from api.work_orders import order as orders
from api.work_orders import store as work_orders
from api.work_orders.order import Person
from api.work_orders.states import Bond

KEPT: Final = timedelta(days=90)
MAX_LINKS: Final = 5  # of one order that work at the same time
_TOKEN_BYTES: Final = 32


def hash_of(token: str) -> bytes:
    """What is kept of a token. It is drawn from 2^256, so that nothing slower than one hash is needed."""
    return hashlib.sha256(token.encode()).digest()


async def make(tx: Transaction, resources: Resources, person: Person, number: str) -> NewLink:
    """A new link, for the reporter or for the desk to hand on. Raises Problem 404, 403, or 409 for too many."""
    await _theirs(tx, person, number)
    made = await make_for(tx, resources, number)
    await audit.record(tx, "link.made", number, {})
    return made


async def make_for(tx: Transaction, resources: Resources, number: str) -> NewLink:
    """A new link to an order of this transaction. Raises Problem 409 if there are too many."""
    if await store.living(tx, number) >= MAX_LINKS:
        raise conflict("too_many_links", f"an order has at most {MAX_LINKS} links; revoke them first")
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await store.add(tx, number, hash_of(token), tx.at + KEPT)
    base = resources.settings.public_url
    address = f"{base.rstrip('/')}/v1/progress/link/{token}" if base else None
    return NewLink(number=number, token=token, address=address, expires_at=tx.at + KEPT)


async def revoke(tx: Transaction, person: Person, number: str) -> Revoked:
    """Ends all links of an order. Raises Problem 404 or 403."""
    await _theirs(tx, person, number)
    ended = await store.revoke(tx, number)
    await audit.record(tx, "link.revoked", number, {"links": ended})
    return Revoked(number=number, links=ended)


async def _theirs(tx: Transaction, person: Person, number: str) -> None:
    order = await work_orders.locked(tx, number)
    if order is None or not orders.sees(person, order):
        raise not_found("work order")
    if orders.bonds(person, order, frozenset()).isdisjoint({Bond.REPORTER, Bond.DESK}):
        raise Problem(HTTPStatus.FORBIDDEN, "not_yours", "links are for: desk, reporter")
