"""Variable-length integers and the properties of MQTT 5, as far as a client needs them."""

from __future__ import annotations

from typing import Final

from herun.mqtt.packets import ProtocolError

# Identifiers by the form of their value (mqtt-v5.0-os, table 2-4).
_ONE_BYTE: Final = frozenset({0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A})
_TWO_BYTES: Final = frozenset({0x13, 0x21, 0x22, 0x23})
_FOUR_BYTES: Final = frozenset({0x02, 0x11, 0x18, 0x27})
_TEXT: Final = frozenset({0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F})
_TEXT_PAIR: Final = 0x26
_VARINT: Final = 0x0B


def read_varint(data: bytes, position: int, end: int) -> tuple[int, int]:
    """The integer at `position` and where it ends; (0, 0) if `data` ends within it. Raises ProtocolError."""
    value = shift = 0
    while position < end:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift == 28:
            raise ProtocolError("a length of more than four bytes")
    return 0, 0


def encode_varint(value: int) -> bytes:
    """The integer as one to four bytes. Raises ValueError above 268,435,455."""
    if not 0 <= value < 1 << 28:
        raise ValueError(f"{value} is no length of MQTT")
    encoded = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        encoded.append(byte | 0x80 if value else byte)
        if not value:
            return bytes(encoded)


def read_properties(body: bytes, position: int) -> dict[int, int]:
    """The numeric properties by identifier, of a packet whose properties begin at `position`. Raises ProtocolError."""
    length, position = read_varint(body, position, len(body))
    end = position + length
    if position == 0 or end > len(body):
        raise ProtocolError("properties end beyond their packet")
    found: dict[int, int] = {}
    while position < end:
        identifier = body[position]
        width = _width(identifier, body, position + 1, end)
        stop = position + 1 + width
        if stop > end:
            raise ProtocolError(f"property 0x{identifier:02x} ends beyond its packet")
        if identifier in _ONE_BYTE or identifier in _TWO_BYTES or identifier in _FOUR_BYTES:
            found[identifier] = int.from_bytes(body[position + 1 : stop], "big")
        position = stop
    return found


def _width(identifier: int, body: bytes, position: int, end: int) -> int:
    if identifier in _ONE_BYTE:
        return 1
    if identifier in _TWO_BYTES:
        return 2
    if identifier in _FOUR_BYTES:
        return 4
    if identifier in _TEXT:
        return _text_width(body, position)
    if identifier == _TEXT_PAIR:
        first = _text_width(body, position)
        return first + _text_width(body, position + first)
    if identifier == _VARINT:
        _, stop = read_varint(body, position, end)
        if stop:
            return stop - position
    raise ProtocolError(f"unknown property 0x{identifier:02x}")


def _text_width(body: bytes, position: int) -> int:
    return 2 + int.from_bytes(body[position : position + 2], "big")
