"""A device as a good one is built: it keeps an event until the broker has acknowledged it, and connects again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from herun.clock import SystemClock, to_text
from herun.mqtt import writer
from herun.mqtt.packets import Acknowledged, Connack, Packet
from herun.mqtt.reader import PacketReader
from tests.integration.gateway.running import SECRET, Estate, event_payload

TRY_S: Final = 6.0  # more than the broker takes to refuse a device that the gateway does not know
PAUSE_S: Final = 0.1  # before the next connection


class RefusedError(Exception):
    """The broker does not let the device in."""


class Device:
    """Publishes at QoS 1 until all is acknowledged, over as many connections as it takes; keeps its connection."""

    def __init__(self, estate: Estate, user: str, *, password: str = SECRET, client_id: str | None = None) -> None:
        self._port = estate.broker.ports.mqtt
        self._user = user
        self._connect = writer.Connect(
            client_id=client_id or user.replace(".", "-"), username=user, password=password, clean=True
        )
        self._stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._topic = f"herun/v1/{user.replace('.', '/')}/event"

    async def read(self, *ids: str) -> None:
        """Publishes readings with these ids."""
        await self.publish(*((self._topic, event_payload(each, now_text())) for each in ids))

    async def publish(self, *messages: tuple[str, bytes]) -> None:
        """Returns when the broker has acknowledged all messages."""
        waiting = dict(enumerate(messages, 1))
        while waiting:
            try:
                await self._try(waiting)
            except (OSError, TimeoutError, EOFError, RefusedError):
                await self.leave()
                await asyncio.sleep(PAUSE_S)

    async def leave(self) -> None:
        """Ends the connection."""
        if self._stream is not None:
            await _close(self._stream[1])
            self._stream = None

    async def is_let_in(self) -> bool:
        """True if the broker answers CONNECT with yes."""
        try:
            _, stream = await self._connected()
        except RefusedError:
            return False
        await _close(stream)
        return True

    async def send_raw(self, raw: bytes) -> None:
        """Connects, writes, and returns when the broker has answered or ended the connection."""
        source, stream = await self._connected()
        try:
            stream.write(raw)
            await stream.drain()
            async with asyncio.timeout(TRY_S):
                await source.read(100)
        except ConnectionError:
            return
        finally:
            await _close(stream)

    async def _try(self, waiting: dict[int, tuple[str, bytes]]) -> None:
        if self._stream is None:
            self._stream = await self._connected()
        source, stream = self._stream
        reader = PacketReader(version=4)
        stream.write(
            b"".join(
                writer.encode_publish(topic.encode(), payload, packet_id=packet_id, qos=1)
                for packet_id, (topic, payload) in waiting.items()
            )
        )
        while waiting:
            for packet in await _packets(source, reader):
                if isinstance(packet, Acknowledged):
                    waiting.pop(packet.packet_id, None)

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        source, stream = await asyncio.open_connection("127.0.0.1", self._port)
        stream.write(writer.encode_connect(self._connect))
        try:
            answer = await _packets(source, PacketReader(version=4))
        except (OSError, TimeoutError, EOFError):
            await _close(stream)
            raise
        if not answer or not isinstance(answer[0], Connack) or answer[0].code:
            await _close(stream)
            raise RefusedError(str(answer))
        return source, stream


async def _close(stream: asyncio.StreamWriter) -> None:
    stream.close()
    with contextlib.suppress(OSError):
        await stream.wait_closed()


async def _packets(source: asyncio.StreamReader, reader: PacketReader) -> list[Packet]:
    async with asyncio.timeout(TRY_S):
        data = await source.read(65_536)
    if not data:
        raise EOFError
    return reader.feed(data)


@asynccontextmanager
async def connected(
    estate: Estate, user: str, *, password: str = SECRET, client_id: str | None = None
) -> AsyncIterator[Device]:
    """A device that leaves at the end."""
    device = Device(estate, user, password=password, client_id=client_id)
    try:
        yield device
    finally:
        await device.leave()


def now_text() -> str:
    """The time as a device says it."""
    return to_text(SystemClock().now_us())
