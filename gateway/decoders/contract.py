"""What a decoder is: it claims MQTT topics, and makes events of what arrives on them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

from gateway.devices import Devices
from gateway.pictures import Picture
from herun.dead_letters import DeadLetter
from herun.events import Event
from herun.mqtt.packets import Publish
from herun.registry import DeviceEntry

CONTENT_HASH_HEX_CHARS: Final = 32  # 128 bits of a message's hash, where a format has no identity of its own


class StateChange(msgspec.Struct, frozen=True):
    """What a device (or its last will) says of its being on line; `at` is microseconds."""

    key: str
    state: str
    at: int


class Outcome(msgspec.Struct, gc=False):
    """All that came of one MQTT message; with nothing in it the message is simply done.

    `pictures` must be stored before the events, because the events name them.
    """

    events: list[Event] = []
    partition: int = 0
    letters: Sequence[DeadLetter] = ()
    pictures: Sequence[Picture] = ()
    state: StateChange | None = None

    @property
    def has_more(self) -> bool:
        """True if there is anything besides events."""
        return bool(self.letters or self.pictures) or self.state is not None


NOTHING: Final = Outcome()


class Route(Protocol):
    """What to do with the messages of one topic."""

    format: str

    def decode(self, message: Publish, received_us: int) -> Outcome:
        """The outcome of a message. Raises InvalidInputError with a DeadLetterReason if it can never be used."""


class Decoder(Protocol):
    """One format."""

    def claim(self, topic: str, devices: Devices) -> Route | None:
        """The route of a topic, or None if it is not of this format.

        Raises InvalidInputError (`unknown_device`, `device_disabled`, `unknown_topic`) if it is, but cannot be used.
        """


class Ignored:
    """The route of what is known and of no use: commands on their way down, logs, answers."""

    def __init__(self, format_name: str) -> None:
        self.format = format_name

    def decode(self, _message: Publish, _received_us: int) -> Outcome:
        return NOTHING


def content_hash(message: Publish) -> str:
    """The identity of a message whose format has none: equal bytes on an equal topic."""
    digest = hashlib.sha256(message.topic)
    digest.update(b"\0")
    digest.update(message.payload)
    return digest.hexdigest()[:CONTENT_HASH_HEX_CHARS]


def state_key(entry: DeviceEntry) -> str:
    """The key of a device in the bucket of states."""
    return entry.key
