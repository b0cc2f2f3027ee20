"""Tasks beside the requests: they outlive an absent database or stream, and what fails of one site alone. Any other
error ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Final

import structlog
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError

from api.problems import TRANSIENT
from herun import metrics
from herun.errors import TransientError

log = structlog.get_logger(__name__)

PAUSE_S: Final = 0.5  # before the next try while the database or the stream is away

_left: set[asyncio.Task[Any]] = set()  # the event loop itself holds tasks only weakly

failures = metrics.counter("herun_api_site_failures_total")

AWAY: Final = (*TRANSIENT, TransientError, NatsError, JetStreamError, TimeoutError, OSError)


async def keep_going(name: str, run: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Runs `run` again and again until `stop`; each time that something is away it begins anew after a pause."""
    while not stop.is_set():
        try:
            await run()
        except AWAY as error:
            log.warning("task_waits", task=name, error=repr(error))
            await wait(stop, PAUSE_S)


async def each_site(task: str, sites: Iterable[str], run: Callable[[str], Awaitable[int]]) -> int:
    """Runs `run` for one site after the other, and adds up what they give.

    What fails of one site is logged and counted, and tried again when its turn comes again: one estate's data must not
    take the process from all others. Raises what is raised while the database or the stream is away.
    """
    total = 0
    for site in sites:
        try:
            total += await run(site)
        except AWAY:
            raise
        except Exception:
            log.exception("site_failed", task=task, site=site)
            failures.labels(task).inc()
    return total


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, at the latest after so many seconds."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


def leave(task: asyncio.Task[Any]) -> None:
    """Cancels a task without waiting for its end: a statement ends only when the database has heard of it."""
    if not task.done():
        task.cancel()
        _left.add(task)
        task.add_done_callback(_ended)


def _ended(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.warning("left_task_failed", error=repr(error))
