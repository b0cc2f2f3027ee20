"""Web push: to the browsers that a person has subscribed (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import httpx
import msgspec

from api.notices import outgoing, web_push_cipher
from api.notices.channels.contract import ChannelName, GoneError, Message
from api.notices.web_push_cipher import Vapid
from herun.clock import SECOND_US, Clock

TTL_S: Final = 24 * 3600  # how long the service keeps it for a browser that is away
_TOPIC_CHARS: Final = 32  # of the standard
_GONE: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class WebPush:
    """One address is one browser: endpoint and its two keys.

    The topic makes a service drop the earlier of two undelivered ones; `tag` makes a browser replace the earlier one.
    """

    name = ChannelName.WEB_PUSH

    def __init__(
        self, client: httpx.AsyncClient, vapid: Vapid, wall: Clock, allowed: frozenset[str], private: frozenset[str]
    ) -> None:
        self._client = client
        self._vapid = vapid
        self._wall = wall
        self._allowed = allowed
        self._private = private

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        endpoint = address["endpoint"]
        target = await outgoing.checked(endpoint, self._allowed, self._private)
        try:
            keys = web_push_cipher.browser_keys(address["p256dh"], address["auth"])
        except ValueError as error:
            raise GoneError(str(error)) from error
        headers = {
            "Host": target.host,
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S),
            "Topic": hashlib.sha256(message.dedupe_id.encode()).hexdigest()[:_TOPIC_CHARS],
            "Authorization": self._vapid.authorization(endpoint, self._wall.now_us() // SECOND_US),
        }
        request = self._client.build_request(
            "POST",
            target.url,
            content=web_push_cipher.seal(plain(message), keys),
            headers=headers,
            extensions={"sni_hostname": target.name},
        )
        answer = await outgoing.send(self._client, request)
        if answer.status in _GONE:
            raise GoneError(f"status {answer.status}")
        outgoing.judged(answer)


def plain(message: Message) -> bytes:
    """What the page's service worker reads, before it is sealed."""
    shown = {"tag": message.dedupe_id, "kind": message.kind, "number": message.number}
    return msgspec.json.encode({**shown, "title": message.title, "body": message.text, "at": message.made_at})
