"""A lane for each partition: events collect in its open frame while the frame before them is being stored.

A frame is closed by count, by bytes, or by linger. Acknowledging is the last thing that happens to it:
`Lane.store_and_acknowledge` is the one place where the order of the two is decided.

While nothing comes, an empty frame now and then says that the gateway listens: without it the engine would take our own
outage for the devices' silence.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from herun import faults
from herun.events import Event
from herun.faults import FaultPoint
from herun.frames import (
    FRAME_VERSION,
    MAX_EVENT_BYTES,
    MAX_FRAME_BYTES,
    MAX_FRAME_EVENTS,
    Frame,
    FrameKind,
    new_frame_id,
)

log = structlog.get_logger(__name__)

EVENT_OVERHEAD_BYTES: Final = 300  # of an event in a frame besides what its message said: names, id, hashes, times

# A frame costs gateway, stream and processor some hundred microseconds each, however little is in it. While frames come
# with this many events, the next lingers longer: a busy partition pays for few frames, a quiet one does not wait.
BUSY_EVENTS: Final = 2
BUSY_LINGER_FACTOR: Final = 5

# Seconds without a frame after which an empty one is stored. Less than the processor waits before it ticks (1 s), so
# that an idle partition has one small frame a second and not two; far less than what counts as an outage (5 s).
LISTENING_S: Final = 0.8


class Source(Protocol):
    """The connection that delivered a message, the only one that may acknowledge it."""

    def acknowledge(self, packet_ids: list[int]) -> None:
        """Tells the broker; does nothing if the connection has ended."""


class Writer(Protocol):
    """Stores frames of one subject in order, each once (herun.stream.FrameWriter)."""

    async def publish(self, frame: Frame) -> int:
        """Returns when the frame is stored."""


class Batch:
    """The events of one frame, and the messages that are done once it is stored."""

    __slots__ = ("data_bytes", "deliveries", "events", "formats", "messages", "opened_at", "payload_bytes")

    def __init__(self, opened_at: float) -> None:
        self.opened_at = opened_at
        self.events: list[Event] = []
        self.data_bytes = 0
        self.deliveries: list[tuple[Source, list[int]]] = []
        self.messages = 0
        self.payload_bytes = 0
        self.formats: dict[str, int] = {}

    def is_full_for(self, count: int, size: int) -> bool:
        """True if so many more events and bytes belong into the next frame."""
        return bool(self.events) and (
            len(self.events) + count > MAX_FRAME_EVENTS or self.data_bytes + size > MAX_FRAME_BYTES
        )

    def acknowledge(self) -> None:
        """Acknowledges every message, each on its own connection."""
        for source, packet_ids in self.deliveries:
            source.acknowledge(packet_ids)


class Lane:
    """One partition's way into the stream."""

    def __init__(
        self,
        partition: int,
        writer: Writer,
        *,
        name: str,
        linger_s: float,
        on_stored: Callable[[Batch], None],
        is_listening: Callable[[], bool],
    ) -> None:
        self._partition = partition
        self._writer = writer
        self._name = name
        self._linger_s = linger_s
        self._lingers_s = linger_s
        self._on_stored = on_stored
        self._is_listening = is_listening
        self._is_quiet = False
        self._waiting: deque[Batch] = deque()
        self._loop = asyncio.get_running_loop()
        self._wake: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self.is_storing = False

    @property
    def is_empty(self) -> bool:
        """True if nothing is waiting or being stored."""
        return not self._waiting and not self.is_storing

    def add(self, source: Source, packet_id: int, payload_bytes: int, events: list[Event], format_name: str) -> None:
        """Takes the events of one message; the message is acknowledged when they are stored."""
        count = len(events)
        size = min(payload_bytes, MAX_EVENT_BYTES * count) + EVENT_OVERHEAD_BYTES * count
        waiting = self._waiting
        if not waiting or waiting[-1].is_full_for(count, size):
            waiting.append(Batch(self._loop.time()))
            self._arm()
        batch = waiting[-1]
        batch.events += events
        batch.data_bytes += size
        batch.messages += 1
        batch.payload_bytes += payload_bytes
        batch.formats[format_name] = batch.formats.get(format_name, 0) + count
        if packet_id:
            if not batch.deliveries or batch.deliveries[-1][0] is not source:
                batch.deliveries.append((source, []))
            batch.deliveries[-1][1].append(packet_id)

    async def run(self) -> None:
        """Stores frame after frame, for ever. Raises FencedError if another gateway writes to this partition."""
        while True:
            if not await self._until_due():
                if self._is_listening():
                    await self._publish([])
                continue
            batch = self._waiting.popleft()
            self._lingers_s = self._linger_s * (BUSY_LINGER_FACTOR if len(batch.events) >= BUSY_EVENTS else 1)
            self.is_storing = True
            await self.store_and_acknowledge(batch)
            self.is_storing = False
            self._on_stored(batch)

    async def store_and_acknowledge(self, batch: Batch) -> None:
        """The promise of the gateway: the stream has it, then and only then the broker may forget it."""
        await self.store(batch)
        faults.reached(FaultPoint.GATEWAY_STORED_NOT_ACKNOWLEDGED)
        batch.acknowledge()

    async def store(self, batch: Batch) -> None:
        """Returns when the stream has the frame."""
        await self._publish(batch.events)

    async def _publish(self, events: list[Event]) -> None:
        frame = Frame(FRAME_VERSION, self._partition, self._name, new_frame_id(), FrameKind.EVENTS, events=events)
        await self._writer.publish(frame)

    async def _until_due(self) -> bool:
        """True when a batch is to be stored, False when none has come for LISTENING_S."""
        self._is_quiet = False
        reminder = self._loop.call_later(LISTENING_S, self._be_quiet)
        try:
            while not self._is_due():
                if self._is_quiet and not self._waiting:
                    return False
                await self._woken()
        finally:
            reminder.cancel()
        return True

    async def _woken(self) -> None:
        self._wake = self._loop.create_future()
        self._arm()
        try:
            await self._wake
        finally:
            self._wake = None
            self._disarm()

    def _be_quiet(self) -> None:
        self._is_quiet = True
        self._look()

    def _is_due(self) -> bool:
        waiting = self._waiting
        return len(waiting) > 1 or (
            len(waiting) == 1
            and (
                len(waiting[0].events) >= MAX_FRAME_EVENTS
                or self._loop.time() >= waiting[0].opened_at + self._lingers_s
            )
        )

    def _arm(self) -> None:
        """Sees to it that `run` looks again: at once for a full frame, else when the open one has lingered."""
        if self._wake is None or not self._waiting:
            return
        if len(self._waiting) > 1:
            self._look()
        elif self._timer is None:
            self._timer = self._loop.call_at(self._waiting[0].opened_at + self._lingers_s, self._look)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
