"""Figures of work orders."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from api.cursors import MAX_CURSOR_CHARS
from api.figures.definitions import Measure
from api.figures.weeks import WeekName
from api.schema import MAX_PAGE, Bilingual, Body, Moment, MomentInQuery, Title, View

MAX_WEEKS: Final = 12  # of one answer: a quarter, with the weeks that they are compared to


class By(StrEnum):
    """What figures are told apart by."""

    UNIT = "unit"
    GRID = "grid"
    CATEGORY = "category"
    WEEK = "week"


class Part(StrEnum):
    """What an order may lack."""

    UNIT = "unit"
    GRID = "grid"


class Narrowed(Body):
    """Which orders: of an ISO week (left out: the last one that is over), and only these."""

    week: WeekName | None = None
    unit: Title | None = None
    grid: Title | None = None
    category: Title | None = None
    class_: Annotated[
        Title | None, Field(alias="class", description="a top class, by its id or as a bulletin names it")
    ] = None
    without: Annotated[
        list[Part], Field(default_factory=list, max_length=len(Part), description="only orders that have none")
    ]


class FiguresAsked(Narrowed):
    """What figures are asked for. `weeks` is how many, by week, that end with this one."""

    by: By = By.UNIT
    weeks: Annotated[int, Field(ge=1, le=MAX_WEEKS)] = 4

    @model_validator(mode="after")
    def _has_weeks_by_week_alone(self) -> Self:
        if "weeks" in self.model_fields_set and self.by is not By.WEEK:
            raise ValueError("weeks are for by=week")
        return self


class OrdersAsked(Narrowed):
    """The orders behind one number."""

    measure: Measure
    as_of: Annotated[MomentInQuery | None, Field(description="when what is due was asked for; left out: now")] = None
    cursor: Annotated[str | None, Field(max_length=MAX_CURSOR_CHARS)] = None
    limit: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 50


class OrderNumber(View):
    """A count; `orders` is the address of what was counted."""

    count: int
    orders: str


class OrderRate(View):
    """A rate in percent with two digits, half up; null if there was nothing to divide by.

    Changes are in percentage points, of the exact rates; null if one of the two is null, or a week 53 has no match.
    """

    percent: str | None
    change_to_last_week: str | None
    change_to_last_year: str | None


class OrderFigure(View):
    """The figures of one unit, grid, category or week; a null key is that of orders without one."""

    key: str | None
    numbers: dict[Measure, OrderNumber]
    rates: dict[str, OrderRate]


class OrderFigures(View):
    """Most orders first, weeks in their order; `more` if there are others, with fewer. `total` is of all (by week:
    of the last one)."""

    by: By
    week: str
    begin: Moment
    end: Moment
    as_of: Moment
    items: list[OrderFigure]
    total: OrderFigure
    more: bool


class CountedOrder(View):
    """An order behind a number, without the words of who reported it."""

    number: str
    state: str
    category: str
    unit: str | None
    grid: str | None
    building: str | None
    merged_into: str | None
    opened_at: Moment
    measures: list[Measure]


class CountedOrders(View):
    """One page, newest first; `count` is of all pages, `next_cursor` null on the last.

    `left_out` are confidential orders that are counted and that are not for the eyes of whoever asks.
    """

    count: int
    left_out: int
    items: list[CountedOrder]
    next_cursor: str | None


class Definition(View):
    """What a number or a rate means. A rate is `part` among `whole`, a number has neither."""

    name: str
    title: Bilingual
    sentence: Bilingual
    part: Measure | None
    whole: Measure | None


class Definitions(View):
    """All numbers, then all rates."""

    items: list[Definition]
