"""What a device may do on the one-box broker, and the signed answer that tells the broker so (NATS auth callout).

The broker asks on `AUTH_CALLOUT_SUBJECT` in its account AUTH whenever a user connects that is not one of the stack's
own. The gateway, which holds the registry, reads the question with `read_request`, compares the password's hash and
answers with `Signer.allow` or `Signer.refuse`. Pure: no I/O, no clock. The times are the broker's, so they are the
machine's wall time in seconds, never the simulated clock's.

Protocol: docs.nats.io, Auth Callout (running-a-nats-service/configuration/securing_nats/auth_callout), and tried on
nats-server 2.15.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any, Final

import msgspec
import nkeys

from herun import subjects
from herun.errors import ConfigurationError, InvalidInputError
from herun.names import is_name
from herun.registry import DeviceEntry, DeviceFormat

AUTH_CALLOUT_SUBJECT: Final = "$SYS.REQ.USER.AUTH"

# The broker account that devices live in; its `#` is what the gateway reads.
DEVICES_ACCOUNT: Final = "DEVICES"

# Whoever connects under a gateway's client id takes over (or wipes) its session and with it every unread message.
RESERVED_CLIENT_ID_PREFIX: Final = "herun-"

# Broker users and client ids of people: `people/<username>`, the id with anything after one more slash. No device has a
# slash in its name, so neither can be taken for the other.
PEOPLE_PREFIX: Final = "people/"

# First levels of topics that other devices publish below: a bridge named like one could speak for all of them.
RESERVED_BASE_LEVELS: Final = frozenset({"herun", "device"})

_HEADER: Final = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"ed25519-nkey"}').rstrip(b"=")
_NATS_CLAIMS_VERSION: Final = 2
_MQTT_CLIENT: Final = "mqtt"  # what the broker calls a client of its MQTT listener


class AuthRequest(msgspec.Struct, frozen=True):
    """One connection attempt, as the broker describes it. `client_id` is the MQTT client id, empty for NATS clients."""

    server_id: str
    user_nkey: str
    user: str
    password: str
    client_id: str
    host: str
    is_mqtt: bool

    @property
    def client_id_is_reserved(self) -> bool:
        """True if this client id belongs to the stack's own sessions: refuse it, whatever the password."""
        return self.client_id.startswith(RESERVED_CLIENT_ID_PREFIX)

    @property
    def person(self) -> str | None:
        """The username of a person who connects; None for a device."""
        return self.user.removeprefix(PEOPLE_PREFIX) if self.user.startswith(PEOPLE_PREFIX) else None


class Permissions(msgspec.Struct, frozen=True):
    """NATS subjects that a user may publish to and subscribe to; nothing else is allowed."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


class PersonQuestion(msgspec.Struct, frozen=True):
    """What a gateway asks the API about somebody who connects: is this token theirs?"""

    username: str
    token: str


class PersonAllowed(msgspec.Struct, frozen=True):
    """The API's yes. `home` is their site, `*` for all; `until_s` is when the token ends, in seconds of wall time."""

    username: str
    home: str
    until_s: int


class _ServerId(msgspec.Struct):
    id: str


class _ClientInfo(msgspec.Struct):
    host: str = ""
    type: str = ""
    mqtt_id: str = ""


class _ConnectOptions(msgspec.Struct):
    user: str = ""
    password: str = msgspec.field(default="", name="pass")


class _RequestBody(msgspec.Struct):
    server_id: _ServerId
    user_nkey: str
    client_info: _ClientInfo
    connect_opts: _ConnectOptions


class _RequestClaims(msgspec.Struct):
    nats: _RequestBody


_request_decoder = msgspec.json.Decoder(_RequestClaims)


def read_request(token: bytes) -> AuthRequest:
    """The fields of the broker's question. Raises InvalidInputError (`bad_auth_request`).

    The token's signature is not checked: only the broker can publish in account AUTH.
    """
    try:
        _, payload, _ = token.split(b".")
        claims = _request_decoder.decode(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, msgspec.MsgspecError) as error:
        raise InvalidInputError("bad_auth_request", str(error)) from error
    body = claims.nats
    return AuthRequest(
        server_id=body.server_id.id,
        user_nkey=body.user_nkey,
        user=body.connect_opts.user,
        password=body.connect_opts.password,
        client_id=body.client_info.mqtt_id,
        host=body.client_info.host,
        is_mqtt=body.client_info.type == _MQTT_CLIENT,
    )


def secret_matches(password: str, secret_sha256: str | None) -> bool:
    """True if the password's SHA-256 is the registered one; in constant time, and never for a device without one."""
    if secret_sha256 is None:
        return False
    given = hashlib.sha256(password.encode("utf-8", "surrogatepass")).hexdigest()
    return hmac.compare_digest(given, secret_sha256)


