"""Who calls: a client by its key, or anybody from an address."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from api.audit import store as audit
from api.open311 import store
from api.open311.errors import no_key
from api.open311.schemas import Key, MadeKey, NewKey, Right
from api.problems import not_found
from api.resources import Resources
from api.throttles import service as throttles
from api.throttles.service import Throttle
from api.transactions import Transaction

PREFIX: Final = "herun311-"  # so that a key which was published by mistake is recognised as one
_KEY_BYTES: Final = 24
MAX_KEY_CHARS: Final = 200
# Of one address without a key: a page that asks every second stays below, and a city's portal takes one.
READS: Final = Throttle("open311_reads", tries=1200, window=timedelta(minutes=15))


def _hash(api_key: str) -> str:
    # Keys are drawn, not chosen: there is nothing to be tried out that a slow hash would have to slow down.
    return hashlib.sha256(api_key.encode()).hexdigest()


async def make(tx: Transaction, new: NewKey) -> MadeKey:
    """A new client; its key is in this answer and nowhere else."""
    api_key = f"{PREFIX}{secrets.token_urlsafe(_KEY_BYTES)}"
    key = await store.add_key(tx, new, key_id=secrets.token_hex(8), key_hash=_hash(api_key))
    await audit.record(tx, "open311.key_made", key.key_id, {"name": new.name, "rights": new.rights})
    return MadeKey(**key.model_dump(), api_key=api_key)


async def revoke(tx: Transaction, key_id: str) -> Key:
    """Ends a key; what came by it stays. Raises Problem 404."""
    key = await store.revoke(tx, key_id)
    if key is None:
        raise not_found("key")
    await audit.record(tx, "open311.key_revoked", key_id, {})
    return key


async def client(tx: Transaction, api_key: str) -> Key | None:
    """The client with this key; None if it is not valid, or not any more."""
    return await store.key_of(tx, _hash(api_key)) if len(api_key) <= MAX_KEY_CHARS else None


def allowed(key: Key | None, api_key: str | None, right: Right) -> Key:
    """The client, if it may do this. Raises Problem 403."""
    if api_key is None:
        raise no_key("api_key was not provided")
    if key is None:
        raise no_key("api_key is not valid, or not any more")
    if right not in key.rights:
        raise no_key(f"api_key has not the right to {right}")
    return key


async def may_write(resources: Resources, key: Key) -> None:
    """Counts a request of a client. Raises Problem 429."""
    await throttles.allow(
        resources, Throttle("open311_writes", tries=key.hourly, window=timedelta(hours=1)), key.key_id
    )


async def may_ask(resources: Resources, address: str) -> None:
    """Counts a question from an address. Raises Problem 429."""
    await throttles.allow(resources, READS, address)
