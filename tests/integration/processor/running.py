"""A real nats-server, a real PostgreSQL and real processors, for tests to start, kill and look into."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from psycopg.rows import dict_row

from herun import stream
from herun.database.migrate import migrate
from herun.events import Event
from herun.frames import FRAME_VERSION, Control, Frame, FrameKind, new_frame_id
from herun.settings import Settings
from herun.stack.binaries import choose_identity, find_binaries
from herun.stack.broker import find_nats_server
from herun.stack.child import launch_command
from herun.stack.credentials import Credentials, load_credentials
from herun.stack.folder import folder_at
from herun.stack.postgres import LOGIN, SUPERUSER, Cluster, postgres_spec, prepare_cluster, provision
from herun.stream import FrameWriter
from herun.streams import ensure_streams
from tests.support.ports import free_port

# A killed process has lost nothing that it wrote; only a power cut would, and the data of tests would not outlive it.
NO_FSYNC: Final = ("-c", "fsync=off", "-c", "full_page_writes=off")
WAIT_S: Final = 30.0  # for a condition that holds within a second on a machine with nothing else to do


async def until(what: str, holds: Callable[[], Awaitable[bool]], within_s: float = WAIT_S) -> None:
    """Returns when the condition holds; fails if it does not within the time."""
    deadline = time.monotonic() + within_s
    while not await holds():
        assert time.monotonic() < deadline, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.02)


class StreamServer:
    """nats-server with JetStream; its data outlives a kill."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = launch_command(
            "-", find_nats_server(), "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self._folder)
        )
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + WAIT_S
        while not self._answers():
            assert time.monotonic() < deadline, "nats-server does not start"
            time.sleep(0.02)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                return connection.recv(4) == b"INFO"
        except OSError:
            return False


