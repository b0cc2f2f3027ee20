"""Work orders."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictInt

from api.schema import Attributes, Bilingual, Body, Moment, Name, Phone, Text, Title, View
from api.work_orders.kinds import Channel, Origin, ReturnCode
from api.work_orders.states import Action, State


class Note(Body):
    """POST .../accept, /claim, /handle, /arrive, /resume, /sign-off: nothing is required."""

    reason: Text | None = None


class Reason(Body):
    """POST .../recall, /refuse-return, /unmerge, /reopen, /cancel, /confide, /disclose: why."""

    reason: Text


class Dispatch(Body):
    """POST .../dispatch: to this worker; left out, to whom it fits best by the dispatch rules."""

    worker: Name | None = None
    reason: Text | None = None


class Transfer(Body):
    """POST .../transfer: to this colleague; POST .../arbitrate: to this worker, which is final."""

    worker: Name
    reason: Text


class Hold(Body):
    """POST .../hold: until when, at most 90 days ahead; it goes on by itself then."""

    until: Moment
    reason: Text


class Part(Body):
    """POST .../split: one part of the order, as an order of its own; the order is resolved when all its parts are.

    `attributes` answers questions of its category; what that requires may be lacking.
    """

    text: Text
    title: Title | None = None
    category: Name | None = None
    attributes: Attributes | None = None
    worker: Name | None = None


class Merge(Body):
    """POST .../merge: into this order, which is about the same matter."""

    master: Annotated[str, Field(min_length=1, max_length=40)]
    reason: Text


class GiveBack(Body):
    """POST .../return: why, as a code and in words; the desk looks at it."""

    code: ReturnCode
    reason: Text


class ByPhone(Body):
    """POST .../work-orders/by-phone: the number left with the report; in the body, for addresses are logged."""

    phone: Phone


class NewItem(Body):
    """POST .../checklist: a line that has to be ticked off, if `required`, before the order is resolved."""

    text: Title
    required: StrictBool = True


class ChecklistItem(View):
    """One line of a checklist."""

    item: int
    text: str
    required: bool
    done_by: str | None
    done_at: Moment | None


class Checklist(View):
    """What has to be done, in its order; empty for who only reported it, or lives there."""

    number: str
    items: list[ChecklistItem]


class Words(Body):
    """POST .../resolve: what was done; POST .../answer: what the reporter is told."""

    text: Text


Stars = Annotated[StrictInt, Field(ge=1, le=5)]


class NewRating(Body):
    """POST .../rate: whether it is solved, and how satisfied you are, are two questions.

    The aspects (how fast, how friendly, how well) may be left out.
    """

    score: Stars
    solved: StrictBool
    comment: Text | None = None
    speed: Stars | None = None
    attitude: Stars | None = None
    result: Stars | None = None


class GivenRating(View):
    """The rating that was given in this round."""

    score: int
    solved: bool
    comment: str | None
    speed: int | None
    attitude: int | None
    result: int | None
    rated_by: str


class OrderAlert(View):
    """The alert that opened the order, as it now stands."""

    alert_id: str
    rule_uid: str
    count: int
    cleared_at: Moment | None


class Place(View):
    """Where it is; latitude and longitude are WGS-84."""

    lat: float | None
    lon: float | None
    address: str | None


class Times(View):
    """When the order last came to each step, in the present round."""

    accepted_at: Moment | None
    dispatched_at: Moment | None
    handled_at: Moment | None
    arrived_at: Moment | None
    resolved_at: Moment | None
    answered_at: Moment | None
    closed_at: Moment | None


class WorkOrder(View):
    """One order. `contact_phone` is masked for all but the desk, its worker and its reporter.

    `merged_into` names the order that stands for it, `parent` the one that it is a part of; `possible_actions` are what
    this person can try now; with `asked_until` it waits for its reporter, until then.
    """

    number: str
    origin: Origin
    channel: Channel
    state: State
    sentence: Bilingual
    possible_actions: list[Action]
    category: str
    severity: str
    confidential: bool
    title: Bilingual
    text: Bilingual
    building: str | None
    zone: str | None
    place: Place | None
    attributes: dict[str, Any] | None
    unit: str | None
    grid: str | None
    alert: OrderAlert | None
    parent: str | None
    merged_into: str | None
    hold_until: Moment | None
    asked_until: Moment | None
    returns: int
    reopens: int
    reporter: str | None
    contact_phone: str | None
    worker: str | None
    helpers: list[str]
    resolution: str | None
    answer: str | None
    rating: GivenRating | None
    opened_at: Moment
    updated_at: Moment
    times: Times
    version: int


class WorkOrders(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[WorkOrder]
    next_cursor: str | None


class HistoryEntry(View):
    """One thing that happened to an order.

    `action` is one of the actions, or what else is noted (`opened`, `amended`, `ticked` ...); the actor `system` is the
    rules and the dispatcher.
    """

    n: int
    action: str
    from_state: State | None
    to_state: State
    actor: str
    at: Moment
    worker: str | None
    reason: str | None
    detail: dict[str, Any] | None
    feed_seq: int


class History(View):
    """One page of what happened to an order, oldest first; `next_cursor` is null on the last."""

    number: str
    items: list[HistoryEntry]
    next_cursor: str | None
