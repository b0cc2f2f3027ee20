"""The process: what it opens, the tasks it runs beside the requests, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
import uvicorn
from nats.aio.msg import Msg

from api import background, housekeeping
from api.app import create_app
from api.categories import suggestions
from api.clocks import sweep
from api.dispatch import times as dispatch_times
from api.notices import delivery, sign_in
from api.notices.channels.configured import configure
from api.notices.outgoing import make_client
from api.open311 import batches
from api.outbox import service as outbox
from api.resources import Resources
from api.sessions.service import ensure_first_admin
from api.topics import watch as topics
from api.work_orders import follower, times
from herun import stream, streams, subjects
from herun.clock import Clock, SystemClock
from herun.collector import settle
from herun.database.migrate import head_revision
from herun.database.pool import make_pool
from herun.errors import ConfigurationError
from herun.http_status import Server
from herun.settings import Settings, settings

log = structlog.get_logger(__name__)

POOL_SIZE: Final = 10  # connections; a request holds one for a few milliseconds
STOP_S: Final = 5  # for requests at hand, when the process is told to stop
MAX_CONNECTIONS: Final = 1000  # of HTTP at once
BACKLOG: Final = 256  # connections that wait to be accepted
DEFAULT_PORT: Final = 8000
MIN_KEY_BYTES: Final = 32  # with a key that can be tried out, anybody could sign themselves in

Task = Callable[[Resources, asyncio.Event], Awaitable[None]]


async def main(stop: asyncio.Event) -> None:
    """Serves until `stop`. If a task beside the requests dies, so does the process: the supervisor starts it anew."""
    configured = settings()
    port = DEFAULT_PORT if configured.api_port is None else configured.api_port
    async with opened(configured, configured.make_clock()) as resources:
        with listening(configured.host, port) as listener:
            log.info("api_listens", port=listener.getsockname()[1])
            await serve(resources, listener, stop)


@asynccontextmanager
async def opened(configured: Settings, clock: Clock) -> AsyncIterator[Resources]:
    """Opens database and stream, makes streams and the first administrator where they are missing."""
    client = await stream.connect(configured.need("nats_url"), "herun-api")
    try:
        await streams.ensure_streams(client.jetstream(), configured.events_max_mb * streams.MIB)
        pool = make_pool(configured.need("database_url"), outbox.ROLE, "herun-api", POOL_SIZE)
        wall = SystemClock()
        async with pool, make_client() as outside:
            resources = Resources(
                settings=configured,
                clock=clock,
                pool=pool,
                nats=client,
                js=client.jetstream(),
                token_key=_key(configured, "token_key"),
                personal_key=_key(configured, "personal_key"),
                head_revision=head_revision(),
                channels=configure(configured, outside, client, wall),
                wall=wall,
            )
            await ensure_first_admin(resources)
            yield resources
    finally:
        await client.close()


async def serve(resources: Resources, listener: socket.socket, stop: asyncio.Event) -> None:
    """Answers requests and runs the tasks until `stop`; ends within a bounded time after it."""
    app = create_app(resources)
    settle()
    server = Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,  # tokens may stand in the address of a live feed
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            backlog=BACKLOG,
            timeout_graceful_shutdown=STOP_S,
        )
    )

    async def wake_feeds(message: Msg) -> None:
        resources.wakeups.notify(message.subject.rpartition(".")[2])

    await resources.nats.subscribe(subjects.live_subject("*"), cb=wake_feeds)
    tasks: dict[str, Task] = {
        outbox.TASK: outbox.relay,
        follower.TASK: follower.follow,
        sweep.TASK: sweep.keep_deadlines,
        batches.TASK: batches.keep_opening,
        "housekeeping": housekeeping.keep_house,
        times.TASK: times.keep_times,
        dispatch_times.TASK: dispatch_times.keep_times,
        **delivery.tasks(resources.channels),
        suggestions.TASK: suggestions.keep_learning,
        topics.TASK: topics.keep_watch,
    }
    await resources.nats.subscribe(subjects.PEOPLE_SIGN_IN, queue=sign_in.QUEUE, cb=sign_in.answering(resources))
    async with asyncio.TaskGroup() as group:
        running = [
            group.create_task(background.keep_going(name, _bound(run, resources, stop), stop), name=name)
            for name, run in tasks.items()
        ]
        group.create_task(_stop_server(server, resources, stop))
        await server.serve(sockets=[listener])
        stop.set()
        resources.outbox_filled.set()
        resources.suggester.wanted.set()
        # A task may wait for a stream that does not answer: it has nothing that a restart would not do again.
        await asyncio.wait(running, timeout=STOP_S)
        for task in running:
            task.cancel()


def _key(configured: Settings, name: str) -> bytes:
    key = configured.need(name).encode()
    if len(key) < MIN_KEY_BYTES:
        raise ConfigurationError(f"HERUN_{name.upper()} has {len(key)} bytes, at least {MIN_KEY_BYTES} are needed")
    return key


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A listening socket; port 0: any free one. Raises OSError if the port is taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        yield listener
    finally:
        listener.close()


async def _stop_server(server: uvicorn.Server, resources: Resources, stop: asyncio.Event) -> None:
    await stop.wait()
    resources.wakeups.close()
    server.should_exit = True


def _bound(run: Task, resources: Resources, stop: asyncio.Event) -> Callable[[], Awaitable[None]]:
    return lambda: run(resources, stop)
