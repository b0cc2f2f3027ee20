"""Topics: what several people report."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from api.figures.weeks import WeekName
from api.schema import Body, Moment, View

MAX_TOPICS: Final = 100  # of one list


class Kind(StrEnum):
    """What a topic came of."""

    REPORTS = "reports"
    SENSOR = "sensor"


class TopicsAsked(Body):
    """The topics of an ISO week (left out: this one)."""

    week: WeekName | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_TOPICS)] = 20


class Run(Body):
    """POST .../topics/pass: sorts now, not at the next hour."""


class Topic(View):
    """A topic in one week. People and places are different ones: whoever writes ten times is one. A sensor's topic has
    no people: `reports`, `before` and `growth` are of its alerts' orders.

    `before` is how many people in each of the four weeks before, latest first; `growth` how many times their mean there
    are now, null if there were none; `is_new` says that there were none; `words` are what tells it from others;
    `orders` is the address of the reports that are counted.
    """

    topic: str
    kind: Kind
    label: str
    category: str
    words: list[str]
    reports: int
    orders: str
    reporters: int
    places: int
    before: list[int]
    growth: str | None
    is_new: bool
    first_at: Moment
    last_at: Moment
    master: str | None
    master_state: str | None


class Topics(View):
    """Most people first, sensors' topics last."""

    week: str
    items: list[Topic]


class Member(View):
    """An order of a topic, and how like the others it was, 0 to 1, when it was sorted in."""

    number: str
    similarity: float
    added_at: Moment
    building: str | None
    opened_at: Moment
    state: str


class Members(View):
    """One page, by number; `count` is of all pages, `next_cursor` null on the last.

    `left_out` are confidential orders that are counted and that are not for the eyes of whoever asks.
    """

    topic: str
    count: int
    items: list[Member]
    left_out: int
    next_cursor: str | None


class Pass(View):
    """What a pass over the reports that are of no topic has done; `masters` are the orders that it opened.

    `reports` are those that it has looked at, `left` those that still wait: the next pass goes on with them. `adopted`
    are orders that answer for a topic from now on, `merged` the reports that went into a master.
    """

    reports: int
    left: int
    joined: int
    founded: list[str]
    masters: list[str]
    adopted: list[str]
    merged: list[str]
