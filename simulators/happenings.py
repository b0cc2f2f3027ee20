"""What happens on the estate, before any device has put it into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that one device notices at `at_us` (true time, not the device's clock).

    `together` holds what the device reports in the same message, in order, later than this. `scripted` marks what a
    scenario wrote: chance may double it, but neither delays it nor moves its clock. `again` more copies are sent, and
    the message leaves `late_us` after the fact.
    """

    at_us: int
    device: str
    event_type: str
    data: Mapping[str, Scalar] = field(default_factory=dict)
    together: tuple[Happening, ...] = ()
    scripted: bool = False
    again: int = 0
    late_us: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One MQTT message that `connection` (a device's name) publishes at `at_us`. `events` are the native ids in it."""

    at_us: int
    connection: str
    topic: str
    payload: bytes
    about: str
    device: str
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkChange:
    """The device's connection breaks (without a word) or comes back."""

    at_us: int
    connection: str
    up: bool


Action = Message | LinkChange
