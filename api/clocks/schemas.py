"""Clocks of an order as people see them, and the limits of a site."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StrictInt

from api.clocks.limits import DEFAULTS, Calendar, LimitRule, Limits, Severity
from api.clocks.reminders import Level, Steps
from api.clocks.segments import Kind
from api.schema import Bilingual, Body, Moment, Name, Text, View
from herun.schedule import WeeklyPlan, Window

LONGEST_MINUTES: Final = 60 * 24 * 60  # of a limit: sixty days
MAX_RULES: Final = 500  # a category tree of a hundred, each with its severities
MAX_SHARES: Final = 5
MAX_REPEATS: Final = 10  # soon after a limit; whoever has not acted by then is told once a day

Minutes = Annotated[StrictInt, Field(ge=1, le=LONGEST_MINUTES)]


class PauseReason(StrEnum):
    """Why a clock shall stop."""

    REPORTER = "reporter"  # 等待诉求人: asked for another time, or cannot be reached
    WEATHER = "weather"  # 恶劣天气
    PARTS = "parts"  # 等待配件
    OTHERS = "others"  # 等待其他单位
    PERMIT = "permit"  # 等待审批


# What the estate has no hand in; anything else is ours, and the promise to the reporter runs on.
STOPS_PROMISE: Final = frozenset({PauseReason.REPORTER, PauseReason.WEATHER})


def _ascending(shares: list[int]) -> list[int]:
    if sorted(set(shares)) != shares:
        raise ValueError("shares ascend, each once")
    return shares


def _once_each(rules: list[NewLimits]) -> list[NewLimits]:
    keys = [(rule.category, rule.severity) for rule in rules]
    if len(set(keys)) < len(keys):
        raise ValueError("two rules are of the same category and severity")
    return rules


def _has_hours(plan: WeeklyPlan) -> WeeklyPlan:
    if not any(day != "holiday" for window in plan.windows for day in window.days):
        raise ValueError("without hours on ordinary days no limit would ever be reached")
    return plan


class NewLimits(Body):
    """Limits of a category, a severity, or both; what names the category comes first, then the severity."""

    category: Name | None = None
    severity: Severity | None = None
    accept_minutes: Minutes
    arrive_minutes: Minutes
    solve_minutes: Minutes
    promise_minutes: Minutes
    calendar: Calendar

    def as_rule(self) -> LimitRule:
        """The same for the pure part."""
        limits = Limits(
            accept=timedelta(minutes=self.accept_minutes),
            arrive=timedelta(minutes=self.arrive_minutes),
            solve=timedelta(minutes=self.solve_minutes),
            promise=timedelta(minutes=self.promise_minutes),
            calendar=self.calendar,
        )
        return LimitRule(self.category, self.severity, limits)

    @classmethod
    def of(cls, limits: Limits, severity: Severity | None = None) -> NewLimits:
        """Limits in whole minutes."""
        return cls(
            severity=severity,
            accept_minutes=_minutes(limits.accept),
            arrive_minutes=_minutes(limits.arrive),
            solve_minutes=_minutes(limits.solve),
            promise_minutes=_minutes(limits.promise),
            calendar=limits.calendar,
        )


def _default_limits() -> list[NewLimits]:
    return [NewLimits.of(rule.limits, rule.severity) for rule in DEFAULTS]


def _minutes(duration: timedelta) -> int:
    return duration // timedelta(minutes=1)


def _hours(days: list[str], *stretches: tuple[str, str]) -> WeeklyPlan:
    return WeeklyPlan(windows=[Window.model_validate({"days": days, "from": a, "to": b}) for a, b in stretches])


_WORKING_HOURS: Final = _hours(["workday"], ("08:30", "12:00"), ("14:00", "17:30"))
_QUIET_HOURS: Final = _hours(["workday", "day_off"], ("22:00", "07:00"))


class ClockSettings(Body):
    """PUT /v1/sites/{site}/limits: they hold for orders opened or reopened after it.

    Reminders that are planned already keep their times; those of the next hand, or of a limit that moves, go by them.

    `remind_at` are percent of a limit; at 100 somebody is reminded always. `repeats`: how often soon after it;
    then once a day, until somebody acts.
    """

    limits: Annotated[list[NewLimits], Field(max_length=MAX_RULES), AfterValidator(_once_each)] = Field(
        default_factory=_default_limits
    )
    working_hours: Annotated[WeeklyPlan, AfterValidator(_has_hours)] = _WORKING_HOURS
    quiet_hours: WeeklyPlan = _QUIET_HOURS
    remind_at: Annotated[
        list[Annotated[StrictInt, Field(ge=1, le=99)]], Field(max_length=MAX_SHARES), AfterValidator(_ascending)
    ] = Field(default_factory=lambda: [50, 80])
    repeat_minutes: Annotated[StrictInt, Field(ge=5, le=24 * 60)] = 60
    repeats: Annotated[StrictInt, Field(ge=0, le=MAX_REPEATS)] = 3
    max_extensions: Annotated[StrictInt, Field(ge=0, le=5)] = 1
    longest_pause_hours: Annotated[StrictInt, Field(ge=1, le=24 * 60)] = 24 * 7

    @property
    def steps(self) -> Steps:
        """When somebody is reminded."""
        return Steps(tuple(self.remind_at), self.repeat_minutes, self.repeats)


class SiteLimits(View):
    """What holds at the site; `changed_by` is null as long as the defaults do."""

    settings: ClockSettings
    changed_by: str | None
    changed_at: Moment | None


class NewPause(Body):
    """POST .../pauses: from now until then the clock shall stop. It runs on until a supervisor approves."""

    reason: PauseReason
    note: Text
    until: Moment


class NewExtension(Body):
    """POST .../extensions: so much longer, in time that counts; before the limit is over."""

    minutes: Minutes
    reason: Text


class Decision(Body):
    """POST .../approve, /deny, /end: nothing is required."""

    note: Text | None = None


class Pause(View):
    """A pause; `approved` is null while undecided. It is over at `ended_at`, and at `until` by itself."""

    id: int
    reason: PauseReason
    note: str
    asked_by: str
    asked_at: Moment
    until: Moment
    approved: bool | None
    decided_by: str | None
    decided_at: Moment | None
    ended_by: str | None
    ended_at: Moment | None


class Extension(View):
    """An extension of promise and solving; `approved` is null while undecided."""

    id: int
    round: int
    minutes: int
    reason: str
    asked_by: str
    asked_at: Moment
    approved: bool | None
    decided_by: str | None
    decided_at: Moment | None


class PromiseState(StrEnum):
    """How the promise stands."""

    RUNNING = "running"
    PAUSED = "paused"
    LATE = "late"
    KEPT = "kept"
    BROKEN = "broken"
    DROPPED = "dropped"


class Promise(View):
    """What the reporter was promised in this round. `seconds_left` is below zero when late; null when it is over.

    In a pause that stops it, it stands still until `paused_until`, and `seconds_left` with it.
    """

    round: int
    began_at: Moment
    due_at: Moment
    ended_at: Moment | None
    state: PromiseState
    paused_until: Moment | None
    seconds_left: int | None
    calendar: Calendar


class OwnClock(View):
    """The limit of whoever has the order now: what of it they have used, and when it is over if it stays with them,
    or was.
    """

    kind: Kind
    owner: str
    limit_seconds: int
    used_seconds: int
    due_at: Moment
    late: bool


class SegmentView(View):
    """A stretch in one hand. All `seconds` of an order add up to `seconds` of its clocks."""

    round: int
    kind: Kind
    owner: str | None
    unit: str | None
    worker: str | None
    began_at: Moment
    ended_at: Moment
    seconds: int


class Deadline(View):
    """When somebody is or was reminded. `superseded`: a later one was due as well, so nobody was told of this."""

    id: int
    kind: str
    step: str
    level: Level
    reached_at: Moment
    due_at: Moment
    fired_at: Moment | None
    superseded: bool


class Clocks(View):
    """Both clocks of an order, as of `at`. What is the staff's is null for its reporter."""

    number: str
    at: Moment
    seconds: int
    sentence: Bilingual
    promise: Promise
    own: OwnClock | None
    segments: list[SegmentView] | None
    pauses: list[Pause] | None
    extensions: list[Extension] | None
    deadlines: list[Deadline] | None
