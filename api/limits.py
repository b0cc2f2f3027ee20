"""How much of a request is read, how long it may take, and what is measured of every one."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import background
from api.problems import RETRY_AFTER_S, Problem, answer
from herun import metrics

MAX_BODY_BYTES: Final = 1024 * 1024  # a thousand devices with all their fields are a third of it
# Forms with pictures in them.
LARGER_BODIES: Final = {"/open311/": 8 * 1024 * 1024}
# Until an answer begins: more than the wait for a connection to the database and than a bulk of new passwords takes.
ANSWER_S: Final = 20.0

# Bodies that are a picture.
_PICTURES: Final = "/pictures"
MAX_PICTURE_BYTES: Final = 12 * 1024 * 1024
# Many rules at once: a thousand of some kilobytes, as many as a request may put.
_RULES: Final = "/rules"
MAX_RULES_BYTES: Final = 4 * 1024 * 1024

_UNKNOWN_ROUTE: Final = "(none)"  # not the path: whoever asks for paths that do not exist could fill the metrics
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})

_requests = metrics.counter("herun_api_requests_total")
_seconds = metrics.histogram("herun_api_request_seconds")


def too_large(most: int = MAX_BODY_BYTES) -> Problem:
    """413 with the bound."""
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", f"a request body has at most {most} bytes")


def most_bytes(path: str) -> int:
    """How large a body may be that is sent to this path."""
    if path.endswith(_PICTURES):
        return MAX_PICTURE_BYTES
    if path.endswith(_RULES):
        return MAX_RULES_BYTES
    return next((most for prefix, most in LARGER_BODIES.items() if path.startswith(prefix)), MAX_BODY_BYTES)


class BodyLimit:
    """Refuses larger bodies, by their announced length at once, without one as soon as they are over."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = most_bytes(scope["path"])
        if _announced(scope) > most:
            await answer(too_large(most))(scope, receive, send)
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise too_large(most)
            return message

        await self._app(scope, bounded, send)


def too_late() -> Problem:
    """503 for a request that something which hangs has kept too long."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "try_again",
        f"no answer within {ANSWER_S:.0f} s; send it again, with the same Idempotency-Key",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


class Deadline:
    """Answers 503 in place of a route that has not begun to answer in time; an answer that has begun may take long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = asyncio.Event()
        late = False

        async def watched(message: Message) -> None:
            begun.set()
            if not late:
                await send(message)

        async def route() -> None:
            try:
                await self._app(scope, receive, watched)
            finally:
                begun.set()

        task = asyncio.create_task(route())
        try:
            await background.wait(begun, ANSWER_S)
            if begun.is_set():
                await task
                return
            late = True
            await answer(too_late())(scope, receive, send)
        finally:
            background.leave(task)


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
