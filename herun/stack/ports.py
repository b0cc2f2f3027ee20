"""Which port each listener gets: the configured one, else last time's, else the usual one, else any free one."""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

import psutil

from herun.settings import Settings
from herun.stack.folder import Folder, StackError, write_private

LOOPBACK: Final = "127.0.0.1"

# Any free port is taken from here: below the range that systems give to outgoing connections, so that none of those
# can sit on it between choosing and listening.
_ANY_FROM: Final = 20_000
_ANY_TO: Final = 32_000
_TRIES: Final = 500

NOT_TOLD: Final = "this system does not tell which"

USUAL_PORTS: Final[Mapping[str, int]] = {"mqtt": 1883, "nats": 4222, "database": 5432, "api": 8000}


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of one run; they stay the same when a child is restarted."""

    mqtt: int
    nats: int
    nats_monitor: int
    database: int
    api: int
    gateway_http: int
    processor_http: int


def choose_ports(settings: Settings, folder: Folder) -> Ports:
    """Chooses every port and remembers it for the next start. Raises StackError if a configured one is taken."""
    last = _last_time(folder)
    chosen: dict[str, int] = {}
    for field in fields(Ports):
        host = settings.host if field.name in {"mqtt", "api"} else LOOPBACK
        configured = getattr(settings, f"{field.name}_port")
        taken = frozenset(chosen.values())
        if configured is None:
            wishes = [last.get(field.name), USUAL_PORTS.get(field.name)]
            chosen[field.name] = _first_free(host, [port for port in wishes if port], taken)
        else:
            chosen[field.name] = _configured(f"HERUN_{field.name.upper()}_PORT", host, configured, taken)
    write_private(folder.ports, json.dumps(chosen) + "\n")
    return Ports(**chosen)


def is_free(host: str, port: int) -> bool:
    """True if a listener could be put there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> str:
    """Who listens on a port, in words, as far as this system tells this user."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if listens and connection.pid is not None:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError) as error:
        return f"another program ({type(error).__name__}: {NOT_TOLD})"
    return "another program"


def _configured(name: str, host: str, port: int, taken: frozenset[int]) -> int:
    if port in taken:
        raise StackError(f"{name}={port} is also configured for another listener of this stack")
    if not is_free(host, port):
        raise StackError(f"{name}={port} is taken by {holder_of(port)}: free it, or unset {name} for any free port")
    return port


def _first_free(host: str, wishes: list[int], taken: frozenset[int]) -> int:
    chance = random.SystemRandom()
    for port in (*wishes, *(chance.randrange(_ANY_FROM, _ANY_TO) for _ in range(_TRIES))):
        if port not in taken and is_free(host, port):
            return port
    raise StackError(f"no free port on {host} between {_ANY_FROM} and {_ANY_TO}")


def _last_time(folder: Folder) -> dict[str, int]:
    try:
        found = json.loads(folder.ports.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {name: port for name, port in found.items() if isinstance(port, int)} if isinstance(found, dict) else {}
