"""What comes of a frame."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.alerts import Alert
from herun.events import Event
from herun.frames import Control

DERIVED_FROM: Final = 1_000_000  # `n` of a frame's derived events, behind all that a frame can hold


class RuleError(msgspec.Struct, frozen=True):
    """An evaluation that threw; `n` is the index of the event that made it, None for a timer."""

    rule_uid: str
    error: str
    n: int | None = None


class PartError(msgspec.Struct, frozen=True):
    """What a part threw, and where; what it had done for that event or timer is taken back. `n` as above."""

    part: str
    error: str
    n: int | None = None


class Decisions(msgspec.Struct):
    """What came of one frame. `rows` are (event, its index in the frame, its flags), in order; derived ones count on
    from DERIVED_FROM. `told_us` is the engine's time of each alert: the frame's, or when its timer was due.
    `outage_began` is when our own outage began that this frame ends; `listened` goes with controls.
    """

    position: int
    recorded_us: int
    rows: list[tuple[Event, int, int]] = []
    alerts: list[Alert] = []
    controls: list[tuple[int, Control]] = []
    refused_controls: list[tuple[int, Control, str]] = []
    new_sites: list[str] = []
    duplicates: int = 0
    derived: int = 0
    undecodable: int = 0
    too_late: int = 0  # times that a rule could not use an event because it came too late to correct anything
    keys_refused: int = 0  # times that a rule had no room for one more key
    rule_errors: list[RuleError] = []
    part_errors: list[PartError] = []
    told_us: list[int] = []
    listened_us: int = 0
    outage_began: int | None = None

    def stamp(self, now: int) -> None:
        """The alerts since the last stamp are of this time."""
        self.told_us += [now] * (len(self.alerts) - len(self.told_us))
