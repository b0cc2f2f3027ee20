"""A write with an `Idempotency-Key` is done once, however often it is sent."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Response
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from pydantic import BaseModel

from api.access import Caller, requires
from api.idempotency import store
from api.problems import conflict, invalid
from api.resources import Resources, resources_of
from api.roles import Role
from api.transactions import Transaction, begin
from api.work_orders.kinds import NOBODY

# How long an answer is kept: whoever repeats a request later than this must look first.
MAX_AGE: Final = timedelta(hours=24)
_JSON: Final = "application/json"


def _key(least: int, which: str) -> Any:
    return Header(
        alias="Idempotency-Key",
        pattern=rf"^[\x21-\x7e]{{{least},200}}$",
        description=f"{which}, one per write: the same key with the same request gives the same answer for 24 hours and"
        " does nothing twice; with another request it is refused (422)",
    )


Key = Annotated[str | None, _key(1, "Any text of your choice")]
# Whoever does not say who they are shares their keys with all others who do not: it must be one that nobody guesses.
NobodysKey = Annotated[str | None, _key(16, "A random text")]
Act = Callable[[Transaction], Awaitable[BaseModel]]


@dataclass(frozen=True, slots=True)
class Once:
    """What is written at most once: by whom, and under which key."""

    resources: Resources
    actor: str
    request: Request
    key: str | None

    async def once(self, site: str, act: Act, status: HTTPStatus = HTTPStatus.OK) -> Response:
        """Runs `act` in a transaction of the site and answers with what it returns, or with the answer kept before.

        Answer and act are committed together. Errors are not kept: nothing was done, so it may be tried again.
        """
        async with begin(self.resources, site, self.actor) as tx:
            if self.key is None:
                return _answer(await _body(tx, act), status.value)
            request_hash = await self._request_hash()
            kept = await store.claim(tx, self.key, request_hash, tx.wall - MAX_AGE)
            if kept:
                return self._again(kept, request_hash)
            body = await _body(tx, act)
            await store.keep(tx, self.key, status.value, self._box().encrypt(body))
        return _answer(body, status.value)

    async def answered(self, site: str) -> Response | None:
        """The answer kept before, if there is one: asked by whoever has something to do before `once` that counts."""
        if self.key is None:
            return None
        async with begin(self.resources, site, self.actor) as tx:
            kept = await store.kept(tx, self.key, tx.wall - MAX_AGE)
        return self._again(kept, await self._request_hash()) if kept else None

    def _again(self, kept: store.Kept, request_hash: bytes) -> Response:
        if kept.request_hash != request_hash:
            raise invalid("idempotency_key_reused", "this Idempotency-Key came before with another request")
        try:
            body = self._box().decrypt(kept.response)
        except CryptoError as error:
            raise conflict("answer_lost", "this was done already, but its answer can no longer be read") from error
        response = _answer(body, kept.status)
        response.headers["Idempotent-Replayed"] = "true"
        return response

    async def _request_hash(self) -> bytes:
        url = self.request.url
        head = f"{self.request.method} {url.path}?{url.query}\n".encode("utf-8", "surrogateescape")
        return hashlib.sha256(head + await self.request.body()).digest()

    def _box(self) -> SecretBox:
        # Answers hold device secrets and people's phones: they lie sealed.
        return SecretBox(self.resources.derived_key("idempotency"))


@dataclass(frozen=True, slots=True)
class Writer(Once):
    """Somebody who is signed in, and writes."""

    caller: Caller


def writes(*roles: Role, everywhere: bool = False) -> Callable[..., Awaitable[Writer]]:
    """A dependency of every route that writes: the caller must meet `api.access.requires`."""

    required = requires(*roles, everywhere=everywhere)

    async def writer(request: Request, caller: Caller = Depends(required), idempotency_key: Key = None) -> Writer:
        return Writer(resources_of(request), caller.username, request, idempotency_key, caller)

    return writer


async def written_by_nobody(request: Request, idempotency_key: NobodysKey = None) -> Once:
    """A dependency of a route by which whoever does not say who they are writes."""
    return Once(resources_of(request), NOBODY, request, idempotency_key)


async def _body(tx: Transaction, act: Act) -> bytes:
    return (await act(tx)).model_dump_json(by_alias=True).encode()  # as what is read is written


def _answer(body: bytes, status: int) -> Response:
    return Response(body, status, media_type=_JSON)
