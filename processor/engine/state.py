"""All that the engine knows of one partition, in dictionaries of immutable values; a track's tail may grow.

No personal value is among them.
"""

from __future__ import annotations

from typing import Final

import msgspec

from herun.alerts import Alert
from herun.events import Event
from processor.engine.arming.cells import Bypass, ServiceWindow, Told, ZoneArming, ZoneKey
from processor.engine.clocks import DeviceClock
from processor.engine.detectors.watch import Watch
from processor.engine.passages.records import PassageState
from processor.engine.tracks import Track

DeviceKey = tuple[str, str]  # site, device
RuleKey = tuple[str, str]  # site, rule uid
CellKey = tuple[str, str, str]  # site, rule uid, alert key
Identity = tuple[str, str, str]  # site, device, event id (or content hash)
TimerKey = tuple[str, ...]  # what it closes, site, rule uid, ...

ENGINE_TIME: Final = "engine_time"
LISTENED: Final = "listened"
OUTAGE: Final = "outage"
OUTAGE_ENDED: Final = "outage_ended"  # engine time at which the last of our own outages ended
OUTAGE_LAST: Final = "outage_last"  # how long that was
YOUNG: Final = "young"
OLD: Final = "old"


class Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A device's stored events: how many, and its newest by its own order."""

    count: int
    newest_time: int
    newest_sequence: int | None

    def is_after(self, event: Event) -> bool:
        """True if the event is older than the newest, by sequence if both have one, else by event time.

        A lower sequence with a later time is no late event: the device's counter began again.
        """
        if event.sequence is not None and self.newest_sequence is not None:
            return event.sequence < self.newest_sequence and event.event_time <= self.newest_time
        return event.event_time < self.newest_time


class Registration(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What rules can ask of a device."""

    kind: str
    zone: str | None
    building: str | None
    enabled: bool
    uplink: str | None = None  # the device that it hangs on


class RuleCell(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A rule as JSON, how often it threw since it was put, and whether it was switched off for that."""

    body: str
    errors: int = 0
    off: bool = False


class Heard(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """When a key was last heard, in engine time without our own outages, and what armed its absence since.

    `device`: of a key that devices share, whoever was heard; empty if nobody was yet.
    """

    at: int
    armed_by: str
    device: str = ""


class Said(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the texts of an alert say of the newest of its occurrences, and when that was."""

    at: int
    device: str | None
    value: str
    count: int | None
    finding: dict[str, str]
    probability: float | None
    words: dict[str, str] = {}  # names of its place, and fields of its event that the texts ask for


class CurrentAlert(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The newest version of a key's alert, whether people have closed it, and how it stands to others (merging.py).

    `denied`: closed because there was nothing: then it explains no other alert.
    `waiting`: not told yet, in case its uplink's alert comes. `under`: the cell of the alert that it is merged into.
    `patience_us`: of an alert of a lost connection, how long it stays merged after what hid it is over; else None.
    `said`: of a rule with a cool-down; older snapshots do not have it. `joined`: the alert in which what was counted
    into this one is counted since: this one is withdrawn.
    """

    alert: Alert
    closed: bool = False
    waiting: bool = False
    under: CellKey | None = None
    patience_us: int | None = None
    denied: bool = False
    said: Said | None = None
    joined: str | None = None


class SiteNames(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the site's layout calls its zones and buildings."""

    zones: dict[str, str] = {}
    buildings: dict[str, str] = {}


class Storm(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A storm of alerts: when it began, how many it has counted, how many of those are critical, and where.

    `is_over`: nothing more goes under it, but something that it hides still lasts. `withdrawn`: how many of those that
    it hides never were.
    """

    began: int
    counted: int = 0
    critical: int = 0
    places: tuple[tuple[str, int], ...] = ()
    is_over: bool = False
    withdrawn: int = 0


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
    tracks: dict[RuleKey, dict[str, Track]] = {}
    clocks: dict[DeviceKey, DeviceClock] = {}
    heard: dict[CellKey, Heard] = {}
    # Of absences by other keys than the device: under which key each device in scope is heard, and the plates and
    # persons that are expected or silent.
    listening: dict[RuleKey, dict[str, str]] = {}
    sought: dict[RuleKey, dict[str, bool]] = {}
    muted: dict[CellKey, bool] = {}  # what holds and is not raised: by the schedule, the arming, or out of service
    watches: dict[RuleKey, dict[str, Watch]] = {}
    current: dict[CellKey, CurrentAlert] = {}
    cooling: dict[CellKey, tuple[CurrentAlert, ...]] = {}  # others that may be counted into (cooling.py), by their age
    children: dict[DeviceKey, dict[str, bool]] = {}  # by uplink
    cut: dict[DeviceKey, tuple[str, ...]] = {}  # uids of the rules that say that the device is not heard
    bursts: dict[RuleKey, tuple[int, ...]] = {}  # engine times of a rule's newest alerts; "*": of all rules
    storms: dict[RuleKey, Storm] = {}
    verdicts: dict[CellKey, tuple[int, ...]] = {}  # by site, rule uid, device
    time_zones: dict[str, str] = {}  # by site
    names: dict[str, SiteNames] = {}  # by site
    decrees: dict[str, tuple[str, ...]] = {}  # by site: herun.calendar.Decree as JSON, by year
    arming_plans: dict[ZoneKey, str] = {}  # herun.arming.ArmingPlan as JSON
    arming: dict[ZoneKey, ZoneArming] = {}
    open_doors: dict[DeviceKey, bool] = {}
    closing_doors: dict[DeviceKey, bool] = {}  # those that have said that they close
    bypasses: dict[DeviceKey, Bypass] = {}
    service_windows: dict[str, tuple[ServiceWindow, ...]] = {}  # by site, by name
    told: dict[str, Told] = {}  # by site
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

    def watched_at(self, at: int) -> int:
        """How long a gateway had listened at a time; of our outages only the last one can have been after it."""
        ended = self.marks.get(OUTAGE_ENDED, 0)
        if at >= ended:
            return min(at, self.listened) - self.outage
        last = self.marks.get(OUTAGE_LAST, 0)
        return min(at, ended - last) - (self.outage - last)
