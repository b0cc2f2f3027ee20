"""The bulk reader: whatever bytes have arrived in, all whole packets out.

A packet costs about a microsecond, because a PUBLISH is sliced where it lies and nothing is called for it but its own
constructor. Anything malformed raises ProtocolError and nothing else; after that the reader must not be fed again.
"""

from __future__ import annotations

from typing import Final

from herun.mqtt.packets import (
    VERSION_5,
    Acknowledged,
    Bare,
    Connack,
    Disconnect,
    Packet,
    PacketType,
    ProtocolError,
    Publish,
    Suback,
)
from herun.mqtt.properties import read_properties, read_varint

# Bytes of one packet. The largest useful message is a passage with its pictures; the broker's max_payload is 8 MB.
MAX_PACKET_BYTES: Final = 9 * 1024 * 1024
MAX_PUBLISH_PROPERTIES_BYTES: Final = 65_536

_FLAGS_OF_TYPE: Final = {PacketType.PUBREL: 2}  # all other types but PUBLISH have 0
_SERVER_ONLY_RECEIVES: Final = frozenset(
    {PacketType.CONNECT, PacketType.SUBSCRIBE, PacketType.UNSUBSCRIBE, PacketType.PINGREQ}
)


class PacketReader:
    """Reads the packets that a broker sends to a client, in any split of the bytes."""

    def __init__(self, *, version: int, max_packet_bytes: int = MAX_PACKET_BYTES) -> None:
        self._v5 = version == VERSION_5
        self._max_bytes = max_packet_bytes
        self._parts: list[bytes] = []  # of a packet that is not whole yet
        self._have = 0
        self._need = 0

    def feed(self, data: bytes) -> list[Packet]:
        """All packets that are whole now, in order. Raises ProtocolError; what came before it in `data` is lost."""
        if self._parts:
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need:
                return []
            data = b"".join(self._parts)
            self._parts = []
        packets: list[Packet] = []
        position = self._read(data, packets)
        if position < len(data):
            self._parts = [data[position:]]
            self._have = len(data) - position
        return packets

    # One long loop on purpose: a call for each packet would cost as much as all of this.
    def _read(self, data: bytes, packets: list[Packet]) -> int:  # noqa: C901, PLR0912
        """Appends the whole packets of `data` and returns where the rest begins."""
        position, end, v5 = 0, len(data), self._v5
        append = packets.append
        while end - position >= 2:
            length, body = data[position + 1], position + 2
            if length & 0x80:
                length, body = read_varint(data, position + 1, end)
                if body == 0:  # the length itself is not whole
                    self._need = end - position + 1
                    break
            stop = body + length
            if stop > end:
                if stop - position > self._max_bytes:
                    raise ProtocolError(f"packet of {stop - position} bytes, at most {self._max_bytes}")
                self._need = stop - position
                break
            first = data[position]
            position = stop
            if first & 0xF0 != 0x30:
                append(self._read_other(first, data[body:stop]))
                continue
            if length < 2:
                raise ProtocolError("PUBLISH without a topic")
            start = body + 2
            mark = start + (data[body] << 8 | data[body + 1])
            topic_end = mark
            packet_id = 0
            if first & 0x06:
                mark += 2
                if mark > stop:
                    raise ProtocolError("PUBLISH ends within its topic or packet id")
                packet_id = data[topic_end] << 8 | data[topic_end + 1]
                if packet_id == 0 or first & 0x06 == 0x06:
                    raise ProtocolError("PUBLISH with packet id 0 or QoS 3")
            if v5:
                mark = _after_properties(data, mark, stop)
            if mark > stop or topic_end == start:
                raise ProtocolError("PUBLISH ends within its topic, or has none")
            append(Publish(data[start:topic_end], data[mark:stop], packet_id, first & 0x0F))
        else:
            self._need = 2
        return position

    def _read_other(self, first: int, body: bytes) -> Packet:
        if first >> 4 == 0:
            raise ProtocolError("packet of reserved type 0")
        kind = PacketType(first >> 4)
        if first & 0x0F != _FLAGS_OF_TYPE.get(kind, 0) or kind in _SERVER_ONLY_RECEIVES:
            raise ProtocolError(f"a broker does not send 0x{first:02x}")
        if kind is PacketType.CONNACK:
            return _read_connack(body, v5=self._v5)
        if kind is PacketType.SUBACK:
            return _read_suback(body, v5=self._v5)
        if PacketType.PUBACK <= kind <= PacketType.PUBCOMP:
            return _read_acknowledged(kind, body, v5=self._v5)
        if kind is PacketType.DISCONNECT:
            return Disconnect(body[0] if body else 0)
        return Bare(kind, body)


def _after_properties(data: bytes, position: int, stop: int) -> int:
    length, start = read_varint(data, position, stop)
    if start == 0 or start + length > stop or length > MAX_PUBLISH_PROPERTIES_BYTES:
        raise ProtocolError(f"properties of {length} bytes do not fit their PUBLISH")
    return start + length


def _read_connack(body: bytes, *, v5: bool) -> Connack:
    if len(body) < 2 or (len(body) != 2 and not v5) or body[0] > 1:
        raise ProtocolError(f"CONNACK of {len(body)} bytes, or with reserved bits")
    properties = read_properties(body, 2) if len(body) > 2 else {}
    return Connack(bool(body[0]), body[1], properties.get(0x13), properties.get(0x21))


def _read_suback(body: bytes, *, v5: bool) -> Suback:
    start = 2
    if v5:
        length, start = read_varint(body, 2, len(body))
        if start == 0:
            raise ProtocolError("SUBACK ends within its properties")
        start += length
    if len(body) <= start:
        raise ProtocolError("SUBACK without a code")
    return Suback(body[0] << 8 | body[1], body[start:])


def _read_acknowledged(kind: PacketType, body: bytes, *, v5: bool) -> Acknowledged:
    if len(body) < 2 or (len(body) > 2 and not v5):
        raise ProtocolError(f"{kind.name} of {len(body)} bytes")
    return Acknowledged(kind, body[0] << 8 | body[1], body[2] if len(body) > 2 else 0)
