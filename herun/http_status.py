"""Health, readiness and metrics of a service over HTTP, the same for every service that has no HTTP of its own.

| path | answer |
|---|---|
| `/healthz` | 200 while the process answers at all |
| `/readyz` | 200 and `{"ready": true}`, or 503 and `{"ready": false, "because": [sentences]}` |
| `/metrics` | Prometheus text: the metrics of herun.metrics and those of the process (CPU seconds, memory) |
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

PROBE_TIMEOUT_S: Final = 2.0  # of one readiness probe; who asks gives up soon after
MAX_CONNECTIONS: Final = 64  # at once: a scraper, a supervisor, a person

ReadyProbe = Callable[[], Awaitable[list[str]]]
"""Really looks and returns what is not ready yet, one sentence each; an empty list means ready."""

StatusRoute = Callable[[], Awaitable[Any]]
"""Returns something that can be written as JSON."""

_JSON: Final = b"application/json"


@asynccontextmanager
async def serve_status(
    port: int | None, ready: ReadyProbe, routes: Mapping[str, StatusRoute] | None = None, *, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """Serves while the context is open and yields the port, a free one for None or 0. Raises OSError if it is taken.

    `routes` are further GET paths by path, answered with JSON.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port or 0))
        server = Server(
            uvicorn.Config(
                StatusApp(ready, routes or {}),
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                limit_concurrency=MAX_CONNECTIONS,
                timeout_graceful_shutdown=1,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="http-status")
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await serving
    finally:
        listener.close()


class Server(uvicorn.Server):
    """Leaves the signals to herun.lifecycle."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class StatusApp:
    """The ASGI application behind `serve_status`."""

    def __init__(self, ready: ReadyProbe, routes: Mapping[str, StatusRoute]) -> None:
        self._ready = ready
        self._routes = routes

    async def __call__(self, scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] != "http":
            return
        status, media_type, body = await self._answer(scope["method"], scope["path"])
        headers = [(b"content-type", media_type), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": False}
        )

    async def _answer(self, method: str, path: str) -> tuple[int, bytes, bytes]:
        if method not in {"GET", "HEAD"}:
            return 405, _JSON, b'{"title":"only GET is served here"}'
        if path == "/healthz":
            return 200, _JSON, b'{"healthy":true}'
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST.encode(), generate_latest()
        if path == "/readyz":
            because = await self._probe()
            body = {"ready": not because, "because": because}
            return (503 if because else 200), _JSON, msgspec.json.encode(body)
        if path in self._routes:
            return 200, _JSON, msgspec.json.encode(await self._routes[path]())
        return 404, _JSON, b'{"title":"no such path"}'

    async def _probe(self) -> list[str]:
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return await self._ready()
        except TimeoutError:
            return [f"the readiness probe did not end within {PROBE_TIMEOUT_S} s"]
