"""Ticks: while nothing comes into a partition, its owner lets time pass in the stream."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from nats.js import JetStreamContext

from herun.errors import FencedError
from herun.frames import FRAME_VERSION, Frame, FrameKind, new_frame_id
from herun.stream import FrameWriter

log = structlog.get_logger(__name__)

TICK_S: Final = 1.0  # of the machine's clock without a frame


class Ticker:
    """One partition's ticks. `frame_came` is told of every frame, so that ticks go only into a silence."""

    def __init__(self, js: JetStreamContext, partition: int, owner: str, stop: asyncio.Event) -> None:
        self._js = js
        self._partition = partition
        self._owner = owner
        self._stop = stop
        self._came = False

    def frame_came(self) -> None:
        """The partition is not idle."""
        self._came = True

    async def run(self) -> None:
        """Until stopped or cancelled."""
        writer = FrameWriter(self._js, self._partition, FrameKind.TICK)
        while not self._stop.is_set():
            self._came = False
            try:
                await asyncio.wait_for(self._stop.wait(), TICK_S)
            except TimeoutError:
                if not self._came:
                    writer = await self._tick(writer)

    async def _tick(self, writer: FrameWriter) -> FrameWriter:
        """Publishes one tick. Who owns the partition is decided in the database: a foreign tick does no harm."""
        try:
            await writer.publish(Frame(FRAME_VERSION, self._partition, self._owner, new_frame_id(), FrameKind.TICK))
        except FencedError as error:
            log.warning("tick_of_another", partition=self._partition, error=str(error))
            return FrameWriter(self._js, self._partition, FrameKind.TICK)
        return writer
