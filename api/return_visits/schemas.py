"""Return visits (回访): somebody asks the reporter how it is."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StrictInt, model_validator

from api.figures.definitions import DISSATISFIED
from api.schema import Body, Moment, Name, Text, View
from api.work_orders.schemas import Stars

Why = Literal["unsolved", "low_score", "sample"]
Outcome = Literal["solved", "unsolved", "silent"]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]


class Share(Body):
    """Which share of the orders of a category, a unit or both is visited; the one that says most counts."""

    category: Name | None = None
    unit: Name | None = None
    percent: Percent


class NewVisitPlan(Body):
    """PUT /v1/sites/{site}/return-visits/plan; what no share speaks of is not visited."""

    shares: Annotated[list[Share], Field(max_length=100)]

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> NewVisitPlan:
        about = [(share.category, share.unit) for share in self.shares]
        if len(set(about)) < len(about):
            raise ValueError("two shares are of the same category and unit")
        return self


class VisitPlan(View):
    """The plan of a site; the days after `drawn_day` are drawn when they are over."""

    shares: list[Share]
    drawn_day: date
    changed_by: str
    changed_at: Moment


class DrawnFrom(View):
    """What an order that could be drawn was at the draw."""

    number: str
    category: str
    unit: str | None


class Draw(View):
    """What was drawn of the orders closed on one day; with seed, shares and orders anybody can draw the same again.

    `orders`: what each of `closed` was then; null in draws from before this was kept, which Python's `random` drew.
    `seed` is a whole number of 63 bits, as text: many languages would round it.
    """

    day: date
    seed: str
    shares: list[Share]
    closed: list[str]
    orders: list[DrawnFrom] | None
    drawn: list[str]
    drawn_at: Moment


class Draws(View):
    """One page, the newest days first; `next_cursor` is null on the last."""

    items: list[Draw]
    next_cursor: str | None


class Visit(View):
    """One order to be asked about. `round` counts how often the order had been reopened."""

    id: int
    number: str
    round: int
    reason: Why
    opened_at: Moment
    outcome: Outcome | None
    score: int | None
    speed: int | None
    attitude: int | None
    result: int | None
    note: str | None
    done_by: str | None
    done_at: Moment | None


class Visits(View):
    """One page, newest first; `next_cursor` is null on the last."""

    items: list[Visit]
    next_cursor: str | None


class NewOutcome(Body):
    """POST .../return-visits/{visit}/outcome: `silent` if nobody was reached; `unsolved` reopens the order, and so does
    a `score` that is dissatisfied. What else is asked is what a rating asks, for whoever could not rate.
    """

    outcome: Outcome
    score: Stars | None = None
    speed: Stars | None = None
    attitude: Stars | None = None
    result: Stars | None = None
    note: Text

    @model_validator(mode="after")
    def _who_is_silent_says_nothing(self) -> NewOutcome:
        if self.outcome == "silent" and any((self.score, self.speed, self.attitude, self.result)):
            raise ValueError("whoever was not reached scored nothing")
        return self

    @property
    def is_bad(self) -> bool:
        """True if the order is not over for who reported it."""
        return self.outcome == "unsolved" or (self.score is not None and self.score <= DISSATISFIED)


class VisitCount(View):
    """What came of the visits of one reason. `silent` is neither solved nor unsolved; `satisfied` scored 4 or 5,
    `dissatisfied` 1 or 2.
    """

    reason: Why
    open: int
    solved: int
    unsolved: int
    silent: int
    satisfied: int
    dissatisfied: int


class VisitCounts(View):
    """By reason."""

    items: list[VisitCount]