class DatabaseServer:
    """One cluster for all tests; each takes a database of its own."""

    def __init__(self, folder: Path) -> None:
        data = folder_at(folder)
        data.secrets.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        self._credentials: Credentials = load_credentials(data)
        binaries = find_binaries(Settings())
        path = folder / "postgres"
        self.cluster = Cluster(path, binaries, choose_identity(path, binaries), free_port())
        prepare_cluster(self.cluster, self._credentials)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        spec = postgres_spec(self.cluster)
        spec.prepare()
        command = launch_command(spec.identity, *spec.command, *NO_FSYNC, death_signal=signal.SIGINT)
        self._process = subprocess.Popen(
            command, env={**os.environ, **spec.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + WAIT_S
        while not self._answers():
            assert time.monotonic() < deadline, "PostgreSQL does not start"
            time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def new_database(self, revision: str = "head") -> str:
        """The DSN of a fresh, migrated database."""
        provision(self.cluster, self._credentials)
        name = f"t_{uuid.uuid4().hex[:12]}"
        superuser = self.cluster.dsn(SUPERUSER, self._credentials.database_superuser, "postgres")
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} OWNER {LOGIN}".encode())
        dsn = self.cluster.dsn(LOGIN, self._credentials.database_password, name)
        migrate(dsn, revision)
        return dsn

    def _answers(self) -> bool:
        try:
            psycopg.connect(
                self.cluster.dsn(SUPERUSER, self._credentials.database_superuser, "postgres"), connect_timeout=2
            ).close()
        except psycopg.OperationalError:
            return False
        return True


@asynccontextmanager
async def again_and_again(act: Callable[[], Awaitable[object]]) -> AsyncIterator[None]:
    """Meanwhile this is done twice a second, as what a gateway says of itself."""
    enough = asyncio.Event()

    async def do() -> None:
        while not enough.is_set():
            await act()
            await asyncio.wait([asyncio.ensure_future(enough.wait())], timeout=0.5)

    async with asyncio.TaskGroup() as group:
        group.create_task(do())
        try:
            yield
        finally:
            enough.set()


@dataclass
class World:
    """What one test works with: servers, a database, and frames to publish."""

    folder: Path
    nats: StreamServer
    postgres: DatabaseServer
    database_url: str
    settings: dict[str, str] = field(default_factory=dict)
    processors: list[Processor] = field(default_factory=list)
    writers: dict[FrameKind, FrameWriter] = field(default_factory=dict)
    client: Any = None

    async def connect(self) -> None:
        self.client = await stream.connect(self.nats.url, "test")
        await ensure_streams(self.client.jetstream())

    async def close(self) -> None:
        for processor in self.processors:
            processor.kill()
        if self.client is not None:
            await self.client.close()

    def processor(self, name: str = "processor-0", database_url: str | None = None, **settings: str) -> Processor:
        """A started processor with one partition."""
        folder = self.folder / f"{name}-{len(self.processors)}"
        environment = {
            "HERUN_DATA_DIR": str(self.folder / name),
            "HERUN_DATABASE_URL": database_url or self.database_url,
            "HERUN_NATS_URL": self.nats.url,
            "HERUN_PARTITIONS": "1",
            "HERUN_PROCESSOR_ID": name,
            "HERUN_PROCESSOR_HTTP_PORT": str(free_port()),
            **self.settings,
            **{f"HERUN_{key.upper()}": value for key, value in settings.items()},
        }
        processor = Processor(environment, folder.with_suffix(".log"))
        self.processors.append(processor)
        return processor

    async def publish(self, events: list[Event]) -> int:
        """Stores one frame of events and returns its sequence."""
        return await self._store(Frame(FRAME_VERSION, 0, "test", new_frame_id(), FrameKind.EVENTS, events))

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Meanwhile frames without events say that a gateway listens."""
        async with again_and_again(lambda: self.publish([])):
            yield

    async def control(self, *controls: Control) -> int:
        """Stores one frame of controls and returns its sequence."""
        return await self._store(Frame(FRAME_VERSION, 0, "api", new_frame_id(), FrameKind.CONTROL, [], list(controls)))

    async def _store(self, frame: Frame) -> int:
        writer = self.writers.setdefault(frame.kind, FrameWriter(self.client.jetstream(), 0, frame.kind))
        return await writer.publish(frame)

    def rows(self, statement: str, database_url: str | None = None) -> list[dict[str, Any]]:
        """What a statement gives, as the login that sees all."""
        with psycopg.connect(database_url or self.database_url, row_factory=dict_row) as connection:
            connection.execute("SET ROLE herun_processor")
            return connection.execute(statement.encode()).fetchall()

    def value(self, statement: str, database_url: str | None = None) -> Any:
        """The only value of the only row."""
        (row,) = self.rows(statement, database_url)
        (value,) = row.values()
        return value

    async def until_offset(self, sequence: int, database_url: str | None = None) -> None:
        """Waits until the partition has been processed so far."""

        async def reached() -> bool:
            rows = self.rows("SELECT sequence FROM partitions WHERE partition = 0", database_url)
            return bool(rows) and rows[0]["sequence"] >= sequence

        await until(f"offset {sequence}", reached)

    async def until_count(self, statement: str, count: int) -> None:
        """Waits until `SELECT count(*)` gives this."""

        async def equal() -> bool:
            return bool(self.value(statement) == count)

        await until(f"{statement} = {count}", equal)


class Processor:
    """One processor process."""

    def __init__(self, environment: dict[str, str], output: Path) -> None:
        self._environment = environment
        self.output = output
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = launch_command("-", sys.executable, "-m", "processor")
        with self.output.open("ab") as log:
            return subprocess.Popen(command, env={**os.environ, **self._environment}, stderr=log, stdout=log)

    def restart(self, **settings: str) -> None:
        """Starts it again, with further settings."""
        self.kill()
        self._environment |= {f"HERUN_{key.upper()}": value for key, value in settings.items()}
        self.process = self._start()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ends it as the supervisor does and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)

    async def until_dead(self) -> int:
        """Waits until it is gone; its exit code."""

        async def gone() -> bool:
            return self.process.poll() is not None

        await until(f"the processor of {self.output} is gone", gone)
        return self.process.returncode

    async def until_ready(self) -> None:
        async def ready() -> bool:
            assert self.process.poll() is None, self.output.read_text()[-3000:]
            try:
                return self.get("/readyz").status_code == 200
            except httpx.TransportError:
                return False

        await until("the processor is ready", ready)

    def get(self, path: str) -> httpx.Response:
        """The answer of its status port."""
        port = self._environment["HERUN_PROCESSOR_HTTP_PORT"]
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5, trust_env=False)
