"""Reports: what people send in. Each opens a work order."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StrictBool, model_validator

from api.categories.schemas import NewAttribute
from api.categories.tree import Need
from api.distance import Point, point_of
from api.schema import (
    Attributes,
    Bilingual,
    Body,
    Latitude,
    Longitude,
    Moment,
    Name,
    Phone,
    Text,
    Title,
    View,
    lat_with_lon,
    without_repeats,
)
from api.sites.schemas import Building
from api.work_orders.schemas import WorkOrder

MAX_PICTURES = 6
# Of an order that may be joined: sealed, so that it tells no number.
Handle = Annotated[str, Field(min_length=1, max_length=300)]
Pictures = Annotated[list[UUID], Field(max_length=MAX_PICTURES), AfterValidator(without_repeats)]


class NewCaller(Body):
    """Who called, for whom the desk takes the report down; they follow it by its number and the end of their phone."""

    name: Title
    phone: Phone


class _What(Body):
    """What a report says, whoever sends it."""

    category: Name
    text: Text
    title: Title | None = None
    building: Name | None = None
    zone: Name | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    address: Title | None = None
    attributes: Attributes | None = None
    pictures: Pictures = Field(default_factory=list)

    _has_both = model_validator(mode="after")(lat_with_lon)

    @property
    def point(self) -> Point | None:
        """The map point; None if it names none."""
        return point_of(self.lat, self.lon)


class NewReport(_What):
    """POST /v1/sites/{site}/reports; the answer is the work order, `Reported`.

    Left out, `phone` is the reporter's own, and so is `building`, unless a zone or a point is named, or a building by
    address, title or text. `phone` lets the progress be asked for without an account. `lat` and `lon` are WGS-84. A
    confidential report is read by its reporter, its worker, supervisors and auditors. `pictures` were sent ahead;
    `caller` is for the desk; `join` is the handle of an order that is about the same.
    """

    phone: Phone | None = None
    confidential: StrictBool = False
    caller: NewCaller | None = None
    join: Handle | None = None

    @model_validator(mode="after")
    def _is_of_one_kind(self) -> Self:
        if self.caller is not None and self.phone is not None:
            raise ValueError("phone is the caller's: say it there")
        if self.join is not None and self.confidential:
            raise ValueError("a confidential report is not joined to another order")
        return self


class NotJoined(View):
    """Why a report was not joined to the order whose handle it brought: it is `more_severe` than that one."""

    code: Literal["more_severe"]
    sentence: Bilingual


class Reported(WorkOrder):
    """The order of a report; `not_joined` is null but where it was to be joined to another one, and was not."""

    not_joined: NotJoined | None


class NewAnonymousReport(_What):
    """POST /v1/sites/{site}/anonymous-reports. With a phone it can be followed by number and phone tail too."""

    phone: Phone | None = None


class AnonymousCategory(View):
    """What may be reported without a name, with its questions, and what it has to bring along."""

    category: str
    top_class: str
    class_name: Bilingual
    name: Bilingual
    required: list[Need]
    attributes: list[NewAttribute]
    advice: Bilingual | None


class AnonymousForm(View):
    """All that a form for reports without a name needs; without such a category there are no buildings either."""

    categories: list[AnonymousCategory]
    buildings: list[Building]


class AnonymousReport(View):
    """The number of the order, and the token of the secret link by which it is followed. It is shown this once.

    `address` is the whole of the link, as that of every link.
    """

    number: str
    token: str
    address: str | None
    expires_at: Moment


class Caller(View):
    """Who called."""

    number: str
    name: str
    phone: str | None
