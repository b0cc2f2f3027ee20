"""Arming as people see it: what is wanted, and what the engine says that it is."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from api.schema import Body, Moment, Name, OwnName, View, without_repeats
from herun.arming import MAX_PLACES, ArmingPlan, Mode, ServiceKind

Why = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Places = Annotated[list[Name], Field(default_factory=list, max_length=MAX_PLACES), AfterValidator(without_repeats)]


class SetMode(Body):
    """POST .../mode: until a time, or without one until the plan's next change. Forced: though a door stands open."""

    mode: Mode
    until: Moment | None = None
    force: bool = False
    why: Why | None = None

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        if self.force and self.why is None:
            raise ValueError("to force it, say why")
        return self


class Wanted(View):
    """What people want: a plan and the mode that somebody set last, each with who, when and why; null if there is none.

    `changed_by`, `changed_at` and `why` are the mode's, which a change of the plan leaves as it is.
    """

    plan: ArmingPlan | None
    plan_changed_by: str | None
    plan_changed_at: Moment | None
    plan_why: str | None
    mode: Mode | None
    until: Moment | None
    forced: bool
    changed_by: str | None
    changed_at: Moment | None
    why: str | None


class Refused(View):
    """Why the engine did not arm: doors stand open. `waits`: it arms by plan as soon as the last one is closed."""

    mode: Mode
    doors: str
    open: int
    waits: bool
    who: str
    why: str
    at: Moment


class LeftOpen(View):
    """A door that stood open when its bypass, or a drill, was over."""

    at: Moment
    door: str


class Actual(View):
    """What the engine has: the mode and whose it is, the mode that an exit delay leads to, what was detected since.

    Where arming was refused, `since`, `who` and `why` are those of the mode that stays.
    """

    mode: Mode
    since: Moment
    who: str
    why: str
    arming: Mode | None
    armed_at: Moment | None
    refused: Refused | None
    entered_at: Moment | None
    intruded_at: Moment | None
    left_open: LeftOpen | None


class ZoneState(View):
    """One zone; `wanted` and `actual` are null as long as nobody has armed it and the engine has said nothing."""

    zone: str
    name: str
    wanted: Wanted | None
    actual: Actual | None


class ZoneStates(View):
    """All zones by name. Of `unknown_years` no decree is known: plans go by weekends and days of the law."""

    items: list[ZoneState]
    unknown_years: list[int]


class NewBypass(Body):
    """PUT .../bypasses/{device}: the faulty sensor is out of service until then."""

    device: OwnName = None
    until: Moment
    why: Why


class Bypass(View):
    """A device that is bypassed."""

    device: str
    until: Moment
    why: str
    changed_by: str
    changed_at: Moment


class Bypasses(View):
    """Those that are not over, by device."""

    items: list[Bypass]


class NewServiceWindow(Body):
    """PUT .../service-windows/{name}: a drill or maintenance; without zones and devices, of the whole site."""

    name: OwnName = None
    kind: ServiceKind
    zones: Places
    devices: Places
    begins_at: Moment
    ends_at: Moment
    why: Why


class ServiceWindow(View):
    """A drill or maintenance."""

    name: str
    kind: ServiceKind
    zones: list[str]
    devices: list[str]
    begins_at: Moment
    ends_at: Moment
    why: str
    changed_by: str
    changed_at: Moment


class ServiceWindows(View):
    """Those that are not over, by beginning."""

    items: list[ServiceWindow]


class HistoryEntry(View):
    """Who changed what, when and why."""

    subject_kind: str
    subject: str
    action: str
    detail: dict[str, Any]
    actor: str
    at: Moment
    why: str | None


class History(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[HistoryEntry]
    next_cursor: str | None
