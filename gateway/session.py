"""The gateway's persistent session at the broker, over as many connections as it takes."""

from __future__ import annotations

import asyncio
from random import SystemRandom
from typing import Final

import structlog

from gateway.connection import SETUP_TIMEOUT_S, Connection
from gateway.ingest import Ingest
from herun import metrics
from herun.errors import FencedError, TransientError
from herun.mqtt.address import BrokerAddress
from herun.mqtt.writer import Connect

log = structlog.get_logger(__name__)

KEEP_ALIVE_S: Final = 30
RECEIVE_MAXIMUM: Final = 4_096  # messages in flight with a broker of MQTT 5; NATS has its own setting of the same size
CLIENT_ID_PREFIX: Final = "herun-gateway-"

# Pauses before the next try: a random time up to a bound that doubles ("full jitter").
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0

# A connection that the broker ends this soon after it had let us in was probably taken over by a client with our id.
# After so many in a row we give way: whoever it is, two would throw each other out for ever.
SHORT_LIFE_S: Final = 5.0
SHORT_LIVES_ALLOWED: Final = 4


class Session:
    """Keeps a connection, and gives the messages of each to `ingest`. `established` is set once there was a first."""

    def __init__(self, address: BrokerAddress, shard: str, ingest: Ingest) -> None:
        self._address = address
        self._ingest = ingest
        self._connect = Connect(
            client_id=f"{CLIENT_ID_PREFIX}{shard}",
            username=address.username,
            password=address.password,
            keep_alive_s=KEEP_ALIVE_S,
            version=address.version,
            receive_maximum=RECEIVE_MAXIMUM,
        )
        self._random = SystemRandom()
        self._connection: Connection | None = None
        self._subscribed = False
        self._stopping = asyncio.Event()
        self._connections = metrics.counter("herun_gateway_connections_total")
        self._redelivered = metrics.counter("herun_gateway_redelivered_total")
        self.established = asyncio.Event()
        ingest.on_room = self._resume

    @property
    def is_connected(self) -> bool:
        """True while messages can arrive."""
        return self._connection is not None and not self._connection.closed.done()

    @property
    def is_listening(self) -> bool:
        """True while messages that arrive are also read."""
        return self._connection is not None and self._connection.is_reading

    async def run(self) -> None:
        """Until `leave` is called. Raises FencedError if another client uses this client id."""
        failures = short_lives = 0
        while not self._stopping.is_set():
            began = asyncio.get_running_loop().time()
            try:
                self._connection = await self._open()
                failures = 0
                await self._connection.closed
            except OSError as error:  # the broker itself is away: that explains short lives
                short_lives = 0
                log.warning("broker_away", error=str(error) or repr(error))
            except TransientError as error:
                log.warning("broker_connection_ended", error=str(error))
            lived_s = asyncio.get_running_loop().time() - began
            was_let_in, self._connection = self._connection is not None, None
            if was_let_in:
                short_lives = short_lives + 1 if lived_s < SHORT_LIFE_S else 0
            if short_lives > SHORT_LIVES_ALLOWED and not self._stopping.is_set():
                raise FencedError(f"{short_lives} connections in a row were ended within {SHORT_LIFE_S} s")
            failures += 1
            await self._pause(failures)

    async def leave(self) -> None:
        """Says goodbye to the broker. The session stays, and with it all that is not acknowledged."""
        self._stopping.set()
        if self._connection is not None:
            connection = self._connection
            connection.leave()
            await asyncio.wait({connection.closed}, timeout=1.0)

    def stop_reading(self) -> None:
        """Before the end: what is in flight is still stored and acknowledged, nothing new comes in."""
        self._stopping.set()
        if self._connection is not None:
            self._connection.pause()

    async def _open(self) -> Connection:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(SETUP_TIMEOUT_S):
            _, connection = await loop.create_connection(
                lambda: Connection(self._connect, self._ingest, self._redelivered.inc),
                self._address.host,
                self._address.port,
            )
        try:
            # The first connection of a process subscribes in any case: the one before may have died between CONNECT and
            # SUBSCRIBE, and left a session that receives nothing. Doing it again costs the retained messages.
            answer = await connection.establish(subscribe_anyway=not self._subscribed)
        except BaseException:
            connection.leave()
            raise
        if self._subscribed and not answer.session_present:
            log.error("session_lost", detail="the broker has forgotten what it held for us")
        self._subscribed = True
        self._connections.labels("resumed" if answer.session_present else "new").inc()
        log.info("broker_connected", session_present=answer.session_present)
        self.established.set()
        return connection

    def _resume(self) -> None:
        if self._connection is not None and not self._stopping.is_set():
            self._connection.resume()

    async def _pause(self, failures: int) -> None:
        bound = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 10))
        try:
            async with asyncio.timeout(self._random.uniform(0, bound)):
                await self._stopping.wait()
        except TimeoutError:
            return
