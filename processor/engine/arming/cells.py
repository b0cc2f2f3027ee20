"""What the state keeps of arming: immutable values."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.arming import Mode, ServiceKind

ZoneKey = tuple[str, str]  # site, zone

NEVER: Final = -(2**62)


class Pending(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A mode that is to take effect when the exit delay ends, or (`due` None) when the last door closes.

    `before` is the mode to go back to if it is refused, and `was_manual` until `was_until` how that was held.
    """

    mode: Mode
    due: int | None
    who: str
    why: str
    forced: bool
    before: Mode
    was_manual: bool = False
    was_until: int | None = None


class Entry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An entry delay that runs: the door, the event that began it and when that was (NEVER in an older snapshot)."""

    device: str
    event_id: str
    at: int = NEVER


class ZoneArming(msgspec.Struct, array_like=True, frozen=True):
    """A zone: its mode since when, whether a person set it, and what is to come.

    `manual`: the plan's changes wait until `until`, or for the next one if that is None. `change` is the last change
    that came from the API. `earlier` holds the newest modes before, oldest first, for events that come after a change.
    """

    mode: Mode = Mode.DISARMED
    since: int = NEVER
    manual: bool = False
    until: int | None = None
    change: int = 0
    pending: Pending | None = None
    entry: Entry | None = None
    intruded_at: int = NEVER
    earlier: tuple[tuple[int, Mode], ...] = ()

    @property
    def target(self) -> Mode:
        """The mode that it is in, or is on its way to."""
        return self.mode if self.pending is None else self.pending.mode

    def mode_at(self, at: int) -> Mode:
        """The mode at a time; disarmed before all that is kept."""
        if at >= self.since:
            return self.mode
        return next((mode for since, mode in reversed(self.earlier) if at >= since), Mode.DISARMED)


class Bypass(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A device that is out of service from `begin` to before `until`; `earlier`: so it was lately, newest last."""

    begin: int
    until: int
    who: str
    why: str
    earlier: tuple[tuple[int, int], ...] = ()

    def until_of(self, at: int) -> int | None:
        """Until when the device was out of service at a time not long ago; None: it was not."""
        stretches = (*self.earlier, (self.begin, self.until))
        return next((until for begin, until in stretches if begin <= at < until), None)


class ServiceWindow(msgspec.Struct, array_like=True, frozen=True):
    """A drill or maintenance from `begin` to before `end`; without zones and devices it is the whole site's."""

    window: str
    kind: ServiceKind
    zones: tuple[str, ...]
    devices: tuple[str, ...]
    begin: int
    end: int
    who: str
    why: str


class Told(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """When the site's last change of arming was told, and how many were at that same time."""

    at: int
    n: int
