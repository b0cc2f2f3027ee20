"""Walks the chained history of orders and says where it is not as it was written, and what is not as it says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from herun.database.queries import Queries
from herun.order_chain import BEGINNING, Entry, chained
from herun.order_strays import strays

MAX_BREAKS: Final = 20  # told of one site; after the first, what follows is chained to what was changed
FETCH: Final = 2000  # entries in memory at once
FETCH_ORDERS: Final = 200  # orders, each with its history
CONNECT_TIMEOUT_S: Final = 5

_QUERIES: Final = Queries("herun", "order_audit.sql")
_FIELDS: Final = tuple(Entry.__dataclass_fields__)

Anchor = tuple[str, int, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found of one site. `head` is `SITE:SEQ:HASH` of its newest entry, to be written down elsewhere."""

    site: str
    entries: int
    unchained: int  # written before there was a chain
    head: str | None
    breaks: tuple[str, ...]

    def __str__(self) -> str:
        state = "BROKEN" if self.breaks else "whole"
        before = f", {self.unchained} from before the chain" if self.unchained else ""
        lines = [f"{self.site}: {self.entries} entries{before}, {state}; head {self.head or '(none)'}"]
        return "\n".join([*lines, *(f"  {each}" for each in self.breaks)])


def verify(database_url: str, site: str | None = None, anchors: Sequence[Anchor] = ()) -> list[Verdict]:
    """One verdict a site, in the order of their names. Raises psycopg.OperationalError while the database is away."""
    with psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return verdicts(connection, site, anchors)


def verdicts(
    connection: psycopg.Connection[Any], site: str | None = None, anchors: Sequence[Anchor] = ()
) -> list[Verdict]:
    """The same in a transaction that is open."""
    connection.row_factory = dict_row
    heads = connection.execute(_QUERIES["heads"], {"site": site}).fetchall()
    return [_verdict(connection, head, [each for each in anchors if each[0] == head["site"]]) for head in heads]


def _verdict(connection: psycopg.Connection[dict[str, Any]], head: dict[str, Any], anchors: list[Anchor]) -> Verdict:
    site = head["site"]
    walk = Walk(head["history_hash"], head["unchained_to"], {seq: digest for _, seq, digest in anchors})
    with connection.cursor("history") as cursor:
        cursor.itersize = FETCH
        cursor.execute(_QUERIES["entries"], {"site": site})
        walk.through(cursor)
    with connection.cursor("orders") as cursor:
        cursor.itersize = FETCH_ORDERS
        cursor.execute(_QUERIES["orders"], {"site": site})
        told = list(islice(_strays(cursor), MAX_BREAKS))
    gone = connection.execute(_QUERIES["gone"], {"site": site, "limit": MAX_BREAKS}).fetchall()
    told += [f"order {row['number']}: it is gone, and its history is not" for row in gone]
    newest = f"{site}:{walk.seq}:{walk.hash.hex()}" if walk.seq else None
    return Verdict(site, walk.entries, walk.unchained, newest, tuple([*walk.breaks, *told][:MAX_BREAKS]))


def _strays(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        for stray in strays(row["kept"], row):
            yield f"order {row['number']}: {stray}"


class Walk:
    """One site's entries, the oldest first. Pure but for what it remembers."""

    def __init__(self, newest: bytes | None, unchained_to: int, anchors: dict[int, str]) -> None:
        self.hash = BEGINNING
        self.seq = 0
        self.entries = 0
        self.unchained = 0
        self.breaks: list[str] = []
        self._newest = newest
        self._unchained_to = unchained_to
        self._anchors = anchors

    def through(self, rows: Iterable[dict[str, Any]]) -> None:
        """Looks at all entries, then at the end and at what was written down elsewhere."""
        for row in rows:
            self.entries += 1
            self.breaks += islice(self._wrong(row), MAX_BREAKS - len(self.breaks))
        if self.seq and self._newest != self.hash:
            self.breaks.append(f"the newest entry, {self.seq}, is not the last that was written: later ones are gone")
        if not self.seq and self._newest is not None:
            self.breaks.append("all entries are gone")
        self.breaks += [f"entry {seq}, written down elsewhere, is gone" for seq in self._anchors]

    def _wrong(self, row: dict[str, Any]) -> Iterator[str]:
        where = f"entry {row['feed_seq']} ({row['number']}, n {row['n']}, {row['action']})"
        if row["hash"] is None:
            self.unchained += 1
            if self.seq or row["feed_seq"] > self._unchained_to or row["detail"] is not None:
                yield f"{where} has no hash, though it was written when there was a chain"
            return
        made = chained(self.hash, Entry(**{name: row[name] for name in _FIELDS}))
        if made != row["hash"]:
            yield f"{where} is not what was written, or the one before it is gone"
        self.hash, self.seq = row["hash"], row["feed_seq"]
        digest = self._anchors.pop(self.seq, None)
        if digest is not None and digest != self.hash.hex():
            yield f"{where} is another one than was written down elsewhere"
