"""Feishu (飞书): the robot of a group, signed in the body; a hundred messages a minute, five a second."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final

import httpx

from api.notices import outgoing
from api.notices.channels.contract import AwayError, ChannelName, Message, RefusedError, TooFastError
from herun.clock import SECOND_US, Clock

_TOO_FAST: Final = frozenset({11232, 99991400})
_BUSY: Final = 9499
RATE_PAUSE_S: Final = 60.0
_BAD_SIGNATURE: Final = 19021  # also when clocks differ by an hour: ours to mend, so the message waits


def signature(secret: str, timestamp_s: int) -> str:
    """`sign` of the body: HMAC-SHA256 of nothing, under time and secret on a line each."""
    key = f"{timestamp_s}\n{secret}"
    return base64.b64encode(hmac.digest(key.encode(), b"", hashlib.sha256)).decode()


class Feishu:
    """The robot knows no dedupe id: a crash between its answer and our note of it doubles the message."""

    name = ChannelName.FEISHU

    def __init__(self, client: httpx.AsyncClient, wall: Clock) -> None:
        self._client = client
        self._wall = wall

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        body: dict[str, Any] = {"msg_type": "text", "content": {"text": f"{message.title}\n{message.text}"}}
        if secret := address.get("secret"):
            timestamp_s = self._wall.now_us() // SECOND_US
            body |= {"timestamp": str(timestamp_s), "sign": signature(secret, timestamp_s)}
        request = self._client.build_request("POST", address["url"], json=body)
        answer = await outgoing.send(self._client, request)
        # It tells of its limits with status 400 or 429 and the code in the body.
        said = answer.fields()
        code = said.get("code", said.get("StatusCode"))  # its older word for the same
        if code in _TOO_FAST:
            raise TooFastError(f"code {code}", answer.retry_after_s or RATE_PAUSE_S)
        if code in {_BUSY, _BAD_SIGNATURE}:
            raise AwayError(f"code {code}")
        outgoing.judged(answer)
        if code != 0:
            raise RefusedError(f"code {code}")
