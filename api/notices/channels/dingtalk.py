"""DingTalk (钉钉): the robot of a group, signed; twenty messages a minute, more block it for ten."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

import httpx

from api.notices import outgoing
from api.notices.channels.contract import AwayError, ChannelName, Message, RefusedError, TooFastError
from herun.clock import Clock

_MILLISECOND_US: Final = 1000
_TOO_FAST: Final = frozenset({130101, 410100})
_BUSY: Final = -1
# The signature, a clock that is off by an hour, or what the robot's settings allow: ours to mend, so the message waits.
_NOT_ALLOWED: Final = 310000
RATE_PAUSE_S: Final = 600.0  # how long it blocks whoever was too fast


def signature(secret: str, timestamp_ms: int) -> str:
    """`sign` of the query: HMAC-SHA256 under the secret, of time and secret on a line each."""
    text = f"{timestamp_ms}\n{secret}"
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), hashlib.sha256)).decode()


class DingTalk:
    """The robot knows no dedupe id: a crash between its answer and our note of it doubles the message."""

    name = ChannelName.DINGTALK

    def __init__(self, client: httpx.AsyncClient, wall: Clock) -> None:
        self._client = client
        self._wall = wall

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        url = httpx.URL(address["url"])
        if secret := address.get("secret"):
            timestamp_ms = self._wall.now_us() // _MILLISECOND_US
            url = url.copy_merge_params({"timestamp": str(timestamp_ms), "sign": signature(secret, timestamp_ms)})
        body = {"msgtype": "text", "text": {"content": f"{message.title}\n{message.text}"}}
        said = (await outgoing.post_json(self._client, str(url), body)).fields()
        code = said.get("errcode")
        if code in _TOO_FAST:
            raise TooFastError(f"errcode {code}", RATE_PAUSE_S)
        if code in {_BUSY, _NOT_ALLOWED}:
            raise AwayError(f"errcode {code}")
        if code != 0:
            raise RefusedError(f"errcode {code}")
