"""CPU and memory of processes, by name, between two looks."""

from __future__ import annotations

from typing import Final

import psutil

_MB: Final = 1024 * 1024


def cpu_seconds(pids: dict[str, int]) -> dict[str, float]:
    """User and system seconds so far of each process, with its children (PostgreSQL is many)."""
    return {name: sum(_own_seconds(each) for each in _family(pid)) for name, pid in pids.items()}


def rss_mb(pids: dict[str, int]) -> dict[str, float]:
    """Megabytes in memory; pages that a family shares (PostgreSQL's buffers) are counted once."""
    return {name: round(sum(_proportional(each) for each in _family(pid)) / _MB, 1) for name, pid in pids.items()}


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        # The supervisor's children have names of their own.
        return [parent, *parent.children(recursive=True)] if parent.name().startswith("postgres") else [parent]
    except psutil.NoSuchProcess:
        return []


def _own_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def _proportional(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
