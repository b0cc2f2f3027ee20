"""What is wrong with a request is told in words: no regular expression, nothing of the library that found it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import Field, TypeAdapter, ValidationError

from api import problems
from api.app import create_app
from api.schema import Phone
from herun.refusals import _FORMS, in_words
from herun.rules import RULE

LIBRARY: Final = re.compile(r"valid|Input|pars|pydantic|constrained|[\^\\$]|\{[0-9]")


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for each in schema.values():
            yield from patterns(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from patterns(each)


def test_every_pattern_has_words_and_an_example_that_matches_it() -> None:
    used = {*patterns(create_app().openapi()), *patterns(RULE.json_schema())}
    assert used <= _FORMS.keys()
    assert not any(LIBRARY.search(words) for words in _FORMS.values())
    for pattern, words in _FORMS.items():
        for example in words.partition("such as ")[2].split(" or ") if "such as" in words else ():
            assert re.search(pattern, example), words


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        (timedelta, "5 hours", "expected a duration such as PT5H or P1DT30M"),
        (Annotated[timedelta, Field(gt=timedelta(0))], "PT0S", "expected more than 0 seconds"),
        (UUID, "x", "expected an id such as 0198c0de-0000-7000-8000-000000000001"),
        (int, "one", "expected a whole number"),
        (Annotated[int, Field(ge=1)], 0, "expected at least 1"),
        (Phone, "call me", _FORMS[r"^\+?[0-9]([ -]?[0-9]){4,14}$"]),
    ],
)
def test_what_people_type_is_refused_with_what_was_expected(kind: Any, value: Any, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(value)
    words = in_words(refused.value.errors()[0])
    assert words == told
    assert not LIBRARY.search(words)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("137-1234-5678", "13712345678"), ("+86 137 1234 5678", "13712345678"), ("010-82345678", "01082345678"),
        ("+44 20 7946 0000", "+442079460000"), ("13712345678", "13712345678"),
    ],
)  # fmt: skip
def test_a_phone_is_taken_as_it_is_typed_and_kept_in_one_way(typed: str, kept: str) -> None:
    assert TypeAdapter(Phone).validate_python(typed) == kept


async def refused(body: Any, kind: Any) -> Any:
    with pytest.raises(ValidationError) as found:
        TypeAdapter(kind).validate_python(body)
    errors = [{**each, "loc": ("body", *each["loc"])} for each in found.value.errors()]
    response = await problems._on_invalid_request(None, RequestValidationError(errors, body=body))  # type: ignore[arg-type]
    return bytes(response.body).decode()


async def test_the_way_to_what_is_wrong_is_in_names_of_the_body() -> None:
    kind = dict[str, dict[str, Annotated[str, Field(max_length=5)] | list[int]]]
    told = await refused({"attributes": {"trapped": False}}, kind)
    assert '"loc":["body","attributes","trapped"],"msg":"expected a text; or expected a list"' in told
    assert "constrained" not in told
    assert '"loc":["body","attributes","trapped",0]' in await refused({"attributes": {"trapped": ["x"]}}, kind)
