"""One site's stored rows, all as they were at one moment, read in bounded batches.

A server-side cursor in binary, decoded by psycopg in C, takes 0.7 us a row here; COPY, unpacked by hand, takes more.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import groupby
from typing import Any, Final

import msgspec
import psycopg
from psycopg.rows import dict_row, tuple_row
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import TextBinaryLoader

from herun.alerts import Alert
from herun.clock import to_datetime, to_us
from herun.database.pool import role_conninfo
from herun.database.queries import Queries
from herun.errors import InvalidInputError
from herun.events import FLAG_DERIVED, Event
from herun.frames import Control
from processor.copy_rows import POSTGRES_EPOCH_US
from processor.replay import END, Boundary, Outage, StoredControls, StoredFrame
from processor.store import ROLE

_queries = Queries(__package__)

FETCH_ROWS: Final = 5_000  # at a time: some 3 MB
DERIVED_WITHIN: Final = timedelta(days=1)  # a passage is settled, and an entry delay over, long before
MAX_DERIVED: Final = 50  # told of one event
MAX_STATEMENT_MS: Final = 600_000  # of one fetch: the first may have to sort a year


class Rows:
    """A site's rows. Raises InvalidInputError (`unknown_site`) if none were ever stored."""

    def __init__(self, connection: psycopg.Connection[Any], site: str) -> None:
        self._connection = connection
        self.site = site
        row = self._one("find_partition", site=site)
        if row is None:
            raise InvalidInputError("unknown_site", f"nothing was ever stored of site {site}")
        self.partition: int = row["partition"]
        self.engine_time_us = to_us(row["engine_time"])
        self._listened_us = None if row["listened"] is None else to_us(row["listened"])

    def boundary(self, at_us: int) -> Boundary:
        """Where a moment lies. `recorded_time` never falls with the position, so it is found by halving."""
        events = self._event_boundary(at_us)
        controls = self._one("around_controls", site=self.site, at=to_datetime(at_us)) or {}
        last, first = controls.get("last_before"), controls.get("first_after")
        return Boundary(
            at_us, max(events.last, -1 if last is None else last), min(events.next, END if first is None else first)
        )

    def _event_boundary(self, at_us: int) -> Boundary:
        ends = self._one("ends_of_events", site=self.site)
        if ends is None or ends["first"] is None:
            return Boundary(at_us, -1, END)
        low, high, at = ends["first"], ends["last"] + 1, to_datetime(at_us)
        while low < high:  # the first position at or after the moment lies in [low, high]
            middle = (low + high) // 2
            row = self._one("next_event", site=self.site, position=middle)
            if row is None or row["recorded_time"] >= at:
                high = middle
            else:
                low = row["position"] + 1
        following = self._one("next_event", site=self.site, position=low)
        before = self._one("last_event_before", site=self.site, position=low)
        return Boundary(at_us, before["position"] if before else -1, following["position"] if following else END)

    def rule_controls(self, before: int) -> list[tuple[str, dict[str, Any]]]:
        """(kind, body) of everything that was ever said about rules before a position, in order."""
        cursor = self._connection.execute(_queries["read_rule_puts"], {"site": self.site, "before": before})
        return [(row["kind"], row["body"]) for row in cursor]

    def controls(self, before: int) -> Iterator[StoredControls]:
        """Every control frame before a position, from the beginning: they are few."""
        with self._cursor("controls") as cursor:
            cursor.execute(_queries["read_controls"], {"site": self.site, "before": before})
            for position, group in groupby(cursor, key=lambda row: row[0]):
                rows = list(group)
                yield StoredControls(
                    position,
                    to_us(rows[0][1]),
                    None if rows[0][2] is None else to_us(rows[0][2]),
                    [Control(self.site, row[3], row[4], row[5]) for row in rows],
                )

    def outages(self, until: int) -> list[Outage]:
        """Our own outages up to a position, and the time since a gateway was last heard."""
        values = {"partition": self.partition, "until": until}
        cursor = self._connection.execute(_queries["read_outages"], values)
        outages = [Outage(row["position"], to_us(row["began"]), to_us(row["ended"])) for row in cursor]
        return outages if self._listened_us is None else [*outages, Outage(END, self._listened_us, END)]

    def frames(self, begin: int, before: int, types: frozenset[str]) -> Iterator[StoredFrame]:
        """The frames of [begin, before) in order, without derived events; only events of `types` have their data."""
        values = {"site": self.site, "from": begin, "before": before, "types": sorted(types), "derived": FLAG_DERIVED}
        with self._cursor("events") as cursor:
            cursor.adapters.register_loader("timestamptz", Int8BinaryLoader)
            cursor.adapters.register_loader("jsonb", TextBinaryLoader)
            cursor.execute(_queries["read_events"], values, binary=True)
            yield from _by_frame(cursor, self.site)

    def find_event(self, device: str, event_id: str) -> dict[str, Any] | None:
        """Where a stored event stands, and what it is."""
        return self._one("find_event", site=self.site, device=device, event_id=event_id)

    def derived_from(self, device: str, event_id: str, row: dict[str, Any]) -> list[dict[str, Any]]:
        """Device, id, type and time of what the engine made of a stored event within a day; at most `MAX_DERIVED`."""
        values = {
            "site": self.site, "device": device, "event_id": event_id, "derived": FLAG_DERIVED, "limit": MAX_DERIVED,
            "within": DERIVED_WITHIN, "position": row["position"], "recorded_time": row["recorded_time"],
        }  # fmt: skip
        return list(self._connection.execute(_queries["find_derived"], values))

    def live_alerts(self, begin: Boundary, end: Boundary, rule_uid: str | None, limit: int) -> list[Alert]:
        """The alerts that the live run told between, each in its newest version by `end`."""
        values = {
            "site": self.site, "after": begin.last, "until": end.next, "from": to_datetime(begin.at_us),
            "to": to_datetime(end.at_us), "rule_uid": rule_uid, "limit": limit,
        }  # fmt: skip
        cursor = self._connection.execute(_queries["read_live_alerts"], values)
        return [msgspec.convert(row["body"], Alert) for row in cursor]

    def verdicts(self) -> dict[str, str]:
        """What people closed alerts as, by alert id: the controls that told the engine say it too."""
        cursor = self._connection.execute(_queries["read_verdicts"], {"site": self.site})
        return {row["alert_id"]: row["verdict"] for row in cursor}

    def _one(self, name: str, **values: Any) -> dict[str, Any] | None:
        return self._connection.execute(_queries[name], values).fetchone()

    @contextmanager
    def _cursor(self, name: str) -> Iterator[psycopg.ServerCursor[tuple[Any, ...]]]:
        with psycopg.ServerCursor(self._connection, name, row_factory=tuple_row) as cursor:
            cursor.itersize = FETCH_ROWS
            yield cursor


