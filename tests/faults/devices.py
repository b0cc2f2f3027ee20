"""Devices that never give up: what was not acknowledged is published again on the next connection, as real ones do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tests.support import mqtt_bytes

MAX_UNACKNOWLEDGED: Final = 500  # of one device; it waits when the broker does not answer
RECONNECT_S: Final = 0.2
ANSWER_WITHIN_S: Final = 3.0  # silence longer than this with something open means a dead connection
REPEAT_SHARE: Final = 0.02  # of events that a device publishes a second time although acknowledged


def now_text() -> str:
    """The time as devices write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass
class Device:
    """One device: `say` queues an event, `run` publishes; `acknowledged` holds the ids of those with PUBACK."""

    port: int
    user: str
    password: str
    topic: str
    chance: random.Random
    queued: deque[tuple[str, bytes]] = field(default_factory=deque)
    open: dict[str, bytes] = field(default_factory=dict)
    acknowledged: set[str] = field(default_factory=set)
    refused: int = 0
    _packet_ids: dict[int, str] = field(default_factory=dict)
    _next_packet_id: int = 0

    def say(self, event_id: str, event_type: str, data: dict[str, Any], times: int = 1) -> None:
        """Queues an event, `times` over with the same id."""
        body = {"specversion": "1.0", "id": event_id, "time": now_text(), "type": event_type, "data": data}
        for _ in range(times):
            self.queued.append((event_id, json.dumps(body).encode()))

    @property
    def idle(self) -> bool:
        """Nothing waits and everything is acknowledged."""
        return not self.queued and not self.open

    async def run(self, stop: asyncio.Event) -> None:
        """Connects again and again until `stop`."""
        while not stop.is_set():
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, TimeoutError, ConnectionError):
                await self._one_connection(stop)
            await asyncio.sleep(RECONNECT_S * (0.5 + self.chance.random()))

    async def _one_connection(self, stop: asyncio.Event) -> None:
        reader, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self.port), ANSWER_WITHIN_S)
        try:
            writer.write(mqtt_bytes.connect(self.user.replace(".", "-"), self.user, self.password, clean=True))
            answer = await asyncio.wait_for(reader.readexactly(4), ANSWER_WITHIN_S)
            if answer[3]:
                self.refused += 1
                raise ConnectionError(f"CONNACK {answer[3]}")
            self._packet_ids.clear()
            for event_id, payload in list(self.open.items()):
                writer.write(self._packet(event_id, payload))
            await asyncio.gather(self._send(writer, stop), self._receive(reader, stop))
        finally:
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, stop: asyncio.Event) -> None:
        while not stop.is_set():
            while self.queued and len(self._packet_ids) < MAX_UNACKNOWLEDGED:
                event_id, payload = self.queued.popleft()
                self.open[event_id] = payload
                if writer.is_closing():
                    raise ConnectionError("closed")
                writer.write(self._packet(event_id, payload))
                if self.chance.random() < REPEAT_SHARE:
                    self.queued.append((event_id, payload))
            await writer.drain()
            await asyncio.sleep(0.01)

    async def _receive(self, reader: asyncio.StreamReader, stop: asyncio.Event) -> None:
        buffer = b""
        while not stop.is_set():
            try:
                data = await asyncio.wait_for(reader.read(65_536), ANSWER_WITHIN_S)
            except TimeoutError:
                if self._packet_ids:
                    raise
                continue
            if not data:
                raise ConnectionError("closed by the broker")
            buffer += data
            packets, used = mqtt_bytes.split(buffer)
            for first, start, _ in packets:
                if first == mqtt_bytes.PUBACK:
                    self._acknowledge(int.from_bytes(buffer[start : start + 2], "big"))
            buffer = buffer[used:]

    def _packet(self, event_id: str, payload: bytes) -> bytes:
        self._next_packet_id = self._next_packet_id % 65_535 + 1
        self._packet_ids[self._next_packet_id] = event_id
        return mqtt_bytes.publish(mqtt_bytes.text(self.topic), self._next_packet_id, payload)

    def _acknowledge(self, packet_id: int) -> None:
        event_id = self._packet_ids.pop(packet_id, None)
        if event_id is not None:
            self.open.pop(event_id, None)
            self.acknowledged.add(event_id)


class Fleet:
    """All devices on one event loop in a thread; `steady` ones publish a reading `rate` times a second each."""

    def __init__(self, devices: dict[str, Device], steady: list[str], rate: float) -> None:
        self.devices = devices
        self._steady = steady
        self._rate = rate
        self._publishing = threading.Event()
        self._publishing.set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self.said: dict[str, set[str]] = {name: set() for name in devices}

    def start(self) -> None:
        """Begins to connect and publish."""
        self._thread.start()

    def quieten(self) -> None:
        """The steady ones say nothing new; what is queued still goes out."""
        self._publishing.clear()

    def stop(self) -> None:
        """Ends all connections."""
        self._stop.set()
        self._thread.join()

    def say(self, name: str, event_id: str, event_type: str, data: dict[str, Any], times: int = 1) -> None:
        """One device says one thing, `times` over."""
        self.said[name].add(event_id)
        self.devices[name].say(event_id, event_type, data, times)

    @property
    def idle(self) -> bool:
        """All is acknowledged."""
        return all(device.idle for device in self.devices.values())

    async def _run(self) -> None:
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for device in self.devices.values():
                tasks.create_task(device.run(stop))
            await self._talk()
            stop.set()

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        started, spoken = loop.time(), 0
        while not self._stop.is_set():
            due = int((loop.time() - started) * self._rate)
            for number in range(spoken, due):
                if self._publishing.is_set():
                    for name in self._steady:
                        data = {"metric": "temperature", "value": number % 40, "unit": "C"}
                        self.say(name, f"{name}-{number}", "reading.reported", data)
            spoken = due
            await asyncio.sleep(0.01)
