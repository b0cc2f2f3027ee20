"""Alerts as people see them: the engine's side, and what people did."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from api.periods import Between
from api.schema import Bilingual, Body, Moment, Text, View
from herun.alerts import AlertState


class Verdict(StrEnum):
    """What an alert turned out to be."""

    TRUE = "true"
    FALSE = "false"
    DRILL = "drill"
    NUISANCE = "nuisance"
    TEST = "test"


class Acknowledge(Body):
    """POST .../acknowledge: somebody has seen it."""

    note: Text | None = None


class Close(Body):
    """POST .../close: what it turned out to be; the engine hears of it."""

    verdict: Verdict
    note: Text | None = None


class Acknowledged(View):
    """Who has seen it."""

    by: str
    at: Moment
    note: str | None


class Closed(View):
    """Who closed it, as what."""

    by: str
    at: Moment
    verdict: Verdict
    note: str | None


class Alert(View):
    """One alert in its newest version.

    `merged_into` is the alert that hides it (of a dead device above it, or of a storm); `merged_count` says how many
    this one hides.
    """

    alert_id: UUID
    version: int
    rule_uid: str
    rule_version: int
    key: str
    state: AlertState
    severity: str
    category: str
    raised_at: Moment
    updated_at: Moment
    cleared_at: Moment | None
    count: int
    device: str | None
    zone: str | None
    building: str | None
    opens_order: bool
    title: Bilingual
    text: Bilingual
    cause: dict[str, Any]
    merged_into: UUID | None
    merged_count: int
    order_category: str | None
    correction: str | None
    work_order: str | None
    acknowledged: Acknowledged | None
    closed: Closed | None


class By(StrEnum):
    """What figures are told apart by."""

    RULE = "rule"
    DEVICE = "device"
    WEEK = "week"


class FiguresAsked(Between):
    """What figures are asked for."""

    by: By = By.RULE
    rule_uid: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    device: Annotated[str | None, Field(min_length=1, max_length=64)] = None


class Verdicts(View):
    """How many were closed as what."""

    true: int
    false: int
    drill: int
    nuisance: int
    test: int


class Figure(View):
    """Alerts of one rule, device or week (its Monday); a null key is that of alerts without a device.

    `false_alarm_rate` is false and nuisance among true, false and nuisance; null if none was judged so.
    `seconds_to_acknowledge` is the median. `alerts` opens what was counted. `withdrawn`: those of `raised` that never
    were, as late events have shown.
    """

    key: str | None
    raised: int
    merged: int
    withdrawn: int
    acknowledged: int
    closed: Verdicts
    false_alarm_rate: float | None
    seconds_to_acknowledge: float | None
    alerts: str


class Figures(View):
    """The worst first, weeks in their order; `more` if there are others, less bad than these."""

    begin: Moment
    end: Moment
    items: list[Figure]
    more: bool


class Alerts(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[Alert]
    next_cursor: str | None
