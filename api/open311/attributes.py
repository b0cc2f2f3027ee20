"""What a service asks for besides text and place, and whether what was sent answers it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, model_validator

from api.schema import Body, Text, distinct

MAX_ATTRIBUTES: Final = 50  # of one service
MAX_CHOICES: Final = 500  # of one list
MAX_STRING_CHARS: Final = 1000
MAX_TEXT_CHARS: Final = 4000
_MAX_NUMBER_CHARS: Final = 100
_LANGUAGES: Final = {"zh", "en"}
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def _in_both_languages(words: dict[str, str]) -> dict[str, str]:
    if words.keys() != _LANGUAGES:
        raise ValueError("words are told in zh and en")
    return words


Words = Annotated[
    dict[str, Text],
    Field(min_length=2, max_length=2, examples=[{"zh": "电梯编号", "en": "Lift number"}]),
    AfterValidator(_in_both_languages),
]
Values = dict[str, str | list[str]]


class DataType(StrEnum):
    """The specification's six."""

    STRING = "string"  # one line
    NUMBER = "number"
    DATETIME = "datetime"  # ISO 8601
    TEXT = "text"  # lines
    SINGLE = "singlevaluelist"
    MULTI = "multivaluelist"


LISTS: Final = frozenset({DataType.SINGLE, DataType.MULTI})


class Choice(Body):
    """One of the values of a list."""

    key: Annotated[str, Field(min_length=1, max_length=100)]
    name: Words


class Attribute(Body):
    """One thing that is asked for; with `variable` false it only tells something. `order` is its place from 1 on."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    datatype: DataType
    required: bool = False
    variable: bool = True
    order: Annotated[int, Field(ge=1, le=1000)]
    description: Words
    datatype_description: Words | None = None
    values: Annotated[list[Choice], Field(default_factory=list, max_length=MAX_CHOICES), distinct("key")]

    @model_validator(mode="after")
    def _lists_have_values(self) -> Attribute:
        if (self.datatype in LISTS) != bool(self.values):
            raise ValueError("values belong to singlevaluelist and multivaluelist, and only to them")
        if self.required and not self.variable:
            raise ValueError("what only tells something cannot be required")
        return self


Attributes = Annotated[list[Attribute], Field(max_length=MAX_ATTRIBUTES), distinct("code"), distinct("order")]


def checked(asked: Sequence[Attribute], sent: Mapping[str, list[str]]) -> tuple[Values, list[str]]:
    """The values by code, and what is wrong with what was sent; empty ones count as not sent."""
    by_code = {each.code: each for each in asked if each.variable}
    flaws = [f"attribute[{code}] is not asked for by this service" for code in sorted(sent.keys() - by_code.keys())]
    values: Values = {}
    for code, attribute in by_code.items():
        given = [_trimmed(attribute, text) for text in sent.get(code, []) if text.strip()]
        why = _why_not(attribute, given)
        if why:
            flaws.append(f"attribute[{code}] {why}")
        elif given:
            values[code] = given if attribute.datatype is DataType.MULTI else given[0]
    return values, flaws


def told(asked: Sequence[Attribute], values: Mapping[str, Any], language: str) -> list[str]:
    """What was sent, a line each, as a person reads it."""
    lines = []
    for attribute in sorted(asked, key=lambda each: each.order):
        if attribute.code in values:
            names = {choice.key: in_language(choice.name, language) for choice in attribute.values}
            sent = values[attribute.code]
            texts = [names.get(each) or each for each in (sent if isinstance(sent, list) else [sent])]
            lines.append(f"{in_language(attribute.description, language)} {', '.join(texts)}")
    return lines


def in_language(words: Mapping[str, str], language: str) -> str:
    """The words in this language, else in Chinese, else in any."""
    return words.get(language) or words.get("zh") or next(iter(words.values()))


def _trimmed(attribute: Attribute, text: str) -> str:
    """As every other parameter is; the beginnings of lines are the sender's own."""
    return text if attribute.datatype is DataType.TEXT else text.strip()


def _why_not(attribute: Attribute, given: list[str]) -> str | None:
    if not given:
        return "is required" if attribute.required else None
    if attribute.datatype is DataType.MULTI:
        if len(set(given)) < len(given):
            return "has the same value twice"
    elif len(given) > 1:
        return "has more than one value"
    if attribute.datatype in LISTS:
        unknown = sorted(set(given) - {choice.key for choice in attribute.values})
        return f"has no value {unknown[0][:100]}" if unknown else None
    return _not_of_type(attribute.datatype, given[0])


def _not_of_type(datatype: DataType, text: str) -> str | None:
    match datatype:
        case DataType.NUMBER:
            return None if _is_number(text) else "is no number"
        case DataType.DATETIME:
            return None if _is_datetime(text) else "is no ISO 8601 date"
        case DataType.STRING if "\n" in text or "\r" in text:
            return "has more than one line"
        case DataType.STRING if len(text) > MAX_STRING_CHARS:
            return f"has more than {MAX_STRING_CHARS} characters"
        case _:
            return f"has more than {MAX_TEXT_CHARS} characters" if len(text) > MAX_TEXT_CHARS else None


def _is_number(text: str) -> bool:
    return len(text) <= _MAX_NUMBER_CHARS and _NUMBER.fullmatch(text) is not None


def _is_datetime(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
