"""MQTT: `herun/v1/<site>/people/<username>/notice`, which only that person's connection may read.

The gateway, which holds the connection to the broker, publishes it at QoS 1 and answers when the broker has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from nats.aio.client import Client
from nats.errors import Error as NatsError

from api.notices.channels.contract import AwayError, ChannelName, Message
from herun import subjects

TIMEOUT_S: Final = 5.0  # the gateway gives the broker three


class Published(msgspec.Struct):
    """The gateway's answer."""

    published: bool
    why: str = ""


class Mqtt:
    """Who gets a notice twice (a crash between broker and database) knows it by its `id`."""

    name = ChannelName.MQTT

    def __init__(self, client: Client) -> None:
        self._client = client

    async def send(self, address: Mapping[str, str], message: Message) -> None:  # noqa: ARG002 - the topic is the name
        body = {
            "id": message.dedupe_id,
            "kind": message.kind,
            "number": message.number,
            "title": message.title,
            "text": message.text,
            "time": message.made_at,
        }
        subject = subjects.notice_subject(message.site, message.recipient)
        try:
            answer = await self._client.request(subject, msgspec.json.encode(body), timeout=TIMEOUT_S)
            said = msgspec.json.decode(answer.data, type=Published)
        except (NatsError, TimeoutError, OSError, msgspec.MsgspecError) as error:
            raise AwayError(f"no gateway answers: {type(error).__name__}") from error
        if not said.published:
            raise AwayError(said.why)
