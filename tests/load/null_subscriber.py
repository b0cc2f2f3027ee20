"""The limit to compare with: a persistent session that acknowledges what it is sent and does nothing else.

Arguments: host port user password. Standard output: the number of messages received so far, every 5 ms while it grows.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final, cast

import uvloop

from tests.support import mqtt_bytes

REPORT_S: Final = 0.005


class NullSubscriber(asyncio.Protocol):
    """Acknowledges every PUBLISH, all of a read in one write."""

    def __init__(self, user: str, password: str) -> None:
        self._login = (user, password)
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.received = 0
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one without saying so
        self._transport.write(
            mqtt_bytes.connect("null-subscriber", *self._login, clean=False) + mqtt_bytes.subscribe("#")
        )

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        packets, used = mqtt_bytes.split(buffer)
        acks = []
        for first, start, _ in packets:
            if first & 0xF0 == mqtt_bytes.PUBLISH:
                at = start + 2 + int.from_bytes(buffer[start : start + 2], "big")
                acks.append(b"\x40\x02" + buffer[at : at + 2])
        self._buffer = buffer[used:]
        if acks and self._transport is not None:
            self._transport.write(b"".join(acks))
            self.received += len(acks)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(error)


async def main(host: str, port: int, user: str, password: str) -> None:
    """Subscribes and counts until the connection or the reader of the counts goes away."""
    _, subscriber = await asyncio.get_running_loop().create_connection(
        lambda: NullSubscriber(user, password), host, port
    )
    told = -1
    while not subscriber.closed.done():
        if subscriber.received != told:
            told = subscriber.received
            sys.stdout.write(f"{told}\n")
            sys.stdout.flush()
        await asyncio.sleep(REPORT_S)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]))
