"""WeChat official account (微信公众号): template messages to those who have bound themselves to it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from api.notices import outgoing
from api.notices.channels.contract import AwayError, ChannelName, GoneError, Message, RefusedError
from herun.clock import SECOND_US, Clock

API: Final = "https://api.weixin.qq.com"
RENEW_BEFORE_S: Final = 300  # a token is not used in its last minutes: a request may take a while
RATE_PAUSE_S: Final = 600.0
VALUE_CHARS: Final = 20  # of a `thing`: longer ones are refused
_CLIENT_ID_CHARS: Final = 32

_STALE_TOKEN: Final = frozenset({40001, 40014, 42001})
_PASSING: Final = frozenset({-1, 43108, 45009, 45011})  # busy, limits of a day or a minute
# Who has left the account. An openid that is none (40003) may be one of another account, which the settings had before
# or have by mistake, and who wants no messages (43101) may want them again: these are kept.
_GONE: Final = 43004
_BAD_CODE: Final = frozenset({40029, 40163, 41008, 42003})  # of a sign-in: none, used, missing, too old
# Between two tokens that we have WeChat make: it takes 20 such wishes a day, of all who share the account.
FORCE_AGAIN_S: Final = 7200


@dataclass(frozen=True, slots=True)
class Account:
    """The official account, and which field of its template takes which words."""

    app_id: str
    app_secret: str
    template_id: str
    api: str = API
    title_field: str = "thing1"
    number_field: str = "character_string2"
    time_field: str = "time3"


class WeChat:
    """`client_msg_id` is the dedupe id: for ten minutes WeChat sends nothing twice under one.

    The token comes from `stable_token`, so that several processes share one and none makes another's invalid. A new
    one, which ends the old one for all, is forced only if the very token that WeChat gives is the one that it refuses.
    """

    name = ChannelName.WECHAT

    def __init__(self, client: httpx.AsyncClient, account: Account, wall: Clock) -> None:
        self._client = client
        self._account = account
        self._wall = wall
        self._token = ""
        self._good_until_us = 0
        self._force_from_us = 0
        self._one_at_a_time = asyncio.Lock()

    async def send(self, address: Mapping[str, str], message: Message) -> None:
        token = await self._fresh_token()
        code = await self._send(token, address["openid"], message)
        if code in _STALE_TOKEN:
            # Somebody has renewed it elsewhere.
            code = await self._send(await self._fresh_token(instead_of=token), address["openid"], message)
        if code == 0:
            return
        if code == _GONE:
            raise GoneError(f"errcode {code}")
        if code in _PASSING | _STALE_TOKEN:
            raise AwayError(f"errcode {code}", RATE_PAUSE_S)
        raise RefusedError(f"errcode {code}")

    async def openid(self, code: str) -> str:
        """Whose the code is that WeChat gave to a person's browser. Raises RefusedError for none, AwayError
        for whatever else WeChat says: that is its trouble, or ours.
        """
        account = self._account
        query = {
            "appid": account.app_id,
            "secret": account.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        request = self._client.build_request("GET", f"{account.api}/sns/oauth2/access_token", params=query)
        answer = await outgoing.send(self._client, request)
        said = answer.fields()
        found, errcode = said.get("openid"), said.get("errcode")
        if isinstance(found, str) and found.strip():
            return found
        if errcode in _BAD_CODE:
            raise RefusedError(f"errcode {errcode}")
        raise AwayError(f"status {answer.status}, errcode {errcode}")

    async def _send(self, token: str, openid: str, message: Message) -> Any:
        account = self._account
        data = {
            account.title_field: {"value": message.title[:VALUE_CHARS]},
            account.number_field: {"value": message.number or "-"},
            account.time_field: {"value": message.made_at[:16].replace("T", " ")},
        }
        body = {
            "touser": openid,
            "template_id": account.template_id,
            "client_msg_id": hashlib.sha256(message.dedupe_id.encode()).hexdigest()[:_CLIENT_ID_CHARS],
            "data": data,
        }
        url = f"{account.api}/cgi-bin/message/template/send"
        answer = await outgoing.post_json(self._client, url, body, {"access_token": token})
        return answer.fields().get("errcode")

    async def _fresh_token(self, instead_of: str | None = None) -> str:
        """The token; `instead_of` names one that was refused."""
        async with self._one_at_a_time:
            now_us = self._wall.now_us()
            if self._token and self._token != instead_of and now_us < self._good_until_us:
                return self._token
            token, lives_s = await self._ask_token()
            if token == instead_of:
                if now_us < self._force_from_us:
                    raise AwayError("the token is refused that was made anew", RATE_PAUSE_S)
                self._force_from_us = now_us + int(RATE_PAUSE_S) * SECOND_US  # if it comes to nothing
                token, lives_s = await self._ask_token(is_forced=True)
                self._force_from_us = now_us + FORCE_AGAIN_S * SECOND_US
            self._token = token
            self._good_until_us = now_us + (lives_s - RENEW_BEFORE_S) * SECOND_US
            return token

    async def _ask_token(self, *, is_forced: bool = False) -> tuple[str, int]:
        """The token that is in force, or a new one, and how many seconds it lives. Raises AwayError."""
        account = self._account
        body = {"grant_type": "client_credential", "appid": account.app_id, "secret": account.app_secret}
        answer = await outgoing.post_json(
            self._client, f"{account.api}/cgi-bin/stable_token", {**body, "force_refresh": is_forced}
        )
        said = answer.fields()
        if not isinstance(said.get("access_token"), str):
            raise AwayError(f"no token: errcode {said.get('errcode')}", RATE_PAUSE_S)
        return said["access_token"], int(said.get("expires_in", 0))
