"""Answers the broker's question who a connecting device is, from the registry in memory."""

from __future__ import annotations

from typing import Final

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from gateway.devices import Devices
from herun import metrics
from herun.broker_auth import AUTH_CALLOUT_SUBJECT, AuthRequest, Signer, permissions_of, read_request, secret_matches
from herun.clock import SECOND_US, SystemClock
from herun.errors import InvalidInputError

log = structlog.get_logger(__name__)

_ALLOWED: Final = "allowed"
_REFUSED: Final = "refused"
_WALL: Final = SystemClock()  # the broker judges a token by the machine's clock, never by a simulated one


class AuthResponder:
    """Lets a registered, enabled device with the right secret in, and nobody else."""

    def __init__(self, client: Client, signer: Signer, devices: Devices) -> None:
        self._client = client
        self._signer = signer
        self._devices = devices
        self._answers = metrics.counter("herun_gateway_auth_total")

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
        await question.respond(self._answer(request))

    def _answer(self, request: AuthRequest) -> bytes:
        wall_s = _WALL.now_us() // SECOND_US
        entry = self._devices.get(request.user)
        why = "wrong name or password"
        # The password is looked at even where there is no such device: the time taken must not tell which names exist.
        matches = secret_matches(request.password, entry.secret_sha256 if entry else "")
        if entry is not None and matches:
            if request.client_id_is_reserved:
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
        self._answers.labels(_REFUSED).inc()
        log.warning("device_refused", user=request.user[:130], host=request.host, why=why)
        return self._signer.refuse(request, why, wall_s=wall_s)
