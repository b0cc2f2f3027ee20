"""A real nats-server and a real gateway process, for tests to start, kill and look into."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from herun import frames, streams, subjects
from herun.broker_auth import new_account_seed
from herun.dead_letters import DeadLetter, decode_dead_letter
from herun.events import Event
from herun.registry import DeviceEntry, encode_entry
from herun.stack.broker import find_nats_server, render_configuration
from herun.stack.credentials import Credentials
from herun.stack.ports import Ports
from tests.support.ports import free_port

WAIT_S: Final = 30.0  # for a condition that holds within a second on a machine with nothing else to do
SECRET: Final = "made-up-secret"
PERSONAL_KEY: Final = "made-up-personal-key"


async def until(what: str, holds: Callable[[], Awaitable[bool]], within_s: float = WAIT_S) -> None:
    """Returns when the condition holds; fails if it does not within the time."""
    deadline = time.monotonic() + within_s
    while not await holds():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.02)


class Broker:
    """nats-server as the one-box stack configures it."""

    def __init__(self, folder: Path) -> None:
        mqtt, nats_port, monitor = free_port(), free_port(), free_port()
        self.ports = Ports(mqtt, nats_port, monitor, 0, 0, 0, 0)
        self._folder = folder
        self.log = folder / "nats.log"
        seed = new_account_seed(os.urandom(32))
        words = {field.name: "secret" for field in dataclasses.fields(Credentials)}
        self._credentials = Credentials(**{**words, "auth_callout_seed": seed})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> dict[str, str]:
        at, mqtt = f"127.0.0.1:{self.ports.nats}", f"127.0.0.1:{self.ports.mqtt}"
        return {
            "HERUN_NATS_URL": f"nats://services:secret@{at}",
            "HERUN_DEVICES_NATS_URL": f"nats://devices-admin:secret@{at}",
            "HERUN_AUTH_CALLOUT_NATS_URL": f"nats://auth-callout:secret@{at}",
            "HERUN_SYSTEM_NATS_URL": f"nats://sys:secret@{at}",
            "HERUN_AUTH_CALLOUT_SEED": self._credentials.auth_callout_seed,
            "HERUN_MQTT_URL": f"mqtt://gateway:secret@{mqtt}",
            "HERUN_MQTT_REPLAY_URL": f"mqtt://replay:secret@{mqtt}",
            "HERUN_BROKER_LOG": str(self.log),
        }

    async def start(self) -> None:
        configuration = self._folder / "nats.conf"
        store = self._folder / "jetstream"
        configuration.write_text(
            render_configuration("127.0.0.1", self.ports, self._credentials, store=store, durable="process")
        )
        with self.log.open("ab") as log:
            self._process = subprocess.Popen([find_nats_server(), "-c", str(configuration)], stdout=log, stderr=log)
        await until("nats-server is healthy", self._is_healthy)

    async def _is_healthy(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{self.ports.nats_monitor}/healthz")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    def kill(self, number: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None


class GatewayProcess:
    """`python -m gateway`, or `command` in its place."""

    def __init__(self, broker: Broker, folder: Path, **settings: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HERUN_")},
            **broker.settings,
            "HERUN_DATA_DIR": str(folder),
            "HERUN_GATEWAY_HTTP_PORT": str(self.port),
            "HERUN_PERSONAL_KEY": PERSONAL_KEY,
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self, *command: str) -> None:
        with (self._folder / "gateway.log").open("ab") as log:
            self.process = subprocess.Popen(
                command or (sys.executable, "-m", "gateway"), env=self._environment, stdout=log, stderr=log
            )

    async def start(self, *command: str) -> None:
        self.launch(*command)
        await until("the gateway is ready", self.is_ready)

    async def is_ready(self) -> bool:
        assert self.process is None or self.process.poll() is None, (self._folder / "gateway.log").read_text()[-3000:]
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{self.port}/readyz")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    async def metric(self, line_start: str) -> float:
        async with httpx.AsyncClient() as client:
            text = (await client.get(f"http://127.0.0.1:{self.port}/metrics")).text
        values = [float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(line_start)]
        return sum(values)

    def end(self, number: int = signal.SIGKILL) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(number)
        code = self.process.wait(20)
        self.process = None
        return code


class Estate:
    """What a test works with: broker, stream, registry."""

    def __init__(self, broker: Broker, client: Client, folder: Path) -> None:
        self.broker = broker
        self.client = client
        self.folder = folder

    @property
    def js(self) -> JetStreamContext:
        return self.client.jetstream()

    async def register(self, *entries: DeviceEntry) -> None:
        bucket = await self.js.key_value(subjects.BUCKET_REGISTRY)
        for entry in entries:
            secret = hashlib.sha256(SECRET.encode()).hexdigest()
            await bucket.put(entry.key, encode_entry(msgspec.structs.replace(entry, secret_sha256=secret)))

    async def events(self) -> list[Event]:
        """All events in the stream, in its order."""
        return [event for raw in await self._all("EVENTS") for event in frames.decode(raw).events]

    async def letters(self) -> list[DeadLetter]:
        """All dead letters."""
        return [decode_dead_letter(raw) for raw in await self._all("DEAD_LETTER")]

    async def _all(self, stream: str) -> list[bytes]:
        info = await self.js.stream_info(stream)
        found: list[bytes] = []
        if not info.state.messages:
            return found
        for sequence in range(info.state.first_seq, info.state.last_seq + 1):
            try:
                message = await self.js.get_msg(stream, sequence)
            except NotFoundError:
                continue
            found.append(message.data or b"")
        return found

    async def has_events(self, *ids: str) -> None:
        """Waits until events with these ids are in the stream."""

        async def holds() -> bool:
            return set(ids) <= {event.event_id for event in await self.events()}

        await until(f"events {ids} are in the stream", holds)

    async def has_letters(self, count: int) -> list[DeadLetter]:
        """Waits until there are so many dead letters."""

        async def holds() -> bool:
            return (await self.js.stream_info("DEAD_LETTER")).state.messages >= count

        await until(f"{count} dead letters", holds)
        return await self.letters()


@asynccontextmanager
async def running_estate(folder: Path) -> AsyncIterator[Estate]:
    """A broker with streams and an empty registry."""
    broker = Broker(folder)
    await broker.start()
    try:
        client = await nats.connect(
            broker.settings["HERUN_NATS_URL"], max_reconnect_attempts=-1, reconnect_time_wait=0.05, error_cb=_ignore
        )
        try:
            await streams.ensure_streams(client.jetstream())
            yield Estate(broker, client, folder)
        finally:
            await client.close()
    finally:
        broker.kill()


async def _ignore(_: Exception) -> None:
    return None


def event_payload(event_id: str, time_text: str, **more: Any) -> bytes:
    """A native reading."""
    said = {
        "id": event_id,
        "time": time_text,
        "type": "reading.reported",
        "data": {"metric": "temperature", "value": 21.5},
        **more,
    }
    return msgspec.json.encode(said)
