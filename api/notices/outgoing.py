"""Requests to other companies' services: to hosts that the settings name, bounded, without redirects.

Addresses that people bring (web push) are held to a list of hosts, to https and to public addresses, and the connection
goes to the very address that was checked: a name that answers differently the second time leads nowhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from api.notices.channels.contract import AwayError, RefusedError, TooFastError

TIMEOUT_S: Final = 8.0  # of one request, from connecting to the last byte
MAX_ANSWER_BYTES: Final = 64 * 1024  # these services answer with some hundred bytes
MAX_CONNECTIONS: Final = 20
_HTTPS_PORT: Final = 443


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said."""

    status: int
    body: bytes
    retry_after_s: float | None

    def fields(self) -> dict[str, Any]:
        """The JSON object of the body. Raises AwayError if it is none: a proxy or a broken service has answered."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except msgspec.MsgspecError as error:
            raise AwayError(f"status {self.status} without a JSON object") from error


@dataclass(frozen=True, slots=True)
class Target:
    """A checked address: where to connect, and as whose guest."""

    url: str
    host: str  # with its port, where that is not the scheme's own
    name: str  # for the certificate


@lru_cache
def _tls() -> ssl.SSLContext:
    """Whom the world's authorities vouch for; reading them takes longer than most requests."""
    return httpx.create_ssl_context(trust_env=False)


def make_client() -> httpx.AsyncClient:
    """One client for all channels; proxies of the environment are not asked, for they would undo the checks."""
    return httpx.AsyncClient(
        verify=_tls(),
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
    )


async def post_json(client: httpx.AsyncClient, url: str, body: Any, params: Mapping[str, str] | None = None) -> Answer:
    """The answer to a POST of JSON that was understood. Raises AwayError, RefusedError."""
    request = client.build_request("POST", url, json=body, params=dict(params) if params else None)
    return judged(await send(client, request))


def judged(answer: Answer) -> Answer:
    """The answer if its status is a success. Raises AwayError where it may be another time, RefusedError where not."""
    if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        raise TooFastError(f"status {answer.status}", answer.retry_after_s)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.REQUEST_TIMEOUT:
        raise AwayError(f"status {answer.status}", answer.retry_after_s)
    raise RefusedError(f"status {answer.status}")


async def send(client: httpx.AsyncClient, request: httpx.Request) -> Answer:
    """The answer, whatever it says. Raises AwayError for none, or for one that is too long."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            response = await client.send(request, stream=True)
            try:
                body = b""
                async for chunk in response.aiter_raw():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise AwayError("the answer is too long")
            finally:
                await response.aclose()
    except (httpx.HTTPError, TimeoutError, OSError) as error:
        # The address stands in some of these texts, and with it the secret of a robot.
        raise AwayError(type(error).__name__) from None
    return Answer(response.status_code, body, _seconds(response.headers.get("Retry-After")))


async def checked(endpoint: str, allowed: frozenset[str], private: frozenset[str]) -> Target:
    """Where a push endpoint that a person brought may be reached.

    `allowed` are hosts or their parents; `private` are whole `host:port` that may be local and without TLS, for tests.
    Raises RefusedError for what the settings do not allow, AwayError while the name does not resolve to public
    addresses alone. None of it says that the browser is gone: settings and resolvers are ours to mend.
    """
    problem = forbidden(endpoint, allowed, private)
    if problem is not None:
        raise RefusedError(problem)
    parts = urlsplit(endpoint)
    name = parts.hostname or ""
    port = parts.port or _HTTPS_PORT
    try:
        found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AwayError(f"{name} does not resolve") from error
    addresses = [str(entry[4][0]) for entry in found]
    if parts.netloc not in private and not all(ipaddress.ip_address(each).is_global for each in addresses):
        raise AwayError("the host of the push endpoint is not a public one")
    address = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    return Target(parts._replace(netloc=f"{address}:{port}").geturl(), parts.netloc, name)


def forbidden(endpoint: str, allowed: frozenset[str], private: frozenset[str]) -> str | None:
    """Why this push endpoint is never asked, by its text alone; None if it may be."""
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return "the push endpoint is no address"
    if parts.netloc in private and parts.scheme in {"http", "https"}:
        return None
    name = (parts.hostname or "").rstrip(".")
    if parts.scheme != "https" or port not in {None, _HTTPS_PORT} or parts.username is not None:
        return "a push endpoint is https, on its port, without a user"
    if not any(name == host or name.endswith(f".{host}") for host in allowed):
        return "the host of the push endpoint is no push service that the settings name"
    return None


def _seconds(text: str | None) -> float | None:
    # The other form, a date, is read by nobody here: the pause of our own holds then.
    return float(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 7 else None
