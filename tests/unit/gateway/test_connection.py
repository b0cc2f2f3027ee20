"""Laws of a connection, against a broker that does what no real one does on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.connection import Connection
from herun.errors import FencedError, TransientError
from herun.mqtt import writer
from herun.mqtt.packets import VERSION_5, VERSION_311, ProtocolError, Publish

WITHIN_S = 5.0


class Taker:
    """Takes messages, and says that it is full when a test says so."""

    def __init__(self) -> None:
        self.messages: list[Publish] = []
        self.is_full = False
        self.some = asyncio.Event()

    def take(self, _source: Connection, messages: list[Publish]) -> None:
        self.messages += messages
        self.some.set()

    async def has(self, count: int) -> list[Publish]:
        async with asyncio.timeout(WITHIN_S):
            while len(self.messages) < count:
                self.some.clear()
                await self.some.wait()
        return self.messages


class Scripted:
    """The broker's side of one connection."""

    def __init__(self) -> None:
        self.reader: asyncio.StreamReader | None = None
        self.stream: asyncio.StreamWriter | None = None
        self.is_there = asyncio.Event()

    async def accept(self, reader: asyncio.StreamReader, stream: asyncio.StreamWriter) -> None:
        self.reader, self.stream = reader, stream
        self.is_there.set()

    def say(self, raw: bytes) -> None:
        assert self.stream is not None
        self.stream.write(raw)

    async def hear(self) -> bytes:
        assert self.reader is not None
        async with asyncio.timeout(WITHIN_S):
            return await self.reader.read(10_000)


class Pair:
    """A connection and its broker."""

    def __init__(self, connection: Connection, broker: Scripted, taker: Taker, repeats: list[int]) -> None:
        self.connection = connection
        self.broker = broker
        self.taker = taker
        self.repeats = repeats

    async def establish(self, *answers: bytes, subscribe_anyway: bool = False) -> None:
        """Lets the connection be established with these answers, one to each of its requests."""
        work = asyncio.create_task(self.connection.establish(subscribe_anyway=subscribe_anyway))
        for answer in answers:
            await self.broker.hear()
            self.broker.say(answer)
        await work


@asynccontextmanager
async def pair(version: int = VERSION_311, keep_alive_s: int = 30) -> AsyncIterator[Pair]:
    broker, taker, repeats = Scripted(), Taker(), list[int]()
    server = await asyncio.start_server(broker.accept, "127.0.0.1", 0)
    connect = writer.Connect(client_id="c", version=version, keep_alive_s=keep_alive_s)
    _, connection = await asyncio.get_running_loop().create_connection(
        lambda: Connection(connect, taker, repeats.append), *server.sockets[0].getsockname()
    )
    await broker.is_there.wait()
    try:
        yield Pair(connection, broker, taker, repeats)
    finally:
        connection.leave()
        assert broker.stream is not None
        broker.stream.close()
        server.close()


RESUMED, NEW, GRANTED = b"\x20\x02\x01\x00", b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01"


def publish(packet_id: int, payload: bytes = b"x", *, dup: bool = False, qos: int = 1) -> bytes:
    raw = bytearray(writer.encode_publish(b"t", payload, packet_id=packet_id, qos=qos))
    raw[0] |= 8 if dup else 0
    return bytes(raw)


async def test_a_resumed_session_is_not_subscribed_again() -> None:
    async with pair() as both:
        await both.establish(RESUMED)
        both.broker.say(publish(1))
        await both.taker.has(1)


async def test_a_new_session_is_subscribed_to_everything_once() -> None:
    async with pair() as both:
        work = asyncio.create_task(both.connection.establish(subscribe_anyway=False))
        assert (await both.broker.hear())[0] == 0x10
        both.broker.say(NEW)
        assert await both.broker.hear() == writer.encode_subscribe(1, [("#", 1)])
        both.broker.say(GRANTED)
        assert not (await work).session_present


