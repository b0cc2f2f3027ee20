"""The processor's process: connections, one owner a partition, housekeeping, and its status over HTTP."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, Final

import psycopg
import structlog
from nats.errors import Error as NatsError
from psycopg_pool import PoolTimeout

from herun import stream, streams, subjects
from herun.clock import SECOND_US
from herun.collector import settle
from herun.database.pool import make_pool
from herun.http_status import serve_status
from herun.settings import Settings, settings
from processor import housekeeping, observed
from processor.backtest.worker import Worker
from processor.owner import Owner, Surroundings
from processor.store import ROLE, Database

log = structlog.get_logger(__name__)

COLLECTOR_THRESHOLDS: Final = (50_000, 50, 100)  # objects, then passes, between looks; the default is (700, 10, 10)
POOL_SIZE: Final = 4  # connections for relay, snapshots and housekeeping; each partition has one of its own besides


async def run(stop: asyncio.Event) -> None:
    """Runs the processor until stopped. Raises ConfigurationError, or what keeps it from connecting at its start."""
    configured = settings()
    _quieten_collector()
    client = await stream.connect(configured.need("nats_url"), f"processor {configured.processor_id}")
    try:
        js = client.jetstream()
        await streams.ensure_streams(js, settings().events_max_mb * streams.MIB)
        pool = make_pool(configured.need("database_url"), ROLE, "herun-processor", POOL_SIZE)
        async with pool:
            around = Surroundings(configured, configured.make_clock(), client, js, pool, stop)
            await _run_partitions(around, configured)
    finally:
        await client.close()


def _quieten_collector() -> None:
    """The state is hundreds of thousands of values without cycles: looking for cycles took a quarter of the time."""
    settle()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


async def _run_partitions(around: Surroundings, configured: Settings) -> None:
    owners = [Owner(around, partition) for partition in range(configured.partitions)]
    observed.PARTITIONS.set_function(lambda: sum(owner.engine is not None for owner in owners))

    async def not_ready() -> list[str]:
        return await what_is_missing(around, owners)

    async def counts() -> dict[str, dict[str, int]]:
        return device_counts(owners)

    async def clocks() -> dict[str, dict[str, float]]:
        return clocks_that_are_off(owners)

    async def part_errors() -> dict[str, int]:
        return observed.part_errors()

    routes = {"/counts": counts, "/clocks": clocks, "/part-errors": part_errors}
    async with serve_status(configured.processor_http_port, not_ready, routes, host=configured.host) as port:
        log.info("processor_status_served", port=port)
        async with asyncio.TaskGroup() as group:
            for owner in owners:
                group.create_task(owner.run())
            jobs = Database(configured.need("database_url"), "herun-backtests")
            group.create_task(Worker(jobs, around.clock, around.stop).run())
            group.create_task(
                housekeeping.keep_short(around.pool, around.clock, configured.personal_retention_days, around.stop)
            )


async def what_is_missing(around: Surroundings, owners: list[Owner]) -> list[str]:
    """Asks the stream and the database, each for real; one sentence for what is not as it should be."""
    missing = []
    try:
        await around.js.stream_info(subjects.STREAM_EVENTS)
    except (NatsError, TimeoutError, OSError) as error:
        missing.append(f"the stream does not answer: {error!r}")
    try:
        async with around.pool.connection(timeout=1) as connection:
            await connection.execute("SELECT 1")
    except (psycopg.Error, PoolTimeout, OSError) as error:
        missing.append(f"the database does not answer: {error!r}")
    if not any(owner.engine for owner in owners):
        missing.append("no partition is owned")
    return missing


def device_counts(owners: list[Owner]) -> dict[str, dict[str, int]]:
    """Stored events by site and device, as the engines of the owned partitions have counted them."""
    counts: dict[str, dict[str, Any]] = {}
    for owner in owners:
        if owner.engine is not None:
            for (site, device), seen in owner.engine.state.devices.items():
                counts.setdefault(site, {})[device] = seen.count
    return counts


def clocks_that_are_off(owners: list[Owner]) -> dict[str, dict[str, float]]:
    """By site and device, how many seconds a clock is behind (below zero: ahead), where that is known."""
    off: dict[str, dict[str, float]] = {}
    for owner in owners:
        if owner.engine is not None:
            for (site, device), clock in owner.engine.state.clocks.items():
                if clock.offset_us:
                    off.setdefault(site, {})[device] = clock.offset_us / SECOND_US
    return off
