"""Jobs that the processor works off: backtests of rules, and traces of events."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.schema import Body, Moment, Name, View
from herun.backtests import MAX_WARM_UP_US
from herun.clock import SECOND_US
from herun.rules import Rule


class JobState(StrEnum):
    """How far a job has come."""

    WAITING = "waiting"  # nobody has taken it up yet
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # `error` says why


class NewBacktest(Body):
    """POST /v1/sites/{site}/backtests: a candidate, or the uid of a rule in force, or neither: all as they were."""

    rule: Rule | None = None
    rule_uid: Name | None = None
    begin: Annotated[Moment, Field(alias="from")]
    end: Annotated[Moment, Field(alias="to", description="not included")]
    warm_up_s: Annotated[
        float | None,
        Field(
            ge=0,
            le=MAX_WARM_UP_US / SECOND_US,
            allow_inf_nan=False,
            description="seconds of events before `from` that make the state; by default twice the rules' durations",
        ),
    ] = None


class Backtest(View):
    """One backtest and how far it has come. `result` is the same for the same events; `performance` is not."""

    id: UUID
    state: JobState
    asked_by: str
    asked_at: Moment
    began_at: Moment | None
    ended_at: Moment | None
    error: str | None
    job: dict[str, Any]
    result: dict[str, Any] | None = None
    performance: dict[str, Any] | None = None


class Backtests(View):
    """The newest backtests of a site, without their results."""

    items: list[Backtest]


class Trace(View):
    """Which rules saw an event and why each did or did not fire; `trace` is null until `state` is done."""

    state: JobState
    error: str | None
    trace: dict[str, Any] | None
