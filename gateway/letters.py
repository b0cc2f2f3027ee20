"""Dead letters on their way into the stream."""

from __future__ import annotations

import asyncio
import uuid
from typing import Final

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from herun import metrics, subjects
from herun.dead_letters import DeadLetter, encode_dead_letter

log = structlog.get_logger(__name__)

PUBLISH_TIMEOUT_S: Final = 2.0  # of one try; a local stream answers in a millisecond
RETRY_PAUSE_S: Final = 0.2  # between tries while the stream is away
MAX_AT_ONCE: Final = 32  # being stored at the same time: a flood of bad input must not crowd out the frames
_MESSAGE_ID: Final = "Nats-Msg-Id"


class LetterBox:
    """Stores dead letters, each once however often it has to try."""

    def __init__(self, js: JetStreamContext) -> None:
        self._js = js
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._counter = metrics.counter("herun_gateway_dead_letters_total")

    async def store(self, letter: DeadLetter) -> None:
        """Returns when the stream has the letter; tries until it has."""
        headers = {_MESSAGE_ID: uuid.uuid4().hex}
        payload = encode_dead_letter(letter)
        subject = subjects.dead_letter_subject(letter.reason.value)
        async with self._places:
            while True:
                if await self._try(subject, payload, headers):
                    break
                await asyncio.sleep(RETRY_PAUSE_S)
        self._counter.labels(letter.reason.value).inc()
        log.debug("dead_letter", reason=letter.reason.value, detail=letter.detail, mqtt_topic=letter.mqtt_topic)

    async def _try(self, subject: str, payload: bytes, headers: dict[str, str]) -> bool:
        try:
            await self._js.publish(
                subject, payload, timeout=PUBLISH_TIMEOUT_S, stream=subjects.STREAM_DEAD_LETTER, headers=headers
            )
        except (TimeoutError, NatsError, APIError, OSError) as error:
            log.warning("dead_letter_not_stored_yet", error=repr(error))
            return False
        return True
