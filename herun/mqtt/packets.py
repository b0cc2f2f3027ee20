"""The packets that a client of a broker receives, and the one error of the codec."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import msgspec

from herun.errors import TransientError

VERSION_311: Final = 4
VERSION_5: Final = 5

MAX_PACKET_ID: Final = 65_535

DUP_BIT: Final = 0x08
RETAIN_BIT: Final = 0x01


class PacketType(IntEnum):
    """The upper four bits of a packet's first byte."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class ProtocolError(TransientError):
    """The peer has sent what MQTT does not allow: the connection is of no use any more, a new one may be."""


class Publish(msgspec.Struct, frozen=True, gc=False):
    """One PUBLISH. `packet_id` is 0 for QoS 0. `topic` is not yet known to be UTF-8; properties have been skipped."""

    topic: bytes
    payload: bytes
    packet_id: int
    flags: int

    @property
    def qos(self) -> int:
        return (self.flags >> 1) & 3

    @property
    def dup(self) -> bool:
        return bool(self.flags & DUP_BIT)

    @property
    def retain(self) -> bool:
        return bool(self.flags & RETAIN_BIT)


class Connack(msgspec.Struct, frozen=True):
    """The answer to CONNECT; code 0 is yes. The rest is what a broker of MQTT 5 may say besides."""

    session_present: bool
    code: int
    server_keep_alive_s: int | None = None
    receive_maximum: int | None = None


class Acknowledged(msgspec.Struct, frozen=True):
    """PUBACK, PUBREC, PUBREL or PUBCOMP. A code of 0x80 or more (MQTT 5) is a refusal."""

    type: PacketType
    packet_id: int
    code: int = 0


class Suback(msgspec.Struct, frozen=True):
    """The answer to SUBSCRIBE: a code a filter, the granted QoS, or 0x80 and more for a refusal."""

    packet_id: int
    codes: bytes


class Disconnect(msgspec.Struct, frozen=True):
    """The broker's DISCONNECT (MQTT 5 only)."""

    code: int


class Bare(msgspec.Struct, frozen=True):
    """Any other packet, unread: PINGRESP, UNSUBACK, AUTH."""

    type: PacketType
    body: bytes


Packet = Publish | Connack | Acknowledged | Suback | Disconnect | Bare

CODE_SESSION_TAKEN_OVER: Final = 0x8E  # MQTT 5: another client has connected with the same id
