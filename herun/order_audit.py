"""Walks the chained history of orders and says where it is not as it was written, and what is not as it says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row

from herun import bulletin_seal, order_pictures
from herun.clock import SystemClock, to_datetime
from herun.database.queries import Queries
from herun.errors import TransientError
from herun.order_chain import BEGINNING, Entry, chained
from herun.order_pictures import Album
from herun.order_strays import strays

MAX_BREAKS: Final = 20  # told of one site; after the first, what follows is chained to what was changed
FETCH: Final = 2000  # entries in memory at once
FETCH_ORDERS: Final = 200  # orders, each with its history
CONNECT_TIMEOUT_S: Final = 5

_QUERIES: Final = Queries("herun", "order_audit.sql")
_FIELDS: Final = tuple(Entry.__dataclass_fields__)

Anchor = tuple[str, int, str]
Anchors = Mapping[int, AbstractSet[str]]  # of one site: by the number of an entry the hashes that it had


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


def verify(
    database_url: str, site: str | None = None, anchors: Sequence[Anchor] = (), album: Album | None = None
) -> list[Verdict]:
    """One verdict a site, in the order of their names, then one of each that anchors name and that is not looked at.

    Without an album no file of a picture is looked at, and the time is the machine's. Raises TransientError if the
    database is away, or is none that can be asked.
    """
    try:
        with psycopg.connect(database_url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            return verdicts(connection, site, anchors, album)
    except psycopg.Error as error:
        raise TransientError(f"the database cannot be asked: {str(error).strip()}") from error


def verdicts(
    connection: psycopg.Connection[Any],
    site: str | None = None,
    anchors: Sequence[Anchor] = (),
    album: Album | None = None,
) -> list[Verdict]:
    """The same in a transaction that is open."""
    connection.row_factory = dict_row
    album = album or Album(None, to_datetime(SystemClock().now_us()))
    wanted: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for of_site, seq, digest in anchors:
        wanted[of_site][seq].add(digest.lower())
    heads = connection.execute(_QUERIES["heads"], {"site": site}).fetchall()
    found = [_verdict(connection, head, wanted.pop(head["site"], {}), album) for head in heads]
    return found + [_not_looked_at(of_site, seqs) for of_site, seqs in sorted(wanted.items())]


def _not_looked_at(site: str, seqs: Iterable[int]) -> Verdict:
    """Of a site that is gone: what was written down of it is all that still says that it was."""
    told = [f"entry {seq}, written down elsewhere, is of a site that is gone or was not asked for" for seq in seqs]
    return Verdict(site, 0, 0, None, tuple(told[:MAX_BREAKS]))


def _verdict(
    connection: psycopg.Connection[dict[str, Any]], head: dict[str, Any], anchors: Anchors, album: Album
) -> Verdict:
    site = head["site"]
    walk = Walk(head["history_hash"], head["unchained_to"], anchors)
    with connection.cursor("history") as cursor:
        cursor.itersize = FETCH
        cursor.execute(_QUERIES["entries"], {"site": site})
        walk.through(cursor)
    with connection.cursor("orders") as cursor:
        cursor.itersize = FETCH_ORDERS
        cursor.execute(_QUERIES["orders"], {"site": site})
        told = list(islice(_strays(cursor, album), MAX_BREAKS))
    gone = connection.execute(_QUERIES["gone"], {"site": site, "limit": MAX_BREAKS}).fetchall()
    told += [f"order {row['number']}: it is gone, and its history is not" for row in gone]
    bulletins = connection.execute(_QUERIES["bulletins"], {"site": site}).fetchall()
    told += [f"bulletin {row['week']}: {each}" for row in bulletins for each in bulletin_seal.strays(row)]
    newest = f"{site}:{walk.seq}:{walk.hash.hex()}" if walk.seq else None
    return Verdict(site, walk.entries, walk.unchained, newest, tuple([*walk.breaks, *told][:MAX_BREAKS]))


def _strays(rows: Iterable[dict[str, Any]], album: Album) -> Iterator[str]:
    for row in rows:
        for stray in chain(strays(row["kept"], row), order_pictures.strays(row["kept"], row, album)):
            yield f"order {row['number']}: {stray}"


class Walk:
    """One site's entries, the oldest first. Pure but for what it remembers."""

    def __init__(self, newest: bytes | None, unchained_to: int, anchors: Anchors) -> None:
        self.hash = BEGINNING
        self.seq = 0
        self.entries = 0
        self.unchained = 0
        self.breaks: list[str] = []
        self._newest = newest
        self._unchained_to = unchained_to
        self._anchors = dict(anchors)

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
        known = self._anchors.pop(row["feed_seq"], None)
        if row["hash"] is None:
            self.unchained += 1
            if known is not None:
                yield f"{where} has no hash, though one was written down elsewhere"
            if self.seq or row["feed_seq"] > self._unchained_to or row["detail"] is not None:
                yield f"{where} has no hash, though it was written when there was a chain"
            return
        made = chained(self.hash, Entry(**{name: row[name] for name in _FIELDS}))
        if made != row["hash"]:
            yield f"{where} is not what was written, or the one before it is gone"
        self.hash, self.seq = row["hash"], row["feed_seq"]
        if known is not None and known != {self.hash.hex()}:
            yield f"{where} is another one than was written down elsewhere"
