"""Alerts as people see them: the engine's side, and what people did."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

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
    """One alert in its newest version."""

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
    work_order: str | None
    acknowledged: Acknowledged | None
    closed: Closed | None


class Alerts(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[Alert]
    next_cursor: str | None
