"""What the process holds open, handed to every endpoint and task."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from nats.aio.client import Client
from nats.js import JetStreamContext

from api.categories.suggester import Suggester
from api.notices.channels.configured import Configured
from api.problems import Problem
from api.wakeups import Wakeups
from herun.clock import Clock, SystemClock
from herun.database.pool import Pool
from herun.settings import Settings


@dataclass(slots=True)
class Resources:
    """Open connections, keys and clocks. `clock` is the estate's; `wall` the machine's, for tokens and limits."""

    settings: Settings
    clock: Clock
    pool: Pool
    nats: Client
    js: JetStreamContext
    token_key: bytes
    personal_key: bytes
    head_revision: str
    channels: Configured
    wall: Clock = field(default_factory=SystemClock)
    wakeups: Wakeups = field(default_factory=Wakeups)
    outbox_filled: asyncio.Event = field(default_factory=asyncio.Event)
    notices_made: asyncio.Event = field(default_factory=asyncio.Event)
    # Passwords hashed at once: more would take the cores and the memory from everything else.
    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    suggester: Suggester = field(default_factory=Suggester)
    # Pictures decoded at once: one takes 120 MB.
    decoding: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    # Seconds of the event loop's clock at which each background task last went round.
    beats: dict[str, float] = field(default_factory=dict)

    def derived_key(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose, so that no two uses share one."""
        return hashlib.sha256(purpose.encode() + b"\0" + self.token_key).digest()

    def beat(self, task: str) -> None:
        """A background task says that it is alive."""
        self.beats[task] = asyncio.get_running_loop().time()


def resources_of(request: Request) -> Resources:
    """The resources of the application that serves this request."""
    resources = request.app.state.resources
    if not isinstance(resources, Resources):
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, "starting", "the service has not started yet")
    return resources


Held = Annotated[Resources, Depends(resources_of)]
