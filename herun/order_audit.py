"""Walks the chained history of orders and says where it is not as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from herun.database.queries import Queries
from herun.order_chain import BEGINNING, Entry, chained

MAX_BREAKS: Final = 20  # told of one site; after the first, what follows is chained to what was changed
FETCH: Final = 2000  # rows in memory at once
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
    with psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_S, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        heads = connection.execute(_QUERIES["heads"], {"site": site}).fetchall()
        return [_verdict(connection, head, [each for each in anchors if each[0] == head["site"]]) for head in heads]


def _verdict(connection: psycopg.Connection[dict[str, Any]], head: dict[str, Any], anchors: list[Anchor]) -> Verdict:
    site = head["site"]
    with connection.cursor("history") as cursor:
        cursor.itersize = FETCH
        walk = Walk(head["history_hash"], {seq: digest for _, seq, digest in anchors})
        cursor.execute(_QUERIES["entries"], {"site": site})
        walk.through(cursor)
    strays = connection.execute(_QUERIES["strays"], {"site": site, "limit": MAX_BREAKS}).fetchall()
    told = [f"order {row['number']} is {row['state']}, its history says {row['to_state']}" for row in strays]
    newest = f"{site}:{walk.seq}:{walk.hash.hex()}" if walk.seq else None
    return Verdict(site, walk.entries, walk.unchained, newest, tuple([*walk.breaks, *told][:MAX_BREAKS]))


class Walk:
    """One site's entries, the oldest first. Pure but for what it remembers."""

    def __init__(self, newest: bytes | None, anchors: dict[int, str]) -> None:
        self.hash = BEGINNING
        self.seq = 0
        self.entries = 0
        self.unchained = 0
        self.breaks: list[str] = []
        self._newest = newest
        self._anchors = anchors

    def through(self, rows: Iterable[dict[str, Any]]) -> None:
        """Looks at all entries, then at the end and at what was written down elsewhere."""
        for row in rows:
            self.entries += 1
            self.breaks += self._wrong(row)
        if self.seq and self._newest != self.hash:
            self.breaks.append(f"the newest entry, {self.seq}, is not the last that was written: later ones are gone")
        if not self.seq and self._newest is not None:
            self.breaks.append("all entries are gone")
        self.breaks += [f"entry {seq}, written down elsewhere, is gone" for seq in self._anchors]

    def _wrong(self, row: dict[str, Any]) -> Iterator[str]:
        where = f"entry {row['feed_seq']} ({row['number']}, n {row['n']}, {row['action']})"
        if row["hash"] is None:
            self.unchained += 1
            if self.seq:
                yield f"{where} has no hash, though the one before has"
            return
        made = chained(self.hash, Entry(**{name: row[name] for name in _FIELDS}))
        if made != row["hash"]:
            yield f"{where} is not what was written, or the one before it is gone"
        if row["n"] != row["before"] + 1:
            yield f"{where} does not follow n {row['before']} of its order"
        self.hash, self.seq = row["hash"], row["feed_seq"]
        digest = self._anchors.pop(self.seq, None)
        if digest is not None and digest != self.hash.hex():
            yield f"{where} is another one than was written down elsewhere"
