"""What runs now, and whether each part does its work."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Final

import psycopg

from herun.clock import SECOND_US, SystemClock
from herun.settings import Settings
from herun.stack import processes
from herun.stack.folder import Folder, supervisor_pid
from herun.stack.ports import LOOPBACK
from herun.stack.processes import ProcessRecord
from herun.stack.web import answers_itself

_CONNECT_TIMEOUT_S: Final = 3


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One process, or one given endpoint (`pid` None). `uptime_s` is None while it does not run."""

    name: str
    pid: int | None
    uptime_s: float | None
    restarts: int
    ports: dict[str, int]
    ready: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class StackStatus:
    """The supervisor (None: no stack runs) and its parts."""

    supervisor: int | None
    parts: tuple[PartStatus, ...]

    @property
    def all_ready(self) -> bool:
        """True if a stack runs and every part of it does its work."""
        return self.supervisor is not None and bool(self.parts) and all(part.ready for part in self.parts)

    def as_dict(self) -> dict[str, object]:
        """For `--json`."""
        return {"all_ready": self.all_ready, **asdict(self)}


async def look(folder: Folder, settings: Settings) -> StackStatus:
    """Looks at every part now."""
    pid, record = supervisor_pid(folder), processes.read_record(folder)
    if pid is None or record is None:
        return StackStatus(None, ())
    parts = await asyncio.gather(*(_part(process, settings) for process in record.processes))
    return StackStatus(pid, tuple(parts))


def as_text(status: StackStatus, folder: Folder) -> str:
    """A table for a person."""
    if status.supervisor is None:
        return f"no stack runs in {folder.root}"
    lines = [f"stack in {folder.root}, supervisor pid {status.supervisor}"]
    lines.append(f"{'process':<11}{'pid':>8}{'uptime':>12}{'restarts':>10}  {'ready':<7}ports")
    for part in status.parts:
        uptime = "-" if part.uptime_s is None else f"{part.uptime_s:.0f} s"
        ports = ", ".join(f"{name} {port}" for name, port in part.ports.items())
        lines.append(
            f"{part.name:<11}{part.pid or '-':>8}{uptime:>12}{part.restarts:>10}  "
            f"{'yes' if part.ready else 'NO':<7}{ports}  {part.note}".rstrip()
        )
    return "\n".join(lines)


async def _part(record: ProcessRecord, settings: Settings) -> PartStatus:
    process = record.find()
    uptime_s = None if process is None else SystemClock().now_us() / SECOND_US - process.create_time()
    return PartStatus(
        name=record.name,
        pid=None if process is None else process.pid,
        uptime_s=uptime_s,
        restarts=record.restarts,
        ports=record.ports,
        ready=process is not None and await _works(process.pid, record, settings),
        note=record.given_up or "",
    )


async def _works(pid: int, record: ProcessRecord, settings: Settings) -> bool:
    if record.name == "postgres":
        return await asyncio.to_thread(_database_answers, settings)
    if record.name == "nats":
        return await answers_itself(pid, LOOPBACK, record.ports["monitor"], "/healthz")
    host = settings.host if record.name == "api" and settings.host != "0.0.0.0" else LOOPBACK
    return await answers_itself(pid, host, record.ports["http"], "/readyz")


def _database_answers(settings: Settings) -> bool:
    try:
        psycopg.connect(settings.need("database_url"), connect_timeout=_CONNECT_TIMEOUT_S).close()
    except psycopg.Error:
        return False
    return True
