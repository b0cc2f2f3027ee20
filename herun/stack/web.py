"""One GET over loopback, for health and what else a process says of itself."""

from __future__ import annotations

import asyncio
from typing import Final

import psutil

_TIMEOUT_S: Final = 2.0
_MAX_BYTES: Final = 1024 * 1024  # of an answer: ten thousand devices whose clocks are off


async def get(host: str, port: int, path: str) -> tuple[int, str] | None:
    """Status and body; None if nobody answers."""
    try:
        return await asyncio.wait_for(_get(host, port, path), _TIMEOUT_S)
    except (TimeoutError, OSError, ValueError):
        return None


async def answers_ok(host: str, port: int, path: str) -> bool:
    """True if the answer is 200."""
    answer = await get(host, port, path)
    return answer is not None and answer[0] == 200


async def answers_itself(pid: int, host: str, port: int, path: str) -> bool:
    """True if the answer is 200, and it is this process that listens there: another stack may have taken the port."""
    return await answers_ok(host, port, path) and await asyncio.to_thread(_listens, pid, port)


def _listens(pid: int, port: int) -> bool:
    try:
        sockets = psutil.Process(pid).net_connections("tcp")
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # whoever may not look has to believe the answer
        return True
    return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)


async def _get(host: str, port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode("ascii"))
        raw = await reader.read(_MAX_BYTES)
        while chunk := await reader.read(_MAX_BYTES - len(raw)):
            raw += chunk
    finally:
        writer.close()
    head, _, body = raw.partition(b"\r\n\r\n")
    status = head.partition(b" ")[2][:3]  # empty if the process ended in the middle: no answer
    return int(status), body.decode("utf-8", "replace")
