"""Arming: the modes of a zone, its plan, and the bodies of the controls that change them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from herun.calendar import Calendar
from herun.names import NAME_PATTERN
from herun.schedule import MAX_WINDOWS, Timeline, Window
from herun.strict import IsNumber

MAX_DELAY_S: Final = 600  # of entry and exit: time to walk, not to forget
MAX_DOORS: Final = 50  # entry doors of one zone
MAX_SERVICE_WINDOWS: Final = 100  # of a site, those of the last hour too: each event is held against all of them
MAX_PLACES: Final = 1000  # zones or devices that one service window names
BY_PLAN: Final = "(plan)"  # who, where no person did it; no username has brackets

Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$", examples=["z01"])]
Who = Annotated[str, Field(min_length=1, max_length=64)]
Why = Annotated[str, Field(max_length=500)]
Microseconds = Annotated[int, Field(ge=0, lt=2**62)]


class Mode(StrEnum):
    """What counts in a zone: the table is `WATCHES`."""

    ARMED = "armed"  # 设防: nobody is there, everything counts
    HOME = "home"  # 留守: people are inside, doors count
    NIGHT = "night"  # 夜间: the same, and nobody is expected: no entry delay
    DISARMED = "disarmed"  # 撤防: nothing counts
    MAINTENANCE = "maintenance"  # 检修: nothing counts, and its devices are out of service


class Detection(StrEnum):
    """What a zone's devices detect."""

    DOOR = "door"  # a door is opened
    PRESENCE = "presence"  # somebody or something is there


WATCHES: Final[dict[Mode, frozenset[Detection]]] = {
    Mode.ARMED: frozenset(Detection),
    Mode.HOME: frozenset({Detection.DOOR}),
    Mode.NIGHT: frozenset({Detection.DOOR}),
    Mode.DISARMED: frozenset(),
    Mode.MAINTENANCE: frozenset(),
}
DELAYED: Final = frozenset({Mode.ARMED, Mode.HOME})  # modes in which an entry door gives time to disarm


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModeWindow(Window):
    """A window and the mode in it."""

    mode: Mode


class ArmingPlan(_Strict):
    """A zone's week. Outside its windows the mode is `otherwise`; where two overlap, the first holds.

    Opening one of `entry_doors` in mode armed or home gives `entry_delay_s` to disarm. A mode in which more counts
    than before takes effect after `exit_delay_s`, during which nothing counts.
    """

    windows: Annotated[list[ModeWindow], Field(max_length=MAX_WINDOWS)] = []
    otherwise: Mode = Mode.DISARMED
    entry_delay_s: Annotated[int, Field(ge=0, le=MAX_DELAY_S), IsNumber] = 0
    exit_delay_s: Annotated[int, Field(ge=0, le=MAX_DELAY_S), IsNumber] = 0
    entry_doors: Annotated[list[Name], Field(max_length=MAX_DOORS)] = []

    def compiled(self, zone: str, calendar: Calendar) -> Timeline[Mode]:
        """The modes in this time zone and calendar."""
        windows = [(window, window.mode) for window in self.windows]
        return Timeline(windows, otherwise=self.otherwise, zone=zone, calendar=calendar)


class ServiceKind(StrEnum):
    """Why devices are out of service."""

    DRILL = "drill"  # 演练
    MAINTENANCE = "maintenance"  # 检修


class _ByZone(_Strict):
    """`change` counts a zone's changes: one that is not above the last has come before."""

    zone: Name
    change: Annotated[int, Field(ge=1, lt=2**62)]
    who: Who
    why: Why = ""


class PlanPut(_ByZone):
    """arming.plan.put."""

    plan: ArmingPlan


class PlanRemoved(_ByZone):
    """arming.plan.removed: the zone is disarmed and forgotten, but for its `change`."""


class ModeSet(_ByZone):
    """arming.mode.set: until a time, or without one until the plan's next change. Forced: whatever stands open."""

    mode: Mode
    until_us: Microseconds | None = None
    force: bool = False


class BypassSet(_Strict):
    """arming.bypass: the device is out of service until then; without a time its bypass ends."""

    device: Name
    until_us: Microseconds | None = None
    who: Who
    why: Why = ""


class ServiceWindowPut(_Strict):
    """service.window.put: out of service from begin to before end; without zones and devices, the whole site."""

    window: Name
    kind: ServiceKind
    zones: Annotated[list[Name], Field(max_length=MAX_PLACES)] = []
    devices: Annotated[list[Name], Field(max_length=MAX_PLACES)] = []
    begin_us: Microseconds
    end_us: Microseconds
    who: Who
    why: Why = ""

    @model_validator(mode="after")
    def _has_a_length(self) -> ServiceWindowPut:
        if self.end_us <= self.begin_us:
            raise ValueError("it ends before it begins")
        return self


class ServiceWindowRemoved(_Strict):
    """service.window.removed: it ends now, or never begins."""

    window: Name
    who: Who
