"""Orders that may be about the same matter."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from api.reports.schemas import NewReport
from api.schema import Bilingual, Moment, View
from api.work_orders.schemas import WorkOrder
from api.work_orders.states import State

Likeness = Annotated[float, Field(ge=0, le=1)]


class NewMatter(NewReport):
    """POST /v1/sites/{site}/reports/duplicates: the report that is about to be sent, whole.

    It is compared by category, text, place and `pictures`.
    """


class Because(View):
    """One thing that two matters have in common, or (`age`, below 0) that sets them apart, and how much it counts."""

    kind: Literal["category", "building", "zone", "distance", "text", "picture", "age"]
    weight: float
    words: Bilingual


class LikeOrder(View):
    """An open order of somebody, told so that it tells nobody's number, name or words that say who they are.

    Send `handle` as `join` with your report within an hour, and yours is merged into it. What you have reported already
    has no handle: `yours` is the number under which you follow it, add to it and urge it.
    """

    handle: str | None
    yours: str | None
    category: str
    building: str | None
    state: State
    sentence: Bilingual
    opened_at: Moment
    text: str
    likeness: Likeness
    because: list[Because]


class LikeOrders(View):
    """The likest first; empty if nothing is like it."""

    items: list[LikeOrder]


class MergeCandidate(View):
    """An order that this one could be merged into, whole."""

    order: WorkOrder
    likeness: Likeness
    because: list[Because]


class MergeCandidates(View):
    """The likest first."""

    number: str
    items: list[MergeCandidate]
