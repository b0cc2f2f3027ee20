"""What `herun doctor` finds on the machine itself, without asking any of the servers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from herun.clock import SECOND_US, SystemClock, to_text
from herun.settings import Settings
from herun.stack.binaries import find_binaries
from herun.stack.environment import StackSettings
from herun.stack.findings import Finding, Level
from herun.stack.folder import Folder, StackError
from herun.stack.ports import LOOPBACK, USUAL_PORTS, holder_of, is_free
from herun.stack.postgres import cluster_major

_MIB: Final = 1024**2
DISK_FULL_BYTES: Final = 512 * _MIB  # below this PostgreSQL and the stream may stop at any moment
DISK_NEAR_FULL_BYTES: Final = 8192 * _MIB  # the stream's bounds and the WAL may still grow by about this much
_CLOCK_TOLERANCE_S: Final = 5.0
_NOT_BEFORE_US: Final = 1_767_225_600 * SECOND_US  # 2026-01-01: no box ran this program before
_OTHERS_BITS: Final = 0o077


def check_folder(folder: Folder, given: StackSettings) -> Iterator[Finding]:
    """The data folder: there, ours, of this layout and of this PostgreSQL."""
    if not folder.root.exists():
        yield Finding("folder", Level.OK, f"{folder.root} does not exist yet: `herun up` makes it")
        return
    if not os.access(folder.root, os.R_OK | os.W_OK | os.X_OK):
        yield Finding(
            "folder",
            Level.PROBLEM,
            f"{folder.root} belongs to another user: run as that one, or choose another HERUN_DATA_DIR",
        )
        return
    try:
        folder.check_layout()
        yield Finding("folder", Level.OK, f"{folder.root} has this version's layout")
        yield from _check_cluster(folder, given)
    except StackError as error:
        yield Finding("folder", Level.PROBLEM, str(error))


def check_disk(folder: Folder) -> Iterator[Finding]:
    """Room on the disk of the data folder."""
    existing = next(path for path in (folder.root, *folder.root.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / _MIB:,.0f} MB are free for {folder.root}"
    if free < DISK_FULL_BYTES:
        yield Finding(
            "disk",
            Level.PROBLEM,
            f"the disk is full: {text}; at least {DISK_FULL_BYTES // _MIB} MB are needed to go on",
        )
    elif free < DISK_NEAR_FULL_BYTES:
        yield Finding(
            "disk", Level.WARNING, f"the disk is nearly full: {text}; the streams may still grow by more than that"
        )
    else:
        yield Finding("disk", Level.OK, text)


def check_secrets(folder: Folder) -> Iterator[Finding]:
    """Nobody but the owner reads passwords and keys."""
    if not folder.root.exists():
        return
    nats = folder.nats / "nats.conf"
    files = [*sorted(folder.secrets.glob("*")), folder.stack_env, nats, folder.root / "admin-password"]
    open_ones = [path for path in files if path.exists() and path.stat().st_mode & _OTHERS_BITS]
    for path in open_ones:
        yield Finding(
            "secrets", Level.PROBLEM, f"{path} can be read by other users: chmod 600 {path}, and change what it holds"
        )
    if not open_ones:
        yield Finding("secrets", Level.OK, "only their owner can read the files with secrets")


def check_clock(folder: Folder, known: Settings) -> Iterator[Finding]:
    """The machine's clock against the files it wrote, and whether the stack runs on a simulated one."""
    now_us = SystemClock().now_us()
    ahead_s = (_newest_change_us(folder) - now_us) / SECOND_US
    if now_us < _NOT_BEFORE_US:
        yield Finding(
            "clock", Level.PROBLEM, f"the machine's clock says {to_text(now_us)}, before this program existed: set it"
        )
    elif ahead_s > _CLOCK_TOLERANCE_S:
        yield Finding(
            "clock",
            Level.PROBLEM,
            f"the machine's clock is off: files here were written {ahead_s:.0f} s in its future: set it",
        )
    else:
        yield Finding("clock", Level.OK, f"the machine's clock says {to_text(now_us)}")
    if known.clock is not None:
        yield Finding(
            "clock", Level.WARNING, f"HERUN_CLOCK={known.clock}: times are simulated, for demo and tests only"
        )


def check_ports(given: StackSettings) -> Iterator[Finding]:
    """Before a start: whether the ports that are wanted can be had."""
    for name, usual in USUAL_PORTS.items():
        wanted = getattr(given, f"{name}_port")
        host = given.host if name in {"mqtt", "api"} else LOOPBACK
        if is_free(host, wanted or usual):
            continue
        holder = holder_of(wanted or usual)
        if wanted is None:
            yield Finding(
                "ports", Level.OK, f"port {usual} ({name}) is taken by {holder}: another free one will be used"
            )
        else:
            yield Finding(
                "ports", Level.PROBLEM, f"HERUN_{name.upper()}_PORT={wanted} is taken by {holder}: free it, or unset it"
            )


def _check_cluster(folder: Folder, given: StackSettings) -> Iterator[Finding]:
    major = cluster_major(folder.postgres)
    if not given.needs_database:
        return
    binaries = find_binaries(given)
    if major not in (None, binaries.major):
        yield Finding(
            "folder",
            Level.PROBLEM,
            f"the database in {folder.postgres} was made by PostgreSQL {major}, {binaries.folder} is {binaries.major}:"
            f" set HERUN_POSTGRES_BIN_DIR to a PostgreSQL {major}, or move the data with pg_dump or pg_upgrade",
        )
    else:
        yield Finding("folder", Level.OK, f"PostgreSQL {binaries.major} from {binaries.folder}")


def _newest_change_us(folder: Folder) -> int:
    written = [
        folder.lock,
        folder.ports,
        folder.processes,
        folder.postgres / "global" / "pg_control",
        *_files(folder.logs),
    ]
    return max((path.stat().st_mtime_ns // 1000 for path in written if path.exists()), default=0)


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []
