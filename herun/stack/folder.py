"""The data folder of one box: where everything lies, who holds it, and which layout it has.

<data_dir>/stack.env      endpoints and secrets of the running stack, 0600
<data_dir>/ready          pid of the supervisor, written when all processes are ready, removed when they are stopped
<data_dir>/lock           held (flock) by the supervisor while it lives; holds its pid
<data_dir>/layout         version of this layout
<data_dir>/ports.json     ports of the last run, taken again if free
<data_dir>/clock.json     the simulated clock and the moment at which it was started
<data_dir>/processes.json what the supervisor runs now, for `herun status` and for cleaning up after a crash
<data_dir>/secrets/       generated once, 0600
<data_dir>/logs/          one bounded log a process
<data_dir>/nats/          configuration and JetStream store
<data_dir>/postgres/      the database cluster
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from herun.errors import ConfigurationError

LAYOUT_VERSION: Final = "1"

PRIVATE_FILE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700
# PostgreSQL may have to run as another user than root: that user must get through this folder, not read it.
PASSABLE_FOLDER: Final = 0o711


class StackError(ConfigurationError):
    """The stack cannot do what was asked; the text tells a person why and what to do."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths of one data folder. `root` is absolute."""

    root: Path

    @property
    def stack_env(self) -> Path:
        return self.root / "stack.env"

    @property
    def ready(self) -> Path:
        return self.root / "ready"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def layout(self) -> Path:
        return self.root / "layout"

    @property
    def ports(self) -> Path:
        return self.root / "ports.json"

    @property
    def clock(self) -> Path:
        return self.root / "clock.json"

    @property
    def processes(self) -> Path:
        return self.root / "processes.json"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def nats(self) -> Path:
        return self.root / "nats"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    def log_of(self, name: str) -> Path:
        """The log file of a process."""
        return self.logs / f"{name}.log"

    def create(self) -> None:
        """Makes what is missing; changes the modes of nothing that was there. Raises StackError for another layout."""
        try:
            if not self.root.exists():
                self.root.mkdir(parents=True)
                self.root.chmod(PASSABLE_FOLDER)
            for folder in (self.secrets, self.logs, self.nats):
                folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            if not self.layout.exists():
                self.layout.write_text(LAYOUT_VERSION + "\n", encoding="ascii")
        except OSError as error:
            raise StackError(
                f"the data folder {self.root} cannot be used: {error.strerror}: {error.filename}"
            ) from error
        self.check_layout()

    def check_layout(self) -> None:
        """Raises StackError if the folder was made by a version with another layout."""
        found = self.layout.read_text(encoding="ascii").strip() if self.layout.exists() else LAYOUT_VERSION
        if found != LAYOUT_VERSION:
            raise StackError(
                f"the data folder {self.root} has layout {found}, this version of Herun needs {LAYOUT_VERSION}:"
                " use the version that made it, or another HERUN_DATA_DIR"
            )


def folder_at(data_dir: Path) -> Folder:
    """The folder of a setting that may be relative to the working directory or begin with ~."""
    return Folder(data_dir.expanduser().absolute())


class FolderLock:
    """Held by the one supervisor of a folder, and by the kernel's word gone when that process is, however it died."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises StackError naming the holder if another supervisor has the folder."""
        descriptor = os.open(self._folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(descriptor)
            holder = _pid_in(self._folder.lock)
            raise StackError(
                f"a stack already runs in {self._folder.root} (pid {holder}): `herun status` shows it,"
                " `herun down` stops it"
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        self._descriptor = descriptor

    def release(self) -> None:
        """Lets another supervisor have the folder."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def supervisor_pid(folder: Folder) -> int | None:
    """The pid of the supervisor that holds the folder now, None if nobody does."""
    try:
        descriptor = os.open(folder.lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(folder.lock)
    finally:
        os.close(descriptor)
    return None


def forget_run(folder: Folder) -> None:
    """Removes what only means something while a stack runs: stale endpoints mislead whoever reads them."""
    for path in (folder.ready, folder.stack_env, folder.processes):
        path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one step, readable by its owner only from the first byte on."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    temporary.replace(path)


def _pid_in(path: Path) -> int | None:
    text = path.read_text(encoding="ascii").strip()
    return int(text) if text.isdigit() else None
