"""The few MQTT 3.1.1 packets that the load programs need, as cheap as can be. Not a client."""

from __future__ import annotations

from typing import Final

CONNACK: Final = 0x20
PUBLISH: Final = 0x30
PUBACK: Final = 0x40
SUBACK: Final = 0x90


def remaining_length(size: int) -> bytes:
    """MQTT's variable length: 7 bits a byte, lowest first."""
    out = bytearray()
    while True:
        size, low = divmod(size, 128)
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def text(value: str) -> bytes:
    """A length-prefixed UTF-8 string."""
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def connect(client_id: str, user: str, password: str, *, clean: bool) -> bytes:
    """CONNECT with user name and password, keep-alive one minute."""
    body = text("MQTT") + bytes([4, 0xC0 | (0x02 if clean else 0)]) + (60).to_bytes(2, "big")
    body += text(client_id) + text(user) + text(password)
    return b"\x10" + remaining_length(len(body)) + body


def subscribe(topic_filter: str) -> bytes:
    """SUBSCRIBE at QoS 1, packet id 1."""
    body = b"\x00\x01" + text(topic_filter) + b"\x01"
    return b"\x82" + remaining_length(len(body)) + body


def publish(topic: bytes, packet_id: int, payload: bytes) -> bytes:
    """PUBLISH at QoS 1; `topic` is already length-prefixed."""
    return b"\x32" + remaining_length(len(topic) + 2 + len(payload)) + topic + packet_id.to_bytes(2, "big") + payload


def split(buffer: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """(first byte, body start, body end) of each whole packet in the buffer, and how many bytes they take."""
    packets: list[tuple[int, int, int]] = []
    at, size = 0, len(buffer)
    while at + 2 <= size:
        length, shift, cursor = 0, 0, at + 1
        while True:
            if cursor >= size:
                return packets, at
            byte = buffer[cursor]
            cursor += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if cursor + length > size:
            break
        packets.append((buffer[at], cursor, cursor + length))
        at = cursor + length
    return packets, at
