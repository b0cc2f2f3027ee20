"""The history of a site's orders as a chain: each entry's hash is of its own words and of the entry before.

Whoever changes an entry, takes one out or puts one in has to make all later hashes anew; the newest stands in another
table, and wherever somebody wrote it down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from herun.clock import to_text, to_us

BEGINNING: Final = bytes(32)  # before the first entry
SALT_BYTES: Final = 16  # too many to be tried: a hash whose salt is gone tells nothing of a text, however short

# What an order is opened with and nothing changes, but a correction that adds answers (`attributes`); not the phone,
# which may be erased before all else is.
ORIGINAL: Final = (
    "origin", "channel", "title", "text", "building", "zone", "lat", "lon", "address", "attributes", "parent",
    "alert_id", "alert_rule_uid", "reporter", "opened_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to an order."""

    site: str
    number: str
    n: int
    action: str
    from_state: str | None
    to_state: str
    actor: str
    at: datetime
    worker: str | None
    reason: str | None
    detail: dict[str, Any] | None
    feed_seq: int


def chained(before: bytes, entry: Entry) -> bytes:
    """The SHA-256 of the hash before and the entry as JSON: a list in the order of its fields, keys sorted."""
    words = [
        entry.site, entry.number, entry.n, entry.action, entry.from_state, entry.to_state, entry.actor,
        to_text(to_us(entry.at)), entry.worker, entry.reason, entry.detail, entry.feed_seq,
    ]  # fmt: skip
    return hashlib.sha256(before + _as_json(words)).digest()


def sealed(salt: bytes, order: Mapping[str, Any]) -> str:
    """The SHA-256, in hexadecimal, of the salt and what the order was opened with: what the first entry says of it, and
    each later one that adds answers.

    An entry is never deleted, the order's words may have to be. Their salt stands with them, and goes with them.
    """
    at = order["opened_at"]
    values = {
        **order,
        "opened_at": to_text(to_us(at if isinstance(at, datetime) else datetime.fromisoformat(at))),
        "alert_id": None if order["alert_id"] is None else str(order["alert_id"]),
        # Zero added: a database keeps no sign of a zero, so what is read would be sealed otherwise than what was sent.
        **{name: None if order[name] is None else float(order[name]) + 0.0 for name in ("lat", "lon")},
    }
    return hashlib.sha256(salt + _as_json([values[name] for name in ORIGINAL])).hexdigest()


def _as_json(words: list[Any]) -> bytes:
    return json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
