"""Says to a gateway whether somebody who connects by MQTT is who they say: the password is an access token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import structlog
from nats.aio.msg import Msg

from api.access import recognise
from api.background import AWAY
from api.notices import contacts
from api.problems import Problem
from api.resources import Resources
from api.sessions import tokens
from api.transactions import begin
from herun.broker_auth import PersonAllowed, PersonQuestion
from herun.clock import SECOND_US

log = structlog.get_logger(__name__)

QUEUE: Final = "api"  # one instance answers
_FAILURES: Final = (*AWAY, msgspec.MsgspecError)


def answering(resources: Resources) -> Callable[[Msg], Awaitable[None]]:
    """Answers on `subjects.PEOPLE_SIGN_IN`; an empty answer is no."""

    async def answer(question: Msg) -> None:
        try:
            allowed = await _allowed(resources, msgspec.json.decode(question.data, type=PersonQuestion))
            await question.respond(msgspec.json.encode(allowed) if allowed else b"")
        except _FAILURES as error:
            # Without an answer the gateway refuses, and the app connects again.
            log.warning("person_not_recognised_now", error=repr(error))

    return answer


async def _allowed(resources: Resources, question: PersonQuestion) -> PersonAllowed | None:
    claims = tokens.read(resources, question.token)
    if claims is None or claims.username != question.username:
        return None
    try:
        caller = await recognise(resources, claims, None)
    except Problem:
        return None
    async with begin(resources, caller.home, caller.username) as tx:
        await contacts.connected_by_mqtt(tx, caller.username)
    return PersonAllowed(caller.username, caller.home, claims.expires_wall_us // SECOND_US)
