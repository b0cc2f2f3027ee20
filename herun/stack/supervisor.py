"""The supervisor of one box: brings everything up in order, keeps it running, takes it down in reverse.

For tests and tools there are two ways in. In this process:

    async with Stack(StackSettings(data_dir=folder, host="127.0.0.1")) as stack:
        stack.environment["HERUN_DATABASE_URL"], stack.environment["HERUN_API_PORT"], ...

    async with Stack(StackSettings(data_dir=folder), services=()) as stack: ...   # broker and migrated database only

Call it from the main thread: the kernel ends the children when the *thread* that started them ends. Or as a program:

    process = subprocess.Popen([sys.executable, "-m", "herun.stack", "up", "--data-dir", folder])
    # until <folder>/ready exists and holds process.pid: wait; then <folder>/stack.env says where everything is

`<folder>/processes.json` holds the pids of the children (`herun.stack.processes.read_record`), for tests that kill.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from types import TracebackType
from typing import Final, Self

import structlog

from herun.stack import processes
from herun.stack.binaries import choose_identity, find_binaries
from herun.stack.broker import broker_spec
from herun.stack.child import Child, ChildSpec
from herun.stack.credentials import Credentials, load_credentials
from herun.stack.environment import StackSettings, process_environment, resolve_environment, write_stack_env
from herun.stack.folder import FolderLock, folder_at, forget_run, write_private
from herun.stack.logs import BoundedLog
from herun.stack.ports import Ports, choose_ports
from herun.stack.postgres import Cluster, postgres_spec, prepare_cluster, provision
from herun.stack.services import SERVICES, service_spec

log = structlog.get_logger(__name__)

# How long each may take until it does its work, in seconds. PostgreSQL may have a full WAL to go through again.
READY_WITHIN_S: Final = {"nats": 60.0, "postgres": 300.0}
SERVICE_READY_WITHIN_S: Final = 60.0
_LOG_CHECK_S: Final = 2.0  # between two looks at the sizes of the logs

SUPERVISOR: Final = "supervisor"  # names its log


class Stack:
    """All processes of one data folder. Every method raises StackError with words for a person."""

    def __init__(self, settings: StackSettings, *, services: tuple[str, ...] = SERVICES) -> None:
        self.settings = settings
        self.folder = folder_at(settings.data_dir)
        self.environment: dict[str, str] = {}
        self.children: list[Child] = []
        self._services = services
        self._lock = FolderLock(self.folder)
        self._housekeeping: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Brings everything up and returns when all of it is ready; if that fails, nothing is left running."""
        self.folder.create()
        self._lock.take()
        try:
            processes.end_leftovers(self.folder)
            forget_run(self.folder)
            await self._bring_up()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Takes everything down in reverse order, each process within its drain time."""
        if self._housekeeping is not None:
            self._housekeeping.cancel()
            await asyncio.wait({self._housekeeping})
            self._housekeeping = None
        for child in reversed(self.children):
            await child.stop()
        self.children.clear()
        forget_run(self.folder)
        self._lock.release()

    def kill(self) -> None:
        """Kills every process at once; `stop` is still to be called."""
        for child in self.children:
            child.kill()

    def child(self, name: str) -> Child:
        """The child of that name. Raises KeyError if this stack does not run it."""
        return {child.spec.name: child for child in self.children}[name]

    async def _bring_up(self) -> None:
        from herun.stack.schema import migrate_database  # slow to import, and nothing else here needs it

        credentials = load_credentials(self.folder)
        ports = choose_ports(self.settings, self.folder)
        dsn = await self._start_backbone(credentials, ports)
        self.environment = resolve_environment(self.settings, self.folder, ports, credentials, dsn)
        write_stack_env(self.folder, self.environment)
        self._housekeeping = asyncio.create_task(self._keep_logs_bounded(), name="housekeeping")
        await asyncio.to_thread(migrate_database, self.environment["HERUN_DATABASE_URL"])
        for name in self._services:
            told = process_environment(self.folder, self.environment)
            self._run(service_spec(name, self.settings.host, ports, told))
        await self._all_ready()
        write_private(self.folder.ready, f"{os.getpid()}\n")
        log.info("stack_ready", data_dir=str(self.folder.root))

    async def _start_backbone(self, credentials: Credentials, ports: Ports) -> str | None:
        """Broker and database, side by side; the DSN of a database of our own."""
        if self.settings.needs_broker:
            self._run(broker_spec(self.folder, self.settings, ports, credentials))
        cluster = self._start_database(credentials, ports) if self.settings.needs_database else None
        await self._all_ready()
        return await asyncio.to_thread(provision, cluster, credentials) if cluster is not None else None

    def _start_database(self, credentials: Credentials, ports: Ports) -> Cluster:
        binaries = find_binaries(self.settings)
        identity = choose_identity(self.folder.postgres, binaries)
        cluster = Cluster(self.folder.postgres, binaries, identity, ports.database)
        prepare_cluster(cluster, credentials)
        self._run(postgres_spec(cluster))
        return cluster

    def _run(self, spec: ChildSpec) -> None:
        child = Child(spec, BoundedLog(self.folder.log_of(spec.name)), self._write_record)
        self.children.append(child)
        child.start()

    async def _all_ready(self) -> None:
        for child in self.children:
            await child.wait_ready(READY_WITHIN_S.get(child.spec.name, SERVICE_READY_WITHIN_S))

    def _write_record(self) -> None:
        processes.write_record(self.folder, self.children)

    async def _keep_logs_bounded(self) -> None:
        own = BoundedLog(self.folder.log_of(SUPERVISOR))  # written when it runs in the background
        never = asyncio.Event()
        while True:
            for output in (own, *(child.output for child in self.children)):
                output.cut()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(never.wait(), _LOG_CHECK_S)
