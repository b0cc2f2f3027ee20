"""Work orders."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictBool, StrictInt

from api.schema import Bilingual, Body, Moment, Name, Text, View
from api.work_orders.states import Action, State


class Origin(StrEnum):
    """What an order came of."""

    ALERT = "alert"
    REPORT = "report"


class Note(Body):
    """POST .../accept: nothing is required."""

    reason: Text | None = None


class Reason(Body):
    """POST .../return, /reopen, /cancel: why."""

    reason: Text


class Dispatch(Body):
    """POST .../dispatch: to this worker; left out, to the one whose grid and skills fit and who has least to do."""

    worker: Name | None = None
    reason: Text | None = None


class Words(Body):
    """POST .../resolve: what was done; POST .../answer: what the reporter is told."""

    text: Text


class Rating(Body):
    """POST .../rate."""

    score: Annotated[StrictInt, Field(ge=1, le=5)]
    solved: StrictBool
    comment: Text | None = None


class GivenRating(View):
    """The rating that was given."""

    score: int
    solved: bool
    comment: str | None
    rated_by: str


class OrderAlert(View):
    """The alert that opened the order, as it now stands."""

    alert_id: str
    rule_uid: str
    count: int
    cleared_at: Moment | None


class WorkOrder(View):
    """One order. `contact_phone` is masked for all but the desk, its worker and its reporter."""

    number: str
    origin: Origin
    state: State
    sentence: Bilingual
    possible_actions: list[Action]
    category: str
    severity: str
    title: Bilingual
    text: Bilingual
    building: str | None
    zone: str | None
    alert: OrderAlert | None
    reporter: str | None
    contact_phone: str | None
    worker: str | None
    resolution: str | None
    answer: str | None
    rating: GivenRating | None
    opened_at: Moment
    updated_at: Moment
    version: int


class WorkOrders(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[WorkOrder]
    next_cursor: str | None


class HistoryEntry(View):
    """One thing that happened to an order.

    `action` is one of the actions, or `opened` or `amended`; the actor `system` is the rules and the dispatcher.
    """

    n: int
    action: str
    from_state: State | None
    to_state: State
    actor: str
    at: Moment
    worker: str | None
    reason: str | None
    feed_seq: int


class History(View):
    """All that happened to an order, oldest first."""

    number: str
    items: list[HistoryEntry]
