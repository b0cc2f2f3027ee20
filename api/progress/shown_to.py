"""Whoever has no account shows that an order is theirs: by its number and phone tail, or by a secret link."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from api.links import service as links
from api.links import store as kept_links
from api.problems import not_found
from api.progress import store
from api.resources import Resources
from api.throttles import service as throttles
from api.transactions import ALL_SITES, begin

ACTOR: Final = "(reporter)"  # who acts in the history; no username has brackets
_NO_PHONE: Final = "    "  # four characters that no tail has


@dataclass(frozen=True, slots=True)
class Theirs:
    """The order that somebody has shown to be theirs. `is_sure`: by a link; who knows a phone may live with them."""

    site: str
    number: str
    is_sure: bool


async def by_tail(resources: Resources, address: str, number: str, phone_tail: str) -> Theirs:
    """Raises Problem 404, the same for an unknown number as for a wrong tail, and 429."""
    await throttles.PROGRESS.allow(resources, address, number)
    async with begin(resources, ALL_SITES) as tx:
        row = await store.by_number(tx, number)
    phone = (row["contact_phone"] if row else None) or _NO_PHONE
    if not hmac.compare_digest(phone[-4:], phone_tail) or row is None:
        raise not_found("order with this phone number")
    await throttles.PROGRESS.was_right(resources, address, number)
    return Theirs(row["site"], row["number"], is_sure=False)


async def by_link(resources: Resources, address: str, token: str) -> Theirs:
    """Raises Problem 404, the same for a link that never was as for one that is over or revoked, and 429."""
    await throttles.allow(resources, throttles.LINK_ADDRESS, address)
    async with begin(resources, ALL_SITES) as tx:
        row = await kept_links.by_token(tx, links.hash_of(token))
    if row is None:
        raise not_found("link")
    await throttles.take_back(resources, throttles.LINK_ADDRESS, address)
    return Theirs(row["site"], row["number"], is_sure=True)
