"""Slows down whoever tries things out."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from api.problems import Problem
from api.resources import Resources
from api.throttles import store
from api.transactions import ALL_SITES, Transaction, begin

# Names are hashed into this many buckets with a key nobody knows: the table stays bounded whatever is tried, and nobody
# can choose a name that shares another's bucket.
BUCKETS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Throttle:
    """At most `tries` of one name within `window`."""

    purpose: str
    tries: int
    window: timedelta


# Tries of one name from one address: who tries out passwords slows down themselves, and not whose name it is.
SIGN_IN_PAIR: Final = Throttle("sign_in_pair", tries=10, window=timedelta(minutes=15))
# Wrong ones of one address, whatever the names: a house or an office behind one address stays below.
SIGN_IN_ADDRESS: Final = Throttle("sign_in_address", tries=200, window=timedelta(minutes=15))
# Wrong ones of one name, from wherever: ten addresses at least have to take part to lock somebody out.
SIGN_IN_NAME: Final = Throttle("sign_in", tries=100, window=timedelta(minutes=15))
PROGRESS_PAIR: Final = Throttle("progress_pair", tries=10, window=timedelta(minutes=15))
# Wrong ones only: a million numbers of one day from one address take a year.
PROGRESS_ADDRESS: Final = Throttle("progress_address", tries=30, window=timedelta(minutes=15))
# Wrong ones only: ten thousand phone tails of one number take two days, from however many addresses.
PROGRESS_NUMBER: Final = Throttle("progress_number", tries=50, window=timedelta(minutes=15))

# Wrong ones only. Nobody finds one of 2^256 tokens by trying; this keeps the tries from costing much.
LINK_ADDRESS: Final = Throttle("link_address", tries=30, window=timedelta(minutes=15))

# Of one address, whatever comes of it.
ANONYMOUS_TRIES: Final = Throttle("anonymous_tries", tries=60, window=timedelta(hours=1))
# Accepted ones of one address, whoever is behind it: nobody has to report more often without saying who they are.
ANONYMOUS: Final = Throttle("anonymous", tries=5, window=timedelta(hours=1))
ANONYMOUS_PICTURES: Final = Throttle("anonymous_pictures", tries=20, window=timedelta(hours=1))
# Accepted ones of a site, from wherever: what a desk can look through.
ANONYMOUS_SITE: Final = Throttle("anonymous_site", tries=200, window=timedelta(hours=1))
# Of one address, of what a form for reports without a name asks: many people of an estate share one.
ANONYMOUS_LOOKS: Final = Throttle("anonymous_looks", tries=120, window=timedelta(hours=1))
# Of one person: whoever describes matter after matter to read what others reported.
LIKE_ORDERS: Final = Throttle("like_orders", tries=60, window=timedelta(hours=1))

# Codes that one person has sent to mail addresses, whatever they removed between, and that go to one address: less for
# a person, so that nobody alone keeps another from their own address.
EMAIL_CODES: Final = Throttle("email_codes", tries=10, window=timedelta(hours=24))
EMAIL_CODES_TO: Final = Throttle("email_codes_to", tries=20, window=timedelta(hours=24))
# Of one person, whatever comes of it: each is a question to WeChat in the estate's name.
WECHAT_CODES: Final = Throttle("wechat_codes", tries=20, window=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Tries:
    """What counts a try of one name from one address: by both, by the address, by the name, in this order.

    A try that the first refuses is not counted by the others: so nobody alone locks a name for everybody.
    """

    pair: Throttle
    address: Throttle
    name: Throttle

    async def allow(self, resources: Resources, address: str, name: str) -> None:
        """Counts a try. Raises Problem 429 if it is one too many."""
        await allow(resources, self.pair, _pair(address, name))
        await allow(resources, self.address, address)
        await allow(resources, self.name, name)

    async def was_right(self, resources: Resources, address: str, name: str) -> None:
        """Forgets the tries of this name from this address; of the others the wrong ones stay."""
        await forgive(resources, self.pair, _pair(address, name))
        await take_back(resources, self.address, address)
        await take_back(resources, self.name, name)


SIGN_IN: Final = Tries(SIGN_IN_PAIR, SIGN_IN_ADDRESS, SIGN_IN_NAME)
PROGRESS: Final = Tries(PROGRESS_PAIR, PROGRESS_ADDRESS, PROGRESS_NUMBER)


async def allow(resources: Resources, throttle: Throttle, name: str) -> None:
    """Counts a try, in a transaction of its own so that it counts whatever comes of it. Raises Problem 429 if over."""
    async with begin(resources, ALL_SITES) as tx:
        too_many = await _count(tx, resources, throttle, name)
    if too_many is not None:
        raise too_many


async def allow_if_done(tx: Transaction, resources: Resources, throttles: Mapping[Throttle, str]) -> None:
    """Counts a try of each throttle, which counts if the transaction is done. Raises Problem 429 for one too many.

    Others of the same names wait for its end, so that of many at once no more are done than are allowed.
    """
    for throttle, name in throttles.items():
        too_many = await _count(tx, resources, throttle, name)
        if too_many is not None:
            raise too_many


async def _count(tx: Transaction, resources: Resources, throttle: Throttle, name: str) -> Problem | None:
    oldest = tx.wall - throttle.window
    tries, since = await store.count(tx, throttle.purpose, _bucket(resources, throttle, name), oldest)
    if tries <= throttle.tries:
        return None
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "too_many_tries",
        "too many tries; wait before the next one",
        headers=retry_after(since - oldest),
    )


def retry_after(left: timedelta) -> dict[str, str]:
    """The header that says how long to wait."""
    return {"Retry-After": str(max(1, int(left.total_seconds())))}


async def forgive(resources: Resources, throttle: Throttle, name: str) -> None:
    """Forgets the tries of a name that turned out to be right."""
    async with begin(resources, ALL_SITES) as tx:
        await store.forget(tx, throttle.purpose, _bucket(resources, throttle, name))


async def take_back(resources: Resources, throttle: Throttle, name: str) -> None:
    """Takes back the one try that turned out to be right; the wrong ones stay."""
    async with begin(resources, ALL_SITES) as tx:
        await store.take_back(tx, throttle.purpose, _bucket(resources, throttle, name))


def _pair(address: str, name: str) -> str:
    return f"{address}\0{name}"  # no address and no name has a NUL


def _bucket(resources: Resources, throttle: Throttle, name: str) -> int:
    key = resources.derived_key(f"throttle {throttle.purpose}")
    return int.from_bytes(hmac.digest(key, name.encode(), "sha256")[:4], "big") % BUCKETS
