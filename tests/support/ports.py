"""Ports for test servers."""

from __future__ import annotations

import json
import random
import socket
from dataclasses import fields
from pathlib import Path

from herun.stack.ports import Ports, is_free

LOWEST, HIGHEST = 20_000, 32_000  # below what systems give to outgoing connections


def free_port() -> int:
    """A TCP port on loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wish_for_ports(folder: Path) -> None:
    """Lets a stack believe that it had these ports the last time: two that start at once do not want the same ones."""
    wishes = folder / "ports.json"
    if not wishes.exists():
        folder.mkdir(parents=True, exist_ok=True)
        free = (port for port in random.sample(range(LOWEST, HIGHEST), 200) if is_free("127.0.0.1", port))
        wishes.write_text(json.dumps({field.name: next(free) for field in fields(Ports)}))
