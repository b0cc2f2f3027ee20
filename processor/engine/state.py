"""All that the engine knows of one partition, in dictionaries of immutable values. No personal value is among them."""

from __future__ import annotations

from typing import Final

import msgspec

from herun.alerts import Alert
from processor.engine.passages.records import PassageState

DeviceKey = tuple[str, str]  # site, device
RuleKey = tuple[str, str]  # site, rule uid
CellKey = tuple[str, str, str]  # site, rule uid, alert key
WatchKey = tuple[str, str, str, str]  # site, rule uid, alert key, device
Identity = tuple[str, str, str]  # site, device, event id (or content hash)
TimerKey = tuple[str, ...]  # what it closes, site, rule uid, ...

ENGINE_TIME: Final = "engine_time"
LISTENED: Final = "listened"
OUTAGE: Final = "outage"
YOUNG: Final = "young"
OLD: Final = "old"


class Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A device's stored events: how many, and its newest by its own order."""

    count: int
    newest_time: int
    newest_sequence: int | None


class Registration(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What rules can ask of a device."""

    kind: str
    zone: str | None
    building: str | None
    enabled: bool


class RuleCell(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A rule as JSON, how often it threw since it was put, and whether it was switched off for that."""

    body: str
    errors: int = 0
    off: bool = False


class Held(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A condition has held since this event time, and is due to raise at this one."""

    since: int
    due: int
    event_id: str


class Heard(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """When a device last spoke, in engine time without our own outages, and what armed its absence since."""

    at: int
    armed_by: str


class Window(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Event times of a count in window, ascending; `due` is when it has too few again, `touched` its last arrival.

    `cleared_at` is the event time of the last clearing: what is older cannot raise again.
    """

    times: tuple[int, ...]
    touched: int
    raised: bool = False
    due: int = 0
    cleared_at: int = -(2**62)


class CurrentAlert(msgspec.Struct, array_like=True, frozen=True):
    """The newest version of a key's alert, and whether people have closed it."""

    alert: Alert
    closed: bool = False


class State(msgspec.Struct):
    """The families. Changed only through a Journal; the keys of each are bounded by devices, rules and lists."""

    marks: dict[str, int] = {}
    sites: dict[str, bool] = {}
    devices: dict[DeviceKey, Seen] = {}
    floors: dict[DeviceKey, int] = {}
    registered: dict[DeviceKey, Registration] = {}
    rules: dict[RuleKey, RuleCell] = {}
    lists: dict[tuple[str, str], frozenset[str]] = {}
    holders: dict[CellKey, tuple[str, ...]] = {}
    held: dict[WatchKey, Held] = {}
    heard: dict[CellKey, Heard] = {}
    windows: dict[CellKey, Window] = {}
    current: dict[CellKey, CurrentAlert] = {}
    due: dict[TimerKey, int] = {}
    due_without_outage: dict[TimerKey, int] = {}
    identities: dict[str, dict[Identity, int]] = {}
    passages: PassageState = msgspec.field(default_factory=PassageState)

    @property
    def engine_time(self) -> int:
        """The running maximum of the frames' times, microseconds UTC; 0 before the first frame."""
        return self.marks.get(ENGINE_TIME, 0)

    @property
    def listened(self) -> int:
        """Engine time up to which a gateway is known to have listened: that of its newest frame, maybe an empty one."""
        return self.marks.get(LISTENED, 0)

    @property
    def outage(self) -> int:
        """The sum of our own outages, microseconds: what absence timers are extended by."""
        return self.marks.get(OUTAGE, 0)
