"""Web push as its standards say: the message sealed for one browser (RFC 8291), and who sends it (RFC 8292)."""

from __future__ import annotations

import base64
import binascii
import os
import struct
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from herun.errors import ConfigurationError

RECORD_BYTES: Final = 4096  # what every push service takes as one record
AUTH_BYTES: Final = 16
POINT_BYTES: Final = 65
_SALT_BYTES: Final = 16
_SCALAR_BYTES: Final = 32
_LAST_RECORD: Final = b"\x02"
_HEADER: Final = struct.Struct("!16sIB")
_TAG_BYTES: Final = 16
# Of what is sealed, so that header, the sender's point, end mark and tag fit with it.
MAX_PLAIN_BYTES: Final = RECORD_BYTES - _HEADER.size - POINT_BYTES - len(_LAST_RECORD) - _TAG_BYTES
VAPID_LIFE_S: Final = 12 * 3600  # the standard allows a day


@dataclass(frozen=True, slots=True)
class BrowserKeys:
    """What a browser gives with its subscription."""

    point: bytes
    auth: bytes


def browser_keys(p256dh: str, auth: str) -> BrowserKeys:
    """The keys of a subscription. Raises ValueError for what are none."""
    try:
        point, secret = decode(p256dh), decode(auth)
    except binascii.Error as error:
        raise ValueError("the keys of a subscription are base64url") from error
    if len(secret) != AUTH_BYTES:
        raise ValueError("auth is 16 bytes")
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    return BrowserKeys(point, secret)


def seal(plain: bytes, keys: BrowserKeys) -> bytes:
    """The body of a push message that only this browser reads."""
    return seal_with(plain, keys, ec.generate_private_key(ec.SECP256R1()), os.urandom(_SALT_BYTES))


def seal_with(plain: bytes, keys: BrowserKeys, own: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The same with a key pair and salt that are given: good for one message and for the standard's example."""
    browser = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), keys.point)
    own_point = _point(own)
    key, nonce = _keys(own.exchange(ec.ECDH(), browser), keys, own_point, salt)
    return (
        _HEADER.pack(salt, RECORD_BYTES, len(own_point))
        + own_point
        + AESGCM(key).encrypt(nonce, plain + _LAST_RECORD, None)
    )


def open_sealed(body: bytes, browser: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What a browser reads. Raises ValueError for what was not sealed for it."""
    salt, _, length = _HEADER.unpack_from(body)
    own_point = body[_HEADER.size : _HEADER.size + length]
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), own_point)
    keys = BrowserKeys(_point(browser), auth)
    key, nonce = _keys(browser.exchange(ec.ECDH(), sender), keys, own_point, salt)
    try:
        return AESGCM(key).decrypt(nonce, body[_HEADER.size + length :], None).removesuffix(_LAST_RECORD)
    except InvalidTag as error:
        raise ValueError("this was sealed for somebody else") from error


class Vapid:
    """Says who sends, so that a push service knows whom to complain to. The key is 32 bytes in base64url."""

    def __init__(self, private_key: str, subject: str) -> None:
        try:
            scalar = int.from_bytes(decode(private_key))
            self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        except (ValueError, binascii.Error) as error:
            raise ConfigurationError("HERUN_VAPID_PRIVATE_KEY is no P-256 key of 32 bytes in base64url") from error
        self._subject = subject
        self.public_key: str = encode(_point(self._key))

    def authorization(self, endpoint: str, wall_s: int) -> str:
        """The header for a message to this endpoint."""
        parts = urlsplit(endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": wall_s + VAPID_LIFE_S, "sub": self._subject}
        return f"vapid t={jwt.encode(claims, self._key, 'ES256')}, k={self.public_key}"


def new_private_key() -> str:
    """A key for HERUN_VAPID_PRIVATE_KEY."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encode(number.to_bytes(_SCALAR_BYTES))


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """The bytes of base64url, with or without padding. Raises binascii.Error."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _keys(shared: bytes, keys: BrowserKeys, own_point: bytes, salt: bytes) -> tuple[bytes, bytes]:
    secret = _derive(keys.auth, b"WebPush: info\0" + keys.point + own_point, 32, shared)
    key = _derive(salt, b"Content-Encoding: aes128gcm\0", 16, secret)
    return key, _derive(salt, b"Content-Encoding: nonce\0", 12, secret)


def _derive(salt: bytes, info: bytes, length: int, secret: bytes) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
