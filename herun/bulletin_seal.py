"""What a frozen bulletin is held against: by the API when it is shown, and by `herun audit verify`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any


def digest(body: Any) -> str:
    """SHA-256 of a body as canonical JSON; it holds no floats, so there is one way to write it."""
    canonical = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def strays(row: dict[str, Any]) -> Iterator[str]:
    """In what a bulletin is not as it was frozen: `body` and `hash` as they are kept (None: it is gone), `frozen` the
    hash in the audit log, where each has one; `orders` how many reports are kept of it, `sources` whose its words are.
    """
    if row["hash"] is None:
        yield "it is gone, and the audit log has that it was frozen"
        return
    if digest(row["body"]) != row["hash"]:
        yield "it does not say what was frozen: its body has another hash"
    if row["frozen"] != row["hash"]:
        yield "its hash is another one than the audit log has"
    body = row["body"] if isinstance(row["body"], dict) else {}
    for printed in ("examples", "pairs"):
        if _length(body, printed) != _length(row["sources"], printed):
            yield f"of its {printed} it is not known whose they are"
    ranking = body.get("ranking")
    total = ranking.get("total") if isinstance(ranking, dict) else None
    if total != row["orders"]:
        yield f"{row['orders']} reports are kept of it, and it counts {total}"


def _length(held: Any, name: str) -> int | None:
    found = held.get(name) if isinstance(held, dict) else None
    return len(found) if isinstance(found, list) else None
