"""What all request and response bodies share."""

from __future__ import annotations

import math
import re
import unicodedata
from datetime import datetime
from typing import Annotated, Any, Final, Protocol, TypeVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from api.roles import Role
from herun.names import NAME_PATTERN
from herun.visible import UNSEEN, is_seen

Name = Annotated[str, Field(pattern=f"^{NAME_PATTERN}$", examples=["b07"])]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
# What a body that is put may say of itself, as its GET does; `api.problems.must_be_of` holds it against the address.
OwnName = Annotated[str | None, Field(exclude=True, description="as in the address, or left out")]
SiteName = Annotated[str, Path(pattern=f"^{NAME_PATTERN}$", description="the site's id", examples=["herun"])]


def as_typed(sent: Any) -> Any:
    """Letters and digits as usual ones, without what a keyboard left around them: full-width ones are what a Chinese
    keyboard types. What is no text stays as it is.
    """
    return unicodedata.normalize("NFKC", sent).strip() if isinstance(sent, str) else sent


def _without_brackets(sent: Any) -> Any:
    typed = as_typed(sent)
    return _BRACKETS.sub("", typed) if isinstance(typed, str) else typed


def _as_text(sent: Any) -> Any:
    """A number, or yes and no, as the text by which answers are held against their questions."""
    if isinstance(sent, bool):
        return "true" if sent else "false"
    return str(sent) if isinstance(sent, int | float) and math.isfinite(sent) else sent


def national_phone(phone: str) -> str:
    """A Chinese mobile number without the country's code, any number without spaces and dashes: written in one way."""
    return _MOBILE.sub(r"\1", _BETWEEN.sub("", phone))


def _seen(text: str) -> str:
    if not is_seen(text):
        raise ValueError(UNSEEN)
    return text


def _with_its_plus(sent: Any) -> Any:
    return _LOST_PLUS.sub(r"\1+\2", sent) if isinstance(sent, str) else sent


def _written_out(sent: Any) -> Any:
    # A number, and a text of one, would be taken as so many seconds since 1970.
    if isinstance(sent, datetime) or (isinstance(sent, str) and _DAY_AND_TIME.match(sent)):
        return sent
    raise ValueError("a time is written as 2026-06-01T10:00:00+08:00 (RFC 3339)")


_DAY_AND_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")
_LOST_PLUS: Final = re.compile(r"(:[0-9]{2}(?:\.[0-9]+)?) ([0-9]{2}:?[0-9]{2})$")
_BETWEEN: Final = re.compile(r"[ -]")
_BRACKETS: Final = re.compile(r"[()]")  # of an area code
_MOBILE: Final = re.compile(r"^(?:\+|00)?86(1[3-9][0-9]{9})$")
_Seen: Final = AfterValidator(_seen)
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), _Seen]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), _Seen]
Phone = Annotated[
    str,
    BeforeValidator(_without_brackets),
    Field(pattern=r"^\+?[0-9]([ -]?[0-9]){4,14}$", examples=["13800001234", "010-82345678"]),
    AfterValidator(national_phone),
]
_Answer = Annotated[
    str,
    BeforeValidator(_as_text),
    Field(max_length=500),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": 500}, {"type": "number"}, {"type": "boolean"}]}),
]
# What is answered to the questions of a category: by code a value, or several.
Attributes = Annotated[dict[Name, _Answer | Annotated[list[Name], Field(max_length=50)]], Field(max_length=50)]
# By language, zh and en, so that no page has to guess; a person's own words stand in both.
Bilingual = dict[str, str]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
# In an address a + that was not written %2B arrives as a blank, and no time has one before its offset.
MomentInQuery = Annotated[Moment, BeforeValidator(_with_its_plus)]

# Rows of one page, of one bulk request.
MAX_PAGE = 200
MAX_BULK = 1000
MAX_CATEGORIES = 300  # of a site's tree, so also skills of a person

T = TypeVar("T")


def without_repeats(items: list[T]) -> list[T]:
    """The list as it is. Raises ValueError if something stands in it twice."""
    if any(item in items[:index] for index, item in enumerate(items)):
        raise ValueError("the same item stands here twice")
    return items


class _OnMap(Protocol):
    lat: float | None
    lon: float | None


BodyOnMap = TypeVar("BodyOnMap", bound=_OnMap)


def lat_with_lon(body: BodyOnMap) -> BodyOnMap:
    """For `model_validator(mode="after")` of a body with a map point: it has both, or neither."""
    if (body.lat is None) != (body.lon is None):
        raise ValueError("lat and lon belong together")
    return body


def as_shown(*read_only: str, within: str | None = None) -> BeforeValidator:
    """A validator for a body that may come as its own GET gives it: without what nobody puts, out of what it is in.

    With `within`, a body that is in nothing stays as it is: it may have names of its own that are read only outside.
    """

    def check(sent: Any) -> Any:
        if not isinstance(sent, dict):
            return sent
        body = {name: value for name, value in sent.items() if name not in read_only}
        if within is None:
            return body
        return body[within] if body.keys() == {within} else sent

    return BeforeValidator(check)


def distinct(key: str) -> Any:
    """A validator for a list of bodies of which no two may share the field `key`; the error says which does."""

    def check(items: list[T]) -> list[T]:
        seen: dict[Any, int] = {}
        for index, item in enumerate(items):
            value = getattr(item, key)
            if value in seen:
                raise ValueError(f"item {index} has the same {key} as item {seen[value]}: {value}")
            seen[value] = index
        return items

    return AfterValidator(check)


Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role)), AfterValidator(without_repeats)]


class Body(BaseModel):
    """Base of request bodies: what is not asked for is refused, so that a misspelt field is never silently lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """Base of response bodies."""

    model_config = ConfigDict(frozen=True)
