"""How much of a request is read, and what is measured of every one."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, answer
from herun import metrics

MAX_BODY_BYTES: Final = 1024 * 1024  # a thousand devices with all their fields are a third of it

_UNKNOWN_ROUTE: Final = "(none)"  # not the path: whoever asks for paths that do not exist could fill the metrics
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})

_requests = metrics.counter("herun_api_requests_total")
_seconds = metrics.histogram("herun_api_request_seconds")


def too_large() -> Problem:
    """413 with the bound."""
    return Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"a request body has at most {MAX_BODY_BYTES} bytes"
    )


class BodyLimit:
    """Refuses larger bodies, by their announced length at once, without one as soon as they are over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _announced(scope) > MAX_BODY_BYTES:
            await answer(too_large())(scope, receive, send)
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > MAX_BODY_BYTES:
                raise too_large()
            return message

        await self._app(scope, bounded, send)


class Measured:
    """Counts and times requests by route template."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = HTTPStatus.INTERNAL_SERVER_ERROR.value
        begun = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = _template(scope)
            method = scope["method"] if scope["method"] in _METHODS else "other"
            _requests.labels(method, route, str(status)).inc()
            _seconds.labels(route).observe(time.perf_counter() - begun)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _template(scope: Scope) -> str:
    route: Any = scope.get("route")
    return getattr(route, "path", _UNKNOWN_ROUTE)
