"""The services that notices go to, as strict as the real ones, on a loopback port.

They check signatures, tokens and the form of what comes, keep what they took, and answer as they are told to first:
a status, an error code of their own, a redirect, silence.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import jwt
import msgspec
import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.notices import web_push_cipher
from herun.clock import MINUTE_US, SECOND_US, Clock, SystemClock
from herun.http_status import Server
from tests.integration.api.running import until
from tests.support.ports import free_port

SECRET: Final = "SECmade-up"
WECOM_KEY: Final = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
APP_ID, APP_SECRET, TEMPLATE = "wx-made-up", "app-secret", "ngqIpbwh8bUfcSsECmogfXcV14J0tQlEpBO27izEYtY"
HOUR_S: Final = 3600
MINUTE_S: Final = 60
A_MINUTE: Final = 20  # what WeCom and DingTalk take; Feishu takes more, and is held to the same here
WECHAT_MS: Final = 20
HANG: Final = "hang"
REDIRECT: Final = "redirect"
_WALL: Final = SystemClock()


def wall_s() -> int:
    return _WALL.now_us() // SECOND_US


class Browser:
    """Somebody's browser: what it gives the page, and how it reads what comes."""

    def __init__(self, url: str) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = b"0123456789abcdef"
        self.endpoint = url
        self.read: list[dict[str, Any]] = []

    @property
    def subscription(self) -> dict[str, Any]:
        point = web_push_cipher._point(self.key)
        keys = {"p256dh": web_push_cipher.encode(point), "auth": web_push_cipher.encode(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}


class Fakes:
    """All HTTP services in one process. `next_answers[service]` is what each says before it says the truth."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self.taken: dict[str, list[Any]] = defaultdict(list)
        self.asked: dict[str, int] = defaultdict(int)
        self.next_answers: dict[str, deque[Any]] = defaultdict(deque)
        self.browsers: dict[str, Browser] = {}
        self.tokens_given = 0
        self.token = ""
        self.openids = {"good-code-1": "oABCD-made-up-openid"}
        self.sent_ids: set[str] = set()
        self.released = asyncio.Event()
        self.wall: Clock = SystemClock()  # by which robots count minutes
        self._came: dict[str, deque[int]] = defaultdict(deque)
        self._deaf_until: dict[str, int] = {}
        self.overrun: list[str] = []

    def browser(self, name: str) -> Browser:
        self.browsers[name] = Browser(f"{self.url}/push/{name}")
        return self.browsers[name]

    def say(self, service: str, *answers: Any) -> None:
        self.next_answers[service].extend(answers)

    async def _told(self, service: str) -> Response | None:
        self.asked[service] += 1
        if not self.next_answers[service]:
            return None
        match self.next_answers[service].popleft():
            case "hang":
                await self.released.wait()
                return Response(status_code=504)
            case "redirect":
                return Response(status_code=302, headers={"Location": f"{self.url}/stolen"})
            case "garbage":
                return Response("<html>proxy</html>", 200)
            case "huge":
                return Response(b"x" * 10**6, 200)
            case (int() as status, dict() as headers):
                return Response(status_code=status, headers=headers)
            case (int() as status, str() as field, int() as code):
                return JSONResponse({field: code}, status)
            case int() as status:
                return Response(status_code=status)
            case other:
                raise AssertionError(other)

    def _too_fast(self, service: str, deaf_s: int) -> bool:
        """Twenty a minute; who sends more is not heard for a while, whatever they send."""
        now, came = self.wall.now_us(), self._came[service]
        while came and came[0] <= now - MINUTE_US:
            came.popleft()
        came.append(now)
        if len(came) > A_MINUTE:
            self._deaf_until[service] = now + deaf_s * SECOND_US
        if now >= self._deaf_until.get(service, 0):
            return False
        self.overrun.append(service)
        return True

    def fall_deaf(self, service: str, seconds: int) -> None:
        """As if somebody else had written to this robot too often."""
        self._deaf_until[service] = self.wall.now_us() + seconds * SECOND_US

    async def stolen(self, request: Request) -> Response:
        self.taken["stolen"].append(await request.body())
        return Response()

    async def wecom(self, request: Request) -> Response:
        if told := await self._told("wecom"):
            return told
        body = await request.json()
        if request.query_params.get("key") != WECOM_KEY:
            return JSONResponse({"errcode": 93000, "errmsg": "invalid webhook url"})
        if body.get("msgtype") != "text" or not 0 < len(body["text"]["content"].encode()) <= 2048:
            return JSONResponse({"errcode": 40008, "errmsg": "invalid message type"})
        if self._too_fast("wecom", MINUTE_S):
            return JSONResponse({"errcode": 45009, "errmsg": "api freq out of limit"})
        self.taken["wecom"].append(body["text"]["content"])
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def dingtalk(self, request: Request) -> Response:
        if told := await self._told("dingtalk"):
            return told
        query, body = request.query_params, await request.json()
        timestamp = query.get("timestamp", "0")
        expected = base64.b64encode(
            hmac.new(SECRET.encode(), f"{timestamp}\n{SECRET}".encode(), hashlib.sha256).digest()
        )
        if query.get("access_token") != "t" or abs(int(timestamp) / 1000 - wall_s()) > HOUR_S:
            return JSONResponse({"errcode": 310000, "errmsg": "timestamp is invalid"})
        if query.get("sign") != expected.decode():
            return JSONResponse({"errcode": 310000, "errmsg": "sign not match"})
        if body.get("msgtype") != "text":
            return JSONResponse({"errcode": 400101, "errmsg": "msgtype"})
        if self._too_fast("dingtalk", 10 * MINUTE_S):
            return JSONResponse({"errcode": 130101, "errmsg": "send too fast"})
        self.taken["dingtalk"].append(body["text"]["content"])
        return JSONResponse({"errcode": 0, "errmsg": "ok"})

    async def feishu(self, request: Request) -> Response:
        if told := await self._told("feishu"):
            return told
        body = await request.json()
        timestamp = body.get("timestamp", "0")
        expected = base64.b64encode(hmac.new(f"{timestamp}\n{SECRET}".encode(), digestmod=hashlib.sha256).digest())
        if body.get("sign") != expected.decode() or abs(int(timestamp) - wall_s()) > HOUR_S:
            return JSONResponse({"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}, 400)
        if body.get("msg_type") != "text":
            return JSONResponse({"code": 9499, "msg": "Bad Request"}, 400)
        if self._too_fast("feishu", MINUTE_S):
            return JSONResponse({"code": 11232, "msg": "frequency limited"}, 400)
        self.taken["feishu"].append(body["content"]["text"])
        return JSONResponse({"StatusCode": 0, "StatusMessage": "success", "code": 0, "msg": "success", "data": {}})

    async def wechat_token(self, request: Request) -> Response:
        if told := await self._told("wechat_token"):
            return told
        body = await request.json()
        if (body.get("appid"), body.get("secret")) != (APP_ID, APP_SECRET):
            return JSONResponse({"errcode": 40125, "errmsg": "invalid appsecret"})
        if not self.token or body.get("force_refresh"):
            self.tokens_given += 1
            self.token = f"token-{self.tokens_given}"
        return JSONResponse({"access_token": self.token, "expires_in": 7200})

    async def wechat_send(self, request: Request) -> Response:
        if told := await self._told("wechat"):
            return told
        if request.query_params.get("access_token") != self.token:
            return JSONResponse({"errcode": 40001, "errmsg": "invalid credential, access_token is invalid"})
        body = await request.json()
        if body["touser"] not in self.openids.values():
            return JSONResponse({"errcode": 40003, "errmsg": "invalid openid"})
        well_formed = all(set(each) == {"value"} and each["value"] for each in body["data"].values())
        if body["template_id"] != TEMPLATE or not well_formed or len(body["data"]["thing1"]["value"]) > WECHAT_MS:
            return JSONResponse({"errcode": 47003, "errmsg": "argument invalid"})
        if body["client_msg_id"] not in self.sent_ids:
            self.sent_ids.add(body["client_msg_id"])
            self.taken["wechat"].append(body)
        return JSONResponse({"errcode": 0, "errmsg": "ok", "msgid": len(self.sent_ids)})

    async def wechat_openid(self, request: Request) -> Response:
        if told := await self._told("wechat_openid"):
            return told
        openid = self.openids.get(request.query_params["code"])
        if openid is None or request.query_params["secret"] != APP_SECRET:
            return JSONResponse({"errcode": 40029, "errmsg": "invalid code"})
        return JSONResponse({"access_token": "x", "openid": openid, "scope": "snsapi_base"})

    async def push(self, request: Request) -> Response:
        if told := await self._told("push"):
            return told
        browser = self.browsers.get(request.path_params["name"])
        if browser is None:
            return Response(status_code=410)
        problem = self._bad_push(request)
        if problem:
            return Response(problem, 400)
        body = await request.body()
        if len(body) > web_push_cipher.RECORD_BYTES:
            return Response(status_code=413)
        plain = web_push_cipher.open_sealed(body, browser.key, browser.auth)
        browser.read.append(msgspec.json.decode(plain))
        return Response(status_code=201)

    def _bad_push(self, request: Request) -> str | None:
        scheme, _, fields = request.headers["authorization"].partition(" ")
        said = dict(field.strip().split("=", 1) for field in fields.split(","))
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), web_push_cipher.decode(said["k"]))
        try:
            claims = jwt.decode(said["t"], public, ["ES256"], audience=self.url)
        except jwt.InvalidTokenError as error:
            return repr(error)
        if scheme != "vapid" or claims["exp"] - wall_s() > 24 * HOUR_S or not claims["sub"].startswith("mailto:"):
            return "vapid"
        headers = request.headers
        if headers["content-encoding"] != "aes128gcm" or int(headers["ttl"]) < 0 or len(headers["topic"]) > 32:
            return "headers"
        return None if headers["host"] == self.host else "host"

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/cgi-bin/webhook/send", self.wecom, methods=["POST"]),
                Route("/robot/send", self.dingtalk, methods=["POST"]),
                Route("/open-apis/bot/v2/hook/h1", self.feishu, methods=["POST"]),
                Route("/cgi-bin/stable_token", self.wechat_token, methods=["POST"]),
                Route("/cgi-bin/message/template/send", self.wechat_send, methods=["POST"]),
                Route("/sns/oauth2/access_token", self.wechat_openid),
                Route("/push/{name}", self.push, methods=["POST"]),
                Route("/stolen", self.stolen, methods=["GET", "POST"]),
            ]
        )


@asynccontextmanager
async def running_fakes() -> AsyncIterator[Fakes]:
    """The HTTP services, served in this loop."""
    port = free_port()
    fakes = Fakes(port)
    server = Server(uvicorn.Config(fakes.app, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    await until("the fakes serve", started)
    try:
        yield fakes
    finally:
        fakes.released.set()
        server.should_exit = True
        await serving


class MailServer:
    """An SMTP server that keeps what it takes. `next_codes`: what it says to RCPT, or as `data:<code>` to the text, as
    `helo:<code>` to EHLO or HELO, as `greet:<code>` at once.
    """

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []
        self.next_codes: deque[str] = deque()
        self.port = 0

    async def serve(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            sink.write(f"{line}\r\n".encode())
            await sink.drain()

        def wish(at: str) -> str | None:
            is_now = self.next_codes and self.next_codes[0].startswith(at)
            return f"{self.next_codes.popleft().removeprefix(at)} no" if is_now else None

        await say(wish("greet:") or "220 fake ESMTP")
        recipient = ""
        while line := (await source.readline()).decode().strip():
            word = line.upper()
            if word.startswith(("EHLO", "HELO")):
                await say(wish("helo:") or "250 fake")
            elif word.startswith("RCPT"):
                recipient = line.partition("<")[2].partition(">")[0]
                is_now = self.next_codes and self.next_codes[0][:3].isdigit()
                await say((wish("") if is_now else None) or "250 ok")
            elif word == "DATA":
                await say("354 go on")
                text = (await source.readuntil(b"\r\n.\r\n")).decode()
                if refused := wish("data:"):
                    await say(refused)
                else:
                    self.mails.append((recipient, text))
                    await say("250 taken")
            elif word == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 ok")
        sink.close()
        with contextlib.suppress(OSError):
            await sink.wait_closed()


@asynccontextmanager
async def running_mail_server() -> AsyncIterator[MailServer]:
    """The mail server, served in this loop."""
    made = MailServer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
