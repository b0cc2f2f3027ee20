"""One connection to the broker: from CONNECT to its end. Never used again after that.

A packet id means something on the connection that delivered it and nowhere else: acknowledging on one that has ended
does nothing, and the broker delivers the message again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, cast

import structlog

from herun.errors import FencedError, TransientError
from herun.mqtt import writer
from herun.mqtt.packets import (
    CODE_SESSION_TAKEN_OVER,
    DUP_BIT,
    Connack,
    Disconnect,
    Packet,
    ProtocolError,
    Publish,
    Suback,
)
from herun.mqtt.reader import PacketReader

log = structlog.get_logger(__name__)

SETUP_TIMEOUT_S: Final = 10.0  # from the TCP connection to the broker's last answer
SILENCE_FACTOR: Final = 1.5  # keep-alives without a byte from the broker, after which it is taken for gone
_REFUSED_FILTER: Final = 0x80
_SUBSCRIBE_ID: Final = 1
_FILTER: Final = "#"  # one filter: overlapping ones would deliver twice
_QOS: Final = 1


class Receiver(Protocol):
    """Where messages go."""

    @property
    def is_full(self) -> bool:
        """True while no more should be read."""

    def take(self, source: Connection, messages: list[Publish]) -> None:
        """Takes messages; must not raise."""


class Connection(asyncio.Protocol):
    """The protocol of one connection. `closed` is done when it has ended, with the error if there was one."""

    def __init__(self, connect: writer.Connect, receiver: Receiver, redelivered: Callable[[int], None]) -> None:
        self._connect = connect
        self._receiver = receiver
        self._redelivered = redelivered
        self._reader = PacketReader(version=connect.version)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self._answer: asyncio.Future[Packet] = self._loop.create_future()
        self._open: set[int] = set()
        self._to_acknowledge: list[int] = []
        self._keep_alive_s = connect.keep_alive_s
        self._heard_at = self._loop.time()
        self._pulse: asyncio.TimerHandle | None = None
        self._paused = False
        self.is_leaving = False

    # From here on the session calls.

    async def establish(self, *, subscribe_anyway: bool) -> Connack:
        """CONNECT, and SUBSCRIBE where the broker has no session (or `subscribe_anyway`); returns its CONNACK.

        Raises TransientError if the broker says no, ends the connection or stays silent.
        """
        try:
            async with asyncio.timeout(SETUP_TIMEOUT_S):
                answer = await self._ask(writer.encode_connect(self._connect))
                if not isinstance(answer, Connack) or answer.code:
                    raise TransientError(f"the broker answers CONNECT with {answer}")
                if answer.server_keep_alive_s:
                    self._keep_alive_s = answer.server_keep_alive_s
                if subscribe_anyway or not answer.session_present:
                    await self._subscribe()
        except TimeoutError as error:
            raise TransientError("the broker does not answer") from error
        self._pulse = self._loop.call_later(self._keep_alive_s / 2, self._beat)
        return answer

    @property
    def is_reading(self) -> bool:
        """True until it has ended, but for the time in which it is paused."""
        return not self._paused and not self.closed.done()

    def acknowledge(self, packet_ids: list[int]) -> None:
        """PUBACK, all of one turn of the loop in one write. Does nothing if this connection has ended."""
        if self.closed.done():
            return
        if not self._to_acknowledge:
            self._loop.call_soon(self._flush)
        self._to_acknowledge += packet_ids

    def pause(self) -> None:
        """Stops reading: the broker's window fills, and then the broker waits."""
        if self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume(self) -> None:
        """Reads again."""
        if self._transport is not None and self._paused and not self.closed.done():
            self._paused = False
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    def leave(self) -> None:
        """Says goodbye; `closed` follows. What is not acknowledged comes again on the next connection."""
        self.is_leaving = True
        if self._transport is not None and not self.closed.done():
            self._flush()
            self._transport.write(writer.DISCONNECT)
            self._transport.close()

    # From here on the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's does not say that it is one

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        try:
            packets = self._reader.feed(data)
            messages = self._sort(packets)
        except (ProtocolError, FencedError) as error:
            self._fail(error)
            return
        if messages:
            self._receiver.take(self, messages)
            if self._receiver.is_full:
                self.pause()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
        self._end(None if self.is_leaving else exc or TransientError("the broker has ended the connection"))

    # And these are nobody else's.

    def _sort(self, packets: list[Packet]) -> list[Publish]:
        """The messages that are new on this connection; all other packets are dealt with."""
        messages: list[Publish] = []
        open_ids = self._open
        repeats = 0
        for packet in packets:
            if type(packet) is not Publish:
                self._control(packet)
                continue
            packet_id = packet.packet_id
            if packet_id:
                if packet_id in open_ids:
                    if not packet.flags & DUP_BIT:
                        raise ProtocolError(f"packet id {packet_id} is used again before its acknowledgement")
                    repeats += 1
                    continue  # being stored: its acknowledgement is on the way
                if packet.flags & 0x04:
                    raise ProtocolError("QoS 2, where 1 was asked for")
                open_ids.add(packet_id)
                if packet.flags & DUP_BIT:
                    repeats += 1
            messages.append(packet)
        if repeats:
            self._redelivered(repeats)
        return messages

    def _control(self, packet: Packet) -> None:
        if isinstance(packet, Disconnect):
            if packet.code == CODE_SESSION_TAKEN_OVER:
                raise FencedError("another client has connected with this gateway's client id")
            raise ProtocolError(f"the broker says DISCONNECT 0x{packet.code:02x}")
        if isinstance(packet, Connack | Suback):
            if self._answer.done():
                raise ProtocolError("an answer that nobody asked for")
            self._answer.set_result(packet)

    async def _ask(self, request: bytes) -> Packet:
        if self._transport is None or self.closed.done():
            raise TransientError("the connection ended while it was set up")
        self._answer = self._loop.create_future()
        self._transport.write(request)
        either: list[asyncio.Future[Any]] = [self._answer, self.closed]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._answer.done():
            raise TransientError("the broker ended the connection instead of answering")
        return self._answer.result()

    async def _subscribe(self) -> None:
        request = writer.encode_subscribe(_SUBSCRIBE_ID, [(_FILTER, _QOS)], version=self._connect.version)
        answer = await self._ask(request)
        if not isinstance(answer, Suback) or answer.codes[0] >= _REFUSED_FILTER or answer.codes[0] < _QOS:
            raise TransientError(f"the broker answers SUBSCRIBE with {answer}")

    def _flush(self) -> None:
        packet_ids, self._to_acknowledge = self._to_acknowledge, []
        if not packet_ids or self.closed.done() or self._transport is None:
            return
        self._transport.write(writer.encode_pubacks(packet_ids))
        self._open.difference_update(packet_ids)

    def _beat(self) -> None:
        if self._transport is None or self.closed.done():
            return
        silent_s = self._loop.time() - self._heard_at
        if silent_s > self._keep_alive_s * SILENCE_FACTOR and not self._paused:
            self._fail(TransientError(f"no byte from the broker for {silent_s:.0f} s"))
            return
        self._transport.write(writer.PINGREQ)
        self._pulse = self._loop.call_later(self._keep_alive_s / 2, self._beat)

    def _fail(self, error: Exception) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._end(error)

    def _end(self, error: Exception | None) -> None:
        if self.closed.done():
            return
        if error is None:
            self.closed.set_result(None)
        else:
            self.closed.set_exception(error)
            self.closed.exception()  # seen: whoever waits for it gets it, and nobody has to
