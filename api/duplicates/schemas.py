"""Orders that may be about the same matter."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.reports.schemas import Latitude, Longitude, Pictures
from api.schema import Bilingual, Body, Moment, Name, Text, View
from api.work_orders.schemas import WorkOrder
from api.work_orders.states import State

Likeness = Annotated[float, Field(ge=0, le=1)]


class NewMatter(Body):
    """POST /v1/sites/{site}/reports/duplicates: what is about to be reported; `pictures` were sent ahead."""

    category: Name
    text: Text
    building: Name | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    pictures: Pictures = Field(default_factory=list)

    @model_validator(mode="after")
    def _has_both(self) -> Self:
        if (self.lat is None) != (self.lon is None):
            raise ValueError("lat and lon belong together")
        return self


class Because(View):
    """One thing that two matters have in common, and how much it counts."""

    kind: Literal["category", "building", "distance", "text", "picture"]
    weight: float
    words: Bilingual


class LikeOrder(View):
    """An open order of somebody, told so that it tells nobody's number, name or words that say who they are.

    Send `handle` as `join` with your report within an hour, and yours is merged into it.
    """

    handle: str
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
