"""The record of what runs: for `herun status`, and for finding what a killed supervisor left behind."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Final

import msgspec
import psutil
import structlog

from herun.stack import waiting
from herun.stack.child import Child
from herun.stack.folder import Folder, write_private

log = structlog.get_logger(__name__)

# The kernel counts start times in ticks, and the boot time they are added to is adjusted with the clock.
_SAME_START_S: Final = 2.0
_LEFT_ALONE_S: Final = 5.0  # on Linux they have had their death signal and are about to end
_TERMINATED_S: Final = 10.0


class ProcessRecord(msgspec.Struct, frozen=True):
    """One process as it was last seen by its supervisor. `created` is the kernel's start time in seconds since 1970."""

    name: str
    program: str
    pid: int | None
    created: float | None
    restarts: int
    ports: dict[str, int]
    stop_signal: int
    given_up: str | None = None

    def find(self) -> psutil.Process | None:
        """The living process that this record means; None if it has ended, even if its pid is in use again."""
        if self.pid is None or self.created is None:
            return None
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _SAME_START_S
        except psutil.NoSuchProcess:
            return None
        return process if same and _lives(process) else None


class StackRecord(msgspec.Struct, frozen=True):
    """All processes of a supervisor."""

    supervisor: int
    processes: list[ProcessRecord]


def write_record(folder: Folder, children: Iterable[Child]) -> None:
    """Writes down what runs now."""
    record = StackRecord(os.getpid(), [_record_of(child) for child in children])
    write_private(folder.processes, msgspec.json.encode(record).decode() + "\n")


def read_record(folder: Folder) -> StackRecord | None:
    """What was written down last; None if nothing (readable) was."""
    try:
        return msgspec.json.decode(folder.processes.read_bytes(), type=StackRecord)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def leftovers(folder: Folder) -> list[ProcessRecord]:
    """Recorded processes that still run. Ask only while no supervisor does."""
    record = read_record(folder)
    return [process for process in record.processes if process.find() is not None] if record else []


def end_leftovers(folder: Folder) -> None:
    """Ends what a killed supervisor left behind: lets it finish dying, asks it to stop, kills it."""
    found = leftovers(folder)
    for record in found:
        log.warning("leftover_process", process=record.name, pid=record.pid)

    # A killed postmaster's own processes hold on to its memory for a moment; no new one starts before they are gone.
    families = [member for record in found for member in _family(record)]

    def all_gone() -> bool:
        return not any(_lives(member) for member in families)

    if waiting.until_true(all_gone, _LEFT_ALONE_S):
        return
    for record in reversed(found):
        if (process := record.find()) is not None:
            process.send_signal(record.stop_signal)
    if waiting.until_true(all_gone, _TERMINATED_S):
        return
    for record in found:
        if (process := record.find()) is not None:
            process.kill()
    waiting.until_true(all_gone, _LEFT_ALONE_S)


def family_of(pid: int | None) -> set[int]:
    """The pids of a process that lives and of all that it has started."""
    try:
        return {member.pid for member in _with_children(None if pid is None else psutil.Process(pid))}
    except psutil.NoSuchProcess:
        return set()


def _family(record: ProcessRecord) -> list[psutil.Process]:
    """The process of a record and all that it has started."""
    return _with_children(record.find())


def _with_children(process: psutil.Process | None) -> list[psutil.Process]:
    try:
        return [process, *process.children(recursive=True)] if process is not None else []
    except psutil.NoSuchProcess:
        return []


def _lives(process: psutil.Process) -> bool:
    """False for one that has ended, even if nobody has collected it yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _record_of(child: Child) -> ProcessRecord:
    return ProcessRecord(
        name=child.spec.name,
        program=child.spec.command[0],
        pid=child.pid,
        created=child.created,
        restarts=child.restarts,
        ports=dict(child.spec.ports),
        stop_signal=int(child.spec.stop_signal),
        given_up=child.given_up,
    )
