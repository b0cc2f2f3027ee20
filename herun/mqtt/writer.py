"""The packets that a client sends, as bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from herun.mqtt.packets import VERSION_5, PacketType
from herun.mqtt.properties import encode_varint

PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"

_PUBACK_HEAD: Final = 0x4002  # type 4, two bytes follow; in MQTT 5 a PUBACK that short means success
_SESSION_EXPIRY: Final = 0x11
_RECEIVE_MAXIMUM: Final = 0x21
_MAXIMUM_PACKET_SIZE: Final = 0x27


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    """What a client says of itself; expiry, receive maximum and packet size count in MQTT 5 only."""

    client_id: str
    username: str | None = None
    password: str | None = None
    keep_alive_s: int = 30
    clean: bool = False
    version: int = 4
    session_expiry_s: int = 0xFFFFFFFF
    receive_maximum: int = 65_535
    max_packet_bytes: int = 9 * 1024 * 1024


def encode_connect(connect: Connect) -> bytes:
    """CONNECT."""
    flags = (
        (0x02 if connect.clean else 0)
        | (0x80 if connect.username is not None else 0)
        | (0x40 if connect.password is not None else 0)
    )
    body = b"\x00\x04MQTT" + bytes((connect.version, flags)) + struct.pack(">H", connect.keep_alive_s)
    if connect.version == VERSION_5:
        properties = struct.pack(
            ">BIBHBI",
            _SESSION_EXPIRY,
            connect.session_expiry_s,
            _RECEIVE_MAXIMUM,
            connect.receive_maximum,
            _MAXIMUM_PACKET_SIZE,
            connect.max_packet_bytes,
        )
        body += encode_varint(len(properties)) + properties
    body += _text(connect.client_id)
    for text in (connect.username, connect.password):
        if text is not None:
            body += _text(text)
    return _packet(PacketType.CONNECT << 4, body)


def encode_subscribe(packet_id: int, filters: Sequence[tuple[str, int]], *, version: int = 4) -> bytes:
    """SUBSCRIBE to (filter, QoS) pairs."""
    body = struct.pack(">H", packet_id) + (b"\x00" if version == VERSION_5 else b"")
    for topic_filter, qos in filters:
        body += _text(topic_filter) + bytes((qos,))
    return _packet(PacketType.SUBSCRIBE << 4 | 2, body)


def encode_publish(
    topic: bytes, payload: bytes, *, packet_id: int = 0, qos: int = 0, retain: bool = False, version: int = 4
) -> bytes:
    """PUBLISH; `packet_id` counts for QoS 1 and 2 only."""
    body = struct.pack(">H", len(topic)) + topic
    if qos:
        body += struct.pack(">H", packet_id)
    if version == VERSION_5:
        body += b"\x00"
    first = PacketType.PUBLISH << 4 | qos << 1 | int(retain)
    return bytes((first,)) + encode_varint(len(body) + len(payload)) + body + payload


def encode_pubacks(packet_ids: Sequence[int]) -> bytes:
    """One PUBACK a packet id, joined: one write to the broker for a whole batch."""
    words = [_PUBACK_HEAD] * (2 * len(packet_ids))
    words[1::2] = packet_ids
    return struct.pack(f">{len(words)}H", *words)


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + encode_varint(len(body)) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw
