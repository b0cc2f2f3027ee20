"""What the live feed sends: server-sent events named `event` (an Event of api.events), `alert` and `order`."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from api.alerts.schemas import Verdict
from api.schema import Bilingual, Moment, View
from api.work_orders.states import State
from herun.alerts import AlertState


class Kind(StrEnum):
    """What a feed can carry."""

    EVENT = "event"
    ALERT = "alert"
    ORDER = "order"


class LiveAlert(View):
    """`event: alert`: a version of an alert was written (`action` raised, amended or cleared)."""

    alert_id: UUID
    action: str
    version: int
    rule_uid: str
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
    title: Bilingual
    text: Bilingual
    merged_into: UUID | None
    merged_count: int
    correction: str | None


class LiveAlertAction(View):
    """`event: alert`: somebody acknowledged or closed an alert (`action` acknowledged or closed)."""

    alert_id: UUID
    action: str
    actor: str
    at: Moment
    verdict: Verdict | None
    note: str | None


class LiveOrder(View):
    """`event: order`: an entry of an order's history."""

    number: str
    action: str
    from_state: State | None
    state: State
    actor: str
    at: Moment
    worker: str | None
    reason: str | None
    origin: str
    category: str
    severity: str
    title: Bilingual
    building: str | None
    zone: str | None
    alert_id: UUID | None
    feed_seq: int
