"""The one place that keeps out what is JSON but no database and no stream will take."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, Final

from fastapi import Request

from api.problems import FieldError, invalid

_BIGINT: Final = 2**63  # the database's largest integer type holds -2**63 to 2**63 - 1

_Path = tuple[str | int, ...]


async def refuse_unstorable(request: Request) -> None:
    """A dependency of every route: 422 for NUL and lone surrogates in text, NaN, infinities, integers over 64 bits."""
    parts: list[tuple[_Path, Any]] = [
        (("path",), dict(request.path_params)),
        (("query",), [list(pair) for pair in request.query_params.multi_items()]),
        (("body",), await _json(request)),
    ]
    errors = [FieldError(loc=list(loc), msg=why, type="unstorable") for loc, why in _unstorable(parts)]
    if errors:
        raise invalid("unstorable", f"{'.'.join(map(str, errors[0].loc))}: {errors[0].msg}", errors)


async def _json(request: Request) -> Any:
    if not await request.body():
        return None
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None  # no endpoint that reads a body comes this far with one that is no JSON


def _unstorable(parts: Iterable[tuple[_Path, Any]]) -> Iterator[tuple[_Path, str]]:
    """Way and reason of each value that cannot be stored; a loop, because the depth is the sender's choice."""
    waiting = list(parts)
    while waiting:
        loc, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*loc, "*"), key) for key in value]
            waiting += [((*loc, _shown(key)), item) for key, item in value.items()]
        elif isinstance(value, list):
            waiting += [((*loc, index), item) for index, item in enumerate(value)]
        elif (why := _why_not(value)) is not None:
            yield loc, why


def _why_not(value: object) -> str | None:
    if isinstance(value, str):
        return None if _is_storable(value) else "text with NUL or half a surrogate pair"
    if isinstance(value, float):
        return None if math.isfinite(value) else "not a finite number"
    if isinstance(value, int) and not -_BIGINT <= value < _BIGINT:
        return "an integer of more than 64 bits"
    return None


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _shown(key: str) -> str:
    return key if _is_storable(key) else "?"
