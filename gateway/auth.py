"""Answers the broker's question who connects: a device by the registry in memory, a person by what the API says."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from gateway.devices import Devices
from gateway.people import People
from herun import metrics
from herun.broker_auth import (
    AUTH_CALLOUT_SUBJECT,
    PEOPLE_PREFIX,
    AuthRequest,
    Signer,
    is_client_id_of_person,
    permissions_of,
    permissions_of_person,
    read_request,
    secret_matches,
)
from herun.clock import SECOND_US, SystemClock
from herun.errors import InvalidInputError

log = structlog.get_logger(__name__)

# A device may connect as soon as its registration is answered, and the registry reaches us a moment later. The broker
# waits five seconds for us; more strangers than this at once are refused without waiting.
REGISTRY_WITHIN_S: Final = 1.5
REGISTRY_LOOK_S: Final = 0.05
MAX_WAITING: Final = 256

_ALLOWED: Final = "allowed"
_REFUSED: Final = "refused"
_WALL: Final = SystemClock()  # the broker judges a token by the machine's clock, never by a simulated one


class AuthResponder:
    """Lets a registered, enabled device with the right secret in, a person with their token, and nobody else."""

    def __init__(self, client: Client, signer: Signer, devices: Devices, people: People) -> None:
        self._client = client
        self._people = people
        self._signer = signer
        self._devices = devices
        self._answers = metrics.counter("herun_gateway_auth_total")
        self._waiting: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begins to answer. Until then the broker refuses every device."""
        await self._client.subscribe(AUTH_CALLOUT_SUBJECT, cb=self._on_question)

    def _is_anothers(self, request: AuthRequest) -> bool:
        """True if the client id is `<site>:<device>` of another device: who connects under an id throws its user out.

        Only this form belongs to somebody. No name holds a colon, so that it can mean no other device, and an id that
        is made up in any other way is refused to nobody.
        """
        named = request.client_id.replace(":", ".", 1)
        return named not in {request.client_id, request.user} and self._devices.get(named) is not None

    async def _on_question(self, question: Msg) -> None:
        try:
            request = read_request(question.data)
        except InvalidInputError as error:
            log.error("auth_question_unreadable", detail=error.detail)
            return
        if self._knows(request) or len(self._waiting) >= MAX_WAITING:
            await question.respond(self._answer(request))
            return
        later = self._answer_later if request.person is None else self._answer_person
        task = asyncio.create_task(later(question, request))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def _knows(self, request: AuthRequest) -> bool:
        entry = self._devices.get(request.user)
        return entry is not None and secret_matches(request.password, entry.secret_sha256)

    async def _answer_later(self, question: Msg, request: AuthRequest) -> None:
        """Waits a moment for the registry before it refuses; who only guesses waits as long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + REGISTRY_WITHIN_S
        while not self._knows(request) and loop.time() < until:  # noqa: ASYNC110 - the registry is a dictionary
            await asyncio.sleep(REGISTRY_LOOK_S)
        await _respond(question, self._answer(request))

    async def _answer_person(self, question: Msg, request: AuthRequest) -> None:
        allowed, why = None, "the client id is not this person's"
        if is_client_id_of_person(request):
            allowed, why = await self._people.recognise(request)
        wall_s = _WALL.now_us() // SECOND_US
        if allowed is None:
            await _respond(question, self._refuse(request, why, wall_s))
            return
        self._answers.labels(_ALLOWED).inc()
        permissions = permissions_of_person(allowed)
        answer = self._signer.allow(request, permissions, wall_s=wall_s, until_s=allowed.until_s)
        await _respond(question, answer)

    def _answer(self, request: AuthRequest) -> bytes:
        wall_s = _WALL.now_us() // SECOND_US
        entry = self._devices.get(request.user)
        why = "wrong name or password"
        # The password is looked at even where there is no such device: the time taken must not tell which names exist.
        matches = secret_matches(request.password, entry.secret_sha256 if entry else "")
        if entry is not None and matches:
            if request.client_id_is_reserved or request.client_id.startswith(PEOPLE_PREFIX):
                why = "the client id is reserved"
            elif self._is_anothers(request):
                why = "the client id is another device's"
            elif not entry.enabled:
                why = "the device is disabled"
            else:
                try:
                    permissions = permissions_of(entry)
                except InvalidInputError as error:
                    why = error.detail
                else:
                    self._answers.labels(_ALLOWED).inc()
                    return self._signer.allow(request, permissions, wall_s=wall_s)
        return self._refuse(request, why, wall_s)

    def _refuse(self, request: AuthRequest, why: str, wall_s: int) -> bytes:
        self._answers.labels(_REFUSED).inc()
        log.warning("device_refused", user=request.user[:130], host=request.host, why=why)
        return self._signer.refuse(request, why, wall_s=wall_s)


async def _respond(question: Msg, answer: bytes) -> None:
    try:
        await question.respond(answer)
    except NatsError as error:
        log.warning("auth_answer_not_sent", error=repr(error))
