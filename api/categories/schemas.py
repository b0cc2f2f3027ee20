"""Category trees, suggestions and corrections."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from api.categories.tree import SEVERITIES, HandledBy, Need
from api.clocks.limits import Calendar, Severity
from api.schema import (
    MAX_CATEGORIES,
    Attributes,
    Bilingual,
    Body,
    Moment,
    Name,
    Text,
    Title,
    View,
    distinct,
    without_repeats,
)

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Duration = Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(days=366), examples=["PT4H"])]


class NewUnit(Body):
    """Who can be responsible."""

    unit: Name
    zh: Title
    en: Title
    kind: Literal["property", "grid", "street", "utility"]


class NewClass(Body):
    """A top class, as the hotline has them."""

    class_: Annotated[Name, Field(alias="class")]
    zh: Title
    en: Title


class NewLimits(Body):
    """How long each step may take, as ISO 8601 durations; in working time if the calendar is `working_hours`."""

    accept: Duration
    arrive: Duration
    solve: Duration
    promise: Duration
    calendar: Calendar


class NewDiversion(Body):
    """Another unit, if the report has one of these words."""

    unit: Name
    words: Annotated[list[Words], Field(min_length=1, max_length=20)]


class NewValue(Body):
    """One answer that may be chosen."""

    key: Name
    zh: Title
    en: Title


class NewAttribute(Body):
    """A question that is asked with a report, in the terms of Open311."""

    code: Name
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
    required: bool
    zh: Title
    en: Title
    values: Annotated[list[NewValue], Field(default_factory=list, max_length=100), distinct("key")]

    @model_validator(mode="after")
    def _has_values_if_it_is_a_list(self) -> Self:
        if self.datatype.endswith("list") != bool(self.values):
            raise ValueError("values are given for singlevaluelist and multivaluelist, and for nothing else")
        return self


class NewRaise(Body):
    """How severe a report is at least, if one of these values answers a question of its category."""

    attribute: Name
    values: Annotated[list[Name], Field(min_length=1, max_length=100), AfterValidator(without_repeats)]
    severity: Literal["warning", "critical"]


class NewCategory(Body):
    """One leaf. Without keywords it is never suggested; `limits` names one of the tree's limits.

    `severity` is that of its reports, which answers can raise: `severity_by_attribute`.
    """

    category: Name
    class_: Annotated[Name, Field(alias="class")]
    zh: Title
    en: Title
    unit: Name
    handled_by: HandledBy
    limits: Name
    severity: Severity = "info"
    required: Annotated[list[Need], Field(default_factory=list), AfterValidator(without_repeats)]
    anonymous: bool = False
    confidential: bool = False
    advice: dict[Literal["zh", "en"], Title] | None = None
    keywords: Annotated[list[Words], Field(default_factory=list, max_length=60), AfterValidator(without_repeats)]
    unit_by_word: Annotated[list[NewDiversion], Field(default_factory=list, max_length=20)]
    attributes: Annotated[list[NewAttribute], Field(default_factory=list, max_length=30), distinct("code")]
    severity_by_attribute: Annotated[list[NewRaise], Field(default_factory=list, max_length=30)]

    @model_validator(mode="after")
    def _raises_by_what_it_asks(self) -> Self:
        asked = {each.code: {value.key for value in each.values} for each in self.attributes}
        for each in self.severity_by_attribute:
            if not asked.get(each.attribute):
                raise ValueError(f"severity_by_attribute: {each.attribute} is no question with values of this category")
            if unknown := set(each.values) - asked[each.attribute]:
                raise ValueError(f"severity_by_attribute: {each.attribute} has no value {min(unknown)}")
            if SEVERITIES.index(each.severity) <= SEVERITIES.index(self.severity):
                raise ValueError(f"severity_by_attribute: {each.severity} is not above {self.severity}")
        return self


class NewTree(Body):
    """PUT /v1/sites/{site}/categories: the whole tree with its units; a category of open orders cannot vanish (409)."""

    units: Annotated[list[NewUnit], Field(min_length=1, max_length=200), distinct("unit")]
    classes: Annotated[list[NewClass], Field(min_length=1, max_length=50), distinct("class_")]
    limits: Annotated[dict[Name, dict[Severity, NewLimits]], Field(min_length=1, max_length=50)]
    categories: Annotated[list[NewCategory], Field(min_length=1, max_length=MAX_CATEGORIES), distinct("category")]

    @model_validator(mode="after")
    def _names_what_it_has(self) -> Self:
        units = {each.unit for each in self.units}
        if "desk" not in units:
            raise ValueError("the unit desk is missing: what no category knows is its")
        for name, by_severity in self.limits.items():
            if len(by_severity) != 3:
                raise ValueError(f"limits {name}: info, warning and critical are all needed")
        classes = {each.class_ for each in self.classes}
        for leaf in self.categories:
            named = {leaf.unit, *(each.unit for each in leaf.unit_by_word)}
            if named - units:
                raise ValueError(f"category {leaf.category}: there is no unit {min(named - units)}")
            if leaf.class_ not in classes:
                raise ValueError(f"category {leaf.category}: there is no class {leaf.class_}")
            if leaf.limits not in self.limits:
                raise ValueError(f"category {leaf.category}: there are no limits {leaf.limits}")
        return self


class CategoryTree(View):
    """A version of the tree; version 0 is the one that Herun brings along."""

    version: int
    changed_by: str | None
    changed_at: Moment | None
    why: str | None
    tree: NewTree


class Units(View):
    """The units of the tree in force."""

    items: list[NewUnit]


class NewSuggestion(Body):
    """POST /v1/sites/{site}/category-suggestions."""

    text: Text


class Why(View):
    """Something of the text that speaks for a category, and how much; `word_of` if it is a keyword of a category."""

    text: str
    weight: float
    word_of: str | None


class Candidate(View):
    """One category that may fit, with what the reporter will be asked for: `attributes` are its questions."""

    category: str
    top_class: str
    name: Bilingual
    probability: float
    unit: str
    unit_name: Bilingual
    unit_because: str | None
    why: list[Why]
    required: list[str]
    attributes: list[NewAttribute]
    anonymous: bool
    confidential: bool
    advice: Bilingual | None


class Suggestion(View):
    """What fits a text, the likeliest first. `fits` is false if nothing fits well; then a person has to choose.

    There are no candidates where fewer than two categories of the tree have keywords.
    """

    fits: bool
    sentence: Bilingual
    candidates: list[Candidate]
    tree_version: int
    learned_from: int


class Correction(Body):
    """POST /v1/sites/{site}/work-orders/{number}/category: what the order is about, and why it was not what it said.

    `attributes` answers questions of the category; what it requires may be lacking.
    """

    category: Name
    reason: Reason
    attributes: Attributes | None = None


class Suggested(View):
    """A category that was suggested, as the order keeps it."""

    category: str
    probability: float
    why: list[Why]


class Choice(View):
    """What was suggested, and what was chosen by whom. `suggested` is null if there was no suggestion yet."""

    n: int
    chosen: str
    chosen_by: str
    at: Moment
    reason: str | None
    suggested: list[Suggested] | None


class Choices(View):
    """How an order came to its category, oldest first, and who is responsible for it."""

    number: str
    category: str
    unit: str
    grid: str | None
    items: list[Choice]
