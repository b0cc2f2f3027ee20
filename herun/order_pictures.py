"""What the history of an order says of its pictures, and whether rows and files still are that."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, Final

from herun.order_words import Word

KEPT: Final = timedelta(days=365)  # from when a picture was added to its order
# As it is deleted by the clock of another machine, which may be ahead, and while this looks.
_EARLIER: Final = timedelta(days=1)
_SENT_AHEAD: Final = "before"  # the kind of all that a report names

Row = Mapping[str, Any]


def key(site: str, picture: object, size: str = "whole") -> str:
    """Where a picture lies among the objects."""
    return f"{site}/{picture}.{size}.jpg"


@dataclass(frozen=True, slots=True)
class Album:
    """Where the pictures of all sites lie (None: not where somebody looks now), and what time it is."""

    folder: Path | None
    now: datetime


def told(entries: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """By the id of each picture what its entry says of it.

    That is `added_at`, `kind` and `sha256` (None: it was taken in before hashes were written down), and of one that
    was sent to its order also who sent it and when.
    """
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if entry["action"] != Word.PICTURED or not isinstance(entry["detail"], dict):
            continue
        detail, at = entry["detail"], entry["at"]
        if "picture" in detail:
            sent = {"sent_by": entry["actor"], "sent_at": at}
            found[str(detail["picture"])] = _said(at, detail.get("kind"), detail.get("sha256")) | sent
        else:
            pictures, hashes = _listed(detail, "pictures"), _listed(detail, "sha256")
            for picture, sha256 in islice(zip_longest(pictures, hashes), len(pictures)):
                found[str(picture)] = _said(at, _SENT_AHEAD, sha256)
    return found


def _said(at: object, kind: object, sha256: object) -> dict[str, Any]:
    return {"added_at": at, "kind": kind, "sha256": sha256}


def _listed(detail: Row, name: str) -> list[Any]:
    """What a detail that somebody changed may not have."""
    return detail[name] if isinstance(detail.get(name), list) else []


def strays(order: Row, beside: Row, album: Album) -> Iterator[str]:
    """What of the pictures of an order is not what its entries say, one sentence each.

    What is gone when its time is over, or with the order's words (whose salt goes with them), is no stray.
    """
    rows = {row["id"]: row for row in beside["pictures"] or []}
    said = told(beside["entries"] or [])
    for picture, entry in said.items():
        if picture in rows:
            yield from _different(order["site"], rows[picture], entry, album)
        elif order["salt"] is not None and not _is_over(entry, album):
            yield f"its picture {picture} is gone before its time"
    if order["salt"] is not None:
        yield from (f"its picture {picture} is in no entry of its history" for picture in rows.keys() - said.keys())


def _different(site: str, row: Row, entry: Row, album: Album) -> Iterator[str]:
    if any(row[name] != value for name, value in entry.items() if name != "added_at"):
        yield f"its picture {row['id']} is not what its history says"
    if album.folder is None:
        return
    try:
        is_as_sent = hashlib.sha256((album.folder / key(site, row["id"])).read_bytes()).hexdigest() == entry["sha256"]
    except FileNotFoundError:
        if not _is_over(entry, album):
            yield f"the file of its picture {row['id']} is gone before its time"
        return
    if not is_as_sent and entry["sha256"] is not None:
        yield f"the file of its picture {row['id']} is not what was sent"


def _is_over(entry: Row, album: Album) -> bool:
    return datetime.fromisoformat(entry["added_at"]) + KEPT - _EARLIER <= album.now