def _by_frame(cursor: psycopg.ServerCursor[tuple[Any, ...]], site: str) -> Iterator[StoredFrame]:
    """On the hot path. The first byte of a jsonb is its version; data that nobody looks at is not there."""
    position, at, events = -1, 0, list[Event]()
    while rows := cursor.fetchmany(FETCH_ROWS):
        for where, recorded, device, event_id, event_type, schema, time, data, sequence, flags in rows:
            if where != position:
                if events:
                    yield StoredFrame(position, at + POSTGRES_EPOCH_US, events)
                position, at, events = where, recorded, []
            events.append(
                Event(
                    site,
                    device,
                    event_id,
                    event_type,
                    schema,
                    time + POSTGRES_EPOCH_US,
                    data[1:] if data is not None else "",
                    None,
                    sequence,
                    flags,
                )
            )
    if events:
        yield StoredFrame(position, at + POSTGRES_EPOCH_US, events)


@contextmanager
def open_rows(database_url: str, site: str) -> Iterator[Rows]:
    """A site's rows (no name: the only site's) in one read-only snapshot. Raises psycopg.Error, InvalidInputError."""
    info = role_conninfo(database_url, ROLE, "herun-backtest")
    with psycopg.connect(info, row_factory=dict_row) as connection:
        connection.execute(_queries["begin"])
        connection.execute(_queries["allow_duration"], {"milliseconds": str(MAX_STATEMENT_MS)})
        yield Rows(connection, site or _only_site(connection))


def _only_site(connection: psycopg.Connection[Any]) -> str:
    sites = [row["site"] for row in connection.execute(_queries["sites"])]
    if len(sites) != 1:
        raise InvalidInputError("which_site", f"name one of the sites: {', '.join(sites)[:1000] or '(there is none)'}")
    return str(sites[0])
