"""Dead letters looked at and sent again, by an operator: on the stream, one at a time.

A letter's number is its sequence in the stream DEAD_LETTER; it never changes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import aiomqtt
import msgspec
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from herun import subjects
from herun.dead_letters import DeadLetter, DeadLetterReason, decode_dead_letter
from herun.errors import InvalidInputError, TransientError
from herun.mqtt.address import parse_broker_url

REPLAY_TIMEOUT_S: Final = 10.0  # for the broker to take one letter
MOST_LISTED: Final = 1_000  # letters of one page


class StoredLetter(msgspec.Struct, frozen=True):
    """A dead letter and its number."""

    number: int
    letter: DeadLetter


async def list_letters(
    js: JetStreamContext, *, reason: DeadLetterReason | None = None, after: int = 0, limit: int = 50
) -> list[StoredLetter]:
    """Letters with numbers above `after`, the oldest first, of one reason or of any; at most MOST_LISTED."""
    subject = subjects.dead_letter_subject("*" if reason is None else reason.value)
    found: list[StoredLetter] = []
    while len(found) < min(limit, MOST_LISTED):
        try:
            message = await js.get_msg(subjects.STREAM_DEAD_LETTER, after + 1, subject, next=True)
        except NotFoundError:
            break
        after = message.seq or 0
        found.append(StoredLetter(after, decode_dead_letter(message.data or b"")))
    return found


async def get_letter(js: JetStreamContext, number: int) -> StoredLetter:
    """One letter. Raises InvalidInputError (`unknown_letter`) if there is none, or no longer."""
    try:
        message = await js.get_msg(subjects.STREAM_DEAD_LETTER, number)
    except NotFoundError as error:
        raise InvalidInputError("unknown_letter", f"there is no dead letter {number}, or no longer") from error
    return StoredLetter(number, decode_dead_letter(message.data or b""))


async def replay_letters(js: JetStreamContext, mqtt_replay_url: str, letters: Sequence[StoredLetter]) -> int:
    """Publishes letters again on the topics they came on, with the bytes they had; returns how many.

    Each is removed once the broker has it: if it still cannot be used, it comes back as a new letter. Raises
    InvalidInputError (`not_replayable`) before the first is sent, and TransientError if the broker does not take one.
    """
    for stored in letters:
        _check(stored)
    try:
        async with _broker(mqtt_replay_url) as client:
            for stored in letters:
                topic = stored.letter.mqtt_topic or ""
                await client.publish(topic, stored.letter.raw, qos=1, timeout=REPLAY_TIMEOUT_S)
                await js.delete_msg(subjects.STREAM_DEAD_LETTER, stored.number)
    except aiomqtt.MqttError as error:
        raise TransientError(f"the broker does not take the letters: {error}") from error
    return len(letters)


def _check(stored: StoredLetter) -> None:
    letter = stored.letter
    if letter.origin != "mqtt" or not letter.mqtt_topic:
        raise InvalidInputError("not_replayable", f"letter {stored.number} did not come by MQTT")
    if len(letter.raw) != letter.length:
        raise InvalidInputError(
            "not_replayable", f"letter {stored.number} was cut: {len(letter.raw)} of {letter.length} bytes are left"
        )


@asynccontextmanager
async def _broker(url: str) -> AsyncIterator[aiomqtt.Client]:
    address = parse_broker_url(url)
    async with aiomqtt.Client(
        address.host, address.port, username=address.username, password=address.password
    ) as client:
        yield client