class Signer:
    """Signs answers with the account key whose public half stands in the broker's configuration as `issuer`."""

    def __init__(self, seed: str) -> None:
        try:
            self._key = nkeys.from_seed(bytearray(seed.encode("ascii")))
        except (nkeys.NkeysError, ValueError) as error:
            raise ConfigurationError("HERUN_AUTH_CALLOUT_SEED is not an nkey seed") from error
        self.issuer: str = bytes(self._key.public_key).decode("ascii")

    def allow(
        self,
        request: AuthRequest,
        permissions: Permissions,
        *,
        wall_s: int,
        account: str = DEVICES_ACCOUNT,
        until_s: int | None = None,
    ) -> bytes:
        """The answer that lets the device in with these permissions; whoever does not come by MQTT is refused.

        The broker ends the connection at `until_s`, if given.

        Checked here because nats-server 2.15 does not hold answers to their `allowed_connection_types` (tried).
        """
        if not request.is_mqtt:
            return self.refuse(request, "devices connect by MQTT only", wall_s=wall_s)
        user = {
            "aud": account,
            "name": request.user,
            "nats": {
                "type": "user",
                "version": _NATS_CLAIMS_VERSION,
                "pub": _allow_only(permissions.publish),
                "sub": _allow_only(permissions.subscribe),
                "subs": -1,
                "data": -1,
                "payload": -1,
            },
            **({} if until_s is None else {"exp": until_s}),
        }
        return self._answer(request, wall_s, {"jwt": self._sign(request, wall_s, user).decode("ascii")})

    def refuse(self, request: AuthRequest, reason: str, *, wall_s: int) -> bytes:
        """The answer that keeps the device out; the broker logs the reason and tells the device CONNACK 5."""
        return self._answer(request, wall_s, {"error": reason})

    def _answer(self, request: AuthRequest, wall_s: int, body: dict[str, str]) -> bytes:
        nats = {"type": "authorization_response", "version": _NATS_CLAIMS_VERSION, **body}
        return self._sign(request, wall_s, {"aud": request.server_id, "nats": nats})

    def _sign(self, request: AuthRequest, wall_s: int, claims: dict[str, Any]) -> bytes:
        claims = {"iss": self.issuer, "sub": request.user_nkey, "iat": wall_s, **claims}
        digest = hashlib.sha256(msgspec.json.encode(claims)).digest()
        claims["jti"] = base64.b32encode(digest).decode("ascii").rstrip("=")
        signed = _HEADER + b"." + _base64url(msgspec.json.encode(claims))
        return signed + b"." + _base64url(self._key.sign(signed))


def new_account_seed(random: bytes) -> str:
    """The nkey seed of an account made of 32 random bytes: what signs device permissions."""
    return bytes(nkeys.encode_seed(random, nkeys.PREFIX_BYTE_ACCOUNT)).decode("ascii")


def permissions_of(entry: DeviceEntry) -> Permissions:
    """What this device may publish and subscribe to: its own topics and nothing else.

    Raises InvalidInputError (`bad_registry_entry`) if its names could reach another's topics.
    """
    if not (is_name(entry.site) and is_name(entry.device)):
        raise InvalidInputError("bad_registry_entry", f"site or device is not a name: {entry.key!r}")
    if entry.format is DeviceFormat.NATIVE:
        return _native(entry.site, entry.device)
    if entry.format is DeviceFormat.VZENITH:
        return _vzenith(entry)
    return _zigbee2mqtt(entry)


def permissions_of_person(allowed: PersonAllowed) -> Permissions:
    """What a person's app may do: read that person's notices and nothing else.

    Raises InvalidInputError (`bad_person`) if the names could reach another's topic.
    """
    if not is_name(allowed.username) or not (allowed.home == "*" or is_name(allowed.home)):
        raise InvalidInputError("bad_person", f"no name: {allowed.username!r} of {allowed.home!r}")
    topic = subjects.notice_topic(allowed.home, allowed.username)
    return Permissions(publish=(), subscribe=(topic.replace("/", "."),))


def is_client_id_of_person(request: AuthRequest) -> bool:
    """True if the client id is one of this person's own: whoever connects under an id throws its user out."""
    return request.client_id == request.user or request.client_id.startswith(f"{request.user}/")


def _native(site: str, device: str) -> Permissions:
    own = f"herun.v1.{site}.{device}"
    return Permissions(
        publish=tuple(f"{own}.{channel}" for channel in ("event", "reading", "state", "reply")),
        subscribe=(f"{own}.command",),
    )


def _vzenith(entry: DeviceEntry) -> Permissions:
    serial = entry.external_id or entry.device
    if not is_name(serial):
        raise InvalidInputError("bad_registry_entry", f"serial number {serial!r} of {entry.key} is not a name")
    layouts = (f"device.{serial}.message", f"{serial}.device.message")
    answers = tuple(f"{layout}.down.*.reply" for layout in layouts)
    return Permissions(
        publish=tuple(f"{layout}.up.>" for layout in layouts) + answers,
        subscribe=tuple(subject for layout in layouts for subject in _with_all_below(f"{layout}.down")),
    )


def _zigbee2mqtt(entry: DeviceEntry) -> Permissions:
    levels = (entry.base_topic or "").split("/")
    if not all(is_name(level) for level in levels) or levels[0] in RESERVED_BASE_LEVELS:
        raise InvalidInputError(
            "bad_registry_entry", f"base topic {entry.base_topic!r} of {entry.key} cannot be a bridge's"
        )
    own = _with_all_below(".".join(levels))
    return Permissions(publish=own, subscribe=own)


def _with_all_below(subject: str) -> tuple[str, str]:
    # The filter `a/#` includes `a` itself, and the broker wants both allowed.
    return subject, f"{subject}.>"


def _allow_only(subjects: tuple[str, ...]) -> dict[str, list[str]]:
    # An empty list would mean "everything".
    return {"allow": list(subjects)} if subjects else {"deny": [">"]}


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
