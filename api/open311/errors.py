"""Below /open311 errors are those of the specification: a list of codes and descriptions, in the format asked for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from api.open311.wire import Format, content_type, split_path, written
from api.problems import FieldError, Problem

PREFIX: Final = "/open311/"
# Where the format of an answer is kept while a request is served.
FORMAT: Final = "open311_format"

# "404 for resources that don't exist, 403 because of wrong or missing api_key and basically 400 for any other error".
# What is no fault of the request stays what it is, and so does "too many" (a client has to know when to try again) and
# a method that is not there, with those that are.
_STAYS: Final = frozenset(
    {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.TOO_MANY_REQUESTS}
)
_IS_403: Final = frozenset({HTTPStatus.UNAUTHORIZED})
_KEPT_HEADERS: Final = ("retry-after", "allow")


def refused(*flaws: str) -> Problem:
    """400 with one error for each flaw."""
    errors = [FieldError(loc=[], msg=flaw, type="open311") for flaw in flaws]
    return Problem(HTTPStatus.BAD_REQUEST, "open311", flaws[0], errors=errors)


def unknown(what: str) -> Problem:
    """404."""
    return Problem(HTTPStatus.NOT_FOUND, "not_found", f"{what} was not found")


def no_key(why: str) -> Problem:
    """403: the api_key is missing, wrong, revoked, or not for this."""
    return Problem(HTTPStatus.FORBIDDEN, "api_key", why)


class ReadByPages:
    """Lets web pages of any origin read what is below /open311, without credentials, and write nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._readable = CORSMiddleware(app, allow_origins=["*"], allow_methods=["GET"])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_read = scope["type"] == "http" and scope["path"].startswith(PREFIX) and scope["method"] != "POST"
        await (self._readable if is_read else self._app)(scope, receive, send)


class Open311Errors:
    """Takes the format off the path, and makes of every problem that comes back an error of Open311."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        accept = Headers(scope=scope).get("accept", "")
        scope["path"], scope[FORMAT] = split_path(scope["path"], accept)
        answer = _Answer(scope, receive, send)
        try:
            await self._app(scope, receive, answer.take)
        except Exception:
            # The outermost handler, which would answer with a problem, sees that this is answered, and logs it.
            if not answer.begun:
                await answer.fail(HTTPStatus.INTERNAL_SERVER_ERROR, ["this is our fault; it has been logged"])
            raise


class _Answer:
    """One answer on its way out; a problem is held back until it is whole."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._held: Message | None = None
        self._body = b""
        self.begun = False

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self._held = message
        elif self._held is None:
            self.begun = True
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                await self._translate(self._held)

    async def _translate(self, start: Message) -> None:
        problem = json.loads(self._body)
        headers = {name: value for name, value in Headers(raw=start["headers"]).items() if name in _KEPT_HEADERS}
        await self.fail(_status(problem["status"]), _descriptions(problem), headers)

    async def fail(
        self, status: HTTPStatus, descriptions: Sequence[str], headers: dict[str, str] | None = None
    ) -> None:
        self.begun = True
        form: Format = self._scope[FORMAT]
        errors = [{"code": status.value, "description": each} for each in descriptions]
        response = Response(
            written(form, "errors", errors), status, headers={"Content-Type": content_type(form), **(headers or {})}
        )
        await response(self._scope, self._receive, self._send)


def _is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith(problems.MEDIA_TYPE)


def _status(status: int) -> HTTPStatus:
    found = HTTPStatus(status)
    if found in _IS_403:
        return HTTPStatus.FORBIDDEN
    return found if found in _STAYS or found >= HTTPStatus.INTERNAL_SERVER_ERROR else HTTPStatus.BAD_REQUEST


def _descriptions(problem: dict[str, Any]) -> list[str]:
    return [each["msg"] for each in problem.get("errors") or []] or [problem["detail"]]
