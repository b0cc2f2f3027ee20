"""Ports for test servers: none is given twice, neither by one worker of the test run nor by two of them.

Most servers listen seconds after their port was chosen; a port that was merely free a moment ago may have become
another server's, or the near end of somebody's outgoing connection, by then.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import fields
from itertools import cycle
from pathlib import Path
from typing import Final

from herun.stack.ports import Ports, is_free

LOWEST: Final = 12_000
HIGHEST: Final = 32_000  # below what systems give to outgoing connections
WORKERS: Final = 8


def _own_ports() -> Iterator[int]:
    """This worker's share, round and round, from anywhere: another test run may be at work on the same machine."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    size = (HIGHEST - LOWEST) // WORKERS
    begin = random.SystemRandom().randrange(size)
    return cycle(LOWEST + worker * size + (begin + step) % size for step in range(size))


_PORTS: Final = _own_ports()


def free_port() -> int:
    """A TCP port on loopback that nothing listens on and that was given to nobody else."""
    return next(port for port in _PORTS if is_free("127.0.0.1", port))


def configured_ports() -> dict[str, str]:
    """Settings that name a port for every listener of a stack that begins with an empty folder."""
    return {f"HERUN_{field.name.upper()}_PORT": str(free_port()) for field in fields(Ports)}


def wish_for_ports(folder: Path) -> None:
    """Lets a stack believe that it had these ports the last time: two that start at once do not want the same ones."""
    wishes = folder / "ports.json"
    if not wishes.exists():
        folder.mkdir(parents=True, exist_ok=True)
        wishes.write_text(json.dumps({field.name: free_port() for field in fields(Ports)}))
