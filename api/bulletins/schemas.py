"""Weekly bulletins: what was reported most, frozen."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field

from api.figures.weeks import WeekName
from api.schema import Bilingual, Body, Moment, Text, View, distinct

MAX_PAIRS: Final = 20  # questions and answers of one bulletin: it is a page, not a book
MAX_LEFT_OUT: Final = 100  # orders that are no examples

Number = Annotated[str, Field(pattern=r"^WO[0-9]{8}-[0-9]{6}$", examples=["WO20260101-123456"])]


class NewPair(Body):
    """A question and its answer to be published: an order's own words, redacted, where no others are given."""

    number: Number
    question: Text | None = None
    answer: Text | None = None


class NewBulletin(Body):
    """POST .../bulletins: freezes a week that is over. Orders that are `left_out` are not shown as examples, and no
    topic is called by their words."""

    week: WeekName
    left_out: Annotated[list[Number], Field(default_factory=list, max_length=MAX_LEFT_OUT)]
    pairs: Annotated[list[NewPair], Field(default_factory=list, max_length=MAX_PAIRS), distinct("number")]


class Rest(View):
    """All that is not ranked: how many, and their share in percent."""

    count: int
    share: str


class Ranked(Rest):
    """One class with its rank."""

    rank: int
    top_class: Bilingual


class Ranking(View):
    """`shares_sum` is the sum of the printed shares, the rest's too: 100.00, but for roundings."""

    total: int
    items: list[Ranked]
    rest: Rest
    shares_sum: str


class Example(View):
    """What somebody reported, redacted."""

    top_class: Bilingual
    text: str


class Pair(View):
    """A published question and its answer."""

    question: str
    answer: str


class HotTopic(View):
    """A topic of the week, by how many different people and places it came from. Older ids say which order was the
    first, and are null for those who read no figures."""

    topic: str | None
    label: str
    reporters: int
    places: int
    is_new: bool


class GrowingTopic(HotTopic):
    """The same since format 2, with what it had grown by when it was frozen: `before` are the people of the four weeks
    before, latest first, `growth` how many times their mean there were, null if there were none.
    """

    reports: int
    before: list[int]
    growth: str | None


class BulletinBody(View):
    """What is printed. `format` is the version of this shape: what was frozen as 1 stays as it is."""

    format: Literal[1, 2] = 2
    site: str
    week: str
    begin: str
    end: str
    rounding: Bilingual
    ranking: Ranking
    examples: list[Example]
    pairs: list[Pair]
    topics: list[GrowingTopic | HotTopic]


class Sources(View):
    """The orders that examples and pairs came of, in their order; not printed."""

    examples: list[str]
    pairs: list[str]


class Draft(View):
    """What would be frozen now. `orders`: by ranked class as it is printed, and 其他 (what is never ranked, which
    is not all of the printed rest), the address of the orders that it counts."""

    body: BulletinBody
    sources: Sources
    orders: dict[str, str]


class LeftOut(View):
    """How much of what was frozen is not shown any more, its order being confidential by now; `topics`: named anew."""

    examples: int
    pairs: int
    topics: int


class Bulletin(View):
    """A frozen bulletin. `hash` is the SHA-256 of the body as it was frozen, as JSON with sorted keys, without spaces,
    in UTF-8; `intact` says that what is stored still has it. `body` is that without what is `left_out`. `sources`, and
    `orders` (by class the address of its orders, as they are now), are for those who read figures."""

    week: str
    frozen_by: str
    frozen_at: Moment
    hash: str
    intact: bool
    body: BulletinBody
    left_out: LeftOut
    sources: Sources | None
    orders: dict[str, str] | None


class BulletinHead(View):
    """A bulletin in a list."""

    week: str
    frozen_at: Moment
    hash: str


class Bulletins(View):
    """One page, newest week first; `next_cursor` is null on the last."""

    items: list[BulletinHead]
    next_cursor: str | None


class Change(StrEnum):
    """What became of an order after its bulletin was frozen."""

    RECATEGORISED = "recategorised"
    CANCELLED = "cancelled"
    MERGED = "merged"
    UNMERGED = "unmerged"
    CONFIDED = "confided"  # and its words are shown no more
    ADDED = "added"  # of this week, and not counted in the bulletin


class Correction(View):
    """One order that would be told otherwise now; `changed_at` is when the newest of its changes was made."""

    number: str
    changes: list[Change]
    category_then: str | None
    category_now: str
    top_class_now: Bilingual
    changed_at: Moment


class Corrections(View):
    """One page, by number. `counts` is of all pages, `ranking_now` what a bulletin frozen now would print.

    `left_out` are confidential orders that are counted and that are not for the eyes of whoever asks.
    """

    week: str
    counts: dict[Change, int]
    left_out: int
    ranking_now: Ranking
    items: list[Correction]
    next_cursor: str | None
