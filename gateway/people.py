"""People who connect by MQTT to hear of their notices: the API says who they are."""

from __future__ import annotations

from typing import Final

import msgspec
import structlog
from nats.aio.client import Client
from nats.errors import Error as NatsError

from herun import subjects
from herun.broker_auth import AuthRequest, PersonAllowed, PersonQuestion
from herun.names import is_name

log = structlog.get_logger(__name__)

TIMEOUT_S: Final = 3.0  # the broker waits five for us
_MAX_TOKEN_CHARS: Final = 2000


class People:
    """Asks the API on the stream's connection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def recognise(self, request: AuthRequest) -> tuple[PersonAllowed | None, str]:
        """Who this is, or None and why not."""
        username = request.person
        if username is None or not is_name(username) or len(request.password) > _MAX_TOKEN_CHARS:
            return None, "no person, or no token"
        question = msgspec.json.encode(PersonQuestion(username, request.password))
        try:
            answer = await self._client.request(subjects.PEOPLE_SIGN_IN, question, timeout=TIMEOUT_S)
            if not answer.data:
                return None, "wrong name or token"
            return msgspec.json.decode(answer.data, type=PersonAllowed), ""
        except (NatsError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            log.warning("person_not_asked_about", error=repr(error))
            return None, "the API does not answer"
