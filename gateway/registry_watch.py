"""Keeps the devices in memory equal to the key-value bucket that the API writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final, cast

import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import Error as JetStreamError
from nats.js.kv import KV_DEL, KV_PURGE, KeyValue

from gateway.devices import Devices
from gateway.revocation import still_lets_in
from herun import metrics, subjects
from herun.errors import InvalidInputError
from herun.registry import DeviceEntry, decode_entry

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0  # between looks at whether the connection has been a new one since
RETRY_PAUSE_S: Final = 0.2  # while the stream is away


class RegistryWatch:
    """Follows the bucket; after each reconnection it reads the bucket anew, because a watch may not survive one."""

    def __init__(
        self, client: Client, devices: Devices, partitions: int, on_revoked: Callable[[str], None] | None = None
    ) -> None:
        """`on_revoked` is told the broker user of each device that was let in as what it no longer is."""
        self._client = client
        self._devices = devices
        self._partitions = partitions
        self._on_revoked = on_revoked
        self._gauge = metrics.gauge("herun_gateway_devices")
        self.loaded = asyncio.Event()
        self.written: dict[str, datetime] = {}  # when each entry was, that was there at the start

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self._follow()
            except (NatsError, JetStreamError, TimeoutError, OSError) as error:
                log.warning("registry_watch_interrupted", error=repr(error))
            await asyncio.sleep(RETRY_PAUSE_S)

    async def _follow(self) -> None:
        connections = self._client.stats["reconnects"]
        bucket = await self._client.jetstream().key_value(subjects.BUCKET_REGISTRY)
        watcher = await bucket.watchall()
        seen: set[str] | None = set()
        try:
            while self._client.stats["reconnects"] == connections:
                try:
                    change = await watcher.updates(timeout=LOOK_S)  # type: ignore[no-untyped-call]
                except TimeoutError:
                    continue
                if change is None:
                    self._complete(seen)
                    seen = None
                    continue
                if seen is not None:
                    seen.add(change.key)
                self._apply(change)
        finally:
            await watcher.stop()  # type: ignore[no-untyped-call]

    def _complete(self, seen: set[str] | None) -> None:
        """All of the bucket has been read: what was not in it is gone."""
        if seen is not None:
            for key in self._devices.keys() - seen:
                self._change(key, None)
            self._gauge.set(len(self._devices))
            self.loaded.set()
            log.info("registry_loaded", devices=len(self._devices))

    def _apply(self, change: KeyValue.Entry) -> None:
        if change.operation in {KV_DEL, KV_PURGE} or not change.value:
            self._change(change.key, None)
            return
        try:
            entry = decode_entry(change.value)
        except InvalidInputError as error:
            log.error("registry_entry_refused", key=change.key, detail=error.detail)
            return
        if entry.key != change.key or not 0 <= entry.partition < self._partitions:
            log.error("registry_entry_refused", key=change.key, detail="its key or its partition is not ours")
            return
        if not self.loaded.is_set():
            self.written[change.key] = cast(datetime, change.created)  # declared as a number, and is none
        self._change(change.key, entry)
        self._gauge.set(len(self._devices))

    def _change(self, key: str, entry: DeviceEntry | None) -> None:
        before = self._devices.get(key)
        if entry is None:
            self._devices.remove(key)
        else:
            self._devices.put(entry)
        # After the change, so that who comes back at once is judged by it.
        if self._on_revoked is not None and before is not None and not still_lets_in(before, entry):
            self._on_revoked(key)
