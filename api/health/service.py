"""Readiness that really looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import psycopg
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from psycopg_pool import PoolTimeout, TooManyRequests

from api import background
from api.health import store
from api.resources import Resources
from api.transactions import ALL_SITES, begin
from herun import subjects

PROBE_S: Final = 2.0  # of one look: who asks gives up soon after
SILENT_S: Final = 30.0  # a task that has not gone round for so long hangs; a full stream makes one retry for longer

_AWAY: Final = (psycopg.Error, PoolTimeout, TooManyRequests, NatsError, JetStreamError, OSError, TimeoutError)
_Look = Callable[[Resources], Coroutine[Any, Any, str | None]]


async def what_is_missing(resources: Resources, tasks: tuple[str, ...]) -> list[str]:
    """What keeps the service from working now, one sentence each; empty: ready."""
    looks: list[_Look] = [_database, _stream]
    answers = await asyncio.gather(*(_probe(look, resources) for look in looks))
    return [answer for answer in (*answers, *_silent(resources, tasks)) if answer]


async def _probe(look: _Look, resources: Resources) -> str | None:
    name = look.__name__.strip("_")
    task = asyncio.create_task(look(resources))
    try:
        await asyncio.wait({task}, timeout=PROBE_S)
        return task.result() if task.done() else f"{name}: no answer within {PROBE_S:.0f} s"
    except _AWAY as error:
        return f"{name}: {error!r}"
    finally:
        background.leave(task)


async def _database(resources: Resources) -> str | None:
    async with begin(resources, ALL_SITES) as tx:
        revision = await store.revision(tx)
    if revision != resources.head_revision:
        return f"database: at revision {revision or '(none)'}, this version needs {resources.head_revision}"
    return None


async def _stream(resources: Resources) -> str | None:
    await resources.js.stream_info(subjects.STREAM_EVENTS)
    await resources.js.stream_info(subjects.STREAM_ALERTS)
    return None


def _silent(resources: Resources, tasks: tuple[str, ...]) -> list[str]:
    now = asyncio.get_running_loop().time()
    return [
        f"{task}: has not gone round for over {SILENT_S:.0f} s"
        for task in tasks
        if now - resources.beats.get(task, float("-inf")) > SILENT_S
    ]
