"""Slows down whoever tries things out."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from api.problems import Problem
from api.resources import Resources
from api.throttles import store
from api.transactions import ALL_SITES, begin

# Names are hashed into this many buckets with a key nobody knows: the table stays bounded whatever is tried, and nobody
# can choose a name that shares another's bucket.
BUCKETS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most `tries` of one name within `window`."""

    purpose: str
    tries: int
    window: timedelta


# A password is tried out at most 40 times an hour.
SIGN_IN: Final = Throttle("sign_in", tries=10, window=timedelta(minutes=15))
# Ten thousand phone tails of one number take ten days.
PROGRESS_NUMBER: Final = Throttle("progress_number", tries=10, window=timedelta(minutes=15))
# Wrong ones only: a million numbers of one day from one address take a year.
PROGRESS_ADDRESS: Final = Throttle("progress_address", tries=30, window=timedelta(minutes=15))


async def allow(resources: Resources, throttle: Throttle, name: str) -> None:
    """Counts a try, in a transaction of its own so that it counts whatever comes of it. Raises Problem 429 if over."""
    async with begin(resources, ALL_SITES) as tx:
        oldest = tx.wall - throttle.window
        tries, since = await store.count(tx, throttle.purpose, _bucket(resources, throttle, name), oldest)
        left = since - oldest
    if tries > throttle.tries:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_tries",
            "too many tries; wait before the next one",
            headers={"Retry-After": str(max(1, int(left.total_seconds())))},
        )


async def forgive(resources: Resources, throttle: Throttle, name: str) -> None:
    """Forgets the tries of a name that turned out to be right."""
    async with begin(resources, ALL_SITES) as tx:
        await store.forget(tx, throttle.purpose, _bucket(resources, throttle, name))


async def take_back(resources: Resources, throttle: Throttle, name: str) -> None:
    """Takes back the one try that turned out to be right; the wrong ones stay."""
    async with begin(resources, ALL_SITES) as tx:
        await store.take_back(tx, throttle.purpose, _bucket(resources, throttle, name))


def _bucket(resources: Resources, throttle: Throttle, name: str) -> int:
    key = resources.derived_key(f"throttle {throttle.purpose}")
    return int.from_bytes(hmac.digest(key, name.encode(), "sha256")[:4], "big") % BUCKETS
