"""What `herun doctor` finds by asking the database and the stream."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

import nats
import psycopg
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy, StreamConfig
from nats.js.errors import NotFoundError
from psycopg.rows import dict_row
from sqlalchemy.exc import SQLAlchemyError

from herun import streams, subjects
from herun.calendar import Calendar, Decree, needed_years
from herun.clock import SECOND_US, SystemClock, to_us
from herun.database.migrate import current_revision, head_revision
from herun.database.queries import Queries
from herun.schedule import local_time, zone_named
from herun.settings import Settings
from herun.stack.findings import Finding, Level
from herun.stack.postgres import address_of

_queries = Queries("herun.stack")

FULL_RATIO: Final = 0.7  # of a stream's bytes: from here on somebody should know
_TIMEOUT_S: Final = 3
_CLOCK_TOLERANCE_S: Final = 5.0
_ROLES: Final = ("herun_processor", "herun_api")


async def check_database(known: Settings) -> list[Finding]:
    """Reachable, its clock ours, migrated, and with its roles."""
    if known.database_url is None:
        return [
            Finding(
                "database",
                Level.PROBLEM,
                "no database is known: HERUN_DATABASE_URL is not set and no stack.env was found",
            )
        ]
    now_us = known.make_clock().now_us()
    return await asyncio.to_thread(lambda: list(_check_database(known.need("database_url"), now_us)))


async def check_streams(known: Settings) -> list[Finding]:
    """Every stream and bucket there, with the bounds it should have and room left; and the broker's own buffer."""
    if known.nats_url is None:
        return [
            Finding("stream", Level.PROBLEM, "no stream is known: HERUN_NATS_URL is not set and no stack.env was found")
        ]
    buckets = [(f"KV_{bucket.bucket}", bucket.max_bytes or 0, None) for bucket in streams.BUCKETS]
    bounded = streams.bounded_streams(known.events_max_mb * streams.MIB)
    wanted = [(stream.name or "", stream.max_bytes or 0, stream.discard) for stream in bounded]
    findings = await _check_bounds(known.need("nats_url"), [*wanted, *buckets])
    if known.devices_nats_url is not None:
        broker = (subjects.MQTT_MESSAGES_STREAM, known.broker_max_mb * streams.MIB, DiscardPolicy.NEW)
        findings += await _check_bounds(known.need("devices_nats_url"), [broker])
    return findings


def judge_stream(found: StreamConfig, used_bytes: int, wanted_bytes: int, discard: DiscardPolicy | None) -> Finding:
    """A stream's bounds and fill. `discard` None: any will do."""
    name, bound = found.name, found.max_bytes or -1
    if bound != wanted_bytes or (discard is not None and found.discard != discard):
        has = f"{bound:,} bytes" if bound > 0 else "nothing, so it can fill the disk"
        wants = f"{wanted_bytes:,} bytes" + (f", discarding {DiscardPolicy(discard).value}" if discard else "")
        text = f"{name} is bounded to {has}, discarding {DiscardPolicy(found.discard).value}; it should be {wants}"
        return Finding("stream", Level.PROBLEM, f"{text}: restart the gateway, which sets it")
    ratio = used_bytes / wanted_bytes
    level = Level.WARNING if ratio >= FULL_RATIO else Level.OK
    return Finding("stream", level, f"{name} is {ratio:.0%} full ({used_bytes:,} of {wanted_bytes:,} bytes)")


def _check_database(dsn: str, now_us: int) -> Iterator[Finding]:
    address = address_of(dsn)
    try:
        with psycopg.connect(dsn, connect_timeout=_TIMEOUT_S, row_factory=dict_row) as connection:
            row = connection.execute(_queries["session_and_roles"], {"roles": list(_ROLES)}).fetchone() or {}
        found, needed = current_revision(dsn), head_revision()
    except (psycopg.Error, SQLAlchemyError) as error:
        yield Finding("database", Level.PROBLEM, f"the database at {address} does not answer: {error}")
        return
    yield Finding("database", Level.OK, f"the database at {address} answers (PostgreSQL {row['version']})")
    yield _judge_clock((SystemClock().now_us() - to_us(row["session_began"])) / SECOND_US)
    if found != needed:
        yield Finding(
            "database",
            Level.PROBLEM,
            f"the schema is at revision {found or 'none'}, this version needs {needed}: `herun migrate`",
        )
    else:
        yield Finding("database", Level.OK, f"the schema is at revision {found}")
        yield from _check_calendar(dsn, now_us)
    for role in sorted(set(_ROLES) - set(row["roles"])):
        yield Finding(
            "database", Level.PROBLEM, f"the role {role} is missing, or this login may not take it: `herun migrate`"
        )


def _check_calendar(dsn: str, now_us: int) -> Iterator[Finding]:
    """A warning for each site that lacks a decree which its plans need now."""
    try:
        with psycopg.connect(dsn, connect_timeout=_TIMEOUT_S, row_factory=dict_row) as connection:
            rows = connection.execute(_queries["decrees_by_site"]).fetchall()
    except psycopg.Error as error:
        yield Finding("calendar", Level.PROBLEM, f"the decrees cannot be read: {error}")
        return
    for row in rows:
        calendar = Calendar(Decree.model_validate_json(body) for body in row["decrees"])
        today = local_time(zone_named(row["time_zone"]), now_us).date()
        for year in needed_years(today):
            if not calendar.is_known(year):
                yield Finding(
                    "calendar",
                    Level.WARNING,
                    f"site {row['site']} has no decree of {year}, so plans go by its weekends and the days of the law:"
                    f" put it with PUT /v1/sites/{row['site']}/calendar/{year}",
                )


def _judge_clock(ahead_s: float) -> Finding:
    if abs(ahead_s) > _CLOCK_TOLERANCE_S:
        return Finding(
            "clock", Level.PROBLEM, f"the database's clock and this machine's are {abs(ahead_s):.0f} s apart: set them"
        )
    return Finding("clock", Level.OK, "the database's clock agrees with this machine's")


async def _check_bounds(url: str, wanted: Sequence[tuple[str, int, DiscardPolicy | None]]) -> list[Finding]:
    try:
        connection = await nats.connect(
            url, connect_timeout=_TIMEOUT_S, max_reconnect_attempts=1, reconnect_time_wait=0, error_cb=_told_otherwise
        )
    except (NatsError, OSError) as error:
        return [Finding("stream", Level.PROBLEM, f"the stream does not answer: {error}")]
    try:
        return [await _check_stream(connection, *one) for one in wanted]
    finally:
        await connection.close()


async def _check_stream(connection: Client, name: str, wanted_bytes: int, discard: DiscardPolicy | None) -> Finding:
    try:
        info = await connection.jetstream().stream_info(name)
    except NotFoundError:
        return Finding("stream", Level.WARNING, f"{name} is not there yet: the gateway makes it at its start")
    except (TimeoutError, NatsError) as error:
        return Finding("stream", Level.PROBLEM, f"{name} cannot be asked: {error}")
    return judge_stream(info.config, info.state.bytes, wanted_bytes, discard)


async def _told_otherwise(_: Exception) -> None:
    """A failed connection is raised as well; once is enough."""
