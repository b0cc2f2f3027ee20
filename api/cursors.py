"""Cursors of keyset pages: opaque to the caller, the key of the last row seen to us."""

from __future__ import annotations

import base64
import binascii
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Query

from api.problems import Problem
from api.schema import MAX_PAGE

MAX_CURSOR_CHARS: Final = 400
_BIGINT: Final = 2**63
_SEPARATOR: Final = "\n"  # stands in no name and no number

Cursor = Annotated[
    str | None,
    Query(max_length=MAX_CURSOR_CHARS, description="`next_cursor` of the page before; left out: the first page"),
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="rows of the page")]


def encode(*key: int | str) -> str:
    """The cursor of a row's key."""
    return base64.urlsafe_b64encode(_SEPARATOR.join(map(str, key)).encode()).rstrip(b"=").decode()


def decode_numbers(cursor: str | None, parts: int) -> tuple[int, ...] | None:
    """The numbers of a cursor; None for the first page. Raises Problem 400 for anything that is no cursor of ours."""
    if cursor is None:
        return None
    texts = _parts(cursor, parts)
    if not all(text.isascii() and text.isdigit() and len(text) < 20 for text in texts):
        raise bad()
    numbers = tuple(map(int, texts))
    if any(number >= _BIGINT for number in numbers):
        raise bad()
    return numbers


def decode_text(cursor: str | None) -> str | None:
    """The name in a cursor; None for the first page. Raises Problem 400 for anything that is no cursor of ours."""
    if cursor is None:
        return None
    (text,) = _parts(cursor, 1)
    if not text.isprintable():
        raise bad()
    return text


def _parts(cursor: str, parts: int) -> list[str]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        texts = raw.decode().split(_SEPARATOR)
    except (binascii.Error, ValueError) as error:
        raise bad() from error
    if len(texts) != parts:
        raise bad()
    return texts


def bad() -> Problem:
    """The refusal of a cursor that is none."""
    return Problem(HTTPStatus.BAD_REQUEST, "bad_cursor", "this is no cursor that came from this list")
