"""WeCom (企业微信): the robot of a group. Its address is its secret; twenty messages a minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx

from api.notices import outgoing
from api.notices.channels.contract import AwayError, ChannelName, Message, RefusedError, TooFastError

_TOO_FAST: Final = frozenset({45009, 45033})
_BUSY: Final = -1
RATE_PAUSE_S: Final = 60.0  # the limit counts a minute


class WeCom:
    """The robot knows no dedupe id: a crash between its answer and our note of it doubles the message."""

    name = ChannelName.WECOM

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        body = {"msgtype": "text", "text": {"content": f"{message.title}\n{message.text}"}}
        said = (await outgoing.post_json(self._client, address["url"], body)).fields()
        code = said.get("errcode")
        if code in _TOO_FAST:
            raise TooFastError(f"errcode {code}", RATE_PAUSE_S)
        if code == _BUSY:
            raise AwayError(f"errcode {code}")
        if code != 0:
            raise RefusedError(f"errcode {code}")
