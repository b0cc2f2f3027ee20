"""The history of a site's orders as a chain: each entry's hash is of its own words and of the entry before.

Whoever changes an entry, takes one out or puts one in has to make all later hashes anew; the newest stands in another
table, and wherever somebody wrote it down.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from herun.clock import to_text, to_us

BEGINNING: Final = bytes(32)  # before the first entry


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
    text = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()
