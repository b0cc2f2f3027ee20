"""The bucket of device states: who is on line, for whoever looks. Derived from messages, and never an event."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import Error as JetStreamError

from gateway.decoders.contract import StateChange
from herun import subjects

log = structlog.get_logger(__name__)

RETRY_PAUSE_S: Final = 1.0  # while the stream is away
MAX_WAITING: Final = 50_000  # devices; the newest state of each is all that waits


class DeviceStates:
    """Writes the newest state of each device, one after another, behind the events."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._waiting: dict[str, StateChange] = {}
        self._written: dict[str, str] = {}
        self._some = asyncio.Event()

    def put(self, change: StateChange) -> None:
        """Notes a state; an unchanged one is not written again."""
        if self._written.get(change.key) == change.state and change.key not in self._waiting:
            return
        if len(self._waiting) < MAX_WAITING or change.key in self._waiting:
            self._waiting[change.key] = change
            self._some.set()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._some.wait()
            try:
                await self._write_all()
            except (NatsError, JetStreamError, TimeoutError, OSError) as error:
                log.warning("device_states_not_written_yet", error=repr(error))
                await asyncio.sleep(RETRY_PAUSE_S)

    async def _write_all(self) -> None:
        bucket = await self._js.key_value(subjects.BUCKET_DEVICE_STATE)
        while self._waiting:
            key, change = next(iter(self._waiting.items()))
            await bucket.put(key, msgspec.json.encode({"state": change.state, "at": change.at}))
            if len(self._written) >= MAX_WAITING:
                self._written.clear()
            self._written[key] = change.state
            if self._waiting.get(key) is change:
                del self._waiting[key]
        self._some.clear()