@pytest.mark.parametrize("answers", [(b"\x20\x02\x00\x05",), (NEW, b"\x90\x03\x00\x01\x80"), (NEW, NEW), (GRANTED,)])
async def test_a_broker_that_says_no_is_tried_again_later(answers: tuple[bytes, ...]) -> None:
    async with pair() as both:
        with pytest.raises(TransientError):
            await both.establish(*answers)


async def test_acknowledgements_of_one_turn_are_one_write() -> None:
    async with pair() as both:
        await both.establish(RESUMED)
        both.broker.say(publish(1) + publish(2) + publish(3))
        await both.taker.has(3)
        both.connection.acknowledge([1])
        both.connection.acknowledge([2, 3])
        assert await both.broker.hear() == writer.encode_pubacks([1, 2, 3])


async def test_a_repeat_whose_packet_id_is_open_is_ignored() -> None:
    async with pair() as both:
        await both.establish(RESUMED)
        both.broker.say(publish(7, b"first"))
        await both.taker.has(1)
        both.broker.say(publish(7, b"first", dup=True) + publish(8))
        await both.taker.has(2)
        assert [message.packet_id for message in both.taker.messages] == [7, 8]
        assert both.repeats == [1]
        both.connection.acknowledge([7])
        await both.broker.hear()
        both.broker.say(publish(7, b"next"))
        assert (await both.taker.has(3))[2].payload == b"next"


async def test_a_packet_id_used_twice_ends_the_connection() -> None:
    async with pair() as both:
        await both.establish(RESUMED)
        both.broker.say(publish(7) + publish(7))
        with pytest.raises(ProtocolError):
            await asyncio.wait_for(asyncio.shield(both.connection.closed), WITHIN_S)
        assert both.taker.messages == []


async def test_what_a_connection_delivered_is_not_acknowledged_after_its_end() -> None:
    async with pair() as both:
        await both.establish(RESUMED)
        both.broker.say(publish(1))
        await both.taker.has(1)
        both.broker.say(b"\x00\x00")
        with pytest.raises(ProtocolError):
            await asyncio.wait_for(asyncio.shield(both.connection.closed), WITHIN_S)
        both.connection.acknowledge([1])
        assert await both.broker.hear() == b""


@pytest.mark.parametrize("raw", [b"\x00\x00", publish(1, qos=2), b"\x20\x02\x00\x00", b"\xe0\x00", b"\xff" * 9])
async def test_what_a_broker_may_not_say_ends_the_connection(raw: bytes) -> None:
    async with pair() as both:
        await both.establish(RESUMED)
        both.broker.say(raw)
        with pytest.raises(ProtocolError):
            await asyncio.wait_for(asyncio.shield(both.connection.closed), WITHIN_S)


async def test_being_taken_over_is_not_fought() -> None:
    async with pair(VERSION_5) as both:
        await both.establish(b"\x20\x03\x01\x00\x00")
        both.broker.say(b"\xe0\x01\x8e")
        with pytest.raises(FencedError):
            await asyncio.wait_for(asyncio.shield(both.connection.closed), WITHIN_S)


async def test_nothing_is_read_while_too_much_is_in_flight() -> None:
    async with pair() as both:
        await both.establish(RESUMED)
        both.taker.is_full = True
        both.broker.say(publish(1))
        await both.taker.has(1)
        both.broker.say(publish(2))
        both.taker.is_full = False
        both.connection.resume()
        assert [message.packet_id for message in await both.taker.has(2)] == [1, 2]


async def test_a_silent_broker_is_pinged_and_then_left() -> None:
    async with pair(VERSION_5) as both:
        await both.establish(b"\x20\x06\x01\x00\x03\x13\x00\x01")  # the broker says: keep-alive one second
        assert await both.broker.hear() == writer.PINGREQ
        with pytest.raises(TransientError, match="no byte"):
            await asyncio.wait_for(asyncio.shield(both.connection.closed), WITHIN_S)
