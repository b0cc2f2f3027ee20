"""One person's way into the system: HTTP, signed in, with keys that make every write safe to repeat."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx

from simulators.waiting import pause

TRIES: Final = 5  # of one request while the server is away or busy
FIRST_PAUSE_S: Final = 0.2  # before the second try; doubled each time
TIMEOUT_S: Final = 20.0
CONNECTIONS: Final = 20  # of all people of one simulator
_FEED_TIMEOUT: Final = httpx.Timeout(TIMEOUT_S, read=60)  # seconds; the server sends a heartbeat every 15
AGAIN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})


class RefusedError(Exception):
    """The system said no; `status` and `problem` say why."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{method} {path}: {status} {json.dumps(problem, ensure_ascii=False)[:600]}")
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class LiveEvent:
    """One event of the live feed: its cursor, its kind (event, alert, order) and its body."""

    cursor: str
    kind: str
    body: dict[str, Any]


def connect(base_url: str) -> httpx.AsyncClient:
    """The connection pool that all people of a simulator share."""
    limits = httpx.Limits(max_connections=CONNECTIONS + 10, max_keepalive_connections=CONNECTIONS)
    return httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, limits=limits, trust_env=False)


class Person:
    """Somebody who signs in when needed, and again when the token has run out."""

    def __init__(self, http: httpx.AsyncClient, username: str, password: str) -> None:
        self._http = http
        self._password = password
        self._token: str | None = None
        self.username = username

    async def sign_in(self) -> None:
        """Signs in ahead of the first request, which then takes no longer than the others. Raises as `get` does."""
        await self._authorization()

    async def get(self, path: str, **query: str | int) -> Any:
        """The answer's JSON. Raises RefusedError, or httpx.TransportError if nobody answers."""
        return await self._request("GET", path, params=query)

    async def post(self, path: str, body: object = None, **query: str) -> Any:
        """The answer's JSON; safe to repeat. Bytes are sent as they are. Raises as `get` does."""
        return await self._request("POST", path, body=body, params=query)

    async def put(self, path: str, body: object) -> Any:
        """The answer's JSON; safe to repeat. Raises as `get` does."""
        return await self._request("PUT", path, body=body)

    async def send(self, method: str, path: str, body: object = None) -> Any:
        """The answer's JSON of any write; safe to repeat. Raises as `get` does."""
        return await self._request(method, path, body=body)

    async def download(self, path: str) -> bytes:
        """The answer's bytes. Raises as `get` does."""
        return (await self._answer("GET", path)).content

    async def token(self) -> str:
        """An access token of theirs, for another door. Raises as `get` does."""
        return (await self._authorization())["Authorization"].removeprefix("Bearer ")

    async def progress(self, number: str, phone: str) -> dict[str, Any]:
        """How far a report has come, asked without the sign-in. Raises RefusedError."""
        answer = await self._http.get("/v1/progress", params={"number": number, "phone_tail": phone[-4:]})
        found: dict[str, Any] = _json(_taken("GET", answer))
        return found

    async def live(self, site: str, after: str | None = None) -> AsyncIterator[LiveEvent]:
        """The site's live feed, from `after` on if given; ends when the server ends it. Raises as `get` does."""
        headers = {"Accept": "text/event-stream", **await self._authorization()}
        if after is not None:
            headers["Last-Event-ID"] = after
        async with self._http.stream("GET", f"/v1/sites/{site}/live", headers=headers, timeout=_FEED_TIMEOUT) as answer:
            if answer.status_code == HTTPStatus.UNAUTHORIZED:
                self._token = None  # it has run out; whoever comes back signs in again
                return
            if answer.is_error:
                await answer.aread()
                raise _refused("GET", answer)
            async for live in _read_events(answer.aiter_lines()):
                yield live

    async def _authorization(self) -> dict[str, str]:
        if self._token is None:
            body = {"username": self.username, "password": self._password}
            answer = await self._http.post("/v1/sessions", json=body, headers=_key())
            if answer.is_error:
                raise _refused("POST", answer)
            self._token = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self._token}"}

    async def _request(
        self, method: str, path: str, *, body: object = None, params: dict[str, Any] | None = None
    ) -> Any:
        return _json(await self._answer(method, path, body=body, params=params))

    async def _answer(
        self, method: str, path: str, *, body: object = None, params: dict[str, Any] | None = None
    ) -> httpx.Response:
        key = _key() if method != "GET" else {}
        wait_s = FIRST_PAUSE_S
        for tries_left in reversed(range(TRIES)):
            try:
                headers = {**key, **await self._authorization()}
                # An empty query would take away the one that the path may have.
                sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
                answer = await self._http.request(method, path, params=params or None, headers=headers, **sent)
            except (httpx.TransportError, RefusedError) as error:
                if not tries_left or (isinstance(error, RefusedError) and error.status not in AGAIN):
                    raise
            else:
                if answer.status_code == HTTPStatus.UNAUTHORIZED and tries_left:
                    self._token = None
                    continue
                if answer.status_code not in AGAIN or not tries_left:
                    return _taken(method, answer)
            await pause(asyncio.Event(), wait_s)
            wait_s *= 2
        raise AssertionError("the last try returns or raises")


async def _read_events(lines: AsyncIterator[str]) -> AsyncIterator[LiveEvent]:
    """The events of a text/event-stream; comments and events without data are passed over."""
    fields: dict[str, str] = {}
    async for line in lines:
        if not line:
            if "data" in fields and "event" in fields:
                yield LiveEvent(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


def _key() -> dict[str, str]:
    return {"Idempotency-Key": uuid.uuid4().hex}


def _taken(method: str, answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise _refused(method, answer)
    return answer


def _json(answer: httpx.Response) -> Any:
    return answer.json() if answer.content else None


def _refused(method: str, answer: httpx.Response) -> RefusedError:
    try:
        problem = answer.json()
    except ValueError:
        problem = {"detail": answer.text[:300]}
    return RefusedError(method, answer.request.url.path, answer.status_code, problem)
