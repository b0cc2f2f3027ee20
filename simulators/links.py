"""The devices' connections: one MQTT user and one TCP connection each, all on one event loop, no thread.

What is published stays with its connection until the broker has acknowledged it, and is sent again after a reconnect.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from simulators.happenings import Message
from simulators.waiting import pause

KEEP_ALIVE_S: Final = 60
CONNECT_AT_ONCE: Final = 16  # connections being made at one time: each costs the broker a question to the gateway
CONNECT_TIMEOUT_S: Final = 20.0  # of all tries of one connection
TRY_AGAIN_S: Final = 0.25  # between two tries
CALLBACK_PATIENCE_S: Final = 5.0  # until a try without an answer is given up
IN_FLIGHT: Final = 400  # messages sent and not yet acknowledged, over all connections
QUEUE_A_LINK: Final = 2_000  # messages that one connection holds while it is away
HOUSEKEEPING_S: Final = 1.0


class LinkRefusedError(Exception):
    """The broker did not let a device in; the text says which and why."""


ONLINE: Final = b'{"state":"online"}'
OFFLINE: Final = b'{"state":"offline"}'


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a device signs in with, and where its connection leaves word of itself (None: nowhere)."""

    username: str
    password: str
    presence_topic: str | None = None


class Link:
    """One device's connection."""

    def __init__(
        self, name: str, address: tuple[str, int], credentials: Credentials, on_sent: Callable[[], None]
    ) -> None:
        self.name = name
        self._address = address
        self._loop = asyncio.get_running_loop()
        self._wanted = False
        self._returning: asyncio.Task[str | None] | None = None
        self._answer: asyncio.Future[str | None] | None = None
        self._presence_topic = credentials.presence_topic
        self._presence_ids: set[int] = set()
        self._on_sent = on_sent
        # The broker takes no dot in a client id.
        client_id = f"sim-{credentials.username.replace('.', '-')}"
        client = Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=True)
        client.username_pw_set(credentials.username, credentials.password)
        if self._presence_topic is not None:
            client.will_set(self._presence_topic, OFFLINE, qos=1, retain=True)
        client.max_queued_messages_set(QUEUE_A_LINK)
        client.max_inflight_messages_set(IN_FLIGHT)
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_published
        self._client = client

    @property
    def is_up(self) -> bool:
        """True once the broker has let the device in."""
        return self._client.is_connected()

    async def open(self) -> None:
        """Connects, trying again until CONNECT_TIMEOUT_S. Raises LinkRefusedError."""
        reason: str | None = "nobody answered"
        deadline = self._loop.time() + CONNECT_TIMEOUT_S
        while self._loop.time() < deadline:
            reason = await self._try_once()
            if reason is None:
                self._wanted = True  # from here on `keep` brings it back
                return
            await pause(asyncio.Event(), TRY_AGAIN_S)
        raise LinkRefusedError(f"{self.name}: {reason}")

    async def _try_once(self) -> str | None:
        """None if the broker let the device in, else why not."""
        self._answer = self._loop.create_future()
        try:
            self._client.connect(*self._address, keepalive=KEEP_ALIVE_S)
            async with asyncio.timeout(CALLBACK_PATIENCE_S):
                return await self._answer
        except (TimeoutError, OSError) as error:
            return repr(error)
        finally:
            self._answer = None

    def publish(self, message: Message) -> None:
        """Hands the message over; it is sent when the connection is there. Raises LinkRefusedError if too many wait."""
        info = self._client.publish(message.topic, message.payload, qos=1)
        if info.rc is MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise LinkRefusedError(f"{self.name}: more than {QUEUE_A_LINK} messages wait")

    def break_off(self) -> None:
        """Cuts the connection without a word, as a broken radio link does."""
        self._wanted = False
        it = self._client.socket()
        if it is not None and hasattr(it, "shutdown"):
            it.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Says goodbye."""
        self._wanted = False
        if self._presence_topic is not None:
            self._client.publish(self._presence_topic, OFFLINE, qos=1, retain=True)
        self._client.disconnect()
        self._client.loop_write()

    def keep(self) -> None:
        """Sends pings that are due, and comes back if the connection was lost."""
        self._client.loop_misc()
        is_trying = self._answer is not None or (self._returning is not None and not self._returning.done())
        if self._wanted and not is_trying and self._client.socket() is None:
            self._returning = self._loop.create_task(self._try_once(), name=f"reconnect {self.name}")

    def _on_socket_open(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.add_reader(sock, self._client.loop_read)

    def _on_socket_close(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.remove_reader(sock)

    def _on_register_write(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.add_writer(sock, self._client.loop_write)

    def _on_unregister_write(self, _client: Client, _data: Any, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _on_connect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._settle(str(reason) if reason.is_failure else None)
        if not reason.is_failure and self._presence_topic is not None:
            self._presence_ids.add(self._client.publish(self._presence_topic, ONLINE, qos=1, retain=True).mid)

    def _on_published(self, _client: Client, _data: Any, message_id: int, *_: Any) -> None:
        if message_id in self._presence_ids:
            self._presence_ids.discard(message_id)
        else:
            self._on_sent()

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._settle(f"closed: {reason}")

    def _settle(self, answer: str | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)


class Links:
    """All connections of one estate."""

    def __init__(self, host: str, port: int, credentials: Mapping[str, Credentials]) -> None:
        self._links = {name: Link(name, (host, port), its, self._on_sent) for name, its in credentials.items()}
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._stop = asyncio.Event()
        self._none_waits = asyncio.Event()
        self._none_waits.set()
        self._housekeeping: asyncio.Task[None] | None = None
        self.published = 0
        self.acknowledged = 0

    @property
    def connected(self) -> int:
        """How many are connected now."""
        return sum(link.is_up for link in self._links.values())

    async def open(self) -> None:
        """Connects all, a few at a time. Raises LinkRefusedError (in a group) if one is not let in."""
        self._housekeeping = asyncio.create_task(self._keep_all(), name="links")
        doors = asyncio.Semaphore(CONNECT_AT_ONCE)

        async def enter(link: Link) -> None:
            async with doors:
                await link.open()

        async with asyncio.TaskGroup() as group:
            for link in self._links.values():
                group.create_task(enter(link))

    async def publish(self, message: Message) -> None:
        """Publishes with QoS 1; waits while IN_FLIGHT messages are not acknowledged."""
        await self._slots.acquire()
        self.published += 1
        self._none_waits.clear()
        self._links[message.connection].publish(message)

    async def drained(self, patience_s: float) -> None:
        """Waits until the broker has acknowledged everything. Raises TimeoutError."""
        async with asyncio.timeout(patience_s):
            await self._none_waits.wait()

    def break_off(self, names: Iterable[str]) -> None:
        """Cuts connections without a word."""
        for name in names:
            self._links[name].break_off()

    async def restore(self, name: str) -> None:
        """Connects one again. Raises LinkRefusedError."""
        await self._links[name].open()

    async def close(self) -> None:
        """Ends all connections in order."""
        self._stop.set()
        for link in self._links.values():
            link.close()
        if self._housekeeping is not None:
            await self._housekeeping

    def _on_sent(self) -> None:
        self._slots.release()
        self.acknowledged += 1
        if self.acknowledged == self.published:
            self._none_waits.set()

    async def _keep_all(self) -> None:
        while not await pause(self._stop, HOUSEKEEPING_S):
            for link in self._links.values():
                link.keep()
